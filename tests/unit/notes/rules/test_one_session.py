from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings


def rows(model: str, start: float = 50) -> list[dict[str, object]]:
    return [run(model, start + place, 80 + start + place) for place in range(4)]


def test_values_of_one_file_are_probably_of_one_session(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b"))
    noted = notes_of(tmp_path, "one_session")
    assert wordings(noted.only) == [
        "Every value is from `a_runs.csv`, so probably from one session.",
        "One file, `a_runs.csv`, holds every value: another day may give others.",
    ]
    assert noted.only.scope.files == noted.measurements["file"].nunique() == 1
    assert noted.only.scope.models == ("a:1b",)
    assert noted.only.figures == []


def test_values_of_several_files_are_not(tmp_path: Path) -> None:
    for name, start in (("a", 50), ("b", 70)):
        write_csv(tmp_path / f"{name}_runs.csv", [*rows("a:1b", start), *rows("b:1b", start)])
    assert notes_of(tmp_path, "one_session").notes == []
