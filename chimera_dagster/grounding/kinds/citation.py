"""Citations: a fact must be of the metric, model, aggregate, parameters, runs and unit that the words say."""

import re
from collections.abc import Iterator

from chimera_dagster.grounding.claim import Claim, contradicted, supported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.evidence_rows import Params, TypedFact
from chimera_dagster.grounding.kinds.typed import Typed, metric_named, own_metric, span_of
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.numbers import Number

_CITED_NOUNS = (
    (re.compile(r"^\s+(?:[\w-]+\s+){0,2}?files", re.IGNORECASE), ("files", "unread")),
    (
        re.compile(r"^\s+(?:(?!of\b)[\w-]+\s+){0,2}?(?:failures|failed|failing|errors)", re.IGNORECASE),
        ("failures", "model_failures"),
    ),
    (
        re.compile(
            r"^\s+(?:(?!of\b|in\b|at\b|for\b|over\b)[\w-]+\s+){0,2}?(?:runs|records|measurements|trials|samples)",
            re.IGNORECASE,
        ),
        ("runs", "failures", "model_failures", "only_aggregates"),
    ),
    (re.compile(r"^\s+(?:[\w-]+\s+){0,1}?models", re.IGNORECASE), ("models",)),
    (re.compile(r"^\s+(?:of\s+)?(?:the\s+)?measurements", re.IGNORECASE), ("nameless", "runs")),
)
_COUNTED = {  # what must be said for the figure to be told from another
    "files": re.compile(r"\bfiles?\b", re.IGNORECASE),
    "unread": re.compile(r"\bfiles?\b", re.IGNORECASE),
    "runs": re.compile(r"\b(?:runs?|measurements?|measured|trials|samples|records|tests)\b", re.IGNORECASE),
    "model_failures": re.compile(r"fail|error|crash|succe", re.IGNORECASE),
    "nameless": re.compile(r"measurement|name|model", re.IGNORECASE),
}
_BEYOND = re.compile(r"\b(?:more than|less than|above|below|under|exceed(?:s|ed|ing)?)\s*$", re.IGNORECASE)
_DENIED = re.compile(
    r"^\s*(?:exactly|quite|really|at|reach|have|average|show|come to|decode at|take|need)?\s*$", re.IGNORECASE
)


def _is_denied(clause: Clause, mention: Mention) -> bool:
    """`is not {F3}`; but `not only {F3}` says it."""
    before = [each for each in clause.all_of("negation") if each.end <= mention.start]
    return bool(before) and _DENIED.match(clause.between(before[-1].end, mention.start)) is not None


def cited(clause: Clause, mention: Mention, of: Typed) -> Iterator[Claim]:
    """Whether a citation is of what the sentence says it is."""
    fact, number = mention.fact, mention.number
    assert fact is not None
    assert number is not None
    text = f"{mention.text} {span_of(clause, mention)}"
    says = f"{fact.id}: {fact.statement}"
    wrong = _miscited(clause, mention, fact, of, number)
    yield contradicted("citation", text, wrong, says) if wrong else supported("citation", text, says)


def _miscited(clause: Clause, mention: Mention, fact: TypedFact, of: Typed, number: Number) -> str:  # noqa: PLR0911
    if number.unit is not None and number.unit != fact.unit:
        return f"{fact.id} is in {fact.unit or 'counts'}, not in {number.unit}"
    named = clause.all_of("metric", "telemetry", "unmeasured")
    noun = _cited_noun(clause, mention)
    if _is_denied(clause, mention):
        return "the words deny it"
    if fact.metric is None or fact.aggregate == "count":
        return _miscounted(clause, mention, fact, of, noun)
    if noun:
        return f"{fact.id} is {fact.text}, and counts nothing"
    if number.bound and _BEYOND.search(clause.sentence.text[: mention.start]):
        return f"{fact.id} is that value, neither above nor below it"
    if named and of.metric is not None and of.metric != fact.metric:
        return f"{fact.id} is {fact.metric}, not {of.metric}"
    if not of.models and len(clause.index.run_models) > 1 and fact.model and not clause.all_of("superlative"):
        return f"{fact.id} is of {fact.model}, which the words do not name"
    if of.models and fact.model not in of.models:
        return f"{fact.id} is of {fact.model}, not of {' or '.join(of.models)}"
    said = of.aggregate or "mean"
    if said != fact.aggregate and not (of.aggregate is None and _says_extreme(clause, fact)):
        return f"{fact.id} is a {fact.aggregate}, not a {said}"
    if fact.runs not in of.runs:
        return f"{fact.id} is over {fact.runs} runs, not over {of.runs[0]} ones"
    if of.best_set and fact.kind == "best_params" and not of.params:
        return ""
    return _misplaced(fact, of.params)


def _miscounted(clause: Clause, mention: Mention, fact: TypedFact, of: Typed, noun: tuple[str, ...]) -> str:
    named = clause.all_of("metric", "telemetry", "unmeasured")
    if not noun and fact.kind in _COUNTED and not _COUNTED[fact.kind].search(clause.text):
        return f"{fact.id} is {fact.text}, which the words do not say"
    if noun and fact.kind not in noun:
        return f"{fact.id} counts {fact.text}"
    if not noun and named and own_metric(clause, mention, named) is not None:
        return f"{fact.id} is {fact.text}, not {metric_named(named[0])}"
    if fact.model is not None and of.models and fact.model not in of.models:
        return f"{fact.id} is of {fact.model}"
    return ""


def _says_extreme(clause: Clause, fact: TypedFact) -> bool:
    return fact.aggregate in ("max", "min") and bool(clause.all_of("single"))


def _misplaced(fact: TypedFact, said: Params) -> str:
    given = fact.params or {}
    wrong = {name: value for name, value in said.items() if given.get(name) != value}
    if wrong:
        return f"{fact.id} is not at {', '.join(f'{name}={value:g}' for name, value in wrong.items())}"
    if given and not said and fact.aggregate == "mean":
        return (
            f"{fact.id} is of one parameter set only: {', '.join(f'{name}={value:g}' for name, value in given.items())}"
        )
    return ""


def _cited_noun(clause: Clause, mention: Mention) -> tuple[str, ...]:
    after = clause.sentence.text[mention.end : mention.end + 40]
    return next((kinds for pattern, kinds in _CITED_NOUNS if pattern.match(after)), ())
