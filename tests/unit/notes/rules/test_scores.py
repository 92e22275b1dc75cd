from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def test_scores_are_of_tasks_that_are_not_the_readers(tmp_path: Path) -> None:
    rows = [{"model": "a:1b", "task": task, "accuracy": "0.7"} for task in ("arc", "mmlu", "gsm8k")]
    write_csv(tmp_path / "scores.csv", rows)
    noted = notes_of(tmp_path, "scores")
    assert wordings(noted.only)[0] == (
        "The scores are those of 3 tasks of a benchmark; your own prompts may rank models otherwise."
    )
    assert values(noted.only) == [noted.measurements["conditions"].nunique()]
    assert noted.only.scope.n == len(noted.rows("accuracy"))


def test_without_scores_there_is_no_note(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80)])
    assert notes_of(tmp_path, "scores").notes == []
