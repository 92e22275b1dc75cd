from pathlib import Path

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings

KNOWN = {"gpu": "NVIDIA A100", "backend": "vllm"}


def test_a_machine_that_no_file_names_is_a_risk(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80), run("a:1b", 51, 81)])
    unnamed, unwatched = notes_of(tmp_path, "unknown_machine").notes
    assert wordings(unnamed)[0] == (
        "No file names the GPU or engine, so nobody can compare these figures with those of another machine."
    )
    assert plain(unnamed.mitigation) == "Write the GPU, the engine and its version into each file."
    assert wordings(unwatched)[1].startswith("No file has the use or the power of the GPU")
    assert unnamed.scope.n == unwatched.scope.n == 2
    assert unnamed.sources == (("a_runs.csv", "row 1"), ("a_runs.csv", "row 2"))
    assert unnamed.figures == unwatched.figures == []


def test_a_machine_that_is_named_and_watched_is_none(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, **KNOWN, power_w="200")])
    assert notes_of(tmp_path, "unknown_machine").notes == []


def test_only_what_is_missing_is_said(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, gpu="NVIDIA A100", power_w="200")])
    assert "No file names the engine, so" in wordings(notes_of(tmp_path, "unknown_machine").only)[0]


def test_runs_on_a_cpu_are_not_asked_for_a_gpu(tmp_path: Path) -> None:
    on_cpu = [run("a:1b", 50, 80, device_type="CPU"), run("b:1b", 51, 81, device_type="CPU")]
    write_csv(tmp_path / "a_runs.csv", on_cpu)
    note, load = notes_of(tmp_path, "unknown_machine").notes
    assert "Whether other work shared the CPU during a run can't be told" in wordings(load)[0]
    assert "No file names the engine, so" in wordings(note)[0]
    assert plain(note.mitigation) == "Write the CPU, the engine and its version into each file."
    for kind in ("not_measured", "record_missing"):
        assert "GPU" not in wordings(notes_of(tmp_path, kind).only)[0]
    write_csv(tmp_path / "b_runs.csv", [run("b:1b", 51, 81, device_type="CUDA")])
    assert "GPU" in wordings(notes_of(tmp_path, "unknown_machine").notes[0])[0]
