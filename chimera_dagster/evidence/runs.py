"""Which rows of schemas.Measurements are runs, and how rows are grouped."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.schemas import FAILED

SETUP = ["backend", "gpu", "conditions"]  # with model and parameters: what was run
# The columns that are needed; the others only cost memory if a folder has millions of numbers.
COLUMNS = [
    *("file", "record", "model", *SETUP, "params", "metric", "value", "unit", "original_name"),
    *("aggregate", "n", "derived", "doubt", "error"),
]
ASKED = ("prompt", "labels")  # the columns that say what a run was asked
PROMPT_LABELS = ("prompt_index", "prompt_id")  # labels that do
MOST_SOURCES = 100  # records that a fact or a finding names at most
_RUN = ["file", "record"]
_DIGITS = re.compile("([0-9]+)")


def raw_runs(measurements: pd.DataFrame, duplicates: Iterable[str] | None = None) -> pd.DataFrame:
    """Measurements of runs that did not fail, each run once.

    Left out are aggregates, values in doubt, values that code derived although the file states them, and every row of a
    file that repeats the runs of an earlier one. Of several columns of a record that state one metric, such as the rate
    with and without the first token, the first one counts. `duplicates` are these files, as `duplicate_runs` finds
    them, if the caller knows them already; finding them takes a while.
    """
    kept = _without(measurements, duplicates)
    kept = kept[kept["aggregate"].isna() & ~kept["error"] & kept["doubt"].isna()]
    kept = kept[~repeats_stated(kept)]
    return one_spelling(kept.drop_duplicates([*_RUN, "model", *SETUP, "params", "metric"]))


def failed_runs(measurements: pd.DataFrame, duplicates: Iterable[str] | None = None) -> pd.DataFrame:
    """One row per record that says that it failed; duplicates, which repeat failures too, are left out."""
    kept = _without(measurements, duplicates)
    return one_spelling(kept[kept["metric"] == FAILED].drop_duplicates(_RUN))


def repeats_stated(rows: pd.DataFrame) -> "np.ndarray":
    """Which derived values are of a record that states the metric itself."""
    derived = rows["derived"].notna().to_numpy()
    if not derived.any():
        return derived
    places = np.flatnonzero(rows["record"].isin(rows.loc[derived, "record"].unique()))
    ids, keys = grouped(rows.iloc[places], [*_RUN, "metric", "aggregate"])
    stated = np.zeros(len(keys), dtype=bool)
    stated[ids[~derived[places]]] = True
    found = np.zeros(len(rows), dtype=bool)
    found[places] = stated[ids]
    return found & derived


def spellings(models: Iterable[object]) -> dict[str, str]:
    """Tags that differ from another one in case alone, each with the spelling that stands for both.

    Only tags without a slash: Ollama's do not differ by case, and names of repositories may. Lower case stands for
    the others, else the first by name.
    """
    alike: dict[str, list[str]] = {}
    for model in models:
        if isinstance(model, str) and "/" not in model:
            alike.setdefault(model.casefold(), []).append(model)
    return {
        name: chosen
        for names in alike.values()
        if len(names) > 1
        for chosen in [min(names, key=lambda name: (name != name.lower(), name))]
        for name in names
        if name != chosen
    }


def one_spelling(rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with one spelling of every model."""
    found = spellings(rows["model"].unique())
    if not found:
        return rows
    return rows.assign(model=rows["model"].astype("str").replace(found))


def model_codes(rows: pd.DataFrame) -> "np.ndarray":
    """A number for each model, and for each file of the rows that name none."""
    model, file = pd.factorize(rows["model"])[0], pd.factorize(rows["file"])[0]
    return np.where(model >= 0, model, int(model.max(initial=-1)) + 1 + file)


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


def coded(column: "pd.Series") -> tuple["np.ndarray", pd.Index]:
    """The code of each row's name, and the names by code; of categories their own."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories
    codes, names = pd.factorize(column)
    return codes, pd.Index(names)


def natural(record: str) -> list[str | tuple[int, str]]:
    """A key that sorts records in natural order: row 2 before row 10."""
    parts = _DIGITS.split(record)
    # by the number of digits and then by the digits, as converting a thousand digits to a number is slow
    return [(len(part), part) if n % 2 else part for n, part in enumerate(parts)]


def _without(measurements: pd.DataFrame, duplicates: Iterable[str] | None) -> pd.DataFrame:
    left_out = list(duplicate_runs(measurements) if duplicates is None else duplicates)
    return measurements[~measurements["file"].isin(left_out)] if left_out else measurements
