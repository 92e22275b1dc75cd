import shutil
from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings

SCORES = next((Path(__file__).parents[3] / "data" / "formats" / "lm_eval").rglob("results_*.json"))
EVERYTHING = {
    "gpu_util": "80",
    "gpu_mem_used_mib": "4000",
    "power_w": "200",
    "concurrency": "8",
    "prompt_tokens": "10000",
}


def test_what_no_file_has_is_said_once(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80), run("b:1b", 50, 90)])
    note = notes_of(tmp_path, "not_measured").only
    assert wordings(note) == [
        "Nothing here says what the models cost or how good the answers are: GPU use, memory, power, quality, "
        "throughput under load and long contexts were not measured.",
        "GPU use, memory, power, quality, throughput under load and long contexts were not measured. So nothing here "
        "says what the models cost or how good the answers are.",
    ]
    assert (note.section, note.scope.n, note.scope.files) == ("not_measured", 2, 1)


def test_what_a_file_has_is_not_missing(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, power_w="200"), run("b:1b", 50, 90, power_w="210")])
    text = wordings(notes_of(tmp_path, "not_measured").only)[0]
    assert text.startswith("Nothing here says how good the answers are: GPU use, memory, quality, throughput")
    assert "power" not in text


def test_each_missing_thing_is_a_column_away(tmp_path: Path) -> None:
    shutil.copy(SCORES, tmp_path)
    said = {"gpu_util": "GPU use", "gpu_mem_used_mib": "GPU memory", "power_w": "Power"}
    for name, words in said.items():
        given = {key: value for key, value in EVERYTHING.items() if key != name}
        write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, **given)])
        assert wordings(notes_of(tmp_path, "not_measured").only)[0].startswith(words), name


def test_if_nothing_is_missing_nothing_is_said(tmp_path: Path) -> None:
    rows = [run("a:1b", 50, 80, **EVERYTHING), run("b:1b", 50, 90, **EVERYTHING)]
    write_csv(tmp_path / "a_runs.csv", rows)
    shutil.copy(SCORES, tmp_path)
    noted = notes_of(tmp_path, "not_measured")
    assert noted.notes == []
    assert {"accuracy", "power_w"} <= set(noted.measurements["metric"])


def test_a_folder_without_measurements_lacks_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,colour\nx,red\n")
    assert notes_of(tmp_path, "not_measured").notes == []
