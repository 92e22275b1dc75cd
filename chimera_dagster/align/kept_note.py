"""Notes as a trial keeps them: what a page and the aligner need of a row of schemas.Notes, without the rules' code."""

import json
from collections.abc import Hashable, Sequence
from typing import Any, Literal, NamedTuple

import pandas as pd
from pydantic import BaseModel

_SOURCES = 3  # of a note; the table has up to 100
_LISTS = ("models", "order", "findings", "facts", "sources")


class Part(NamedTuple):
    """Words of a sentence, a name as the files spell it, or a figure: `text` as it is read, `value` in `unit`."""

    text: str
    kind: Literal["words", "model", "setting", "metric", "file", "figure"] = "words"
    value: float | None = None
    unit: str = ""

    @property
    def is_name(self) -> bool:
        return self.kind not in ("words", "figure")


Parts = tuple[Part, ...]


class KeptNote(BaseModel, frozen=True):
    """A note that a trial saw. `text` and the other sentences are in parts; without an action, `action` has none.

    `text` consists of `opening`, `wording` and `sure`; `wordings` say the same, and it is one of them. `order` has
    models, or levels of a condition, from best to worst by `metric`. `n` runs or records in `files` files are behind
    it; `sources` are the first of them. `certainty` is None if it compares nothing.
    """

    id: str
    section: str
    kind: str
    weight: float
    text: Parts
    opening: Parts = ()
    wording: Parts = ()
    sure: Parts = ()
    wordings: tuple[Parts, ...] = ()
    action: Parts = ()
    reason: Parts = ()
    mitigation: Parts = ()
    metric: str | None = None
    models: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    certainty: str | None
    conditions: dict[str, int | float | str] = {}
    runs: str = "all"
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
    plain = {name: row[name] for name in ("id", "section", "kind", "weight", "runs", "n", "files")}
    plain |= {name: None if pd.isna(row[name]) else row[name] for name in ("certainty", "metric")}
    plain |= {name: json.loads(row[name]) for name in (*_LISTS, "conditions")}
    plain["sources"] = plain["sources"][:_SOURCES]
    plain |= {name: _parts(parts) for name, parts in json.loads(row["parts"]).items()}
    return KeptNote.model_validate(plain | {"wordings": [_parts(parts) for parts in json.loads(row["wordings"])]})


def _parts(parts: Sequence[Sequence[Any]]) -> Parts:
    """Of `[words]`, `[name, kind]` and `[figure, value, unit]`."""
    return tuple(Part(part[0], "figure", *part[1:]) if len(part) > 2 else Part(*part) for part in parts)
