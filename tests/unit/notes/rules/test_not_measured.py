import shutil
from pathlib import Path

import numpy as np
import pytest

from chimera_dagster.notes.naming import parameters_of
from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import notes_of, wordings

SCORES = next((Path(__file__).parents[3] / "data" / "formats" / "lm_eval").rglob("results_*.json"))
EVERYTHING = {
    "gpu_util": "80",
    "gpu_mem_used_mib": "4000",
    "power_w": "200",
    "concurrency": "8",
    "prompt_tokens": "10000",
}


def scores(*models: str) -> list[dict[str, object]]:
    return [{"model": name, "task": "arc", "accuracy": f"0.{place + 5}"} for place, name in enumerate(models)]


def two(folder: Path, first: str, second: str) -> None:
    """Two models that the answer compares."""
    rng = np.random.default_rng(2)
    for name, time in ((first, 80), (second, 300)):
        rows = [run(name, 50, noisy(rng, time), **EVERYTHING) for _ in range(6)]
        write_csv(folder / f"{name.replace(':', '_')}_runs.csv", rows)


def test_scores_of_other_models_say_nothing_about_those_that_are_compared(tmp_path: Path) -> None:
    two(tmp_path, "a:1b", "b:1b")
    write_csv(tmp_path / "scores.csv", scores("c:1b", "a:1b"))
    noted = notes_of(tmp_path, "not_measured")
    assert wordings(noted.only)[0] == (
        "This brief can't tell how good the answers of the compared models are: no figures for the quality of these "
        "models were found."
    )
    assert "accuracy" in set(noted.measurements["metric"])
    write_csv(tmp_path / "scores.csv", scores("b:1b", "a:1b"))
    assert notes_of(tmp_path, "not_measured").notes == []


def test_models_of_different_size_are_not_to_be_chosen_by_speed_alone(tmp_path: Path) -> None:
    two(tmp_path, "gemma3:270m", "llama3.1:8b")
    said = "The answer compares `gemma3:270m` with `llama3.1:8b` by speed alone, and a larger model may answer better."
    note = notes_of(tmp_path, "not_measured").only
    assert all(each.endswith(said) for each in wordings(note))
    assert note.weight >= 100
    write_csv(tmp_path / "scores.csv", scores("gemma3:270m", "llama3.1:8b"))
    assert notes_of(tmp_path, "not_measured").notes == []


def test_models_of_about_one_size_are_not_warned_about(tmp_path: Path) -> None:
    two(tmp_path, "a:7b", "b:8b")
    assert "by speed alone" not in wordings(notes_of(tmp_path, "not_measured").only)[0]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gemma3:270m", 270e6),
        ("llama3.1:8b-instruct-q4_K_M", 8e9),
        ("mixtral:8x7b", 56e9),
        ("qwen3-coder_30b", 30e9),
        ("Qwen3-30B-A3B", 30e9),
        ("org/model-1.5B", 1.5e9),
        ("gpt-4", None),
        ("b2m", None),
    ],
)
def test_a_name_says_how_many_parameters_there_are(name: str, parameters: float | None) -> None:
    assert parameters_of(name) == (None if parameters is None else pytest.approx(parameters))


def test_what_no_file_has_is_said_once(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80), run("b:1b", 50, 90)])
    note = notes_of(tmp_path, "not_measured").only
    assert wordings(note) == [
        "This brief can't tell what the models cost or how good the answers are: no figures for GPU use, memory, "
        "power, quality, throughput under load or long contexts were found.",
        "No figures for GPU use, memory, power, quality, throughput under load or long contexts were found, so this "
        "brief can't tell what the models cost or how good the answers are.",
    ]
    assert (note.section, note.scope.n, note.scope.files) == ("not_measured", 2, 1)


def test_what_a_file_has_is_not_missing(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, power_w="200"), run("b:1b", 50, 90, power_w="210")])
    text = wordings(notes_of(tmp_path, "not_measured").only)[0]
    assert text.startswith(
        "This brief can't tell how good the answers are: no figures for GPU use, memory, quality, throughput"
    )
    assert "power" not in text


def test_each_missing_thing_is_a_column_away(tmp_path: Path) -> None:
    shutil.copy(SCORES, tmp_path)
    said = {"gpu_util": "GPU use", "gpu_mem_used_mib": "GPU memory", "power_w": "power"}
    for name, words in said.items():
        given = {key: value for key, value in EVERYTHING.items() if key != name}
        write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, **given)])
        assert wordings(notes_of(tmp_path, "not_measured").only)[0].startswith(f"No figures for {words}"), name


def test_if_nothing_is_missing_nothing_is_said(tmp_path: Path) -> None:
    rows = [run("a:1b", 50, 80, **EVERYTHING), run("b:1b", 50, 90, **EVERYTHING)]
    write_csv(tmp_path / "a_runs.csv", rows)
    write_csv(tmp_path / "scores.csv", scores("a:1b", "b:1b"))
    noted = notes_of(tmp_path, "not_measured")
    assert noted.notes == []
    assert {"accuracy", "power_w"} <= set(noted.measurements["metric"])


def test_a_folder_without_measurements_lacks_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,colour\nx,red\n")
    assert notes_of(tmp_path, "not_measured").notes == []


@pytest.mark.parametrize(
    ("name", "told"), [("quality_rag.json", True), ("kld-results.csv", True), ("machine.json", False)]
)
def test_a_file_that_scores_answers_by_its_name_is_pointed_to(tmp_path: Path, name: str, *, told: bool) -> None:
    two(tmp_path, "a:1b", "b:1b")
    (tmp_path / name).write_text('{"awq": {"mean": 0.98}}' if name.endswith("json") else "model,kldx\na:1b,2.8\n")
    text = wordings(notes_of(tmp_path, "not_measured").only)[0]
    assert (f"How good the answers are may stand in `{name}`, which has no score that could be read." in text) == told
    assert ("no figures for quality" in text) != told
