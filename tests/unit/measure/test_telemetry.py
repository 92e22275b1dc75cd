"""The sampling thread: on its schedule, with its errors, and to its end."""

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from chimera_dagster.measure import telemetry as module
from chimera_dagster.measure.host import Owned, Place
from chimera_dagster.measure.samples import GpuSample, HostSample
from chimera_dagster.measure.telemetry import Telemetry
from tests.unit.measure.fake_nvml import GPU_IS_LOST, NOT_SUPPORTED, FakeGpu, FakeNvml, error, process

A, B = "GPU-aaaa-1", "GPU-aabb-2"
HERE = Place(True, lambda: Owned(frozenset({os.getpid()})))


@pytest.fixture(autouse=True)
def no_thread_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("chimera_dagster.measure.energy.LONGEST_GAP_MS", math.inf)  # however slow this machine is
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name == "telemetry"] == []


def watch(nvml: FakeNvml, place: Place = HERE, **environ: str) -> Telemetry:
    return Telemetry(place, hz=200, nvml=nvml, environ=environ)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def host(telemetry: Telemetry) -> list[HostSample]:
    return [sample for sample in telemetry.samples if isinstance(sample, HostSample)]


def gpu(telemetry: Telemetry, uuid: str = A) -> list[GpuSample]:
    return [sample for sample in telemetry.samples if isinstance(sample, GpuSample) and sample.gpu == uuid]


def test_samples_surround_the_block_and_are_read_on_a_thread_of_their_own() -> None:
    nvml = FakeNvml(FakeGpu(A), FakeGpu(B))
    with watch(nvml) as telemetry:
        began = time.perf_counter()
        assert [type(sample) for sample in telemetry.samples][:3] == [HostSample, GpuSample, GpuSample]
        wait_for(lambda: len(telemetry.samples) >= 9)
        ended = time.perf_counter()
    assert [telemetry.samples[at].at_ms < telemetry.offset_ms(began) for at in range(3)] == [True] * 3
    assert [sample.at_ms > telemetry.offset_ms(ended) for sample in telemetry.samples[-3:]] == [True] * 3
    assert all(before.at_ms <= after.at_ms for before, after in pairwise(telemetry.samples))
    numbers = [sample.sample for sample in host(telemetry)]
    assert numbers == list(range(len(numbers)))
    assert [sample.sample for sample in gpu(telemetry, B)] == numbers
    assert nvml.threads == {"telemetry"}
    assert nvml.initialised == 0


def test_energy_of_a_window_inside_the_block() -> None:
    with watch(FakeNvml(FakeGpu(A))) as telemetry:  # 10 J more at each sample
        start = time.perf_counter()
        wait_for(lambda: len(host(telemetry)) >= 6)
        end = time.perf_counter()
    summary = telemetry.summary(start, end, output_tokens=4)
    inside = sum(telemetry.offset_ms(start) <= sample.at_ms <= telemetry.offset_ms(end) for sample in gpu(telemetry))
    assert summary.energy_source == "counter"
    assert summary.energy_j is not None
    assert 10 * (inside - 1) <= summary.energy_j <= 10 * (inside + 1)
    assert summary.joules_per_token == pytest.approx(summary.energy_j / 4)
    whole = telemetry.summary(output_tokens=4)
    assert set(whole.reasons) <= {"host_cpu_mean_pct", "other_cpu_mean_pct"}  # too short a time for them
    assert whole.energy_j is not None and whole.energy_j >= summary.energy_j


@pytest.mark.parametrize("interrupt", [ValueError("x"), KeyboardInterrupt()])
def test_the_thread_ends_when_the_block_raises(interrupt: BaseException) -> None:
    nvml = FakeNvml(FakeGpu(A))
    with pytest.raises(type(interrupt)), watch(nvml) as telemetry:
        raise interrupt
    assert len(host(telemetry)) >= 2
    assert nvml.initialised == 0


def test_a_lost_gpu_ends_its_own_telemetry_only() -> None:
    lost = FakeGpu(A, PowerUsage=lambda times: 100_000 if times < 3 else error(GPU_IS_LOST))
    with watch(FakeNvml(lost, FakeGpu(B))) as telemetry:
        wait_for(lambda: len(host(telemetry)) >= 6)
    assert [sample.power_w for sample in gpu(telemetry)] == [100, 100, 100, None]
    last = gpu(telemetry)[-1]
    assert last == GpuSample(3, last.at_ms, A, reasons=last.reasons)  # everything else is null
    assert last.reasons["gpu"].startswith("NVML failed after ")
    assert last.reasons["gpu"].endswith(" s (GPU is lost)")
    assert len(gpu(telemetry, B)) == len(host(telemetry))
    assert lost.asked["PowerUsage"] == 4  # and is not asked again


def test_every_gpu_lost_leaves_the_host() -> None:
    gone = error(pynvml.NVML_ERROR_DRIVER_NOT_LOADED)
    with watch(FakeNvml(FakeGpu(A, UtilizationRates=gone))) as telemetry:
        wait_for(lambda: len(host(telemetry)) >= 4)
    summary = telemetry.summary()
    assert (summary.gpus, summary.energy_j, len(gpu(telemetry))) == (1, None, 1)
    assert "Driver Not Loaded" in summary.reasons["gpu"]


def test_a_field_that_is_not_supported_is_null_alone() -> None:
    nvml = FakeNvml(FakeGpu(A, TotalEnergyConsumption=error(NOT_SUPPORTED)))
    with watch(nvml) as telemetry:
        wait_for(lambda: len(host(telemetry)) >= 4)
    summary = telemetry.summary(output_tokens=1)
    assert (summary.energy_source, summary.power_mean_w) == ("power samples", 100)


@pytest.mark.parametrize(
    ("nvml", "reason"),
    [
        (FakeNvml(init=error(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)), "no NVIDIA GPU (NVML Shared Library Not Found)"),
        (FakeNvml(), "no NVIDIA GPU (the driver lists none)"),
    ],
)
def test_no_gpu(nvml: FakeNvml, reason: str) -> None:
    with watch(nvml) as telemetry:
        pass
    summary = telemetry.summary(output_tokens=3)
    assert (summary.gpus, summary.reasons["gpu"], summary.reasons["energy_j"]) == (0, reason, reason)
    assert summary.engine_rss_peak_mib is not None
    assert nvml.initialised == 0


def test_nvml_that_fails_while_gpus_are_listed() -> None:
    class Broken(FakeNvml):
        def nvmlDeviceGetCount(self) -> int:  # noqa: N802
            raise error(pynvml.NVML_ERROR_UNKNOWN)

    nvml = Broken()
    with watch(nvml) as telemetry:
        pass
    assert telemetry.summary().reasons["gpu"] == "NVML failed (Unknown Error)"
    assert nvml.initialised == 0


def test_the_real_nvml_of_this_machine_fails_nothing() -> None:
    with Telemetry(HERE, hz=200) as telemetry:
        wait_for(lambda: len(host(telemetry)) >= 2)
    summary = telemetry.summary()
    assert summary.gpus > 0 or summary.reasons["gpu"].startswith(("no NVIDIA GPU", "NVML failed", "CUDA_VISIBLE"))


def test_only_the_visible_gpus_are_watched() -> None:
    with watch(FakeNvml(FakeGpu(A), FakeGpu(B)), CUDA_VISIBLE_DEVICES=B) as telemetry:
        pass
    assert gpu(telemetry) == []
    assert len(gpu(telemetry, B)) == len(host(telemetry))


def test_gpus_of_a_server_elsewhere_are_not_asked() -> None:
    nvml = FakeNvml(FakeGpu(A))
    with watch(nvml, Place(False, lambda: Owned(frozenset(), "the engine runs on another host"))) as telemetry:
        pass
    summary = telemetry.summary()
    assert summary.reasons["gpu"] == summary.reasons["engine_rss_peak_mib"] == "the engine runs on another host"
    assert nvml.threads == set()


def test_processes_of_others_are_evidence() -> None:
    parent = os.getppid()
    nvml = FakeNvml(FakeGpu(A, ComputeRunningProcesses=[process(os.getpid(), 100), process(parent, 30)]))
    with watch(nvml) as telemetry:
        pass
    summary = telemetry.summary()
    assert (summary.gpu_process_memory_peak_mib, summary.other_processes_max, summary.other_memory_peak_mib) == (
        100,
        1,
        30,
    )


def test_a_thread_that_can_not_start_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    nvml = FakeNvml(FakeGpu(A))
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with watch(nvml) as telemetry:
        pass
    summary = telemetry.summary(output_tokens=3)
    assert summary.reasons["gpu"] == summary.reasons["energy_j"] == "telemetry could not start (can't start new thread)"
    assert summary.reasons["host_cpu_mean_pct"] == summary.reasons["gpu"]
    assert nvml.initialised == 0


def test_late_samples_are_dropped_and_delay_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that only waiting and a slow GPU move: due at 0, 10, 20, ... ms; the read at 20 ms takes 25 ms."""
    now = [0.0]

    class Stop:
        def __init__(self) -> None:
            self.over = False

        def is_set(self) -> bool:
            return self.over

        def set(self) -> None:
            pass

        def wait(self, seconds: float) -> None:
            now[0] += max(0.0, seconds)
            self.over = now[0] >= 0.075

    def utilisation(times: int) -> Any:
        now[0] += 0.025 if times == 2 else 0.001
        return SimpleNamespace(gpu=1)

    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    telemetry = Telemetry(HERE, hz=100, nvml=FakeNvml(FakeGpu(A, UtilizationRates=utilisation)), environ={})
    telemetry._stop = Stop()  # type: ignore[assignment]
    with telemetry:
        telemetry._thread.join(30)
    assert [sample.at_ms for sample in host(telemetry)] == pytest.approx([0, 10, 20, 50, 60, 70, 80])
    assert [sample.at_ms for sample in gpu(telemetry)] == pytest.approx([0.5, 10.5, 32.5, 50.5, 60.5, 70.5, 80.5])
