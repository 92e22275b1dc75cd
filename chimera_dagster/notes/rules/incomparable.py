"""Models that can't be compared, and what differs between them."""

from collections.abc import Iterator

from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note


def incomparable(data: NoteContext) -> Iterator[Note]:
    """A note for each reason why models share no conditions."""
    yield from ()
