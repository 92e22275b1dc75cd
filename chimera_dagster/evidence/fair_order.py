"""Whether the best of several means is the best within equal prompts, parameters and starts too."""

import json

import numpy as np
import pandas as pd

from chimera_dagster.evidence.fact_context import FactContext
from chimera_dagster.evidence.runs import PROMPT_LABELS, grouped

_EQUAL = ("params", "prompt", "labels", "start")  # what the runs of one setup may still differ in
_RECORD = ["file", "record"]


def is_ahead(data: FactContext, rows: pd.DataFrame, column: str, best: str, sign: int) -> bool:
    """Whether `best` of the values in `column` is so by geometric means fitted within what else may differ.

    By plain geometric means if all of them have the same share of each; false if nothing in common compares them.
    `rows` are of one metric; multiplied by `sign`, its better end is the smallest.
    """
    from chimera_dagster.evidence.difference_tests import additive  # with scipy

    rows = rows[(rows["value"] > 0).to_numpy()]
    items, names = pd.factorize(rows[column].astype("str"), sort=True)
    cold = data.loads.loc[data.loads["cold"], _RECORD]
    waited = pd.MultiIndex.from_frame(rows[_RECORD].astype("str")).isin(pd.MultiIndex.from_frame(cold.astype("str")))
    named = rows.assign(labels=_prompt_labels(rows["labels"]), start=np.where(waited, "cold", "warm"))
    blocks, _ = grouped(named, [name for name in _EQUAL if name != column])
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


def _prompt_labels(labels: "pd.Series[str]") -> list[str]:
    """What the labels say of the prompt."""
    codes, texts = pd.factorize(labels)
    found = [json.dumps([known.get(name) for name in PROMPT_LABELS]) for known in map(json.loads, texts)]
    return [found[code] for code in codes]
