"""Figures: a value with its unit must be an aggregate of the runs that the words name."""

import re
from collections.abc import Iterator
from math import isnan

from chimera_dagster.evidence.setups import TRENDS
from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.lexicon import unit_factor
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.numbers import Number
from chimera_dagster.grounding.rules.terms import Within, levels_of, meanings, named_metrics, options
from chimera_dagster.grounding.rules.typed import Typed, canonical_unit, metric_named, span_of, typed_of, unit_of
from chimera_dagster.grounding.scope import Reading, Scope

_SLOWEST = re.compile(
    r"\b(?:slowest|worst|farthest|longest)(?: single)? "
    r"(?:runs?|one|answers?|calls?|requests?|of (?:them|these|its runs)\b)"
    r"|\b(?:slowest|worst|farthest) (?:first|decoded|showed|took)\b",
    re.IGNORECASE,
)
_USUAL_BEFORE = re.compile(r"\b(?:usual(?:ly)?|typical(?:ly)?|normal(?:ly)?)\s+(?:\w+\s+)?$", re.IGNORECASE)
_USUAL_AFTER = re.compile(r"\s*(?:is|was|are|being)\s+(?:the\s+)?(?:usual|typical|normal|norm)\b", re.IGNORECASE)
_AGAINST = re.compile(
    r"\b(?:rather than|instead of|against|versus|vs\.?|compared (?:to|with)|as opposed to|up from|down from|where)\s+"
    r"(?:the |its |a |about |some |usual |typical )*$",
    re.IGNORECASE,
)
_EVERY = re.compile(
    r"\b(?:every|each|all|both|any|neither|no)(?: of)?(?: the)?(?: \w+)? (?:models?|runs?)\b", re.IGNORECASE
)
_UNIT_IN_NAME = re.compile(r"per[\s_-]sec|tok_s\b|tokens_s\b|_ms\b|_pct\b", re.IGNORECASE)
_PLAIN = (None, "%", "x", "points")


def figure_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """Each number with a unit, or of a metric without one, that no other rule has taken."""
    values = [each for each in clause.of("number") if is_value(clause, each)]
    for mention in values:
        of = typed_of(clause, mention, values)
        clause.use(mention)
        yield _of_figure(clause, within, mention, of)


def is_value(clause: Clause, mention: Mention) -> bool:
    number = mention.number
    if number is None or mention.meaning == "factor" or number.unit in ("x", "points"):
        return False
    if number.unit is not None:
        return True
    units = {canonical_unit(metric_named(each)) for each in clause.all_of("metric", "telemetry")}
    beside = {each.number.unit for each in clause.sentence.mentions if each.number and each.number.unit}
    is_share = "share" in units and 0 < number.value <= 1
    said = any(_UNIT_IN_NAME.search(each.text) for each in clause.all_of("metric"))
    return mention.text[-1:].isdigit() and (said or is_share or "score" in units or bool(beside & {"ms", "tok/s"}))


def _of_figure(clause: Clause, within: Within, mention: Mention, of: Typed) -> Claim:  # noqa: PLR0911
    text, number, units = span_of(clause, mention), mention.number, within.folder.metrics
    assert number is not None
    metrics = _metrics(clause, within, mention, of.metric)
    if not metrics:
        reason = f"no file measures {of.metric}" if of.metric else "no word says which metric it is of"
        return unsupported("value", text, reason)
    if _EVERY.search(clause.text):
        return unsupported("value", text, "a figure of every model or run")
    if of.model is None and len(of.models) > 1:
        return unsupported("value", text, f"it may be of {' or '.join(of.models)}")
    found = [each for metric in metrics for each in readings_of(clause, within, mention, of._replace(metric=metric))]
    if not found:
        return unsupported("value", text, f"no run has it: {_scope(clause, within, of, metrics[0]).words}")
    if not any(in_unit(units[metric], number) for metric in metrics):
        if number.unit == "%":
            return unsupported("value", text, f"a share, which can't be computed, of {metrics[0]}")
        return contradicted("value", text, f"{metrics[0]} is in {units[metrics[0]] or 'no unit'}")
    for reading in found:
        if fits(reading, number):
            return supported("value", text, str(reading))
    return _without_fit(clause, within, mention, of._replace(metric=metrics[0]), metrics, found[0])


def _without_fit(
    clause: Clause, within: Within, mention: Mention, of: Typed, metrics: list[str], first: Reading
) -> Claim:
    """A figure that is no reading of what the words bind it to: contradicted, if it is clear what that is."""
    text = span_of(clause, mention)
    against = _AGAINST.search(clause.between(max(clause.start, mention.start - 40), mention.start))
    if against and not any(against.start() <= each.start < mention.start for each in clause.models):
        return _contrasted(clause, within, mention, of, metrics)
    if of.model is None and len(within.folder.models) > 1:
        return unsupported("value", text, "which model is meant is not said", str(first))
    if _is_unsure(clause, within, mention, of, metrics):
        return unsupported("value", text, "which of several models or levels is meant is not clear", str(first))
    return contradicted("value", text, "the folder has another value", str(first))


def _is_unsure(clause: Clause, within: Within, mention: Mention, of: Typed, metrics: list[str]) -> bool:
    """Whether a figure fits what else the words may bind it to.

    That is the same model at another level that the clause names, or by another metric of the unit; and of three
    figures and more also another model, unless its model stands right before it.
    """
    assert mention.number is not None
    alike = [each for each in clause.figures if unit_of(each) == unit_of(mention)]
    named: list[str | None] = [name for each in clause.models for name in each.many]
    levels = [(each.meaning, value) for each in clause.all_of("parameter") for value in each.values]
    before = [each for each in (*clause.models, *alike) if each.end <= mention.start]
    last = max(before, key=lambda each: each.end, default=None)
    is_next = len(set(levels)) < 2 and last is not None and last.kind == "model"
    models = [of.model] if len(alike) < 3 or is_next else named or [of.model]
    others = [metric for each in named_metrics(clause) for metric in meanings(each, within.folder.metrics)]
    scopes = [
        Scope(metric, model, (level,) if level else (), "all", within.files)
        for metric in dict.fromkeys((*metrics, *others))
        for model in models
        for level in ((None, *levels) if len(set(levels)) > 1 else levels or (None,))
    ]
    return any(fits(reading, mention.number) for scope in scopes for reading in within.folder.readings(scope))


def _contrasted(clause: Clause, within: Within, mention: Mention, of: Typed, metrics: list[str]) -> Claim:
    """`1,093 tok/s rather than 1,225`: of another model, another level, or warm for cold."""
    assert mention.number is not None
    named = [name for each in clause.sentence.mentions if each.kind == "model" for name in each.many]
    models = named or ([of.model] if of.model else list(within.folder.models))
    levels: list[tuple[tuple[str, float], ...]] = [()]
    levels += [((name, value),) for name in TRENDS for value in sorted(within.folder.params.get(name, ()))]
    scopes = [
        Scope(metric, model, level, runs, within.files)
        for metric in metrics
        for model in models
        for level in levels
        for runs in ("all", "warm", "cold")
    ]
    for scope in scopes:
        for aggregate in (None, "max", "min"):
            for reading in within.folder.readings(scope, aggregate):
                if fits(reading, mention.number):
                    return supported("value", mention.text, str(reading))
    return contradicted("value", mention.text, "the folder has no such value", "")


def _metrics(clause: Clause, within: Within, mention: Mention, metric: str | None) -> list[str]:
    """The metrics of the folder that a figure may be of."""
    known = within.folder.metrics
    if metric is None:
        assert mention.number is not None
        meant = [each for each in options(clause, within, mention) if each in known]
        return [each for each in meant if in_unit(known[each], mention.number)][:1]
    word = next((each for each in named_metrics(clause) if each.meaning == metric), None)
    meant = meanings(word, known) if word is not None else (metric,)
    return [each for each in meant if each in known]


def readings_of(clause: Clause, within: Within, mention: Mention, of: Typed) -> list[Reading]:
    assert of.metric is not None
    scope = _scope(clause, within, of, of.metric)
    aggregate = of.aggregate
    if aggregate is None and (
        _USUAL_BEFORE.search(clause.sentence.text[max(clause.start, mention.start - 24) : mention.start])
        or _USUAL_AFTER.match(clause.sentence.text[mention.end : mention.end + 24])
    ):
        aggregate = "median"
    if aggregate is None and _SLOWEST.search(clause.sentence.text[clause.start : mention.start]):
        aggregate = "min" if within.folder.metrics.get(of.metric) == "tok/s" else "max"
    found: list[Reading] = []
    scopes = [scope]
    if re.match(r"\s+there\b", clause.sentence.text[mention.end :]):
        before = [each for each in clause.all_of("parameter") if each.end <= mention.start and len(each.values) == 1]
        there = tuple((each.meaning, each.values[0]) for each in before[-1:])
        scopes = [scope._replace(levels=there or levels_of(clause, carried=True))]
    elif not scope.levels:
        scopes.append(scope._replace(levels=levels_of(clause, carried=True)))
    for each in dict.fromkeys(scopes):
        for runs in of.runs:
            found += within.folder.readings(each._replace(runs=runs), aggregate)
    if of.aggregate == "single":
        found += [reading for name in ("min", "max") for reading in within.folder.readings(scope, name)]
    return [each for each in found if not isnan(each.value)]


def _scope(clause: Clause, within: Within, of: Typed, metric: str) -> Scope:
    levels = dict(levels_of(clause)) | of.params
    return Scope(metric, of.model, tuple(sorted(levels.items())), of.runs[0], within.files)


def in_unit(unit: str, number: Number) -> bool:
    return number.unit in (unit, None) or (unit == "share" and number.unit == "%")


def fits(reading: Reading, number: Number) -> bool:
    """Whether a number as written is a reading, rounded as it is written."""
    if not in_unit(reading.unit, number):
        return False
    if reading.unit == "share":
        return number.fits(reading.value) or number.fits(100 * reading.value)
    factor = 1.0 if number.unit in _PLAIN else unit_factor(number.unit, number.spelled)
    return number.fits(reading.value / factor)
