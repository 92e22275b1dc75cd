"""Which rows of schemas.Measurements are runs, and how rows are grouped."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.schemas import FAILED

# What evidence looks at; the other columns only cost memory where a folder has millions of numbers.
COLUMNS = ["file", "record", "model", "params", "metric", "value", "unit", "aggregate", "error"]
MOST_SOURCES = 100  # records that a fact or a finding names, of all that are behind it
_RUN = ["file", "record"]
_DIGITS = re.compile("([0-9]+)")


def raw_runs(measurements: pd.DataFrame, duplicates: Iterable[str] | None = None) -> pd.DataFrame:
    """Measurements of runs that did not fail, each run once.

    Left out are numbers that sum up others, and every row of a file that repeats the runs of an earlier one (see
    `duplicate_runs`). `duplicates` are these files where the caller knows them already; finding them takes a while.
    """
    kept = _without(measurements, duplicates)
    return kept[kept["aggregate"].isna() & ~kept["error"]]


def failed_runs(measurements: pd.DataFrame, duplicates: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a record that says that it failed; files that repeat another's runs repeat its failures, too."""
    kept = _without(measurements, duplicates)
    return kept[kept["metric"] == FAILED].drop_duplicates(_RUN)


def grouped(frame: pd.DataFrame, columns: Sequence[str]) -> tuple["np.ndarray", pd.DataFrame]:
    """The number of each row's group, and one row a group: `columns` as strings, sorted by them, nulls last.

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
    """A key that sorts records as a reader counts: row 2 before row 10."""
    parts = _DIGITS.split(record)
    # digits by length and then by themselves, so that no key of a thousand digits need become a number
    return [(len(part), part) if n % 2 else part for n, part in enumerate(parts)]


def _without(measurements: pd.DataFrame, duplicates: Iterable[str] | None) -> pd.DataFrame:
    left_out = list(duplicate_runs(measurements) if duplicates is None else duplicates)
    return measurements[~measurements["file"].isin(left_out)] if left_out else measurements
