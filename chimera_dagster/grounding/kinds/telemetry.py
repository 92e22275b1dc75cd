"""What was measured and what was not: telemetry, metrics, qualities that no file measures."""

import re
from collections.abc import Iterator

from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.lexicon import list_pattern
from chimera_dagster.grounding.mention import Mention


def telemetry_claims(clause: Clause) -> Iterator[Claim]:
    # One negation is of everything in a list: `power draw and memory were not measured`.
    negations = clause.of("negation")
    yield from _telemetry(clause, negations)
    yield from _lacks(clause, negations)


def _negation_of(clause: Clause, mention: Mention, negations: list[Mention]) -> Mention | None:
    """A word that says that something is not there: before it (`no power draw`), or behind it (`was not measured`)."""
    for each in negations:
        text = clause.sentence.text
        if (
            each.end <= mention.start
            and not re.search(r"[,;]\s*(?:but|and)\b", text[each.end : mention.start])
            and mention.start - each.end < 60
        ) and not any(number.start > each.end and number.end <= mention.start for number in clause.figures):
            return each
        if each.start >= mention.end and each.start - mention.end < 70:
            return each
    return None


def _telemetry(clause: Clause, negations: list[Mention]) -> Iterator[Claim]:
    index = clause.index
    for mention in clause.all_of("telemetry"):
        name = mention.meaning
        measured = name in index.telemetry
        negation = _negation_of(clause, mention, negations)
        if negation is not None:
            clause.use(negation)
            files = ", ".join(index.telemetry_files(name)[:3])
            if measured:
                yield contradicted("lack", clause.text, f"{mention.text} was measured", files or "this trial")
            else:
                yield supported("lack", clause.text, f"no file measures {mention.text}")
        elif measured:
            files = index.telemetry_files(name)
            reason = (
                "it was measured" if index.is_beside_runs(name) else "it was measured, but beside no run of a model"
            )
            yield supported("telemetry", mention.text, ", ".join(files[:3]) or "this trial", reason)
        elif not clause.is_advice or clause.figures:
            yield unsupported("telemetry", mention.text, "it was not measured: no file has it")


def _lacks(clause: Clause, negations: list[Mention]) -> Iterator[Claim]:
    """`TTFT was not measured`; and qualities that nothing measures."""
    index = clause.index
    measured = list_pattern("measured").search(clause.text) is not None
    for mention in clause.all_of("metric", "unmeasured"):
        if mention.kind == "metric" and not measured:
            continue
        negation = _negation_of(clause, mention, negations)
        known = mention.meaning in index.metrics
        if (
            negation is not None
            and measured
            and not clause.figures
            and not clause.all_of("comparative", "same", "effect", "superlative")
        ):
            clause.use(negation)
            if known:
                yield contradicted("lack", clause.text, f"{mention.text} was measured")
            else:
                yield supported("lack", clause.text, f"no file measures {mention.text}")
        elif mention.kind == "metric" and not known and not clause.is_advice:
            yield unsupported("telemetry", mention.text, "it was not measured: no file has it")
        elif mention.kind == "unmeasured" and not clause.is_advice and not known:
            yield unsupported("telemetry", mention.text, "no file measures it")
