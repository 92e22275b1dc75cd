from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings


def test_spellings_that_differ_by_case_are_named_in_one_note(tmp_path: Path) -> None:
    for number, name in enumerate(("M:1b", "m:1b", "n:2b", "N:2b")):
        write_csv(tmp_path / f"{number}_runs.csv", [run(name, 50 + number + place, 80) for place in range(3)])
    noted = notes_of(tmp_path, "spellings")
    assert wordings(noted.only) == [
        "Names that differ only in their spelling are taken for one model: `M:1b` as `m:1b`, `N:2b` as `n:2b`.",
        "Spelling alone does not tell models apart, so these count as one: `M:1b` as `m:1b`, `N:2b` as `n:2b`.",
    ]
    assert noted.only.scope.models == ("m:1b", "n:2b")
    named = noted.measurements[noted.measurements["model"].str.lower().isin(noted.only.scope.models)]
    assert noted.only.scope.n == len(named[["file", "record"]].drop_duplicates()) == 12
    assert noted.only.scope.files == named["file"].nunique() == 4


def test_more_than_three_are_counted(tmp_path: Path) -> None:
    for number in range(5):
        for name in (f"M:{number}b", f"m:{number}b"):
            write_csv(tmp_path / f"{number}_{name[0]}_runs.csv", [run(name, 50, 80)])
    noted = notes_of(tmp_path, "spellings")
    assert wordings(noted.only)[0].endswith("`M:2b` as `m:2b`, 2 more.")
    assert [figure.value for figure in noted.only.figures] == [2]


def test_one_spelling_has_no_note(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("m:1b", 50, 80), run("n:1b", 50, 80)])
    assert notes_of(tmp_path, "spellings").notes == []
