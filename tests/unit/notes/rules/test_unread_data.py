from pathlib import Path

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings

GOOD = [run("a:1b", 50 + place, 80) for place in range(4)]


def test_numbers_without_a_known_name_are_a_risk(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [row | {"zorp": 3.5, "blib": 7} for row in GOOD])
    noted = notes_of(tmp_path, "unread_data")
    assert wordings(noted.only)[0] == (
        "50 % of 16 numbers have names that nothing here knows; one of them may be what you look for."
    )
    assert plain(noted.only.mitigation) == (
        "Look through them with `chimera vocabulary suggest` and name those that matter."
    )
    files = noted.files
    assert values(noted.only) == [files["numbers"].sum()]
    assert values(noted.only, "%") == [100 * (1 - files["covered"].sum() / files["numbers"].sum())]
    assert noted.only.sources == (("a_runs.csv", "/"),)


def test_a_damaged_file_is_a_risk(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", GOOD)
    (tmp_path / "b.json").write_text('{"ttft_ms": 1, ')
    noted = notes_of(tmp_path, "unread_data")
    assert wordings(noted.only)[0] == "`b.json` was not read in full, and what it holds may change the picture."
    assert noted.files.set_index("path").loc["b.json", "status"] in ("malformed", "partial")


def test_known_numbers_are_none(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", GOOD)
    assert notes_of(tmp_path, "unread_data").notes == notes_of(tmp_path, "unknown_numbers").notes == []
