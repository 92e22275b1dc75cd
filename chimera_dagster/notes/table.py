"""Notes as schemas.Notes."""

import json
from collections.abc import Sequence

import pandas as pd

from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Name, Number, Phrase, plain
from chimera_dagster.schemas import NOTE_SECTIONS, Notes, as_table

JSON_COLUMNS = frozenset(
    {"parts", "wordings", "models", "order", "conditions", "figures", "findings", "facts", "sources"}
)
_SENTENCES = ("text", "action", "reason", "mitigation", "opening", "wording", "sure")


def ranked(notes: Sequence[Note]) -> list[Note]:
    """By section, and in a section by weight; of equal weight in the order of their words."""
    return sorted(notes, key=lambda note: (NOTE_SECTIONS.index(note.section), -note.weight, plain(note.text)))


def table_of(notes: Sequence[Note]) -> pd.DataFrame:
    """schemas.Notes of ranked notes: N1 is the first."""
    return as_table([_row(number, note) for number, note in enumerate(notes, start=1)], Notes)


def _row(number: int, note: Note) -> dict[str, object]:
    scope = note.scope
    return {
        "id": f"N{number}",
        "section": note.section,
        "kind": note.kind,
        "weight": note.weight,
        "text": plain(note.text),
        "action": plain(note.action) or None,
        "reason": plain(note.reason) or None,
        "mitigation": plain(note.mitigation) or None,
        "parts": _json({name: _parts(getattr(note, name)) for name in _SENTENCES}),
        "wordings": _json([_parts(note.whole(wording)) for wording in note.wordings]),
        "metric": note.metric,
        "models": _json(scope.models),
        "order": _json(note.order),
        "certainty": None if note.certainty is None else str(note.certainty),
        "conditions": _json(scope.setup),
        "runs": scope.runs,
        "n": scope.n,
        "files": scope.files,
        "figures": _json([[figure.text, figure.value, figure.unit] for figure in note.figures]),
        "findings": _json(note.findings),
        "facts": _json(note.facts),
        "sources": _json(note.sources),
    }


def _parts(phrase: Phrase) -> list[list[object]]:
    """`[text]` of words, `[text, kind]` of a name, `[text, value, unit]` of a figure."""
    return [
        [part.text, part.kind]
        if isinstance(part, Name)
        else [part.text, part.value, part.unit]
        if isinstance(part, Number)
        else [part.text]
        for part in phrase
    ]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
