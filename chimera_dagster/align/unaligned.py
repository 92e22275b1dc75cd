"""What becomes of a sentence that no notes entail: replaced, a view, filler or withheld, and why."""

import re
from collections.abc import Sequence

from chimera_dagster.align.gap import Gap, senses_of
from chimera_dagster.align.known import Statement
from chimera_dagster.align.lexicon import role
from chimera_dagster.align.outcome import Aligned
from chimera_dagster.align.reading import ORDERING, Clause, Reading

_ADVICE = re.compile(
    r"\b(?:should|consider|recommend|ought to|could try|try|suggest|advis\w+|worth|help|make sure|ensure|avoid|use|test"
    r"|measure|monitor|check|keep|run|increase|reduce|lower|raise|choose|prefer)\b",
    re.IGNORECASE,
)
_LEAST_SHARED = 2
_NEAR = 1.6  # gaps of a sentence that nearly says a note
_APART, _STRANGE = 0.4, 0.8  # of a note on another metric or relation, and on how runs scatter
_RANKING = frozenset({"difference", "tie"})

_Judged = Sequence[tuple[Clause, Sequence[tuple[Statement, list[Gap]]]]]


def unaligned(text: str, reading: Reading, judged: _Judged) -> Aligned:
    claims = bool(reading.orders or reading.figures) or any(_claims_much(clause) for clause in reading.clauses)
    specific = any(clause.models or clause.settings or clause.metrics or clause.states for clause in reading.clauses)
    if not judged or not _claims(reading):
        return Aligned("filler", reason="it says nothing about this folder")
    is_view = text.endswith("?") or bool(_ADVICE.search(text))
    if not claims and is_view and specific and not any(clause.negative for clause in reading.clauses):
        return Aligned("view", reason="it advises or asks, and no note says it")
    near = _nearest(judged)
    if near is None:
        return Aligned("withheld", reason=_reason(judged))
    statement, gap = near
    if gap is None:
        return Aligned("withheld", reason="no three notes say all of it")
    return Aligned("replaced", (statement.note.id,), gap.reason)


def _claims_much(clause: Clause) -> bool:
    """Whether it claims more than an advice does: "increase num_ctx" does not say that anything increases."""
    free = {("relations", "up"), ("relations", "down")} if clause.advises else set[tuple[str, str]]()
    return any(kind in ("relations", "certainty", "causes") for kind, _ in clause.claims - free)


def _claims(reading: Reading) -> bool:
    return bool(reading.figures) or any(
        clause.claims
        or clause.models
        or clause.settings
        or clause.names
        or clause.metrics
        or clause.stats
        or clause.things - role("free_things")
        or clause.unknown
        for clause in reading.clauses
    )


class _Near:
    """A statement with the slots that it misses over all clauses, and how much it shares with them."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.slots: dict[str, Gap] = {}
        self.shared = 0
        self.strange = 0.0  # how much the note is about something else

    def add(self, clause: Clause, missing: Sequence[Gap]) -> None:
        for gap in missing:
            self.slots.setdefault(gap.slot, gap)
        statement = self.statement
        self.strange = max(self.strange, _strange(clause, statement))
        for name in ("things", "metrics", "models", "settings", "claims"):
            self.shared += len(getattr(clause, name) & getattr(statement, name))

    @property
    def weight(self) -> float:
        return sum(gap.weight for gap in self.slots.values())


def _strange(clause: Clause, statement: Statement) -> float:
    """0 for a note on a metric and a relation of the clause, more for one on something else."""
    note = statement.note
    senses = senses_of(clause)
    apart = note.metric is not None and bool(clause.metrics) and note.metric not in clause.metrics
    ranks = any(kind == "relations" and key in ORDERING for kind, key in senses) and bool(clause.metrics)
    trails = ranks and not clause.has_axis and note.kind not in _RANKING
    of_runs = ("acts", "scatter") in senses or "sd" in clause.stats or "run" in clause.things
    scatters = note.kind == "scatter" and not of_runs
    return _APART * (apart + trails) + (_STRANGE if scatters else 0.0)


def _nearest(judged: _Judged) -> tuple[Statement, Gap | None] | None:
    """The statement that misses least of all clauses, if it is near."""
    found: dict[int, _Near] = {}
    for clause, of in judged:
        for statement, missing in of:
            found.setdefault(id(statement), _Near(statement)).add(clause, missing)
    best = min(found.values(), key=lambda each: each.weight + each.strange - 0.1 * each.shared, default=None)
    if best is None or best.weight > _NEAR or best.shared < _LEAST_SHARED:
        return None
    return best.statement, next(iter(best.slots.values()), None)


def _weight(missing: Sequence[Gap]) -> float:
    """How far a statement is: each slot counts once, however many figures differ in it."""
    return sum({gap.slot: gap.weight for gap in missing}.values())


def _reason(judged: _Judged) -> str:
    for clause, of in judged:
        if clause.unknown:
            return f'no note says "{clause.unknown[0]}"'
        best = min(of, key=lambda pair: _weight(pair[1]), default=None)
        if best is not None and best[1]:
            return best[1][0].reason
    return "no note says this"
