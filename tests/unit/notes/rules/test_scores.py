import json
import shutil
from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings
from tests.unit.notes.rules.test_not_measured import SCORES


def test_scores_are_of_tasks_that_are_not_the_readers(tmp_path: Path) -> None:
    shutil.copy(SCORES, tmp_path)
    noted = notes_of(tmp_path, "scores")
    named = [json.loads(text).get("task") for text in noted.measurements["conditions"]]
    tasks = len(set(named) - {None})
    assert wordings(noted.only)[0] == (
        f"The scores are those of {tasks} tasks of a benchmark; your own prompts may rank models otherwise."
    )
    assert values(noted.only) == [tasks]
    assert set(noted.only.scope.models) == set(noted.measurements["model"])
    assert {name for name, _ in noted.only.sources} == {SCORES.name}


def test_without_scores_there_is_no_note(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80)])
    assert notes_of(tmp_path, "scores").notes == []
