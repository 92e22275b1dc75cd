"""What the rules in fact_rules.py read: the runs of a folder, prepared once, and the sources of a statement."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from chimera_dagster.evidence.cold_runs import gives_load, is_cold
from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.evidence.measures import MEASURES, Measure
from chimera_dagster.evidence.runs import COLUMNS, MOST_SOURCES, failed_runs, grouped, natural, raw_runs
from chimera_dagster.evidence.statistics import describe
from chimera_dagster.schemas import DECODE, LOAD, TTFT

Sources = list[tuple[str, str]]

_TIMES = {TTFT: "time to first token", "e2e_ms": "end-to-end time", "eval_ms": "decoding time", "latency_ms": "latency"}
TIMED = {DECODE: "decode throughput", **_TIMES}  # a record with one of them is a run
_RECORD = ["file", "record"]


class ModelRuns(NamedTuple):
    """One metric of one model: its row of `describe`, and its rows of schemas.Measurements."""

    model: str
    statistics: "pd.Series[float]"
    rows: pd.DataFrame


class FactContext(NamedTuple):
    """`runs` are raw runs that did not fail, `failed` has one row per failed record; neither has duplicates.

    `loads` has one row per run in a file with load times, and whether it was `cold`.
    """

    files: pd.DataFrame
    statistics: pd.DataFrame
    measurements: pd.DataFrame
    runs: pd.DataFrame
    failed: pd.DataFrame
    loads: pd.DataFrame
    models: dict[str, list[ModelRuns]]


def prepare(
    files: pd.DataFrame,
    statistics: pd.DataFrame,
    measurements: pd.DataFrame,
    duplicates: Mapping[str, str] | None = None,
) -> FactContext:
    """From schemas.BenchmarkFiles, DataSummary and Measurements."""
    measurements = measurements[COLUMNS]
    duplicates = duplicate_runs(measurements) if duplicates is None else duplicates
    runs = raw_runs(measurements, duplicates)
    models = {measure.metric: by_model(of_measure(runs, measure), measure.sign) for measure in MEASURES}
    failed = failed_runs(measurements, duplicates)
    return FactContext(files, statistics, measurements, runs, failed, _loads(runs), models)


def of_measure(rows: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Rows of the measure's metric that name a model; with an unknown unit it counts as another metric."""
    return rows[(rows["metric"] == measure.metric) & (rows["unit"] == measure.unit) & rows["model"].notna()]


def by_model(rows: pd.DataFrame, sign: int = 1) -> list[ModelRuns]:
    """Rows of one metric by model, the best mean first, then by name."""
    ids, keys = grouped(rows, ["model"])
    table = describe(rows["value"].to_numpy(), ids, len(keys))
    ends = np.cumsum(table["n"].to_numpy())[:-1]
    parts = np.split(np.argsort(ids, kind="stable"), ends) if len(keys) else []
    found = [
        ModelRuns(str(model), table.iloc[place], rows.iloc[part])
        for place, (model, part) in enumerate(zip(keys["model"], parts, strict=True))
    ]
    return sorted(found, key=lambda group: (sign * group.statistics["mean"], group.model))


def sources_of(rows: pd.DataFrame) -> Sources:
    """The first records of `rows`, at most MOST_SOURCES, by path and then in natural order: row 2 before row 10."""
    pairs = rows[_RECORD].drop_duplicates()
    paths, counts = np.unique(pairs["file"].to_numpy("str"), return_counts=True)
    enough = paths[: int(np.searchsorted(np.cumsum(counts), MOST_SOURCES)) + 1]
    kept = pairs[pairs["file"].isin(enough)]
    found = zip(kept["file"].astype("str"), kept["record"].astype("str"), strict=True)
    return sorted(found, key=lambda source: (source[0], natural(source[1]), source[1]))[:MOST_SOURCES]


def _loads(runs: pd.DataFrame) -> pd.DataFrame:
    of_models = runs[runs["metric"].isin((TTFT, LOAD)) & (runs["unit"] == "ms") & runs["model"].notna()]
    load = of_models[of_models["metric"] == LOAD].drop_duplicates(_RECORD).rename(columns={"value": LOAD})
    records = of_models[[*_RECORD, "model"]].drop_duplicates(_RECORD)
    records = records.merge(load[[*_RECORD, LOAD]], on=_RECORD, how="left")
    return records.assign(cold=is_cold(records))[gives_load(records)]
