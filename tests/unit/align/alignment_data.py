"""Notes of two folders, and sentences about them that others labelled."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from chimera_dagster.align import Aligned, Aligner, Passage
from chimera_dagster.align.kept_note import KeptNote

DATA = Path(__file__).parents[2] / "data" / "alignment"
FOLDERS = ("samples", "served")


class Labelled(NamedTuple):
    text: str
    truth: bool
    kind: str
    by: str


@cache
def notes_of(folder: str) -> tuple[KeptNote, ...]:
    found = json.loads((DATA / f"{folder}.json").read_text(encoding="utf-8"))
    return tuple(KeptNote.model_validate(each) for each in found["notes"])


@cache
def labelled(folder: str) -> tuple[Labelled, ...]:
    found = json.loads((DATA / f"{folder}.json").read_text(encoding="utf-8"))
    return tuple(Labelled(**each) for each in found["sentences"])


def said(*texts: str, folder: str = "samples") -> list[Aligned]:
    """The texts as the sentences of one paragraph."""
    return Aligner(notes_of(folder)).align([Passage(text, 0) for text in texts])


def of_one(text: str, folder: str = "samples") -> Aligned:
    [found] = said(text, folder=folder)
    return found
