"""Files that hold the runs of others once more."""

from collections.abc import Iterator, Sequence

from chimera_dagster.evidence.findings.failures import Repeats
from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import files_in_words
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Phrase, count, file, joined, phrase

_WEIGHT = 20.0
_NAMED = 2  # more files are only counted


def repeated_files(data: NoteContext) -> Iterator[Note]:
    """One note of all copies, those of the same bytes and those of the same runs in another form."""
    found = [*data.found("duplicate_files", Repeats), *data.found("duplicate_runs", Repeats)]
    if not found:
        return
    copies = [copy for each in found for copy in each.about.copies]
    sources = tuple(dict.fromkeys(source for each in found for source in each.finding.sources))[:MOST_SOURCES]
    yield Note(
        "repeated_files",
        "findings",
        _WEIGHT,
        _wordings([each.about for each in found]),
        Scope(n=len(copies), files=len(copies)),
        sources=sources,
        findings=tuple(each.id for each in found),
    )


def _wordings(found: Sequence[Repeats]) -> tuple[Phrase, ...]:
    copies = [copy for each in found for copy in each.copies]
    if len(copies) == 1:
        [only] = found
        parts = {"copy": file(copies[0]), "original": file(only.original)}
        what = "is a copy of" if only.same_bytes else "holds the same runs in another form as"
        return (
            phrase(f"{{copy}} {what} {{original}}; its runs are counted once.", **parts),
            phrase(f"The runs in {{copy}} are counted once, as it {what} {{original}}.", **parts),
        )
    same = sorted(copy for each in found if each.same_bytes for copy in each.copies)
    other = sorted(copy for each in found if not each.same_bytes for copy in each.copies)
    sides = [
        _side(same, "is a copy of another, byte for byte", "are copies of others, byte for byte"),
        _side(other, "holds the runs of another in another form", "hold the runs of others in another form"),
    ]
    said = joined([side for side in sides if side], ", and ")
    return (
        phrase("{said}. Each run is counted once.", said=said),
        phrase("Each run is counted once: {said}.", said=said),
    )


def _side(copies: Sequence[str], one: str, many: str) -> Phrase:
    if not copies:
        return ()
    who = files_in_words(copies) if len(copies) <= _NAMED else count(len(copies), "file")
    return phrase(f"{{who}} {one if len(copies) == 1 else many}", who=who)
