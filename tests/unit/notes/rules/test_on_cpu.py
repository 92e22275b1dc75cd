"""What ran on a CPU only is said to, and nothing about a GPU is asked of it."""

import json
from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings


def machine(folder: Path, **about: object) -> None:
    (folder / "environment.json").write_text(json.dumps({"cpu": "AMD EPYC", "cores_usable": 2, **about}))


def test_a_machine_without_a_gpu_is_a_cpu(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80), run("b:1b", 51, 81)])
    machine(tmp_path, gpus=[])
    note = notes_of(tmp_path, "on_cpu").only
    assert wordings(note)[0] == (
        "Everything here ran on a CPU only, as `environment.json` says; on a GPU the order and the distances may be "
        "others."
    )
    assert note.sources[0][0] == "environment.json"
    for kind in ("unknown_machine", "not_measured", "record_missing"):
        assert all("GPU" not in text for each in notes_of(tmp_path, kind).notes for text in wordings(each))


def test_a_machine_with_a_gpu_or_an_unknown_one_is_not(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80)])
    for gpus in ([{"name": "NVIDIA A100"}], None):
        machine(tmp_path, gpus=gpus)
        assert notes_of(tmp_path, "on_cpu").notes == []
        assert "names the GPU" in " ".join(wordings(notes_of(tmp_path, "unknown_machine").notes[0]))


def test_a_cpu_of_some_files_is_not_said_of_the_others(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, device_type="CPU")])
    write_csv(tmp_path / "b_runs.csv", [run("b:1b", 51, 81)])
    assert wordings(notes_of(tmp_path, "on_cpu").only)[1] == (
        "Some of this ran on a CPU, and no file names a GPU, as `a_runs.csv` says: on a GPU it may look otherwise."
    )
    write_csv(tmp_path / "b_runs.csv", [run("b:1b", 51, 81, device_type="CUDA")])
    assert notes_of(tmp_path, "on_cpu").notes == []
