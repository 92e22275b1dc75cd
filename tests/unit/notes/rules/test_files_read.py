import shutil
from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings

GOOD = [run("a:1b", 50 + place, 80) for place in range(4)]


def test_files_that_were_all_read_are_counted(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", GOOD)
    write_csv(tmp_path / "b_runs.csv", [run("b:1b", 60, 90)])
    noted = notes_of(tmp_path, "files_read")
    assert wordings(noted.only) == [
        "5 runs from 2 files, all read in full.",
        "5 runs from 2 files; no file was left out.",
    ]
    assert values(noted.only) == [len(noted.rows("ttft_ms")), len(noted.files)]


def test_what_was_left_out_is_said_with_the_reason(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", GOOD)
    for name in "bcd":
        shutil.copy(tmp_path / "a_runs.csv", tmp_path / f"{name}_runs.csv")
    (tmp_path / "e.json").write_text('{"ttft_ms": 1, ')
    (tmp_path / "f.md").write_text("no numbers here\n")
    noted = notes_of(tmp_path, "files_read")
    assert wordings(noted.only)[1] == (
        "4 runs from 6 files: 1 file was read in full; `e.json` is damaged; `f.md` holds no number; 3 files are copies."
    )
    status = noted.files["status"]
    assert values(noted.only) == [4, len(status), (status == "ok").sum(), (status == "duplicate_of").sum()]
    assert {name for name, _ in noted.only.sources} == set(noted.files.loc[status != "ok", "path"])


def test_stated_results_are_not_called_runs(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_summary.csv", [{"model": "a:1b", "mean_ttft_ms": 80}])
    assert wordings(notes_of(tmp_path, "files_read").only)[0] == (
        "1 stated result without the runs behind it, from 1 file, read in full."
    )
