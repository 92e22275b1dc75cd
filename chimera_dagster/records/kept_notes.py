"""Notes as a trial keeps them: what a page needs of a row of the notes table, read without the code that made it."""

import json
import re
from collections.abc import Hashable
from typing import Any, Literal, NamedTuple

import pandas as pd
from pydantic import BaseModel

_SOURCES = 3  # of a note; the table has up to 100
_NAME = re.compile(r"`([^`]+)`")


class Part(NamedTuple):
    """Words of a sentence, a name as the files spell it, or a figure: `text` as it is read, `value` in `unit`."""

    text: str
    kind: Literal["words", "name", "figure"] = "words"
    value: float | None = None
    unit: str = ""


class KeptNote(BaseModel, frozen=True):
    """A note that a trial saw. `text` and the other sentences are in parts; without an action, `action` has none.

    `n` runs or records in `files` files are behind it; `sources` are the first of them. `certainty` is None if it
    compares nothing.
    """

    id: str
    section: str
    kind: str
    weight: float
    text: tuple[Part, ...]
    action: tuple[Part, ...] = ()
    reason: tuple[Part, ...] = ()
    mitigation: tuple[Part, ...] = ()
    certainty: str | None
    n: int
    files: int
    findings: tuple[str, ...]
    facts: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]

    @property
    def evidence(self) -> frozenset[str]:
        """Ids of the findings and facts that it says."""
        return frozenset((*self.findings, *self.facts))


def load_notes(table: pd.DataFrame) -> list[KeptNote]:
    """Notes of a schemas.Notes table, in its order."""
    return [_note(row) for row in table.to_dict("records")]


def _note(row: dict[Hashable, Any]) -> KeptNote:
    figures: list[tuple[str, float, str]] = json.loads(row["figures"])
    sentences = {name: _parts(row[name], figures) for name in ("text", "action", "reason", "mitigation")}
    plain = {name: row[name] for name in ("id", "section", "kind", "weight", "n", "files")}
    plain["certainty"] = None if pd.isna(row["certainty"]) else row["certainty"]
    ids = {name: json.loads(row[name]) for name in ("findings", "facts")}
    return KeptNote.model_validate(plain | sentences | ids | {"sources": json.loads(row["sources"])[:_SOURCES]})


def _parts(sentence: str | None, figures: list[tuple[str, float, str]]) -> tuple[Part, ...]:
    """The sentence with its names, which stand in backticks, and its figures as parts of their own."""
    if not isinstance(sentence, str):  # None, or NaN in a column without any
        return ()
    found: list[Part] = []
    for number, piece in enumerate(_NAME.split(sentence)):
        found += [Part(piece, "name")] if number % 2 else _figures(piece, figures)
    return tuple(part for part in found if part.text)


def _figures(words: str, figures: list[tuple[str, float, str]]) -> list[Part]:
    known = {text: Part(text, "figure", value, unit) for text, value, unit in figures}
    longest_first = "|".join(re.escape(text) for text in sorted(known, key=len, reverse=True))
    if not longest_first:
        return [Part(words)]
    pieces = re.split(rf"(?<![\w.,])({longest_first})(?!\w|[.,]\d)", words)
    return [known[piece] if number % 2 else Part(piece) for number, piece in enumerate(pieces)]
