"""NVIDIA GPUs through NVML: which ones the engine sees, what they are, and one sample of one of them."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import psutil
import pynvml
from pydantic import BaseModel, ConfigDict

from chimera_dagster.measure.host import Owned
from chimera_dagster.measure.samples import GpuSample

Nvml = Any  # the module pynvml, which has few types, or its replacement in a test
NVML: Nvml = pynvml
NvmlError = pynvml.NVMLError

CLOCK_REASONS = (
    "gpu_idle",
    "applications_clocks_setting",
    "sw_power_cap",
    "hw_slowdown",
    "sync_boost",
    "sw_thermal_slowdown",
    "hw_thermal_slowdown",
    "hw_power_brake_slowdown",
    "display_clock_setting",
    "board_limit",
    "reliability",
)  # in the order of their bits
THROTTLING = frozenset(
    {"sw_power_cap", "hw_slowdown", "sw_thermal_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown"}
)

# A quantity that this GPU, driver or user can't read. Any other error ends the telemetry of the GPU.
_UNTOLD: tuple[type[Exception], ...] = (
    pynvml.NVMLLibraryMismatchError,
    *(
        pynvml.nvmlExceptionClass(code)
        for code in (
            pynvml.NVML_ERROR_NOT_SUPPORTED,
            pynvml.NVML_ERROR_NO_PERMISSION,
            pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
            pynvml.NVML_ERROR_INVALID_ARGUMENT,  # the answer to most queries about a MIG instance
            pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
            pynvml.NVML_ERROR_DEPRECATED,
            pynvml.NVML_ERROR_NO_DATA,
            pynvml.NVML_ERROR_NOT_READY,
        )
    ),
)
_NO_FUNCTION = pynvml.nvmlExceptionClass(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)


class Gpu(BaseModel):
    """One GPU; what it does not report is None."""

    model_config = ConfigDict(frozen=True)

    name: str
    uuid: str
    memory_total_mib: float
    memory_used_mib: float
    power_limit_w: float | None = None
    persistence_mode: bool | None = None


class GpuSurvey(NamedTuple):
    """Every GPU of this machine, the versions of its driver and of CUDA, and the reason if there is no GPU."""

    gpus: list[Gpu]
    driver: str | None
    cuda: str | None
    reason: str | None


class Handle(NamedTuple):
    """A GPU or a MIG instance as NVML knows it."""

    uuid: str
    device: Any


def survey_gpus(nvml: Nvml = NVML) -> GpuSurvey:
    """Every GPU of this machine, whatever CUDA_VISIBLE_DEVICES says; never raises."""
    try:
        nvml.nvmlInit()
    except NvmlError as error:
        return GpuSurvey([], None, None, f"no NVIDIA GPU ({error})")
    try:
        gpus = [_gpu(nvml, handle) for handle in _handles(nvml)]
        cuda = _told(lambda: int(nvml.nvmlSystemGetCudaDriverVersion_v2()))
        return GpuSurvey(
            gpus=gpus,
            driver=nvml.nvmlSystemGetDriverVersion(),
            cuda=None if cuda is None else f"{cuda // 1000}.{cuda % 1000 // 10}",
            reason=None if gpus else "no NVIDIA GPU (the driver lists none)",
        )
    except NvmlError as error:
        return GpuSurvey([], None, None, f"NVML failed ({error})")
    finally:
        with suppress(NvmlError):  # the driver is gone already
            nvml.nvmlShutdown()


def uuids_visible(nvml: Nvml = NVML, environ: Mapping[str, str] = os.environ) -> list[str]:
    """The UUIDs of `visible_gpus`; empty if NVML is missing or fails."""
    try:
        nvml.nvmlInit()
    except NvmlError:
        return []
    try:
        return [handle.uuid for handle in visible_gpus(nvml, environ)[0]]
    except NvmlError:
        return []
    finally:
        with suppress(NvmlError):  # the driver is gone already
            nvml.nvmlShutdown()


def visible_gpus(nvml: Nvml, environ: Mapping[str, str] = os.environ) -> tuple[list[Handle], str]:
    """The GPUs that CUDA_VISIBLE_DEVICES allows, all if it is not set, and the reason if there is no GPU.

    Its entries may be indices, or UUIDs, beginnings of UUIDs, and MIG instances. As in CUDA, an entry that names no GPU
    hides itself and all entries after it, as does one that is not an index if the first is, or the reverse; a GPU that
    is named twice hides all GPUs. Raises NvmlError if NVML fails.
    """
    every = list(_handles(nvml))
    if not every:
        return [], "no NVIDIA GPU (the driver lists none)"
    value = environ.get("CUDA_VISIBLE_DEVICES")
    if value is None:
        return every, ""
    entries = value.split(",")
    indices = [_index(entry) is not None for entry in entries]
    mixed = len({nvml.nvmlDeviceGetName(handle.device) for handle in every}) > 1
    if mixed and any(indices) and environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        # CUDA counts the fastest GPU first, NVML follows the bus: an index may name different GPUs.
        return [], f"CUDA_VISIBLE_DEVICES={value} numbers GPUs of several kinds; set CUDA_DEVICE_ORDER=PCI_BUS_ID"
    chosen: dict[str, Handle] = {}
    for entry, is_index in zip(entries, indices, strict=True):
        handle = _named(nvml, every, entry)
        if handle is None or is_index != indices[0]:
            break
        if handle.uuid in chosen:
            chosen.clear()
            break
        chosen[handle.uuid] = handle
    return list(chosen.values()), f"CUDA_VISIBLE_DEVICES={value} shows no GPU"


def read_gpu(nvml: Nvml, handle: Handle, number: int, now_ms: Callable[[], float], owned: Owned) -> GpuSample:
    """Sample `number` of a GPU. What it does not support is None with a reason. Raises NvmlError if the GPU is gone."""
    values: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    before = now_ms()
    for name, read in _READS.items():
        try:
            values[name] = read(nvml, handle.device)
        except _UNTOLD as error:
            reasons[name] = _words(error)
    try:
        processes = nvml.nvmlDeviceGetComputeRunningProcesses(handle.device)
    except _UNTOLD as error:
        reasons |= dict.fromkeys(("process_memory_mib", "other_processes", "other_memory_mib"), _words(error))
    else:
        _count(processes, owned, values, reasons)
    return GpuSample(number, (before + now_ms()) / 2, handle.uuid, **values, reasons=reasons)


def _count(processes: list[Any], owned: Owned, values: dict[str, Any], reasons: dict[str, str]) -> None:
    """Add the fields about the GPU's processes to `values`, or to `reasons` if they are not known."""
    strange = [process.pid for process in processes if not psutil.pid_exists(process.pid)]
    reason = "NVML names processes that are not visible from here, as in a container" if strange else owned.reason
    if reason is not None:
        reasons |= dict.fromkeys(("process_memory_mib", "other_processes", "other_memory_mib"), reason)
        return
    ours = [process.usedGpuMemory for process in processes if process.pid in owned.pids]
    others = [process.usedGpuMemory for process in processes if process.pid not in owned.pids]
    values["other_processes"] = len(others)
    for name, used in (("process_memory_mib", ours), ("other_memory_mib", others)):
        if None in used:
            reasons[name] = "the driver does not report the memory of a process"
        else:
            values[name] = sum(used) / 2**20


def _handles(nvml: Nvml) -> Iterator[Handle]:
    for index in range(nvml.nvmlDeviceGetCount()):
        device = nvml.nvmlDeviceGetHandleByIndex(index)
        yield Handle(nvml.nvmlDeviceGetUUID(device), device)


def _index(entry: str) -> int | None:
    """The index that an entry of CUDA_VISIBLE_DEVICES is; CUDA ignores what follows the digits."""
    found = re.match(r"\s*\+?(\d+)", entry, re.ASCII)
    return int(found[1]) if found else None


def _named(nvml: Nvml, every: list[Handle], entry: str) -> Handle | None:
    """The GPU that one entry of CUDA_VISIBLE_DEVICES names."""
    index = _index(entry)
    if index is not None:
        return every[index] if index < len(every) else None
    entry = entry.rstrip()
    if entry.startswith("MIG-"):
        try:
            return Handle(entry, nvml.nvmlDeviceGetHandleByUUID(entry))
        except NvmlError:
            return None
    if not entry.startswith("GPU-") or entry == "GPU-":
        return None
    digits = entry.lower()
    found = [gpu for gpu in every if (uuid := gpu.uuid.lower()).startswith(digits) or digits.startswith(uuid)]
    return found[0] if len(found) == 1 else None


def _gpu(nvml: Nvml, handle: Handle) -> Gpu:
    memory = _memory(nvml, handle.device)
    persistent = _told(lambda: nvml.nvmlDeviceGetPersistenceMode(handle.device))
    return Gpu(
        name=nvml.nvmlDeviceGetName(handle.device),
        uuid=handle.uuid,
        memory_total_mib=int(memory.total) / 2**20,
        memory_used_mib=int(memory.used) / 2**20,
        power_limit_w=_told(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle.device) / 1e3),
        persistence_mode=None if persistent is None else bool(persistent),
    )


def _told(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except _UNTOLD:
        return None


def _words(error: Exception) -> str:
    # The driver is older than the function; the message for that is meant for programmers.
    return "not known to this driver" if isinstance(error, pynvml.NVMLLibraryMismatchError) else str(error)


def _memory(nvml: Nvml, device: Any) -> Any:
    try:
        # The first version counts as used what the driver reserves: 615 MiB of an idle H200.
        return nvml.nvmlDeviceGetMemoryInfo(device, nvml.nvmlMemory_v2)
    except _NO_FUNCTION:  # a driver from before 2022
        return nvml.nvmlDeviceGetMemoryInfo(device)


def _temperature(nvml: Nvml, device: Any) -> int:
    try:
        return nvml.nvmlDeviceGetTemperatureV(device, nvml.NVML_TEMPERATURE_GPU)
    except _NO_FUNCTION:  # a driver from before 2025
        return nvml.nvmlDeviceGetTemperature(device, nvml.NVML_TEMPERATURE_GPU)


def _clock_reasons(nvml: Nvml, device: Any) -> tuple[str, ...]:
    try:
        bits = nvml.nvmlDeviceGetCurrentClocksEventReasons(device)
    except _NO_FUNCTION:  # a driver from before 2023
        bits = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(device)
    known = tuple(name for place, name in enumerate(CLOCK_REASONS) if bits >> place & 1)
    return (*known, "unknown") if bits >> len(CLOCK_REASONS) else known


_READS: dict[str, Callable[[Nvml, Any], Any]] = {
    "gpu_util_pct": lambda nvml, device: nvml.nvmlDeviceGetUtilizationRates(device).gpu,
    "memory_used_mib": lambda nvml, device: _memory(nvml, device).used / 2**20,
    "temperature_c": _temperature,
    "power_w": lambda nvml, device: nvml.nvmlDeviceGetPowerUsage(device) / 1e3,
    "energy_mj": lambda nvml, device: nvml.nvmlDeviceGetTotalEnergyConsumption(device),
    "sm_clock_mhz": lambda nvml, device: nvml.nvmlDeviceGetClockInfo(device, nvml.NVML_CLOCK_SM),
    "memory_clock_mhz": lambda nvml, device: nvml.nvmlDeviceGetClockInfo(device, nvml.NVML_CLOCK_MEM),
    "clock_reasons": _clock_reasons,
}
