"""The GPU checks on a machine without a GPU: with a fake NVML, a fake nvidia-smi and programs that use no CUDA."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.unit.fake_smi import LOAD, STEPS, UUID, FakeMachine
from tests.unit.measure.fake_nvml import NOT_SUPPORTED, FakeNvml, error

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(ROOT / "scripts"))
    import gpu_bench
    import gpu_checks
    import gpu_model
    import gpu_programs
    import gpu_readings
    import gpu_sharing

pytestmark = pytest.mark.slow  # seconds each: the windows are those of real clocks
WINDOW_S = 0.8


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[FakeMachine]:
    machine = FakeMachine(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(gpu_bench, "SETTLE_S", 0.0)
    monkeypatch.setattr(gpu_readings, "SETTLE_S", 0.0)
    monkeypatch.setattr(gpu_readings, "DUTIES", (("idle", WINDOW_S, None), ("full load", WINDOW_S, (1.0, 0.0))))
    for name in ("LIMITED_S", "RISING_S", "FREED_S", "BESIDE_S"):
        monkeypatch.setattr(gpu_readings, name, WINDOW_S)
    monkeypatch.setattr(gpu_bench, "LOAD", machine.program(LOAD))
    monkeypatch.setattr(gpu_readings, "STEPS", machine.program(STEPS))
    yield machine


def run(machine: FakeMachine, capsys: pytest.CaptureFixture[str], *names: str, seconds: float = 1e6) -> tuple[int, str]:
    """The exit code and what was printed."""
    arguments = ["--only", *names, "--seconds", str(seconds)]
    code = gpu_checks.main(arguments, FakeNvml(machine.gpu))
    return code, capsys.readouterr().out


def rows(text: str, result: str) -> list[str]:
    """The rows with a result, without the summary."""
    tables = text.partition("### Summary")[0]
    return [line for line in tables.splitlines() if line.rpartition(" | ")[2].startswith(result)]


def test_figures_that_agree_pass(machine: FakeMachine, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(machine, capsys, "telemetry")
    assert code == 0, text
    assert len(rows(text, "pass")) == 2 * 5 + 2  # five quantities and the energy of two windows
    assert not rows(text, "FAIL")
    assert "| telemetry | pass | 12 | 0 | 0 |" in text


@pytest.mark.parametrize(
    ("place", "value", "quantity"),
    [(0, 90, "utilisation"), (1, 2000, "memory"), (2, 120.0, "power"), (3, 70, "temperature"), (4, 1200, "SM clock")],
)
def test_a_figure_that_differs_from_nvidia_smi_fails(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str], place: int, value: float, quantity: str
) -> None:
    row = machine.state["row"]
    row[place] = value
    machine.set(row=row)
    machine.gpu.answers["MemoryInfo_v2"] = machine.gpu.answers["MemoryInfo"]
    machine.gpu.answers["MemoryInfo"].used = 1024 * 2**20
    code, text = run(machine, capsys, "telemetry")
    assert code == 1
    failed = rows(text, "FAIL")
    assert len(failed) == 2
    assert all(quantity in line for line in failed)


def test_energy_of_power_samples_that_is_not_the_counters_fails(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.gpu.answers["PowerUsage"] = 80_000
    _, text = run(machine, capsys, "telemetry")
    energy = text.partition("### Energy")[2]
    assert len(rows(energy, "FAIL")) == 2


def test_what_the_gpu_does_not_report_is_not_possible_here(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("TotalEnergyConsumption", "CurrentClocksEventReasons", "ComputeRunningProcesses", "PowerUsage"):
        machine.gpu.answers[name] = error(NOT_SUPPORTED)
    code, text = run(machine, capsys, "telemetry", "reasons", "processes")
    assert code == 0, text
    missing = rows(text, "not possible here")
    assert sum("this GPU has no energy counter" in line for line in missing) == 2
    assert sum("power, mean W" in line for line in missing) == 2
    assert sum("clock reasons" in line for line in missing) == 1
    assert sum("the processes on the GPU" in line for line in missing) == 1
    assert "| reasons | not possible here | 0 | 0 | 1 |" in text


def test_clock_reasons_are_compared_by_name(machine: FakeMachine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.set(row=[100, 1024, 100.0, 60, 1500, 4])
    code, text = run(machine, capsys, "reasons")
    assert code == 0, text
    assert any("sw_power_cap | sw_power_cap" in line for line in rows(text, "pass"))
    machine.gpu.answers["CurrentClocksEventReasons"] = 8
    code, text = run(machine, capsys, "reasons")
    assert code == 1
    assert {"hw_slowdown", "sw_power_cap"} <= {line.split(":")[0].removeprefix("| ") for line in rows(text, "FAIL")}


def test_a_load_that_reaches_no_limit_can_not_show_throttling(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = run(machine, capsys, "reasons")
    assert code == 0
    assert any("the load reached no limit" in line for line in rows(text, "not possible here"))


def test_the_peak_of_an_allocation_is_seen_and_so_is_its_end(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = run(machine, capsys, "memory")
    assert code == 0, text
    assert any("| 3584 | 3584 |" in line for line in rows(text, "pass"))  # 1024 of others, 512 and 2048
    assert any("| 1536 | 1536 |" in line for line in rows(text, "pass"))
    assert any("| 2960 | 2560 |" in line for line in rows(text, "pass"))  # the process, with CUDA's own


def test_two_processes_are_told_apart(machine: FakeMachine, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(machine, capsys, "processes")
    assert code == 0, text
    assert any("| 2048 | 2048 |" in line for line in rows(text, "pass"))
    assert any("| 512 | 512 |" in line for line in rows(text, "pass"))


@pytest.mark.parametrize("mig", [[], ["MIG-1111", "MIG-2222"]], ids=["processes", "MIG"])
def test_two_lanes_are_held_at_once_and_a_third_process_waits(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, mig: list[str]
) -> None:
    machine.set(mig=mig)
    # the leases are real; what uses CUDA is not
    cuda, _, leasing = gpu_programs.SHARE.partition("import sys, time")
    assert "libcuda" in cuda
    shown = "def allocate(mib): pass\ndef visible(): return [lease.lane.gpu.replace('MIG-', 'GPU-')]\n"
    monkeypatch.setattr(gpu_sharing, "SHARE", f"{shown}import sys, time{leasing}")
    monkeypatch.setattr(gpu_sharing, "_WAITS_S", 1.0)
    code, text = run(machine, capsys, "lanes")
    assert code == 0, text
    assert len(rows(text, "pass")) == 4
    assert ("two MIG instances" in text) == bool(mig)
    assert any("it names other process ids" in line for line in rows(text, "not possible here"))


def test_without_an_engine_on_the_gpu_joules_per_token_are_not_possible_here(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_model, "_engine", lambda: None)
    code, text = run(machine, capsys, "model")
    assert code == 0
    assert any("set OPENAI_BASE_URL to llama.cpp's server" in line for line in rows(text, "not possible here"))


def test_checks_for_which_no_time_is_left_say_so(machine: FakeMachine, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(machine, capsys, "telemetry", "processes", seconds=1.0)
    assert code == 0
    assert [line for line in rows(text, "not possible here") if "run it with --only telemetry" in line]
    assert "| processes | not possible here | 0 | 0 | 1 | 0 |" in text


def test_a_check_that_breaks_off_fails_and_the_next_one_runs(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_bench, "LOAD", "raise SystemExit(1)")
    code, text = run(machine, capsys, "reasons", "memory")
    assert code == 1
    assert any("the check ended early: ChildProcessError" in line for line in rows(text, "FAIL"))
    assert "| memory | pass |" in text


def test_all_checks_together_fit_into_the_time() -> None:
    assert sum(check.seconds for check in gpu_checks.CHECKS.values()) < 6 * 60


def test_a_machine_without_a_gpu_or_without_nvidia_smi_says_so(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gpu_checks.main([], FakeNvml()) == 2
    assert "the driver lists none" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "/nowhere")
    assert gpu_checks.main([], FakeNvml(machine.gpu)) == 2
    assert "nvidia-smi" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["LOAD", "STEPS", "SHARE", "HOLD", "FORK", "VISIBLE"])
def test_the_programs_for_a_real_gpu_are_python(name: str) -> None:
    compile(getattr(gpu_programs, name), name, "exec")


def test_the_instances_of_another_gpu_are_not_this_ones(machine: FakeMachine) -> None:
    machine.set(mig=["MIG-1111"])
    assert gpu_programs.mig_instances(UUID) == ["MIG-1111"]
    assert gpu_programs.mig_instances("GPU-bbbb-2") == []
