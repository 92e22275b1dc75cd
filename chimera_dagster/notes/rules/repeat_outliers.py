"""Advice to repeat the runs that were far slower than the others."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.findings.stretches import SlowStretches
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Number, count, model, phrase
from chimera_dagster.notes.reading import times
from chimera_dagster.notes.rules.outliers import did, unusual_runs
from chimera_dagster.notes.rules.slow_stretch import in_stretches
from chimera_dagster.schemas import DECODE

_WEIGHT = 108.0


def repeat_outliers(data: NoteContext) -> Iterator[Note]:
    """One note: of the model with the most slow runs in stretches, or else of the one with the most slow runs."""
    stretch = max(data.found("slow_stretches", SlowStretches), key=lambda each: len(each.about.rows), default=None)
    if stretch is not None:
        yield _of_stretch(stretch)
        return
    found = unusual_runs(data, slow=True)
    if not found:
        return
    each = found[0]
    many = each.slow > 1
    yield recommendation(
        "repeat_outliers",
        _WEIGHT,
        phrase(
            f"repeat the {{n}} of {{m}} on an idle machine before you quote {'a mean or a p95' if many else 'a mean'}",
            n=count(each.slow, "slow run") if many else "slow run",
            m=model(each.model),
        ),
        phrase(f"{'the slowest' if many else 'it'} {{did}}", did=did(each)),
        Basis(scope_of(each.rows), sources_of(each.rows), each.findings, each.metric),
    )


def _of_stretch(found: Found[SlowStretches]) -> Note:
    about = found.about
    return recommendation(
        "repeat_outliers",
        _WEIGHT + 15,
        phrase(
            "repeat the {n} of {m} on an idle machine before you compare it with another",
            n=count(len(about.rows), "slow run"),
            m=model(about.model),
        ),
        phrase(
            "they followed each other{stretches} and decoded on average {r} times as slowly as is usual",
            stretches=in_stretches(about),
            r=Number(times(about.times), about.times, ""),
        ),
        Basis(scope_of(about.rows), sources_of(about.rows), (found.id,), DECODE),
    )
