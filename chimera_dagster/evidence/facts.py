"""Statements that code can prove: each with its value and one measurement behind it."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from chimera_dagster.evidence.summary import failed_runs, raw_runs
from chimera_dagster.schemas import Facts

DECODE, TTFT = "decode_tok_s", "ttft_ms"
_TIMED = (DECODE, TTFT, "e2e_ms", "eval_ms", "latency_ms")  # a record with one of them is a run
_LEAST_RUNS = 3  # a mean of fewer says more about chance than about the model


class _Fact(NamedTuple):
    """`rank` orders facts, the smallest first; equal ranks keep the order in which they were found."""

    rank: int
    text: str
    value: float
    unit: str
    n: int
    file: str
    record: str


class _Measure(NamedTuple):
    metric: str
    unit: str
    words: str
    best: str
    highest: bool


_MEASURES = (
    _Measure(DECODE, "tok/s", "decode throughput", "highest", True),
    _Measure(TTFT, "ms", "time to first token", "lowest", False),
)


def find_facts(
    files: pd.DataFrame, statistics: pd.DataFrame, measurements: pd.DataFrame, limit: int = 40
) -> pd.DataFrame:
    """schemas.Facts from schemas.BenchmarkFiles, DataSummary and Measurements, most important first; at most `limit`.

    A mean is stated from three runs on. Texts hold no measured figure; model tags and parameters may hold digits.
    """
    runs = raw_runs(measurements)
    found = [*_counts(files, runs, measurements)]
    for measure in _MEASURES:
        values = runs[(runs["metric"] == measure.metric) & runs["model"].notna()]
        found += _of_models(measure, values)
        found += _of_parameters(measure, statistics, values)
    ranked = sorted(found, key=lambda fact: fact.rank)[:limit]
    rows = [(f"F{number}", *fact[1:]) for number, fact in enumerate(ranked, start=1)]
    frame = pd.DataFrame.from_records(rows, columns=list(Facts.to_schema().columns))
    texts = dict.fromkeys(("id", "text", "unit", "file", "record"), "str")
    return frame.astype(texts | {"value": "float64", "n": "int64"})


def _counts(files: pd.DataFrame, runs: pd.DataFrame, measurements: pd.DataFrame) -> Iterator[_Fact]:
    if files.empty:
        return
    paths = files.sort_values("path")
    yield _Fact(0, "benchmark files found", len(paths), "", len(paths), str(paths["path"].iloc[0]), "file")
    unread = paths[~paths["status"].isin(("ok", "partial", "empty", "duplicate_of"))]
    if not unread.empty:
        text = "benchmark files that could not be read"
        yield _Fact(2, text, len(unread), "", len(unread), str(unread["path"].iloc[0]), "file")
    timed = runs[runs["metric"].isin(_TIMED)].drop_duplicates(["file", "record"])
    for rank, text, records in (
        (1, "runs measured", timed),
        (2, "records that report a failure", failed_runs(measurements)),
    ):
        if not records.empty:
            yield _fact(rank, text, len(records), "", len(records), records.iloc[0])


def _of_models(measure: _Measure, values: pd.DataFrame) -> Iterator[_Fact]:
    """Mean and best run of every model, models with the best mean first."""
    groups = [(str(model), group) for model, group in values.groupby("model")]
    groups.sort(key=lambda item: (_signed(measure, float(item[1]["value"].mean())), item[0]))
    means = [(model, group) for model, group in groups if len(group) >= _LEAST_RUNS]
    if len(means) > 1:
        model, group = means[0]
        text = f"{measure.best} mean {measure.words} of a model: {model}"
        yield _fact(3, text, group["value"].mean(), measure.unit, len(group), group.iloc[0])
    for model, group in means:
        text = f"mean {measure.words} of {model} over all its runs"
        yield _fact(4, text, group["value"].mean(), measure.unit, len(group), group.iloc[0])
    for model, group in groups:
        place = group["value"].argmax() if measure.highest else group["value"].argmin()
        best = group.iloc[int(place)]
        text = f"{measure.best} {measure.words} of a single run of {model}{_at(str(best['params']))}"
        yield _fact(6, text, best["value"], measure.unit, 1, best)


def _of_parameters(measure: _Measure, statistics: pd.DataFrame, values: pd.DataFrame) -> Iterator[_Fact]:
    """The parameter set with the best mean of every model of which two or more sets ran often enough."""
    rows = statistics[
        (statistics["metric"] == measure.metric)
        & (statistics["n"] >= _LEAST_RUNS)
        & statistics["model"].notna()
        & (statistics["params"] != "{}")
    ]
    for model, sets in rows.groupby("model"):
        if len(sets) < 2:
            continue
        best = sets.sort_values(["mean", "params"], ascending=[not measure.highest, True]).iloc[0]
        behind = values[(values["model"] == model) & (values["params"] == best["params"])]
        text = f"{measure.best} mean {measure.words} of {model} by parameter set{_at(str(best['params']))}"
        yield _fact(5, text, best["mean"], measure.unit, int(best["n"]), behind.iloc[0])


def _at(params: str) -> str:
    named = ", ".join(f"{name}={value}" for name, value in json.loads(params).items())
    return f": {named}" if named else ""


def _signed(measure: _Measure, value: float) -> float:
    return -value if measure.highest else value


def _fact(rank: int, text: str, value: float, unit: str, n: int, behind: "pd.Series[Any]") -> _Fact:
    return _Fact(rank, text, float(value), unit, n, str(behind["file"]), str(behind["record"]))
