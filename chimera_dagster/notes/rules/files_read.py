"""How many runs and files there are, what was read in full, and what was left out and why."""

from collections.abc import Iterator

import pandas as pd

from chimera_dagster.evidence.findings.finding import WHOLE_FILE
from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import files_in_words
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Phrase, count, joined, phrase
from chimera_dagster.schemas import NOT_VALID

_WEIGHT = 100.0
_NAMED = 2  # more files of a kind are only counted
# Each status with what is said of one file and of several, the most serious first
_WHY = {
    "malformed": ("is damaged", "are damaged"),
    "unreadable": ("can't be read", "can't be read"),
    "too_large": ("is too large", "are too large"),
    "partial": ("was read in part", "were read in part"),
    NOT_VALID: (
        "is a trial that is not valid by its own verdict",
        "are trials that are not valid by their own verdict",
    ),
    "empty": ("holds no number", "hold no number"),
    "set_aside": ("is no result", "are no results"),
    "left_out": ("was left out", "were left out"),
    "duplicate_of": ("is a copy", "are copies"),
}


def files_read(data: NoteContext) -> Iterator[Note]:
    """One note: the size of the folder, and its files by what became of them."""
    files = data.data.files
    if files.empty:
        return
    others = files[(files["status"] != "ok").to_numpy()]
    sources = tuple((str(path), WHOLE_FILE) for path in (others if len(others) else files)["path"])[:MOST_SOURCES]
    yield Note(
        "files_read",
        "files",
        _WEIGHT,
        _wordings(data, files, others),
        Scope(tuple(data.models), n=data.size[0], files=len(files)),
        sources=sources,
    )


def _wordings(data: NoteContext, files: pd.DataFrame, others: pd.DataFrame) -> tuple[Phrase, ...]:
    runs, total = data.size[0], len(files)
    results = len(data.data.stated)
    if runs:
        what = phrase("{n} from ", n=count(runs, "run"))
    elif results:
        them = "it" if results == 1 else "them"
        what = phrase(f"{{n}} without the runs behind {them}, from ", n=count(results, "stated result"))
    else:
        what = ()
    size = phrase("{what}{files}", what=what, files=count(total, "file"))
    if others.empty:
        read = "read in full" if total == 1 else "all read in full"
        return phrase(f"{{size}}, {read}.", size=size), phrase("{size}; no file was left out.", size=size)
    full = total - len(others)
    parts = {
        "size": size,
        "full": phrase("{n} {was} read in full", n=count(full, "file"), was="was" if full == 1 else "were"),
        "rest": joined([_of_status(others, status) for status in _WHY], "; "),
    }
    return phrase("{size}. {full}; {rest}.", **parts), phrase("{size}: {full}; {rest}.", **parts)


def _of_status(others: pd.DataFrame, status: str) -> Phrase:
    paths = sorted(str(path) for path in others.loc[(others["status"] == status).to_numpy(), "path"])
    if not paths:
        return ()
    who = files_in_words(paths) if len(paths) <= _NAMED else count(len(paths), "file")
    return phrase("{who} {why}", who=who, why=_WHY[status][len(paths) > 1])
