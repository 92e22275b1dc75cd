"""What is read of a GPU, which GPUs the engine sees, and what a GPU that does not answer leaves."""

import os
from itertools import count
from typing import Any

import pynvml
import pytest

from chimera_dagster.measure.host import Owned
from chimera_dagster.measure.nvml import THROTTLING, Handle, NvmlError, read_gpu, survey_gpus, visible_gpus
from chimera_dagster.measure.samples import GpuSample
from tests.unit.measure.fake_nvml import GPU_IS_LOST, NOT_SUPPORTED, FakeGpu, FakeNvml, error, process

OURS = os.getpid()
OWNED = Owned(frozenset({OURS}))
A, B = "GPU-aaaa-1", "GPU-aabb-2"


@pytest.fixture(autouse=True)
def every_process_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chimera_dagster.measure.nvml.psutil.pid_exists", lambda pid: pid < 10**9)


def read(owned: Owned = OWNED, **answers: Any) -> GpuSample:
    gpu = FakeGpu(A, **answers)
    clock = count(1000.0, 4.0)  # a look at the clock every 4 ms
    return read_gpu(FakeNvml(gpu), Handle(A, gpu), 3, lambda: next(clock), owned)


def test_one_sample() -> None:
    sample = read(
        CurrentClocksEventReasons=0x4 | 0x20,
        ComputeRunningProcesses=[process(OURS, 300), process(OURS + 1, 50), process(OURS + 2, 70)],
    )
    assert sample == GpuSample(
        sample=3,
        at_ms=1002.0,  # between the looks before and after the reads
        gpu=A,
        gpu_util_pct=50,
        memory_used_mib=1024,
        process_memory_mib=300,
        power_w=100,
        energy_mj=5_000_000,
        temperature_c=60,
        sm_clock_mhz=1500,
        memory_clock_mhz=1500,
        clock_reasons=("sw_power_cap", "sw_thermal_slowdown"),
        other_processes=2,
        other_memory_mib=120,
        reasons={},
    )


@pytest.mark.parametrize(
    ("function", "fields"),
    [
        ("UtilizationRates", {"gpu_util_pct"}),
        ("MemoryInfo_v2", {"memory_used_mib"}),
        ("PowerUsage", {"power_w"}),
        ("TotalEnergyConsumption", {"energy_mj"}),
        ("TemperatureV", {"temperature_c"}),
        ("ClockInfo", {"sm_clock_mhz", "memory_clock_mhz"}),
        ("CurrentClocksEventReasons", {"clock_reasons"}),
        ("ComputeRunningProcesses", {"process_memory_mib", "other_processes", "other_memory_mib"}),
    ],
)
def test_what_is_not_supported_is_null_alone(function: str, fields: set[str]) -> None:
    sample = read(**{function: error(NOT_SUPPORTED)})
    assert {name for name, value in sample._asdict().items() if value is None} == fields
    assert sample.reasons == dict.fromkeys(fields, "Not Supported")


def test_older_drivers_are_asked_in_the_older_way() -> None:
    missing = error(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
    sample = read(
        TemperatureV=missing,
        CurrentClocksEventReasons=missing,
        CurrentClocksThrottleReasons=0x8,
        MemoryInfo_v2=missing,
    )
    assert (sample.temperature_c, sample.clock_reasons, sample.memory_used_mib) == (61, ("hw_slowdown",), 1536)
    older = read(ComputeRunningProcesses=pynvml.NVMLLibraryMismatchError("use _v2"))
    assert older.reasons["process_memory_mib"] == "not known to this driver"


def test_a_lost_gpu_is_an_error() -> None:
    with pytest.raises(NvmlError, match="GPU is lost"):
        read(PowerUsage=error(GPU_IS_LOST))


@pytest.mark.parametrize("bit", range(11))
def test_clock_reasons_are_named_as_pynvml_names_them(bit: int) -> None:
    (name,) = read(CurrentClocksEventReasons=1 << bit).clock_reasons or ()
    constant = "nvmlClocksThrottleReason" + "".join(part.capitalize() for part in name.split("_"))
    assert getattr(pynvml, constant) == 1 << bit
    assert (name in THROTTLING) == (bit in (2, 3, 5, 6, 7))


def test_a_bit_without_a_name_is_kept() -> None:
    assert read(CurrentClocksEventReasons=0x1 | 1 << 40).clock_reasons == ("gpu_idle", "unknown")


@pytest.mark.parametrize(
    ("processes", "owned", "values", "reason"),
    [
        ([], OWNED, (0, 0, 0), None),  # the engine is there, and not on the GPU
        ([process(OURS, None)], OWNED, (None, 0, 0), "the driver does not report the memory of a process"),
        ([process(OURS, 10), process(7, None)], OWNED, (10, 1, None), "the driver does not report the memory"),
        ([process(7, 10)], Owned(frozenset(), "who knows"), (None, None, None), "who knows"),
        ([process(OURS, 10), process(10**9, 5)], OWNED, (None, None, None), "not visible from here"),
    ],
)
def test_processes(processes: list[Any], owned: Owned, values: tuple[Any, ...], reason: str | None) -> None:
    sample = read(owned, ComputeRunningProcesses=processes)
    assert (sample.process_memory_mib, sample.other_processes, sample.other_memory_mib) == values
    names = ("process_memory_mib", "other_processes", "other_memory_mib")
    assert set(sample.reasons) == {name for name, value in zip(names, values, strict=True) if value is None}
    assert all(reason is not None and reason in text for text in sample.reasons.values())


MIG = "MIG-3fa85f64-5717-4562-b3fc-2c963f66afa6"


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (None, [A, B]),
        ("0", [A]),
        ("1,0", [B, A]),
        (" 1 , 0 ", [B, A]),
        ("1,7,0", [B]),  # what follows an entry that names nothing is hidden
        ("-1", []),
        ("", []),
        ("NoDevFiles", []),
        ("²", []),
        (A, [A]),
        (f"{B},{A}", [B, A]),
        ("GPU-aab", [B]),
        ("GPU-aa", []),  # could be both
        # what follows is how CUDA 13.0 read these values on one GPU (scripts/gpu_checks.py)
        ("0,0", []),
        ("0,7,0", [A]),
        ("0,", [A]),
        (",0", []),
        ("+0", [A]),
        ("0x1", [A]),
        ("0abc", [A]),
        ("GPU", []),
        ("GPU-", []),
        (A.removeprefix("GPU-"), []),
        (f"GPU-{A.removeprefix('GPU-').upper()}", [A]),
        (A.lower(), []),
        (f" {A}", []),
        (f"{A} ", [A]),
        (f"{A},", [A]),
        (f"{A},{A}", []),
        (f"{A},1", [A]),
        (f"0,{B}", [A]),
        (f"{A}0", [A]),
        (MIG, [MIG]),
        (f"MIG-unknown,{A}", []),
    ],
)
def test_cuda_visible_devices(value: str | None, seen: list[str]) -> None:
    nvml = FakeNvml(FakeGpu(A), FakeGpu(B), mig=(FakeGpu(MIG),))
    found, reason = visible_gpus(nvml, {} if value is None else {"CUDA_VISIBLE_DEVICES": value})
    assert [handle.uuid for handle in found] == seen
    assert seen or reason == f"CUDA_VISIBLE_DEVICES={value} shows no GPU"


def test_an_index_among_gpus_of_several_kinds_needs_the_order_of_the_bus() -> None:
    nvml = FakeNvml(FakeGpu(A, Name="small"), FakeGpu(B, Name="large"))
    found, reason = visible_gpus(nvml, {"CUDA_VISIBLE_DEVICES": "0"})
    assert found == []
    assert "CUDA_DEVICE_ORDER=PCI_BUS_ID" in reason
    ordered = {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    assert [handle.uuid for handle in visible_gpus(nvml, ordered)[0]] == [A]
    assert [handle.uuid for handle in visible_gpus(nvml, {"CUDA_VISIBLE_DEVICES": B})[0]] == [B]
    assert len(visible_gpus(nvml, {})[0]) == 2


def test_a_driver_without_gpus() -> None:
    assert visible_gpus(FakeNvml(), {}) == ([], "no NVIDIA GPU (the driver lists none)")
    assert survey_gpus(FakeNvml()).reason == "no NVIDIA GPU (the driver lists none)"


def test_survey() -> None:
    nvml = FakeNvml(FakeGpu(A), FakeGpu(B, EnforcedPowerLimit=error(NOT_SUPPORTED), PersistenceMode=0))
    found = survey_gpus(nvml)
    assert (found.driver, found.cuda, found.reason) == ("570.1", "12.8", None)
    assert [(gpu.uuid, gpu.power_limit_w, gpu.persistence_mode) for gpu in found.gpus] == [
        (A, 350, True),
        (B, None, False),
    ]
    assert (found.gpus[0].name, found.gpus[0].memory_total_mib, found.gpus[0].memory_used_mib) == (
        "Fake GPU",
        8192,
        1024,
    )
    assert nvml.initialised == 0


@pytest.mark.parametrize(
    ("nvml", "reason"),
    [
        (FakeNvml(init=error(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)), "no NVIDIA GPU (NVML Shared Library Not Found)"),
        (FakeNvml(FakeGpu(A, MemoryInfo_v2=error(GPU_IS_LOST))), "NVML failed (GPU is lost)"),
    ],
)
def test_survey_where_nvml_fails(nvml: FakeNvml, reason: str) -> None:
    assert survey_gpus(nvml) == ([], None, None, reason)
    assert nvml.initialised == 0
