"""One function per kind of fact; each yields what it can prove from the context, the most important first."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from chimera_dagster.evidence.fact_context import TIMED, FactContext, ModelRuns, Stated, by_setup, sources_of
from chimera_dagster.evidence.fair_order import is_ahead
from chimera_dagster.evidence.figures import named_params
from chimera_dagster.evidence.measures import FURTHER, HEADLINES, MEASURES, SCORES, SERVER, Measure
from chimera_dagster.evidence.setups import canonical, setups_of
from chimera_dagster.evidence.statistics import LEAST_FOR_INTERVAL
from chimera_dagster.evidence.tails import why_not_mean
from chimera_dagster.schemas import COMPLETED_REQUESTS, FAILED_REQUESTS, TTFT

_LEAST_RUNS = 3  # a mean of fewer says more about chance than about the model
_LEAST_FOR_P95 = 20  # with fewer, a 95th percentile lies between the two largest values and says no more than they do
_KIND_WORDS = {
    **{"mean": "mean ", "median": "median ", "value": "", "min": "lowest ", "max": "highest "},
    **{"p05": "fifth percentile of ", "p90": "ninetieth percentile of "},
    **{"p95": "ninety-fifth percentile of ", "p99": "ninety-ninth percentile of "},
}
_NOTED = {"median": "median", "std": "standard deviation", "p95": "p95", "p99": "p99"}  # of a stated value, beside it


class Statement(NamedTuple):
    """A future row of schemas.Facts; `rows` are the measurements that it is computed from.

    `note` follows the value in the template, as in ` (n={n})`, and `values` fill both. The fields from `aggregate` on
    say what the value is, so that a citation of it can be checked: which statistic of which metric, of which model, at
    which parameter set, under which conditions and over which runs.
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
    conditions: str | None = None
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


def _failed_requests(data: FactContext) -> Iterator[Statement]:
    """Requests that failed, among those of the records that count both."""
    rows = data.runs[data.runs["metric"].isin((COMPLETED_REQUESTS, FAILED_REQUESTS))]
    wide = rows.pivot_table(index=["file", "record"], columns="metric", values="value", aggfunc="first", observed=True)
    if not {COMPLETED_REQUESTS, FAILED_REQUESTS} <= set(wide.columns):
        return
    counted = wide.dropna(subset=[COMPLETED_REQUESTS, FAILED_REQUESTS])
    failed = int(counted[FAILED_REQUESTS].sum())
    total = failed + int(counted[COMPLETED_REQUESTS].sum())
    if total:
        behind = counted.reset_index()[["file", "record"]]
        text = "requests that failed, as the files count them"
        yield Statement("failed_requests", text, {"value": failed, "of": total}, "", total, behind, " of {of} requests")


class _Candidate(NamedTuple):
    """A model's mean under one setup, measured or stated."""

    value: float
    model: str
    of: ModelRuns | Stated


def _best_model(data: FactContext) -> Iterator[Statement]:
    yield from _best_models(data, (*HEADLINES, SERVER, *SCORES))


def _best_further(data: FactContext) -> Iterator[Statement]:
    yield from _best_models(data, FURTHER)


def _best_models(data: FactContext, measures: Iterable[Measure]) -> Iterator[Statement]:
    """The best mean of two models or more under one setup; how many of the folder's models that are is said.

    Not stated if another model is ahead once parameters, prompts and cold starts are equal: then the mean only shows
    which of them it had more of.
    """
    for measure in measures:
        every = {each.model for each in (*data.models[measure.metric], *data.stated[measure.metric]) if each.model}
        by_setup: dict[str, list[_Candidate]] = {}
        for candidate in _candidates(data, measure):
            by_setup.setdefault(canonical(candidate.of.setup), []).append(candidate)
        for candidates in list(by_setup.values())[: data.limit]:
            if (known := len({each.model for each in candidates})) > 1:
                best = min(candidates, key=lambda each: (measure.sign * each.value, each.model))
                runs = [each.of.rows for each in candidates if isinstance(each.of, ModelRuns)]
                alone = isinstance(best.of, Stated) or len(runs) < 2
                if alone or is_ahead(pd.concat(runs), "model", best.model, measure.sign):
                    yield _best(data, measure, best, known, len(every))


def _candidates(data: FactContext, measure: Measure) -> Iterator[_Candidate]:
    for group in data.models[measure.metric]:
        if group.model and (group.n >= _LEAST_RUNS or measure.whole):
            yield _Candidate(float(group.statistics["mean"]), group.model, group)
    for each in data.stated[measure.metric]:
        if each.model and each.alone and each.params == "{}" and "mean" in each.values:
            yield _Candidate(each.values["mean"], each.model, each)


def _best(data: FactContext, measure: Measure, best: _Candidate, known: int, models: int) -> Statement:
    words = data.words_among_models(best.of.setup)
    mean = "" if isinstance(best.of, ModelRuns) and best.of.n == 1 else "mean "
    text = f"{measure.best} {mean}{measure.words} of a model{f' at {words}' if words else ''}, that of {best.model}"
    if isinstance(best.of, Stated):
        statement = _as_stated(data, measure, best.of)
        text += f", as {best.of.file} states it"
    else:
        statement = _mean("model_mean", "", measure.unit, best.of)
        text += _mixed(data, best.of)
    among = "among {known} models" if known == models else "among {known} of {models} models"
    counts = {"known": known} if known == models else {"known": known, "models": models}
    note = f" ({among}, {statement.note.removeprefix(' (')}" if statement.note else f" ({among})"
    return statement._replace(
        kind="best_model", text=text + _derived(best.of), values={**statement.values, **counts}, note=note
    )


def _model_values(data: FactContext) -> Iterator[Statement]:
    yield from _values(data, (*HEADLINES, SERVER, *SCORES))


def _further_values(data: FactContext) -> Iterator[Statement]:
    yield from _values(data, FURTHER)


def _values(data: FactContext, measures: Iterable[Measure]) -> Iterator[Statement]:
    """A model's mean under each setup, from three runs on; of several setups, or of whole benchmarks, also of fewer."""
    for measure in measures:
        stated = 0
        for group in data.models[measure.metric]:
            n = group.n
            if stated == data.limit:
                break
            if n >= _LEAST_RUNS or not group.alone or measure.whole:
                mean = "mean " if n > 1 else ""
                text = f"{mean}{measure.words} of {group.name}{_where(data, group)}{_mixed(data, group)}"
                stated += 1
                yield _mean("model_mean", text + _derived(group), measure.unit, group)
        for each in data.stated[measure.metric][: data.limit]:
            if not _unclear(each):
                yield _as_stated(data, measure, each)


def _unclear(each: Stated) -> bool:
    """A number of a page that repeats results, beside others of which nothing tells it apart."""
    return not each.alone and next(iter(each.values)) not in ("mean", "median")


def _where(data: FactContext, group: ModelRuns) -> str:
    words = data.words(group.setup, group.model)
    if words:
        return f" at {words}"
    return " over all its runs" if group.alone else " where no condition is named"


def _as_stated(data: FactContext, measure: Measure, each: Stated) -> Statement:
    leading = next(iter(each.values))
    named = ", ".join(filter(None, (data.words(each.setup, each.model), named_params(each.params))))
    at = f" at {named}" if named else ""
    where = each.file if each.alone else f"{each.file} ({each.record})"
    text = f"{_KIND_WORDS[leading]}{measure.words} of {each.name}{at}, as {where} states it{_derived(each)}"
    values: dict[str, float] = {"value": each.values[leading]}
    notes: list[str] = []
    for kind, words in _NOTED.items():
        if kind in each.values and kind != leading:
            values[kind] = each.values[kind]
            notes.append(f"{words} {{{kind}}}")
    if each.n is not None:
        values["n"] = each.n
        notes.append("n={n}")
    note = f" ({', '.join(notes)})" if notes else ""
    aggregate = "stated" if leading == "value" else leading
    params = each.params if each.params != "{}" else None
    about = (aggregate, each.model, measure.metric, params, canonical(each.setup))
    return Statement("stated", text, values, measure.unit, each.n or 1, each.rows, note, *about)


def _derived(of: ModelRuns | Stated) -> str:
    if isinstance(of, Stated):
        return f", derived from {of.derived}" if of.derived else ""
    derived = of.frame["derived"].iloc[of.places]
    known = [formula for formula in sorted(set(derived.dropna().astype("str"))) if formula]
    if not known:
        return ""
    partly = bool(derived.isna().any())
    return f", {'in part ' if partly else ''}derived from {' and '.join(known)}"


def _starts(data: FactContext) -> Iterator[Statement]:
    """Warm and cold runs apart, for every model with cold runs; one run is enough, as the gap is never chance."""
    cold = by_setup(_with_start(data, cold=True))
    warm = {_key(group): group for group in by_setup(_with_start(data, cold=False))} if cold else {}
    for group in cold[: data.limit]:
        for kind, half in (("warm", warm.get(_key(group))), ("cold", group)):
            if half:
                words = data.words(half.setup, half.model)
                at = f" at {words}" if words else ""
                text = f"mean {TIMED[TTFT]} of {half.name} over its {kind} runs{at}{_derived(half)}"
                yield _mean(f"{kind}_mean", text, "ms", half)._replace(over=kind)


def _key(group: ModelRuns) -> tuple[str, str]:
    return group.name, canonical(group.setup)


def _model_failures(data: FactContext) -> Iterator[Statement]:
    named = data.failed[data.failed["model"].notna()]
    failed = [(str(model), rows) for model, rows in named.groupby("model", observed=True)]
    for model, rows in sorted(failed, key=lambda item: (-len(item[1]), item[0])):
        good = data.runs[data.runs["model"] == model]
        total = len(pd.concat([good[["file", "record"]], rows[["file", "record"]]]).drop_duplicates())
        text, n = f"records of {model} that report a failure", len(rows)
        yield Statement("model_failures", text, {"value": n, "of": total}, "", n, rows, " of {of} records", model=model)


def _best_params(data: FactContext) -> Iterator[Statement]:
    """For every model and setup with two or more parameter sets that ran often enough, the set with the best mean."""
    table = data.statistics
    table = table[(table["n"] >= _LEAST_RUNS) & (table["params"] != "{}") & (table["source"] == "runs")]
    for measure in HEADLINES:
        of_measure = table[((table["metric"] == measure.metric) & (table["unit"] == measure.unit)).to_numpy()]
        place, setups = setups_of(of_measure, params=False)
        parts: dict[Any, Any] = of_measure.groupby([of_measure["model"], place], observed=True).indices
        places = {canonical(setup): number for number, setup in enumerate(setups)}
        for group in data.models[measure.metric][: data.limit]:
            found = parts.get((group.model, places.get(canonical(group.setup), -1)), ())
            if len(found) < 2:
                continue
            sets = of_measure.iloc[found]
            best = sets.assign(rank=measure.sign * sets["mean"]).sort_values(["rank", "params"]).iloc[0]
            params, words = str(best["params"]), data.words(group.setup, group.model)
            compared = group.rows[group.rows["params"].isin(sets["params"]).to_numpy()]
            if not is_ahead(compared, "params", params, measure.sign):
                continue
            rows = group.rows[group.rows["params"] == params]
            named = ", ".join(filter(None, (named_params(params), words)))
            text = f"{measure.best} mean {measure.words} of {group.model} by parameter set, at {named}"
            of_set = group.of(rows)._replace(statistics=best.to_dict())
            yield _mean("best_params", text + _derived(of_set), measure.unit, of_set)._replace(params=params)


def _p95(data: FactContext) -> Iterator[Statement]:
    for group in data.models[TTFT][: data.limit]:
        n = group.n
        if n >= _LEAST_FOR_P95:
            values = {"value": group.statistics["p95"], "n": n}
            words = data.words(group.setup, group.model)
            text = f"ninety-fifth percentile of {TIMED[TTFT]} of {group.name}{f' at {words}' if words else ''}"
            about = ("p95", group.model, TTFT, None, canonical(group.setup))
            yield Statement("model_p95", text + _derived(group), values, "ms", n, group.rows, " (n={n})", *about)


def _nameless(data: FactContext) -> Iterator[Statement]:
    nameless = data.measurements[data.measurements["model"].isna()]
    n, total = len(nameless), len(data.measurements)
    if n:
        values = {"value": 100 * n / total, "n": n, "of": total}
        text = "share of measurements that name no model"
        yield Statement("nameless", text, values, "%", n, nameless, " ({n} of {of})", "share")


def _only_aggregates(data: FactContext) -> Iterator[Statement]:
    """Numbers of a model that stand for runs that no file lists, and that nothing tells apart from each other."""
    for measure in MEASURES:
        unclear: dict[str, list[Stated]] = {}
        for each in data.stated[measure.metric]:
            if each.model and _unclear(each):
                unclear.setdefault(each.model, []).append(each)
        for model, group in sorted(unclear.items()):
            rows = pd.concat([each.rows for each in group])
            text, n = f"numbers for {measure.words} of {model} that no file says the runs of", len(rows)
            about = ("count", model, measure.metric)
            yield Statement("only_aggregates", text, {"value": n}, "", n, rows, "", *about)


def _best_run(data: FactContext) -> Iterator[Statement]:
    """The best single run of each model under any setup; where it is the only one, its value is all that is known."""
    for measure in HEADLINES:
        best: dict[str, ModelRuns] = {}
        end = "max" if measure.sign < 0 else "min"
        for group in data.models[measure.metric]:
            known = best.get(group.name)
            if known is None or measure.sign * (group.statistics[end] - known.statistics[end]) < 0:
                best[group.name] = group
        for group in list(best.values())[: data.limit]:
            value = group.statistics[end]
            equal = group.rows[group.rows["value"] == value]
            file, record = sources_of(equal)[0]
            run = equal[(equal["file"] == file) & (equal["record"] == record)]
            params = str(run["params"].iloc[0])
            named = ", ".join(filter(None, (named_params(params), data.words(group.setup, group.model))))
            text = f"{measure.best} {measure.words} of a single run of {group.name}{f', at {named}' if named else ''}"
            about = (end, group.model, measure.metric, params, canonical(group.setup))
            text += _derived(group.of(run))
            yield Statement("best_run", text, {"value": value, "n": 1}, measure.unit, 1, run, " (n={n})", *about)


RULES: tuple[Rule, ...] = (  # the most important first
    *(_files, _runs, _unread, _failures, _failed_requests),
    *(_best_model, _model_values, _starts, _model_failures, _best_params, _p95, _best_run),
    *(_best_further, _further_values, _nameless, _only_aggregates),
)


def _count_files(kind: str, text: str, files: pd.DataFrame) -> Iterator[Statement]:
    rows = files[["path"]].rename(columns={"path": "file"}).assign(record="file")
    yield from _count_records(kind, text, rows)


def _count_records(kind: str, text: str, rows: pd.DataFrame) -> Iterator[Statement]:
    n = len(rows[["file", "record"]].drop_duplicates())
    if n:
        yield Statement(kind, text, {"value": n}, "", n, rows)


def _mean(kind: str, text: str, unit: str, group: ModelRuns) -> Statement:
    statistics, rows = group.statistics, group.rows
    n = int(statistics["n"])
    values: dict[str, float] = {"value": statistics["mean"], "n": n}
    note = " (n={n})"
    if n > 1:
        values["median"] = statistics["median"]
        note = " (median {median}, n={n})"
    why = why_not_mean(rows["value"].to_numpy("float64"))
    if why is not None:
        values |= {"low": statistics["median_low"], "high": statistics["median_high"]}
        note = f" (median {{median}}, its 95 % interval {{low}} to {{high}}, as {why}, n={{n}})"
    elif n >= LEAST_FOR_INTERVAL:
        values |= {"low": statistics["mean_low"], "high": statistics["mean_high"]}
        note = " (95 % interval {low} to {high}, median {median}, n={n})"
    about = ("mean", group.model, str(rows["metric"].iloc[0]), None, canonical(group.setup))
    return Statement(kind, text, values, unit, n, rows, note, *about)


def _mixed(data: FactContext, group: ModelRuns) -> str:
    """What a mean over warm and cold runs must say; decoding begins only after the model is loaded."""
    if group.frame["metric"].iloc[int(group.places[0])] != TTFT:
        return ""
    cold = data.loads.loc[data.loads["cold"], ["file", "record"]]
    waited = not cold.empty and not group.rows[["file", "record"]].merge(cold, on=["file", "record"]).empty
    return ", warm and cold together" if waited else ""


def _with_start(data: FactContext, *, cold: bool) -> pd.DataFrame:
    """TTFT of the cold or of the warm runs, among those whose file gives load times."""
    records = data.loads.loc[data.loads["cold"] == cold, ["file", "record"]]
    times = data.runs[((data.runs["metric"] == TTFT) & (data.runs["unit"] == "ms")).to_numpy()]
    return times.merge(records, on=["file", "record"])
