"""The lanes of this host: places where one measurement at a time may run, each with its own Ollama server.

A lane is a slot of a GPU, or of the machine if it has no GPU. Its name is that of its lock file, so an index, a UUID
and `auto` must give the same name for the same GPU: its UUID.
"""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from chimera_dagster.engines.ollama_host import server_url
from chimera_dagster.errors import SettingError
from chimera_dagster.measure.nvml import NVML, Nvml, survey_gpus, uuids_visible
from chimera_dagster.settings import Settings

AUTO = "auto"


class LaneConfig(NamedTuple):
    """The requested GPUs (`auto`, or indices and UUIDs), their endpoints, and the slots per GPU.

    There is one endpoint per GPU; if `endpoints` is empty, see `lanes`.
    """

    gpus: Sequence[str] | str = AUTO
    endpoints: Sequence[str] = ()
    processes_per_gpu: int = 1


class Lane(NamedTuple):
    """One lane. `gpu` is its value of CUDA_VISIBLE_DEVICES, None if there is no GPU.

    `endpoint` is its value of OLLAMA_HOST; None leaves it unchanged, as there is only one server.
    """

    name: str
    gpu: str | None
    endpoint: str | None


def config_of(settings: Settings) -> LaneConfig:
    """The LaneConfig set by the CHIMERA_* variables. Raises SettingError."""
    gpus = _words(settings.gpus)
    return LaneConfig(
        AUTO if gpus == [AUTO] else gpus,
        _words(settings.ollama_endpoints),
        processes_per_gpu=settings.processes_per_gpu,
    )


def lanes(config: LaneConfig, nvml: Nvml = NVML, environ: Mapping[str, str] = os.environ) -> list[Lane]:
    """The lanes, the first slots of all GPUs first, so that two measurements share a GPU only if all GPUs are taken.

    `auto` is every GPU that CUDA_VISIBLE_DEVICES allows, or one lane without a GPU if there is none. A list is not
    checked if NVML is missing. Without endpoints, the servers of several GPUs listen on the ports that follow
    OLLAMA_HOST's (11434, 11435, ...), in the order of the list. Raises SettingError.
    """
    if config.processes_per_gpu < 1:
        raise SettingError(f"processes_per_gpu is {config.processes_per_gpu}.", hint="It must be 1 or more.")
    gpus: Sequence[str | None] = _gpus(config.gpus, nvml, environ) or [None]
    endpoints = _endpoints(config.endpoints, len(gpus), environ)
    return [
        Lane(f"{_name(gpu)}.{slot}", gpu, endpoint)
        for slot in range(config.processes_per_gpu)
        for gpu, endpoint in zip(gpus, endpoints, strict=True)
    ]


def _gpus(requested: Sequence[str] | str, nvml: Nvml, environ: Mapping[str, str]) -> list[str]:
    if isinstance(requested, str):
        if requested != AUTO:
            raise SettingError(f"gpus is {requested!r}.", hint="It must be auto, or a list of indices and UUIDs.")
        return uuids_visible(nvml, environ)
    known = [gpu.uuid for gpu in survey_gpus(nvml).gpus]
    found = [_uuid(entry, known) if known else entry for entry in requested]
    twice = {entry for entry in found if found.count(entry) > 1}
    if not found or twice:
        raise SettingError(
            f"gpus names {', '.join(sorted(twice))} twice." if twice else "gpus names no GPU.",
            hint="List each GPU once; for more than one trial at a time on a GPU, set processes_per_gpu.",
        )
    return found


def _uuid(entry: str, known: Sequence[str]) -> str:
    """The UUID of a GPU, named by its number in nvidia-smi or by the beginning of its UUID."""
    if entry.startswith("MIG-"):
        return entry  # NVML does not list an instance as a GPU
    if entry.isdecimal():
        named = [known[int(entry)]] if int(entry) < len(known) else []
    else:
        named = [uuid for uuid in known if uuid.startswith(entry)]
    if len(named) != 1:
        listed = ", ".join(f"{place} is {uuid}" for place, uuid in enumerate(known))
        raise SettingError(f"gpus names {entry!r}, which is not a GPU of this host.", hint=f"GPUs: {listed}.")
    return named[0]


def _endpoints(requested: Sequence[str], count: int, environ: Mapping[str, str]) -> Sequence[str | None]:
    if requested:
        if len(requested) != count:
            raise SettingError(
                f"There are {len(requested)} endpoints for {count} GPUs.",
                hint="Give one for each GPU, in their order.",
            )
        return [server_url(endpoint) for endpoint in requested]
    if count == 1:
        return [None]
    first = urlsplit(server_url(environ.get("OLLAMA_HOST")))
    port = first.port or 11434
    host = f"[{first.hostname}]" if ":" in (first.hostname or "") else first.hostname
    return [f"{first.scheme}://{host}:{port + place}{first.path}" for place in range(count)]


def _name(gpu: str | None) -> str:
    if gpu is None:
        return "cpu"
    safe = "".join(char if char.isalnum() or char == "-" else "_" for char in gpu)
    return f"gpu-{safe}" if gpu.isdecimal() else safe


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]
