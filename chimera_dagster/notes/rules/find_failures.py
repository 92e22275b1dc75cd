"""Advice to find out why requests failed."""

from collections.abc import Iterator

from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.failed_requests import failed_requests
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import count, phrase
from chimera_dagster.notes.rules.failures import MANY

_WEIGHT = 135.0


def find_failures(data: NoteContext) -> Iterator[Note]:
    """One note, of the model with the largest share of failed requests."""
    found = [each for each in failed_requests(data) if each.share >= MANY]
    if not found:
        return
    each, others = found[0], len(found) - 1
    more = phrase(" (and some of {n})", n=count(others, "other model")) if others else ()
    compared = each.model is not None and len(data.models) > 1
    yield recommendation(
        "find_failures",
        _WEIGHT,
        phrase(
            f"find out why {{said}}{{more}} failed before you {'compare it' if compared else 'quote a figure'}",
            said=each.of_setting,
            more=more,
        ),
        phrase("a server that drops requests has less to do for the others, and a mean over these does not show it"),
        Basis(each.scope, each.sources),
    )
