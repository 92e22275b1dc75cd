"""Which runs had to load their model first."""

import numpy as np
import pandas as pd

from chimera_dagster.evidence.runs import model_codes
from chimera_dagster.schemas import LOAD

# A model that is in memory loads in some 100 ms, even of 8 billion parameters; from disk it takes seconds.
COLD_MS, COLD_RATIO = 500, 5


def is_cold(runs: pd.DataFrame) -> "np.ndarray":
    """Which runs (`file`, `model`, `load_ms`) loaded for over 500 ms and 5 times their model's lower median.

    The runs of a file that names no model are taken for those of one model.
    If a file has load times, a run without one found the model in memory, so its load time counts as 0.
    """
    load = runs[LOAD].where(runs[LOAD].notna() | ~gives_load(runs), 0.0)
    usual = load.groupby(model_codes(runs)).transform(_lower_median)
    return ((load > COLD_MS) & (load > COLD_RATIO * usual)).to_numpy()


def gives_load(runs: pd.DataFrame) -> "pd.Series[bool]":
    """Which runs (`file`, `load_ms`) are in a file with any load time."""
    return runs[LOAD].notna().groupby(runs["file"], observed=True).transform("any")


def _lower_median(values: "pd.Series[float]") -> float:
    return float(values.quantile(0.5, interpolation="lower"))
