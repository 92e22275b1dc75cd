"""Names that may mean one model, which nothing here compares or counts as one."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.spellings import alike
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import models_in_words, scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, joined, phrase

_WEIGHT = 99.0
_MOST = 2  # groups; a table of names is the place for more


def same_model(data: NoteContext) -> Iterator[Note]:
    """One note, of names that differ by a publisher or a usual build alone and are in no file beside each other."""
    apart = {name for pair in data.one_model for name in pair}
    shown = [sorted(group & apart) for group in alike(data.models) if len(group & apart) > 1][:_MOST]
    if not shown:
        return
    said: list[Phrase] = [phrase("{names} may be one model", names=models_in_words(group)) for group in shown]
    names = [name for group in shown for name in group]
    rows = data.data.table[data.data.table["model"].isin(names).to_numpy()]
    yield Note(
        "same_model",
        "findings",
        _WEIGHT,
        (
            phrase("{said}; here they are kept apart.", said=joined(said, ", and ")),
            phrase("By their names, {said}. Here they are kept apart.", said=joined(said, ", and ")),
        ),
        scope_of(rows),
        sources=tuple(sources_of(rows)),
    )
