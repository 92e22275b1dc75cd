"""The lanes of this host: places where one measurement at a time may run, each with its own Ollama server.

A lane is a slot of a GPU, or of the machine where it has no GPU. Its name is that of the file that is locked for it, so
whatever calls the same GPU by index, by UUID or by nothing (`auto`) has to come to the same name: that of the UUID.
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
    """What is asked for: GPUs (`auto`, or indices and UUIDs), an endpoint each (none: see `lanes`), slots of each."""

    gpus: Sequence[str] | str = AUTO
    endpoints: Sequence[str] = ()
    processes_per_gpu: int = 1


class Lane(NamedTuple):
    """One lane. `gpu` is what CUDA_VISIBLE_DEVICES has to say there, None where there is no GPU to choose.

    `endpoint` is what OLLAMA_HOST has to say; None leaves it as it is, as there is only one server to ask.
    """

    name: str
    gpu: str | None
    endpoint: str | None


def config_of(settings: Settings) -> LaneConfig:
    """The lanes that the CHIMERA_* variables ask for. Raises SettingError."""
    gpus = _words(settings.gpus)
    return LaneConfig(
        AUTO if gpus == [AUTO] else gpus,
        _words(settings.ollama_endpoints),
        processes_per_gpu=settings.processes_per_gpu,
    )


def lanes(config: LaneConfig, nvml: Nvml = NVML, environ: Mapping[str, str] = os.environ) -> list[Lane]:
    """The lanes, first slots of all GPUs first, so that two measurements share a GPU only when all are taken.

    `auto` is every GPU that CUDA_VISIBLE_DEVICES leaves, or one lane without a GPU where there is none. A list is
    believed where NVML is not there to ask. Without endpoints the servers of several GPUs listen on the ports from
    OLLAMA_HOST's on (11434, 11435, ...), by their place in the list. Raises SettingError.
    """
    if config.processes_per_gpu < 1:
        raise SettingError(f"processes_per_gpu is {config.processes_per_gpu}.", hint="It is 1 or more.")
    gpus: Sequence[str | None] = _gpus(config.gpus, nvml, environ) or [None]
    endpoints = _endpoints(config.endpoints, len(gpus), environ)
    return [
        Lane(f"{_name(gpu)}.{slot}", gpu, endpoint)
        for slot in range(config.processes_per_gpu)
        for gpu, endpoint in zip(gpus, endpoints, strict=True)
    ]


def _gpus(asked: Sequence[str] | str, nvml: Nvml, environ: Mapping[str, str]) -> list[str]:
    if isinstance(asked, str):
        if asked != AUTO:
            raise SettingError(f"gpus is {asked!r}.", hint="It is auto, or a list of indices and UUIDs.")
        return uuids_visible(nvml, environ)
    known = [gpu.uuid for gpu in survey_gpus(nvml).gpus]
    found = [_uuid(entry, known) if known else entry for entry in asked]
    twice = {entry for entry in found if found.count(entry) > 1}
    if not found or twice:
        raise SettingError(
            f"gpus names {', '.join(sorted(twice))} twice." if twice else "gpus names no GPU.",
            hint="Each GPU stands there once; for more than one trial at a time on it set processes_per_gpu.",
        )
    return found


def _uuid(entry: str, known: Sequence[str]) -> str:
    """The UUID of the GPU that nvidia-smi numbers so, or whose UUID begins so."""
    if entry.startswith("MIG-"):
        return entry  # an instance is no GPU of its own to NVML
    if entry.isdecimal():
        named = [known[int(entry)]] if int(entry) < len(known) else []
    else:
        named = [uuid for uuid in known if uuid.startswith(entry)]
    if len(named) != 1:
        listed = ", ".join(f"{place} is {uuid}" for place, uuid in enumerate(known))
        raise SettingError(f"gpus names {entry!r}, which is no GPU of this host.", hint=f"There: {listed}.")
    return named[0]


def _endpoints(asked: Sequence[str], count: int, environ: Mapping[str, str]) -> Sequence[str | None]:
    if asked:
        if len(asked) != count:
            raise SettingError(
                f"There are {len(asked)} endpoints for {count} GPUs.", hint="Name one for each, in the same order."
            )
        return [server_url(endpoint) for endpoint in asked]
    if count == 1:
        return [None]
    first = urlsplit(server_url(environ.get("OLLAMA_HOST")))
    port = first.port or 11434
    host = f"[{first.hostname}]" if ":" in (first.hostname or "") else first.hostname
    return [f"{first.scheme}://{host}:{port + place}{first.path}" for place in range(count)]


def _name(gpu: str | None) -> str:
    if gpu is None:
        return "cpu"
    safe = "".join(character if character.isalnum() or character == "-" else "_" for character in gpu)
    return f"gpu-{safe}" if gpu.isdecimal() else safe


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]
