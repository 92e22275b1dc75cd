from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def unnamed(n: int, start: float = 50) -> list[dict[str, object]]:
    return [
        {name: value for name, value in run("", start + place, 80).items() if name != "model"} for place in range(n)
    ]


def test_files_that_name_no_model_are_named(tmp_path: Path) -> None:
    write_csv(tmp_path / "runs.csv", unnamed(4))
    note = notes_of(tmp_path, "name_model").only
    assert wordings(note)[0] == "Name the model in `runs.csv`: 4 records count for no model."
    assert note.sources == tuple(("runs.csv", f"row {place}") for place in range(1, 5))
    assert note.weight > 150  # nothing else can be said


def test_beside_files_that_name_one_it_matters_less(tmp_path: Path) -> None:
    for number in range(4):
        write_csv(tmp_path / f"runs_{number}.csv", unnamed(4, 50 + 10 * number))
    write_csv(tmp_path / "named_runs.csv", [run("a:1b", 50 + place, 90) for place in range(4)])
    noted = notes_of(tmp_path, "name_model")
    assert wordings(noted.only)[0] == "Name the model in 4 files: 16 records count for no model."
    assert noted.only.weight < 110
    nameless = noted.measurements[noted.measurements["model"].isna()]
    records = len(nameless[["file", "record"]].drop_duplicates())
    assert values(noted.only) == [nameless["file"].nunique(), records] == [4, noted.only.scope.n]


def test_named_models_need_no_name(tmp_path: Path) -> None:
    write_csv(tmp_path / "named_runs.csv", [run("a:1b", 50, 90)])
    assert notes_of(tmp_path, "name_model").notes == []
