"""Advice to repeat the runs that were far slower than the others."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import count, model, phrase
from chimera_dagster.notes.rules.outliers import did, unusual_runs

_WEIGHT = 108.0


def repeat_outliers(data: NoteContext) -> Iterator[Note]:
    """One note, of the model with the most slow runs."""
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
