"""Which rows of schemas.Measurements are runs, and how rows are grouped."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.schemas import FAILED

# The columns that are needed; the others only cost memory if a folder has millions of numbers.
COLUMNS = ["file", "record", "model", "params", "metric", "value", "unit", "aggregate", "error"]
MOST_SOURCES = 100  # records that a fact or a finding names at most
_RUN = ["file", "record"]
_DIGITS = re.compile("([0-9]+)")


def raw_runs(measurements: pd.DataFrame, duplicates: Iterable[str] | None = None) -> pd.DataFrame:
    """Measurements of runs that did not fail, each run once.

    Left out are aggregates, and every row of a file that repeats the runs of an earlier one. `duplicates` are these
    files, as `duplicate_runs` finds them, if the caller knows them already; finding them takes a while.
    """
    kept = _without(measurements, duplicates)
    return kept[kept["aggregate"].isna() & ~kept["error"]]


def failed_runs(measurements: pd.DataFrame, duplicates: Iterable[str] | None = None) -> pd.DataFrame:
    """One row per record that says that it failed; duplicates, which repeat failures too, are left out."""
    kept = _without(measurements, duplicates)
    return kept[kept["metric"] == FAILED].drop_duplicates(_RUN)


def grouped(frame: pd.DataFrame, columns: Sequence[str]) -> tuple["np.ndarray", pd.DataFrame]:
    """The number of each row's group, and one row per group: `columns` as strings, sorted by them, nulls last.

    Strings and categories give the same groups in the same order, whatever the order of rows.
    """
    ids = np.zeros(len(frame), dtype="int64")
    for column in columns:
        codes = pd.factorize(frame[column])[0] + 1  # a null is a group of its own
        ids = pd.factorize(ids * (int(codes.max(initial=0)) + 1) + codes)[0]
    first = np.unique(ids, return_index=True)[1]
    keys = frame.iloc[first][list(columns)].astype("str").reset_index(drop=True)
    keys = keys.sort_values(list(columns))
    rank = np.empty(len(keys), dtype="int64")
    rank[keys.index.to_numpy()] = np.arange(len(keys))
    return rank[ids], keys.reset_index(drop=True)


def natural(record: str) -> list[str | tuple[int, str]]:
    """A key that sorts records in natural order: row 2 before row 10."""
    parts = _DIGITS.split(record)
    # by the number of digits and then by the digits, as converting a thousand digits to a number is slow
    return [(len(part), part) if n % 2 else part for n, part in enumerate(parts)]


def _without(measurements: pd.DataFrame, duplicates: Iterable[str] | None) -> pd.DataFrame:
    left_out = list(duplicate_runs(measurements) if duplicates is None else duplicates)
    return measurements[~measurements["file"].isin(left_out)] if left_out else measurements
