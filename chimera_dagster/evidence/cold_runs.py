"""Which runs had to load their model first."""

import numpy as np
import pandas as pd

from chimera_dagster.evidence.runs import model_codes
from chimera_dagster.schemas import LOAD, TTFT

# A model that is in memory loads in some 100 ms, even of 8 billion parameters; from disk it takes seconds.
COLD_MS, COLD_RATIO = 500, 5
_SHORT_MS = 250  # of a load that takes most of the time to first token
_DIGITS = 3
_LEAST_EQUAL = 3  # runs: a clock does not measure one time to the last digit so often
MOST_COLD = 0.5  # of a model's runs; of more, what is usual is not known
# A load that takes more of the time to first token is what that waited for; clocks that differ can make it a little
# longer than that time, and of one that is far longer the time to first token does not include it.
_WAITED = (0.5, 1.2)


def is_cold(runs: pd.DataFrame) -> "np.ndarray":
    """Which runs (`file`, `model`, `load_ms`, `ttft_ms`) had to load their model before the first token.

    That is a load of over 250 ms which takes 0.5 to 1.2 times the time to first token, or one of over 500 ms that takes
    5 times the usual load of the model. The usual load is the lower quartile, as a loaded model takes about the same
    time in every run and loading does not. If more than half of a model's runs load that long, or if every first token
    waited for a load, that is what is usual, and no run is cold for it. The runs of a file that names no model are
    taken for those of one model. If a file has load times, a run without one found the model in memory, so its load
    time counts as 0. A load that stands beside three runs of a model in a file, the same to the last digit, and is
    longer than one of their first tokens took or given in three digits, was measured before them, and none of them
    waited for it.
    """
    load = runs[LOAD].where(runs[LOAD].notna() | ~gives_load(runs), 0.0)
    model = model_codes(runs)
    beside = load.div(runs[TTFT]).groupby([pd.factorize(runs["file"])[0], model, load])
    before = (beside.transform("max") > _WAITED[1]) | _in_three_digits(load)
    load = load.mask((beside.transform("size") >= _LEAST_EQUAL) & before, 0.0)
    usual = load.groupby(model).transform(_lower_quartile)
    waited = ((load > _SHORT_MS) & (load / runs[TTFT]).between(*_WAITED, inclusive="right")).to_numpy()
    if waited.all():
        return waited & False
    unusual = ((load > COLD_MS) & (load > COLD_RATIO * usual)).to_numpy()
    few = np.bincount(model, weights=unusual) <= MOST_COLD * np.bincount(model, weights=load.notna())
    return waited | (unusual & few[model])


def gives_load(runs: pd.DataFrame) -> "pd.Series[bool]":
    """Which runs (`file`, `load_ms`) are in a file with any load time."""
    return runs[LOAD].notna().groupby(runs["file"], observed=True).transform("any")


def _in_three_digits(values: "pd.Series[float]") -> "np.ndarray":
    """Which values no clock gives again: in fewer digits, several loads can be one number."""
    codes, known = pd.factorize(values)
    found = [len(f"{value:.10g}".replace(".", "").strip("0")) >= _DIGITS for value in known.tolist()]
    return np.array([*found, False])[codes]


def _lower_quartile(values: "pd.Series[float]") -> float:
    return float(values.quantile(0.25, interpolation="lower"))
