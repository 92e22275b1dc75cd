import shutil
from pathlib import Path

import numpy as np

from tests.unit.evidence.findings.tables import coherent, write_csv
from tests.unit.notes.noted import notes_of, wordings


def rows(seed: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    return [coherent(rng, run=place) for place in range(6)]


def test_one_copy_is_named_with_its_original(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows(1))
    shutil.copy(tmp_path / "a_runs.csv", tmp_path / "b_runs.csv")
    noted = notes_of(tmp_path, "repeated_files")
    assert wordings(noted.only) == [
        "`b_runs.csv` is a copy of `a_runs.csv`; its runs are counted once.",
        "The runs in `b_runs.csv` are counted once, as it is a copy of `a_runs.csv`.",
    ]
    assert noted.only.sources == (("a_runs.csv", "/"), ("b_runs.csv", "/"))


def test_copies_of_bytes_and_of_runs_are_told_apart(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows(1))
    for name in "bcd":
        shutil.copy(tmp_path / "a_runs.csv", tmp_path / f"{name}_runs.csv")
    write_csv(tmp_path / "e_runs.csv", [{"note": "exported"} | row for row in rows(1)])
    noted = notes_of(tmp_path, "repeated_files")
    assert wordings(noted.only)[0] == (
        "3 files are copies of others, byte for byte, and `e_runs.csv` holds the runs of another in another form. "
        "Each run is counted once."
    )
    copies = noted.files[noted.files["status"] == "duplicate_of"]
    assert noted.only.figures[0].value == len(copies) == noted.only.scope.n - 1


def test_files_of_their_own_have_no_note(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows(1))
    write_csv(tmp_path / "b_runs.csv", rows(2))
    assert notes_of(tmp_path, "repeated_files").notes == []
