"""Values: a figure said to be a statistic of a metric must round to it."""

import re
from collections.abc import Iterator
from math import isnan

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.grounding.claim import Claim, Kind, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.evidence_index import EvidenceIndex
from chimera_dagster.grounding.evidence_rows import Statistic
from chimera_dagster.grounding.kinds.common import good_end
from chimera_dagster.grounding.kinds.typed import Typed, canonical_unit, span_of, words_of
from chimera_dagster.grounding.lexicon import unit_factor
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.numbers import Number

_EACH = re.compile(r"\b(?:every|each|all|both|any)(?: of)?(?: the)?(?: \w+)? models?\b", re.IGNORECASE)
_UNIT_IN_NAME = re.compile(r"per[\s_-]sec|tok_s|tokens|_ms$|_pct$|\((?:ms|tok/s|%)\)", re.IGNORECASE)


def valued(clause: Clause, mention: Mention, of: Typed) -> Iterator[Claim]:
    number, index = mention.number, clause.index
    assert number is not None
    text = span_of(clause, mention)
    if mention.meaning == "factor" or number.unit in ("x", "points"):
        yield unsupported("figure", text, "a ratio that is not said to be of one thing to another")
        return
    if of.metric is None:
        what = "it names no metric" if number.unit else "a figure that says nothing about what it is"
        yield unsupported("value" if number.unit else "figure", text, what)
        return
    canonical = canonical_unit(of.metric)
    if number.unit is None and not _unit_in_name(clause, of.metric):
        yield unsupported("value", text, f"a figure of {of.metric} without a unit")
        return
    if number.unit is not None and number.unit != canonical:
        reason = (
            f"{of.metric} is in {canonical}, not in {number.unit}" if canonical else f"no file measures {of.metric}"
        )
        yield (contradicted if canonical else unsupported)("value", text, reason)
        return
    if len(of.models) > 1:
        yield unsupported("value", text, f"which model is meant is not said: {', '.join(of.models)}")
        return
    yield _executed(index, clause, text, number, of)


def is_of_each(clause: Clause, of: Typed) -> bool:
    """`every model reaches at least {F3}`: a figure that is said of each model at once."""
    said = _EACH.search(clause.text) is not None and not clause.all_of("negation")
    return said and of.metric is not None and not of.models


def of_each(clause: Clause, mention: Mention, of: Typed) -> Claim:
    """Whether the statistic of every model with runs of the metric is the figure, or on the side of it that is said."""
    number, text = mention.number, span_of(clause, mention)
    assert number is not None
    assert of.metric is not None
    aggregate = of.aggregate or "mean"
    kind: Kind = "citation" if mention.fact else "value"
    found = {
        name: value
        for name in clause.index.run_models
        for statistic in (clause.index.runs.statistic(of.metric, name, of.params, of.runs[0]),)
        if statistic is not None and (value := _statistic_value(statistic, aggregate)) is not None
    }
    unit = clause.index.runs.units.get(of.metric, "")
    says = (
        f"{aggregate} {of.metric}: {', '.join(f'{name} {format_value(value, unit)}' for name, value in found.items())}"
    )
    if not found:
        return unsupported(kind, text, f"no {aggregate} is known of {of.metric}")
    if all(number.fits(_in_spelling(value, number)) for value in found.values()):
        return supported(kind, text, says)
    return contradicted(kind, text, "it is not so of every model", says)


def _unit_in_name(clause: Clause, metric: str) -> bool:
    return any(each.meaning == metric and _UNIT_IN_NAME.search(each.text) for each in clause.all_of("metric"))


def readings_of(index: EvidenceIndex, of: Typed) -> list[tuple[str, Statistic]]:
    """What the words can mean: runs that have the parameters named, or those with no other parameter."""
    assert of.metric is not None
    found = [
        (f" over {runs} runs" if place else "", index.runs.statistic(of.metric, of.model, of.params, runs))
        for place, runs in enumerate(of.runs)
    ]
    if of.best_set and of.model is not None and not of.params:
        found.append((" at its best parameter set", _best_set(index, of.metric, of.model)))
    if of.params:
        found.append(
            (" and no other parameter", index.runs.statistic(of.metric, of.model, of.params, of.runs[0], exact=True))
        )
    return [(words, statistic) for words, statistic in found if statistic is not None]


def _best_set(index: EvidenceIndex, metric: str, model: str) -> Statistic | None:
    """Of the set of parameters with the best mean, of those with three runs or more where there are such."""
    found = [index.runs.statistic(metric, model, each, exact=True) for each in index.runs.sets_of(model, metric)]
    known = [each for each in found if each is not None]
    often = [each for each in known if each.n >= 3] or known
    return max(often, key=lambda each: good_end(metric) * each.values["mean"], default=None)


def _executed(index: EvidenceIndex, clause: Clause, text: str, number: Number, of: Typed) -> Claim:  # noqa: PLR0911
    assert of.metric is not None
    own = index.own.get(of.metric)
    if clause.is_own and own is not None and of.model in (None, index.own_model):
        says = f"{of.metric} of this trial: {own:.6g}"
        if number.fits(_in_spelling(own, number)):
            return supported("value", text, says)
        return contradicted("value", text, "this trial measured another value", says)
    aggregate = of.aggregate or "mean"
    readings = readings_of(index, of)
    if not readings:
        return _of_aggregates(index, text, number, of, aggregate)
    shown: list[str] = []
    for words, statistic in readings:
        names = ("std", "half") if aggregate == "std" else (aggregate,)
        for name in names:
            true = _statistic_value(statistic, name)
            if true is None:
                continue
            files = ", ".join(statistic.files)
            value = format_value(true, statistic.unit)
            says = f"{words_of(of, name)}{words}: {value} (n={statistic.n}, {files})"
            shown.append(says)
            if number.fits(_in_spelling(true, number)):
                return supported("value", text, says)
    if not shown:
        return unsupported("value", text, f"no {aggregate} is known of {of.metric}")
    if of.model is None:
        return _dataset(index, text, number, of, shown)
    return contradicted("value", text, _really(index, number, of) or "the evidence has another value", "; ".join(shown))


def _statistic_value(statistic: Statistic, name: str) -> float | None:
    values = statistic.values
    if name == "half":
        return (values["mean_high"] - values["mean_low"]) / 2
    value = values.get(name)
    return None if value is None or isnan(value) else value


def _in_spelling(value: float, number: Number) -> float:
    if number.unit in (None, "%", "x", "points"):
        return value
    return value / unit_factor(number.unit, number.spelled)


def _of_aggregates(index: EvidenceIndex, text: str, number: Number, of: Typed, aggregate: str) -> Claim:
    """A metric of which no run is at hand; a file may still state the aggregate itself."""
    assert of.metric is not None
    if of.metric not in index.metrics:
        return unsupported("value", text, f"no file measures {of.metric}")
    if of.model is not None and not of.params:
        low, high = _bounds(number)
        for stated in index.stated(of.metric, low, high, of.model):
            if stated.aggregate in (aggregate, None):
                where = (
                    f"{stated.file}, {stated.record}: {stated.value:g}, as the file states it; its runs are in no file"
                )
                return supported("value", text, where)
    known = index.runs.statistic(of.metric, of.model)
    if known is None:
        return unsupported("value", text, f"no run of {of.model or 'any model'} measures {of.metric}")
    return unsupported(
        "value", text, f"no run measures {of.metric} of {of.model or 'any model'} there: {words_of(of, aggregate)}"
    )


def _bounds(number: Number) -> tuple[float, float]:
    factor = 1.0 if number.unit in (None, "%", "x", "points") else unit_factor(number.unit, number.spelled)
    return (number.value - number.half) * factor, (number.value + number.half) * factor


def _dataset(index: EvidenceIndex, text: str, number: Number, of: Typed, shown: list[str]) -> Claim:
    """A figure given for the whole folder that is not the folder's: whose is it?"""
    assert of.metric is not None
    stated = index.stated(of.metric, *_bounds(number))
    if not stated:
        return unsupported("value", text, "it names no model, and is not the value of all of them", "; ".join(shown))
    first = stated[0]
    good, total = index.runs.success_of(first.file)
    run = f", a run of which {good} of {total} tests succeeded" if good < total else ""
    reason = f"one file's figure, presented as the dataset's: {first.file} ({first.record}){run}"
    return contradicted("value", text, reason, "; ".join(shown))


def _really(index: EvidenceIndex, number: Number, of: Typed) -> str:
    """What the figure is the value of, where it is one of another aggregate or model; only for the reason given."""
    assert of.metric is not None
    for model in (of.model, *index.run_models):
        statistic = index.runs.statistic(of.metric, model)
        for name in ("mean", "median", "p95", "max", "min"):
            if statistic and number.bound == "" and number.fits(_in_spelling(statistic.values[name], number)):
                return f"that is the {name} of {model} over all its runs"
    return ""
