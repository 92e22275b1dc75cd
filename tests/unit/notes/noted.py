"""The notes of small folders, and the tables that they are compared with."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.notes import Note
from chimera_dagster.notes.phrase import Number, plain
from chimera_dagster.notes.table import table_of
from chimera_dagster.schemas import Notes
from chimera_dagster.steps.evidence import Evidence


class Noted(NamedTuple):
    """What one rule wrote of a folder, and the folder's tables and findings."""

    notes: list[Note]
    files: pd.DataFrame
    measurements: pd.DataFrame
    findings: pd.DataFrame

    @property
    def only(self) -> Note:
        [note] = self.notes
        return note

    @property
    def texts(self) -> list[str]:
        return [plain(note.text) for note in self.notes]

    def rows(self, metric: str) -> pd.DataFrame:
        """Raw rows of a metric."""
        table = self.measurements
        return table[(table["metric"] == metric) & table["aggregate"].isna() & table["doubt"].isna()]


def notes_of(folder: Path, kind: str) -> Noted:
    """The notes of a kind. No rule may fail, and the table of all notes is checked."""
    read = read_in_memory(folder)
    return notes_of_tables(read.files, read.measurements, kind)


def notes_of_tables(files: pd.DataFrame, measurements: pd.DataFrame, kind: str) -> Noted:
    """As `notes_of`."""
    evidence = Evidence(files, measurements)
    notes = evidence.notes
    assert evidence.problems == []
    Notes.validate(table_of(notes))
    return Noted([note for note in notes if note.kind == kind], files, measurements, evidence.findings)


def wordings(note: Note) -> list[str]:
    return [plain(note.whole(wording)) for wording in note.wordings]


def values(note: Note, unit: str = "") -> list[float]:
    """The figures of that unit in the order in which they are said, each as it was computed."""
    return [figure.value for figure in note.figures if figure.unit == unit]


def reads_as(note: Note) -> dict[str, float]:
    return {figure.text: figure.value for figure in note.figures}


def figures_of(note: Note) -> set[Number]:
    """Every figure of every wording."""
    return {part for wording in note.wordings for part in note.whole(wording) if isinstance(part, Number)}
