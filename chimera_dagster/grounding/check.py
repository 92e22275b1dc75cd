"""Checks statements about results: each of their claims is executed on the evidence."""

import re
from collections.abc import Iterator, Sequence

from chimera_dagster.grounding.claim import CheckedStatement, Claim, unsupported
from chimera_dagster.grounding.clause import Clause, clauses
from chimera_dagster.grounding.document import ends
from chimera_dagster.grounding.evidence_index import EvidenceIndex
from chimera_dagster.grounding.kinds.contrast import comparison_claims
from chimera_dagster.grounding.kinds.direction import direction_claims
from chimera_dagster.grounding.kinds.figure import figure_claims
from chimera_dagster.grounding.kinds.presence import presence_claims
from chimera_dagster.grounding.kinds.rank import rank_claims
from chimera_dagster.grounding.kinds.significance import effect_claims, loose_significance, sameness_claims
from chimera_dagster.grounding.lexicon import list_pattern
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.reading import read
from chimera_dagster.grounding.rendering import plain, render

# In this order: each kind takes the words and figures that it is about, and leaves the rest to the next.
_KINDS = (
    effect_claims,
    direction_claims,
    sameness_claims,
    comparison_claims,
    rank_claims,
    loose_significance,
    presence_claims,
    figure_claims,
)
_PRONOUN = re.compile(
    r"^\W*(?:(?:And|But|Also|There|Here|Moreover|Thus)[,\s]+)?"
    r"(?:it|its|the (?:former|same) model|this model|that model)\b",
    re.IGNORECASE,
)


def check(statements: Sequence[str], index: EvidenceIndex, models: Sequence[str] = ()) -> list[CheckedStatement]:
    """Check every claim of every statement, in their order.

    A statement may cite facts as `{F3}` and name models as `{M1}`, the first of `models`.
    """
    return [_check_statement(text, index, models) for text in statements]


def _check_statement(text: str, index: EvidenceIndex, models: Sequence[str]) -> CheckedStatement:
    claims = tuple(dict.fromkeys(_claims(text, index, models)))
    if not claims:
        reason = "an opinion or advice without a claim about the data"
        claims = (Claim(kind="opinion", text=text.strip(), verdict="not checkable", reason=reason),)
    return CheckedStatement(text, render(text, index, models)[0], claims)


def _claims(text: str, index: EvidenceIndex, models: Sequence[str]) -> Iterator[Claim]:
    rendered, citations = render(plain(text), index, models)
    last: list[Mention] = []
    for start, end in ends(rendered):
        inside = [
            citation._replace(start=citation.start - start, end=citation.end - start)
            for citation in citations
            if start <= citation.start < end
        ]
        sentence = read(rendered[start:end], inside, index, models)
        pronoun = _PRONOUN.match(sentence.text) is not None
        for clause in clauses(sentence, index):
            if pronoun and not clause.models and not clause.carry.models:
                clause.carry.models = last
            yield from _clause_claims(clause)
        last = [mention for mention in sentence.mentions if mention.kind == "model"] or last


def _clause_claims(clause: Clause) -> Iterator[Claim]:
    found = [claim for kind in _KINDS for claim in kind(clause)]
    yield from found
    substantial = [claim for claim in found if claim.kind not in ("model", "parameter")]
    if clause.is_advice:
        return
    has_figure = any(claim.kind in ("value", "citation", "count") for claim in found)
    comparing = [] if has_figure else clause.of("comparative", "verb", "superlative")
    comparing = comparing or ([] if found else clause.of("same"))
    if comparing:
        yield unsupported("comparison", clause.text, f"'{comparing[0].text}' compares nothing that the words identify")
        return
    if not substantial and clause.all_of("metric", "telemetry") and list_pattern("causes").search(clause.text):
        yield unsupported("data", clause.text, "a cause that can't be executed")
        return
    directed = [word for word in clause.of("direction") if clause.all_of("metric", "telemetry")]
    if directed and not substantial:
        yield unsupported("direction", clause.text, f"'{directed[0].text}' names no parameter that it depends on")
    elif not substantial and _relates(clause):
        yield unsupported("data", clause.text, "it relates things in words that can't be executed")
    elif not found and _speaks_of_data(clause):
        yield unsupported("data", clause.text, "a claim about the data that can't be executed")


def _relates(clause: Clause) -> bool:
    """Whether it relates a metric to a parameter or to two models; that they were measured is not a relation."""
    names = {name for model in clause.models for name in model.many}
    things = clause.all_of("parameter") or len(names) > 1
    return bool(things and clause.all_of("metric")) and not list_pattern("measured").search(clause.text)


def _speaks_of_data(clause: Clause) -> bool:
    text = clause.text
    return bool(list_pattern("data_subjects").search(text) and list_pattern("data_verbs").search(text))
