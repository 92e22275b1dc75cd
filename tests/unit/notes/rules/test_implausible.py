from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings

GOOD = [run("a:1b", 50 + place, 80, error="") for place in range(5)]


def test_zeros_of_failed_runs_are_said_to_be_that(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [*GOOD, run("a:1b", 0, 0, error="timeout")])
    noted = notes_of(tmp_path, "implausible")
    assert wordings(noted.only) == [
        "2 values in `a_runs.csv` can't be true and are left out: they are zeros of runs that failed.",
        "No figure here uses 2 values in `a_runs.csv` that can't be true: they are zeros of runs that failed.",
    ]
    assert noted.only.sources == (("a_runs.csv", "row 6"),)
    assert noted.only.scope.models == ("a:1b",)


def test_other_reasons_have_an_example_and_weigh_more(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [*GOOD, run("a:1b", 0, 0, error="timeout"), run("a:1b", 50, -80, error="")])
    note = notes_of(tmp_path, "implausible").only
    assert wordings(note)[0] == (
        "3 values in `a_runs.csv` can't be true and are left out: 2 are zeros of runs that failed and 1 is negative, "
        "such as a time to first token of -80 ms in `a_runs.csv`."
    )
    write_csv(tmp_path / "a_runs.csv", [*GOOD, run("a:1b", 0, 0, error="timeout")])
    assert note.weight > notes_of(tmp_path, "implausible").only.weight


def test_a_single_value_is_spoken_of_as_one(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [*GOOD, run("a:1b", 50, -80, error="")])
    assert wordings(notes_of(tmp_path, "implausible").only)[0] == (
        "1 value in `a_runs.csv` can't be true and is left out: it is negative, such as a time to first token of "
        "-80 ms in `a_runs.csv`."
    )


def test_plausible_values_have_no_note(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", GOOD)
    assert notes_of(tmp_path, "implausible").notes == []


def test_the_counts_are_those_of_the_table(tmp_path: Path) -> None:
    for name in "abcd":
        model = f"{name}:1b"
        write_csv(tmp_path / f"{name}_runs.csv", [*GOOD, run(model, 0, 0, error="x"), run(model, -3, 80, error="")])
    noted = notes_of(tmp_path, "implausible")
    doubted = noted.measurements[noted.measurements["doubt"].notna()]
    failed = doubted["doubt"].str.contains("failed")
    counts = [figure.value for figure in noted.only.figures if figure.unit == ""]
    assert sorted(counts) == sorted([len(doubted), doubted["file"].nunique(), failed.sum()])
    assert (len(doubted), failed.sum(), (~failed).sum()) == (12, 8, 4)
    assert noted.only.scope.n == len(doubted[["file", "record"]].drop_duplicates())
