"""Names that may mean one model, which nothing here compares or counts as one."""

from collections.abc import Iterator

import pandas as pd

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
    groups = [sorted(group) for group in alike(data.models) if len(group) > 1]
    shown = [group for group in groups if not _beside(data, group)][:_MOST]
    if not shown:
        return
    said: list[Phrase] = [phrase("{names} may be one model", names=models_in_words(group)) for group in shown]
    rows = _rows(data, [name for group in shown for name in group])
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


def _rows(data: NoteContext, names: list[str]) -> pd.DataFrame:
    return data.data.table[data.data.table["model"].isin(names).to_numpy()]


def _beside(data: NoteContext, group: list[str]) -> bool:
    """Whether a file has two of them: whoever wrote it tells them apart."""
    rows = _rows(data, group)[["file", "model"]].drop_duplicates()
    return bool(rows["file"].duplicated().any())
