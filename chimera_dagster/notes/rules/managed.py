"""What a managed API served stands beside one's own servers, and is ranked with none of them."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.hosting import HOSTING
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import files_in_words, models_in_words, scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import phrase

_WEIGHT = 103.0


def managed(data: NoteContext) -> Iterator[Note]:
    """One note, if a folder has both."""
    runs = data.data.table
    rows = runs[runs["conditions"].astype("str").str.contains(f'"{HOSTING}":', regex=False).to_numpy()]
    rows = rows[rows["unit"].notna().to_numpy()]
    if rows.empty:
        return
    named = sorted(str(name) for name in rows["model"].dropna().unique())
    files = sorted(str(name) for name in rows["file"].unique())
    who = models_in_words(named, 3) if named else phrase("the unnamed model of {f}", f=files_in_words(files, 2))
    verb = "is" if len(named) < 2 else "are"
    times = "its times" if len(named) < 2 else "their times"
    yield Note(
        "managed",
        "findings",
        _WEIGHT,
        (
            phrase(
                f"{{who}} {verb} served by a managed API: {times} have the internet and other people's load in them, "
                "so nothing here ranks it beside your own servers."
                if len(named) < 2
                else f"{{who}} {verb} served by managed APIs: {times} have the internet and other people's load in "
                "them, so nothing here ranks them beside your own servers.",
                who=who,
            ),
        ),
        scope_of(rows),
        sources=tuple(sources_of(rows)),
    )
