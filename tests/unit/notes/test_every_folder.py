"""What has to be true of the notes of any folder, tried on what other tools wrote."""

import re
from pathlib import Path

import pytest

from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.notes import Note
from chimera_dagster.notes.phrase import plain
from chimera_dagster.steps.evidence import Evidence

FORMATS = Path(__file__).parents[2] / "data" / "formats"
FOLDERS = sorted(path for path in FORMATS.iterdir() if path.is_dir())
ADVICE = ("findings", "recommendations", "risks", "not_measured", "files")


def sentences(note: Note) -> list[str]:
    said = [*note.wordings, *(part for part in (note.reason, note.mitigation) if part)]
    return [plain(each) for each in said]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_folder_has_advice_and_risks_in_whole_sentences(folder: Path) -> None:
    read = read_in_memory(folder)
    evidence = Evidence(read.files, read.measurements)
    notes = evidence.notes
    assert evidence.problems == []
    sections = [note.section for note in notes]
    assert sections.count("recommendations") >= 1
    assert sections.count("risks") >= 2
    assert sections.count("not_measured") <= 1
    for note in (note for note in notes if note.section in ADVICE):
        assert len(note.wordings) >= 2, note.kind
        assert bool(note.action) == bool(note.reason) == (note.section == "recommendations")
        assert bool(note.mitigation) == (note.section == "risks")
        for sentence in sentences(note):
            assert sentence.endswith("."), sentence
            assert not sentence[0].islower(), sentence
            assert not re.search(r"  |\.\.|\bnone of the 1\b|\bNone\b(?! of)|\bnan\b|[{}]| ,| \.", sentence), sentence
            assert not re.search(r"\b[DFN]\d+\b", re.sub("`[^`]*`", "", sentence)), sentence
            assert not re.search(r"\b1 (runs|files|models|values|records|times|numbers|settings)\b", sentence), sentence
