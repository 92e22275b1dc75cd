from pathlib import Path

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings
from tests.unit.notes.rules.test_contradictions import with_summary
from tests.unit.notes.rules.test_failures import rows


def test_a_summary_without_the_failed_runs_is_a_risk(tmp_path: Path) -> None:
    with_summary(tmp_path, "a", added=0, failed=2)
    noted = notes_of(tmp_path, "hidden_failures")
    assert wordings(noted.only) == [
        "`a_summary.csv` leaves out 2 of 12 runs without saying so, so the summary may look too good.",
        "A summary that leaves out runs may look too good: `a_summary.csv` leaves out 2 of 12 runs.",
    ]
    assert plain(noted.only.mitigation) == "State failures beside every mean, and use the runs instead of the summary."
    failed = noted.measurements[noted.measurements["metric"] == "failed"]
    assert values(noted.only) == [len(failed), noted.files.set_index("path").loc["a_runs.csv", "records"]]


def test_failures_among_the_runs_are_a_lesser_one(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 2, 5))
    noted = notes_of(tmp_path, "hidden_failures")
    assert wordings(noted.only)[0] == "Means are over the runs that worked: 2 of 7 runs in 1 file failed."
    assert noted.only.sources == (("a_runs.csv", "row 1"), ("a_runs.csv", "row 2"))


def test_without_failures_nothing_is_hidden(tmp_path: Path) -> None:
    with_summary(tmp_path, "a", added=0)
    write_csv(tmp_path / "b_runs.csv", [run("b:1b", 50 + place, 80) for place in range(4)])
    assert notes_of(tmp_path, "hidden_failures").notes == []
