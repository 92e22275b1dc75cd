"""The data summary of a report, and the statistics of its raw runs."""

import pandas as pd

from chimera_dagster.schemas import FAILED, FILE_KINDS

SHOWN = 5
_RUN = ["file", "record"]
_GROUP = ["model", "params", "metric", "unit"]


def summary_block(files: pd.DataFrame) -> str:
    """The data summary as it stands in every report, from schemas.BenchmarkFiles; without a newline at its end.

    Of each kind, the first five names, how many more there are, and when the newest was modified.
    """
    parts = [f"Total files analyzed: {len(files)}"]
    for kind in FILE_KINDS:
        group = files[files["kind"] == kind]
        if group.empty:
            continue
        names = sorted(str(path) for path in group["path"])
        lines = [f"{kind.upper()} Files ({len(names)})", *(f"  - {name}" for name in names[:SHOWN])]
        if len(names) > SHOWN:
            lines.append(f"  ... and {len(names) - SHOWN} more")
        lines.append(f"  Latest modified: {group['mtime'].max():%Y-%m-%d %H:%M:%S} UTC")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def raw_runs(measurements: pd.DataFrame) -> pd.DataFrame:
    """Measurements of runs that did not fail; numbers that sum up others are left out."""
    return measurements[measurements["aggregate"].isna() & ~measurements["error"]]


def failed_runs(measurements: pd.DataFrame) -> pd.DataFrame:
    """One row a record that says that it failed."""
    return measurements[measurements["metric"] == FAILED].drop_duplicates(_RUN)


def summarise(measurements: pd.DataFrame) -> pd.DataFrame:
    """schemas.DataSummary: one row a model, parameter set, metric and unit, sorted by them.

    A failed run counts for every metric that its file measures, and for no mean; a parameter set of which every run
    failed has n = 0 and no statistics.
    """
    columns = [*_GROUP, "n", "failures", "mean", "median", "std", "min", "max"]
    raw = measurements[measurements["aggregate"].isna() & (measurements["metric"] != FAILED)]
    good = raw[~raw["error"]]
    statistics = (
        good.groupby(_GROUP, dropna=False)["value"]
        .agg(n="size", mean="mean", median="median", std="std", min="min", max="max")
        .reset_index()
    )
    measured = raw[["file", "metric", "unit"]].drop_duplicates()
    failures = (
        failed_runs(measurements)[["file", "model", "params"]]
        .merge(measured, on="file")
        .groupby(_GROUP, dropna=False)
        .size()
        .reset_index(name="failures")
    )
    joined = statistics.merge(failures, on=_GROUP, how="outer")
    joined = joined.astype({"n": "float64", "failures": "float64"}).fillna({"n": 0, "failures": 0})
    joined = joined.astype({"n": "int64", "failures": "int64"} | dict.fromkeys(columns[6:], "float64"))
    return joined.sort_values(_GROUP, na_position="last", ignore_index=True)[columns]
