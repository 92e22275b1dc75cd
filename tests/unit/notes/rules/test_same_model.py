"""Names that may be one model are named, not compared as rivals and not counted as models that are missing."""

from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings


def test_a_short_name_and_that_of_a_build_may_be_one_model(tmp_path: Path) -> None:
    for number, name in enumerate(("smollm2-135m", "SmolLM2-135M-Instruct.Q4_1", "qwen2.5-coder-0.5b")):
        write_csv(tmp_path / f"{number}_runs.csv", [run(name, 50 + place, 80) for place in range(3)])
    noted = notes_of(tmp_path, "same_model")
    assert wordings(noted.only)[0] == (
        "`SmolLM2-135M-Instruct.Q4_1` and `smollm2-135m` may be one model; here they are kept apart."
    )
    assert noted.only.scope.n == 6
    assert {file for file, _ in noted.only.sources} == {"0_runs.csv", "1_runs.csv"}


def test_names_that_a_file_sets_beside_each_other_are_two(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("gemma3:1b", 50, 80), run("gemma3:1b-it-q4_K_M", 40, 90)])
    assert notes_of(tmp_path, "same_model").notes == []


def test_other_models_are_not_one(tmp_path: Path) -> None:
    for number, name in enumerate(("gemma3:1b", "gemma3:4b")):
        write_csv(tmp_path / f"{number}_runs.csv", [run(name, 50, 80)])
    assert notes_of(tmp_path, "same_model").notes == []


def test_what_may_be_a_model_of_the_answer_is_not_counted_as_missing(tmp_path: Path) -> None:
    rows = [run(name, value + place, 80) for name, value in (("a:1b", 90), ("b:2b", 40)) for place in range(4)]
    write_csv(tmp_path / "a_runs.csv", rows)
    write_csv(tmp_path / "b_runs.csv", [run("a-1b-instruct", 70, 80) | {"concurrency": 4}])
    assert "not measured under the same conditions" not in notes_of(tmp_path, "choice").texts[0]
    write_csv(tmp_path / "c_runs.csv", [run("c:3b", 70, 80) | {"concurrency": 4}])
    assert "1 other was not measured under the same conditions" in notes_of(tmp_path, "choice").texts[0]
