"""One function per kind of fact; each yields what it can prove from the context, the most important first."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from chimera_dagster.evidence.fact_context import TIMED, FactContext, ModelRuns, by_model, sources_of
from chimera_dagster.evidence.figures import named_params
from chimera_dagster.evidence.measures import MEASURES
from chimera_dagster.evidence.statistics import LEAST_FOR_INTERVAL
from chimera_dagster.schemas import TTFT

_LEAST_RUNS = 3  # a mean of fewer says more about chance than about the model
_LEAST_FOR_P95 = 20  # with fewer, a 95th percentile lies between the two largest values and says no more than they do


class Statement(NamedTuple):
    """A future row of schemas.Facts; `rows` are the measurements that it is computed from.

    `note` follows the value in the template, as in ` (n={n})`, and `values` fill both. The fields from `aggregate` on
    say what the value is, so that a citation of it can be checked: which statistic of which metric, of which model, at
    which parameter set and over which runs.
    """

    kind: str
    text: str
    values: Mapping[str, float]
    unit: str
    n: int
    rows: pd.DataFrame
    note: str = ""
    aggregate: str = "count"
    model: str | None = None
    metric: str | None = None
    params: str | None = None
    over: str = "all"


Rule = Callable[[FactContext], Iterator[Statement]]


def _files(data: FactContext) -> Iterator[Statement]:
    yield from _count_files("files", "benchmark files found", data.files)


def _runs(data: FactContext) -> Iterator[Statement]:
    yield from _count_records("runs", "runs measured", data.runs[data.runs["metric"].isin(list(TIMED))])


def _unread(data: FactContext) -> Iterator[Statement]:
    unread = data.files[data.files["status"].isin(("malformed", "unreadable", "too_large"))]
    yield from _count_files("unread", "benchmark files that could not be read", unread)


def _failures(data: FactContext) -> Iterator[Statement]:
    yield from _count_records("failures", "records that report a failure", data.failed)


def _best_model(data: FactContext) -> Iterator[Statement]:
    for measure in MEASURES:
        often = [group for group in data.models[measure.metric] if len(group.rows) >= _LEAST_RUNS]
        if len(often) > 1:
            text = f"{measure.best} mean {measure.words} of a model, that of {often[0].model}{_mixed(data, often[0])}"
            yield _mean("best_model", text, measure.unit, often[0].statistics, often[0].rows)


def _model_means(data: FactContext) -> Iterator[Statement]:
    for measure in MEASURES:
        for group in data.models[measure.metric]:
            if len(group.rows) >= _LEAST_RUNS:
                text = f"mean {measure.words} of {group.model} over all its runs{_mixed(data, group)}"
                yield _mean("model_mean", text, measure.unit, group.statistics, group.rows)


def _starts(data: FactContext) -> Iterator[Statement]:
    """Warm and cold runs apart, for every model with cold runs; one run is enough, as the gap is never chance."""
    cold = _with_start(data, cold=True)
    warm = _with_start(data, cold=False)
    warm = {group.model: group for group in by_model(warm[warm["model"].isin(cold["model"].unique())])}
    for group in by_model(cold):
        for kind, half in (("warm", warm.get(group.model)), ("cold", group)):
            if half:
                text = f"mean {TIMED[TTFT]} of {half.model} over its {kind} runs"
                yield _mean(f"{kind}_mean", text, "ms", half.statistics, half.rows)._replace(over=kind)


def _model_failures(data: FactContext) -> Iterator[Statement]:
    failed = by_model(data.failed[data.failed["model"].notna()])
    for group in sorted(failed, key=lambda group: (-len(group.rows), group.model)):
        good = data.runs[data.runs["model"] == group.model]
        total = len(pd.concat([good[["file", "record"]], group.rows[["file", "record"]]]).drop_duplicates())
        text, n = f"records of {group.model} that report a failure", len(group.rows)
        values = {"value": n, "of": total}
        yield Statement("model_failures", text, values, "", n, group.rows, " of {of} records", model=group.model)


def _best_params(data: FactContext) -> Iterator[Statement]:
    """For every model with two or more parameter sets that ran often enough, the set with the best mean."""
    for measure in MEASURES:
        table = data.statistics
        table = table[(table["metric"] == measure.metric) & (table["unit"] == measure.unit)]
        table = table[(table["n"] >= _LEAST_RUNS) & (table["params"] != "{}")]
        for group in data.models[measure.metric]:
            sets = table[table["model"] == group.model]
            if len(sets) < 2:
                continue
            best = sets.assign(rank=measure.sign * sets["mean"]).sort_values(["rank", "params"]).iloc[0]
            rows = group.rows[group.rows["params"] == best["params"]]
            text = f"{measure.best} mean {measure.words} of {group.model} by parameter set{_at(str(best['params']))}"
            yield _mean("best_params", text, measure.unit, best, rows)._replace(params=str(best["params"]))


def _p95(data: FactContext) -> Iterator[Statement]:
    for group in data.models[TTFT]:
        n = len(group.rows)
        if n >= _LEAST_FOR_P95:
            values = {"value": group.statistics["p95"], "n": n}
            text = f"ninety-fifth percentile of {TIMED[TTFT]} of {group.model}"
            about = ("p95", group.model, TTFT)
            yield Statement("model_p95", text, values, "ms", n, group.rows, " (n={n})", *about)


def _nameless(data: FactContext) -> Iterator[Statement]:
    nameless = data.measurements[data.measurements["model"].isna()]
    n, total = len(nameless), len(data.measurements)
    if n:
        values = {"value": 100 * n / total, "n": n, "of": total}
        text = "share of measurements that name no model"
        yield Statement("nameless", text, values, "%", n, nameless, " ({n} of {of})", "share")


def _only_aggregates(data: FactContext) -> Iterator[Statement]:
    """Metrics of a model for which the folder has aggregates but no run; tags differ in case between files."""
    rows = data.measurements
    given = rows[rows["aggregate"].notna() & rows["metric"].isin(list(TIMED)) & rows["model"].notna()]
    for metric, words in TIMED.items():
        runs = data.runs.loc[(data.runs["metric"] == metric) & data.runs["model"].notna(), "model"]
        measured = {str(model).casefold() for model in runs.unique()}
        for group in by_model(given[given["metric"] == metric]):
            if group.model.casefold() not in measured:
                n = len(group.rows)
                text = f"aggregates of {words} of {group.model} whose runs stand in no file"
                yield Statement(
                    "only_aggregates", text, {"value": n}, "", n, group.rows, model=group.model, metric=metric
                )


def _best_run(data: FactContext) -> Iterator[Statement]:
    for measure in MEASURES:
        for group in data.models[measure.metric]:
            end = "max" if measure.sign < 0 else "min"
            value = group.statistics[end]
            equal = group.rows[group.rows["value"] == value]
            file, record = sources_of(equal)[0]
            best = equal[(equal["file"] == file) & (equal["record"] == record)]
            params = str(best["params"].iloc[0])
            text = f"{measure.best} {measure.words} of a single run of {group.model}{_at(params)}"
            about = (end, group.model, measure.metric, params)
            yield Statement("best_run", text, {"value": value, "n": 1}, measure.unit, 1, best, " (n={n})", *about)


RULES: tuple[Rule, ...] = (  # the most important first
    *(_files, _runs, _unread, _failures),
    *(_best_model, _model_means, _starts, _model_failures, _best_params, _p95),
    *(_nameless, _only_aggregates, _best_run),
)


def _count_files(kind: str, text: str, files: pd.DataFrame) -> Iterator[Statement]:
    rows = files[["path"]].rename(columns={"path": "file"}).assign(record="file")
    yield from _count_records(kind, text, rows)


def _count_records(kind: str, text: str, rows: pd.DataFrame) -> Iterator[Statement]:
    n = len(rows[["file", "record"]].drop_duplicates())
    if n:
        yield Statement(kind, text, {"value": n}, "", n, rows)


def _mean(kind: str, text: str, unit: str, statistics: "pd.Series[float]", rows: pd.DataFrame) -> Statement:
    n = int(statistics["n"])
    values = {"value": statistics["mean"], "median": statistics["median"], "n": n}
    note = " (median {median}, n={n})"
    if n >= LEAST_FOR_INTERVAL:
        values |= {"low": statistics["mean_low"], "high": statistics["mean_high"]}
        note = " (95 % interval {low} to {high}, median {median}, n={n})"
    model, metric = str(rows["model"].iloc[0]), str(rows["metric"].iloc[0])
    return Statement(kind, text, values, unit, n, rows, note, "mean", model, metric)


def _mixed(data: FactContext, group: ModelRuns) -> str:
    """What a mean over warm and cold runs must say; decoding begins only after the model is loaded."""
    cold = data.loads.loc[data.loads["cold"], ["file", "record"]]
    waited = group.rows["metric"].iloc[0] == TTFT and not group.rows.merge(cold, on=["file", "record"]).empty
    return ", warm and cold together" if waited else ""


def _with_start(data: FactContext, *, cold: bool) -> pd.DataFrame:
    """TTFT of the cold or of the warm runs, among those whose file gives load times."""
    records = data.loads.loc[data.loads["cold"] == cold, ["file", "record"]]
    times = [group.rows for group in data.models[TTFT]]
    return pd.concat(times).merge(records, on=["file", "record"]) if times else data.runs.iloc[:0]


def _at(params: str) -> str:
    named = named_params(params)
    return f", at {named}" if named else ""
