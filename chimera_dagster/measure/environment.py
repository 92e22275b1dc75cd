"""The machine and the software that a measurement was made with."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_PACKAGES = ("chimera_dagster", "dagster", "pandas", "pandera", "xllamacpp", "ollama")


class Gpu(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    uuid: str
    memory_total_mib: float
    memory_used_mib: float


class Environment(BaseModel):
    """Host, software and GPUs; `gpu_reason` says why there are none."""

    model_config = ConfigDict(frozen=True)

    os: str
    python: str
    cpu: str
    cores: int
    memory_total_mib: float
    packages: dict[str, str]
    gpus: list[Gpu]
    gpu_driver: str | None
    gpu_reason: str | None


def capture() -> Environment:
    """The environment of this process."""
    import psutil

    gpus, driver, reason = read_gpus()
    return Environment(
        os=platform.platform(),
        python=platform.python_version(),
        cpu=_cpu_name(),
        cores=psutil.cpu_count() or 1,
        memory_total_mib=psutil.virtual_memory().total / 2**20,
        packages={name: found for name in _PACKAGES if (found := _version(name)) is not None},
        gpus=gpus,
        gpu_driver=driver,
        gpu_reason=reason,
    )


def read_gpus() -> tuple[list[Gpu], str | None, str | None]:
    """NVIDIA GPUs through NVML, the driver's version, and the reason where there are none."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return [], None, f"no NVIDIA GPU ({error})"
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        gpus: list[Gpu] = []
        for handle in handles:
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
            gpus.append(
                Gpu(
                    name=pynvml.nvmlDeviceGetName(handle),
                    uuid=pynvml.nvmlDeviceGetUUID(handle),
                    memory_total_mib=int(memory.total) / 2**20,
                    memory_used_mib=int(memory.used) / 2**20,
                )
            )
        return gpus, pynvml.nvmlSystemGetDriverVersion(), None if gpus else "no NVIDIA GPU (the driver lists none)"
    except pynvml.NVMLError as error:
        return [], None, f"NVML failed ({error})"
    finally:
        pynvml.nvmlShutdown()


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
