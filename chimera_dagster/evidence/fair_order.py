"""Whether the best of several means is the best within equal prompts, parameters and starts too."""

import numpy as np
import pandas as pd


def is_ahead(rows: pd.DataFrame, column: str, best: str, sign: int) -> bool:
    """Whether `best` of the values in `column` is so by geometric means fitted within what else may differ.

    By plain geometric means if all of them have the same share of each; false if nothing in common compares them.
    `rows` are runs of FactContext of one setup and metric; multiplied by `sign`, its better end is the smallest.
    """
    from chimera_dagster.evidence.difference_tests import additive  # with scipy

    rows = rows[(rows["value"] > 0).to_numpy()]
    items, names = pd.factorize(rows[column].astype("str"), sort=True)
    blocks = pd.factorize(rows["alike"])[0].astype("int64")
    if column != "params":
        params = pd.factorize(rows["params"])[0]
        blocks = pd.factorize(blocks * (int(params.max(initial=0)) + 1) + params)[0].astype("int64")
    logs = np.log(rows["value"].to_numpy("float64"))
    fitted = additive(logs, items.astype("int64"), blocks, least_df=1)
    if fitted is not None and len(fitted.effects) == len(names):
        effects = fitted.effects
    elif _same_mix(items, blocks, len(names)):
        effects = np.bincount(items, weights=logs) / np.bincount(items)
    else:
        return False
    return names[int(np.argmin(sign * effects))] == best


def _same_mix(items: "np.ndarray", blocks: "np.ndarray", size: int) -> bool:
    counts = np.zeros((size, int(blocks.max(initial=0)) + 1))
    np.add.at(counts, (items, blocks), 1)
    return float(np.ptp(counts / counts.sum(axis=1, keepdims=True), axis=0).max()) < 1e-9
