import shutil
from pathlib import Path

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings
from tests.unit.notes.rules.test_not_measured import EVERYTHING, SCORES


def test_what_a_choice_needs_is_to_be_recorded(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80)])
    write_csv(tmp_path / "b_runs.csv", [run("b:1b", 60, 90)])
    noted = notes_of(tmp_path, "record_missing")
    assert wordings(noted.only)[0] == (
        "Add a score of the answers, GPU memory and power to the next runs: nothing that was read says how good the "
        "answers are, whether a model fits the GPU or what a model costs."
    )
    assert plain(noted.only.action) == "Add a score of the answers, GPU memory and power to the next runs"
    assert noted.only.scope.files == noted.measurements["file"].nunique()


def test_what_is_recorded_is_not_asked_for(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, **EVERYTHING)])
    text = wordings(notes_of(tmp_path, "record_missing").only)[0]
    assert text == ("Add a score of the answers to the next runs: nothing that was read says how good the answers are.")
    shutil.copy(SCORES, tmp_path)
    assert notes_of(tmp_path, "record_missing").notes == []
