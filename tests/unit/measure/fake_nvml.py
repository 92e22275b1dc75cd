"""A stand-in for the module pynvml that plays scripted values and raises pynvml's own errors."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pynvml

MIB = 2**20
NOT_SUPPORTED = pynvml.NVML_ERROR_NOT_SUPPORTED
GPU_IS_LOST = pynvml.NVML_ERROR_GPU_IS_LOST

Answer = Any  # a value; an exception, which is raised; or a function of how often it was asked before


class FakeGpu:
    """Answers by the name of NVML's function without `nvmlDeviceGet`; `children` are its MIG instances."""

    def __init__(self, uuid: str, **answers: Answer) -> None:
        self.uuid = uuid
        self.asked: dict[str, int] = {}
        self.answers: dict[str, Answer] = {
            "Name": "Fake GPU",
            "UtilizationRates": SimpleNamespace(gpu=50, memory=10),
            "MemoryInfo": SimpleNamespace(total=8192 * MIB, used=1536 * MIB, free=6656 * MIB),
            "MemoryInfo_v2": SimpleNamespace(total=8192 * MIB, used=1024 * MIB, free=6656 * MIB, reserved=512 * MIB),
            "PowerUsage": 100_000,
            "TotalEnergyConsumption": lambda times: 5_000_000 + 10_000 * times,
            "TemperatureV": 60,
            "Temperature": 61,
            "ClockInfo": 1500,
            "CurrentClocksEventReasons": 0,
            "CurrentClocksThrottleReasons": 0,
            "ComputeRunningProcesses": [],
            "PersistenceMode": 1,
            "EnforcedPowerLimit": 350_000,
        } | answers

    def answer(self, name: str) -> Any:
        times = self.asked.get(name, 0)
        self.asked[name] = times + 1
        answer = self.answers[name]
        value = answer(times) if callable(answer) else answer
        if isinstance(value, Exception):
            raise value
        return value


class FakeNvml:
    """The functions of pynvml that are used; `initialised` counts the open sessions."""

    NVML_TEMPERATURE_GPU, NVML_CLOCK_SM, NVML_CLOCK_MEM = 0, 1, 2
    nvmlMemory_v2 = pynvml.nvmlMemory_v2  # noqa: N815

    def __init__(self, *gpus: FakeGpu, mig: tuple[FakeGpu, ...] = (), init: Exception | None = None) -> None:
        self.gpus, self.mig, self.init, self.initialised = list(gpus), mig, init, 0
        self.threads: set[str] = set()

    def nvmlInit(self) -> None:  # noqa: N802
        if self.init is not None:
            raise self.init
        self.initialised += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.initialised -= 1

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        return "570.1"

    def nvmlSystemGetCudaDriverVersion_v2(self) -> int:  # noqa: N802
        return 12080

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> FakeGpu:  # noqa: N802
        return self.gpus[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> FakeGpu:  # noqa: N802
        for gpu in (*self.gpus, *self.mig):
            if gpu.uuid == uuid:
                return gpu
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)

    def nvmlDeviceGetUUID(self, gpu: FakeGpu) -> str:  # noqa: N802
        return gpu.uuid

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not name.startswith("nvmlDeviceGet") or not hasattr(pynvml, name):
            raise AttributeError(name)

        def ask(gpu: FakeGpu, *options: Any) -> Any:
            self.threads.add(threading.current_thread().name)
            function = name.removeprefix("nvmlDeviceGet")
            return gpu.answer("MemoryInfo_v2" if function == "MemoryInfo" and options else function)

        return ask


def process(pid: int, mib: float | None) -> SimpleNamespace:
    return SimpleNamespace(pid=pid, usedGpuMemory=None if mib is None else int(mib * MIB))


def error(code: int) -> Exception:
    return pynvml.NVMLError(code)
