"""What becomes of a sentence that no notes entail: replaced, a view, filler or withheld, and why."""

import re
from collections.abc import Sequence

from chimera_dagster.align.gap import Gap
from chimera_dagster.align.known import Known, Statement
from chimera_dagster.align.outcome import Aligned
from chimera_dagster.align.reading import Clause, Reading

_ADVICE = re.compile(
    r"\b(?:should|consider|recommend|ought to|could try|try|suggest|advis\w+|worth|help|make sure|ensure|avoid|use|test"
    r"|measure|monitor|check|keep|run|increase|reduce|lower|raise|choose|prefer)\b",
    re.IGNORECASE,
)
_NEAR = 1.6  # gaps of a sentence that nearly says a note

_Judged = Sequence[tuple[Clause, Sequence[tuple[Statement, list[Gap]]]]]


def unaligned(text: str, reading: Reading, judged: _Judged, known: Known) -> Aligned:
    claims = bool(reading.orders or reading.figures)
    specific = any(clause.models or clause.settings or clause.metrics or clause.states for clause in reading.clauses)
    if not judged or not _claims(reading):
        return Aligned("filler", reason="it says nothing about this folder")
    is_view = text.endswith("?") or bool(_ADVICE.search(text))
    if not claims and is_view and specific and not any(clause.negative for clause in reading.clauses):
        return Aligned("view", reason="it advises or asks, and no note says it")
    near = _nearest(judged, known)
    if near is None:
        return Aligned("withheld", reason=_reason(judged))
    statement, gap = near
    if gap is None:
        return Aligned("withheld", reason="no three notes say all of it")
    return Aligned("replaced", (statement.note.id,), gap.reason)


def _claims(reading: Reading) -> bool:
    return bool(reading.figures) or any(
        clause.claims
        or clause.models
        or clause.settings
        or clause.names
        or clause.metrics
        or clause.stats
        or clause.things
        or clause.unknown
        for clause in reading.clauses
    )


def _nearest(judged: _Judged, known: Known) -> tuple[Statement, Gap | None] | None:
    """The statement that misses least of all clauses, if it is near."""
    totals: dict[int, float] = {}
    first: dict[int, Gap] = {}
    by_id: dict[int, Statement] = {}
    shared: dict[int, int] = {}
    for clause, of in judged:
        for statement, missing in of:
            key = id(statement)
            by_id[key] = statement
            totals[key] = totals.get(key, 0.0) + sum(gap.weight for gap in missing)
            shared[key] = (
                shared.get(key, 0)
                + len(clause.things & statement.things)
                + len(clause.metrics & statement.metrics)
                + len(clause.models & statement.models)
                + len(clause.settings & statement.settings)
                + len(clause.claims & statement.claims)
            )
            if missing:
                first.setdefault(key, missing[0])
    best = min(totals, key=lambda key: totals[key] - 0.1 * shared[key], default=None)
    if best is None or totals[best] > _NEAR or shared[best] < 2:
        return None
    return by_id[best], first.get(best)


def _reason(judged: _Judged) -> str:
    for clause, of in judged:
        if clause.unknown:
            return f'no note says "{clause.unknown[0]}"'
        best = min(of, key=lambda pair: sum(gap.weight for gap in pair[1]), default=None)
        if best is not None and best[1]:
            return best[1][0].reason
    return "no note says this"
