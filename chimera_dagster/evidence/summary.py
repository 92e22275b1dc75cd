"""The data summary of a report, and the statistics of its runs."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.evidence.runs import COLUMNS, SETUP, failed_runs, grouped, raw_runs
from chimera_dagster.evidence.stated import KINDS, stated_values
from chimera_dagster.evidence.statistics import describe
from chimera_dagster.schemas import FAILED, FILE_KINDS, DataSummary
from chimera_dagster.text.foreign import one_line

SHOWN = 5
_WHAT = ["model", "file", *SETUP, "params"]  # `file` only where no model is named
_GROUP = [*_WHAT, "metric", "unit"]


def summary_block(files: pd.DataFrame) -> str:
    """The data summary as every report shows it, from schemas.BenchmarkFiles; without a newline at its end.

    For each kind, the first five names, how many more there are, and when the newest was modified.
    """
    files = files[files["status"] != "left_out"]
    parts = [f"Total files analyzed: {len(files)}"]
    for kind in FILE_KINDS:
        group = files[files["kind"] == kind]
        if group.empty:
            continue
        names = sorted(str(path) for path in group["path"])
        lines = [f"{kind.upper()} Files ({len(names)})", *(f"  - {one_line(name)}" for name in names[:SHOWN])]
        if len(names) > SHOWN:
            lines.append(f"  ... and {len(names) - SHOWN} more")
        lines.append(f"  Latest modified: {group['mtime'].max():%Y-%m-%d %H:%M:%S} UTC")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def summarise(measurements: pd.DataFrame, duplicates: Mapping[str, str] | None = None) -> pd.DataFrame:
    """schemas.DataSummary: one row per model, setup, parameter set, metric and unit, sorted by them.

    Runs of a file that names no model are those of one model, so a file of them has rows of its own. A failed run
    counts as a failure of every metric that its file measures, and in no mean; a parameter set whose runs all failed
    has n = 0 and no statistics. Files that repeat another's runs count once (`raw_runs`). `describe` defines the
    statistics; they are null after an overflow or if there are too few runs. Below the runs stand the aggregates that
    files state of other runs (`stated_values`), one row a record. Texts may be strings or categories. `duplicates` are
    those of `duplicate_runs` if the caller knows them.
    """
    columns = list(DataSummary.to_schema().columns)
    duplicates = duplicate_runs(measurements) if duplicates is None else duplicates
    measurements = measurements[COLUMNS]
    good = raw_runs(measurements, duplicates)
    good = good[good["metric"] != FAILED]
    ids, keys = grouped(_by_what(good), _GROUP)
    statistics = pd.concat([keys, describe(good["value"].to_numpy(), ids, len(keys))], axis=1)
    joined = statistics.merge(_failures(measurements, duplicates), on=_GROUP, how="outer")
    joined = joined.fillna({"n": 0, "failures": 0}).astype({"n": "int64", "failures": "int64"})
    joined = joined.sort_values(_GROUP, na_position="last", ignore_index=True)
    table = joined.assign(source="runs").reindex(columns=columns)
    stated = stated_values(measurements, good, duplicates)
    return table if stated.empty else pd.concat([table, _stated(stated, columns)], ignore_index=True)


def _stated(stated: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    numbers = [name for name in KINDS if name in columns]
    rows = stated[stated[numbers].notna().any(axis=1)]
    counts = rows["n"].fillna(0).astype("int64")
    return rows.assign(n=counts, failures=0, source="stated").reindex(columns=columns)


def _by_what(rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with their file only where it stands for the model that is not named."""
    return rows.assign(file=rows["file"].astype("str").where(rows["model"].isna()))


def _failures(measurements: pd.DataFrame, duplicates: Iterable[str]) -> pd.DataFrame:
    """Failed runs by group, counted for every metric and unit that their file measures."""
    failed = failed_runs(measurements, duplicates)
    ids, runs = grouped(failed, ["file", "model", *SETUP, "params"])
    runs["failures"] = np.bincount(ids, minlength=len(runs))
    raw = measurements["aggregate"].isna() & (measurements["metric"] != FAILED) & measurements["doubt"].isna()
    of_failed = raw & measurements["file"].isin(runs["file"].unique())
    _, measured = grouped(measurements[of_failed], ["file", "metric", "unit"])
    counted = _by_what(runs.merge(measured, on="file"))
    return counted.groupby(_GROUP, dropna=False)["failures"].sum().reset_index()
