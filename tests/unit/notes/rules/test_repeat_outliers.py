from pathlib import Path

import pytest

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import write_csv
from tests.unit.notes.noted import notes_of, values, wordings
from tests.unit.notes.rules.test_outliers import loaded, rows


def test_slow_runs_are_to_be_repeated(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows((50, 2000), (50, 900)))
    note = notes_of(tmp_path, "repeat_outliers").only
    assert wordings(note)[0] == (
        "Repeat the 2 slow runs of `a:1b` on an idle machine before you quote a mean or a p95: the slowest showed its "
        "first token after 2 s, where 80 ms is usual."
    )
    assert plain(note.reason) == "The slowest showed its first token after 2 s, where 80 ms is usual."
    assert note.sources == (("a_runs.csv", "row 1"), ("a_runs.csv", "row 2"))


def test_a_single_one_is_spoken_of_as_one(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows((50, 900)))
    assert wordings(notes_of(tmp_path, "repeat_outliers").only)[0].startswith(
        "Repeat the slow run of `a:1b` on an idle machine before you quote a mean: it showed its first token after"
    )


def test_fast_runs_and_usual_ones_are_not_to_be_repeated(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows((400, 80)))
    assert notes_of(tmp_path, "repeat_outliers").notes == []
    write_csv(tmp_path / "a_runs.csv", rows())
    assert notes_of(tmp_path, "repeat_outliers").notes == []


def test_the_model_with_the_most_slow_warm_runs_comes_first(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", loaded([7_700, 7_600, 50], [7_800, 7_700, 900]))
    write_csv(tmp_path / "b_runs.csv", [{**row, "model": "b:1b"} for row in rows((50, 700), (50, 800), (400, 80))])
    text = wordings(notes_of(tmp_path, "repeat_outliers").only)[0]
    assert text.startswith("Repeat the 2 slow runs of `b:1b` on an idle machine")
    assert "the slowest showed its first token after 800 ms" in text


def test_a_cold_start_is_not_to_be_repeated(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", loaded([7_700], [7_800]))
    assert notes_of(tmp_path, "repeat_outliers").notes == []


def test_the_figures_are_those_of_the_table(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows((50, 2000), (50, 900), (50, 700)))
    noted = notes_of(tmp_path, "repeat_outliers")
    times = noted.rows("ttft_ms")["value"]
    assert values(noted.only) == [(times > 160).sum()]
    assert values(noted.only, "ms") == pytest.approx([times.max(), times.median()], rel=0.01)
