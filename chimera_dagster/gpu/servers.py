"""One Ollama server per GPU, started if none answers: it sees only its GPU and listens at its lane's endpoint.

A server keeps running after the command that started it. A file for each server, next to the leases, names its process.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from chimera_dagster.engines.ollama import OllamaEngine
from chimera_dagster.engines.ollama_host import server_url
from chimera_dagster.errors import EngineError, OllamaServerError
from chimera_dagster.gpu.holder import is_running, start_of
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.measure.host import is_loopback
from chimera_dagster.spec.engine_names import EngineChoice

_START_TIMEOUT_S = 30.0  # a first start searches for GPUs, which takes seconds without persistence mode
_POLL_S = 0.1
_LOG_TAIL = 400  # characters


class Server(NamedTuple):
    """One server and what was done about it. `pid` is None if somebody else started it."""

    gpu: str | None
    endpoint: str
    state: Literal["started", "already running", "already answering"]
    pid: int | None
    log: Path | None


def start_servers(lanes: Sequence[Lane], folder: Path) -> list[Server]:
    """Start the missing servers, in the order of the lanes; returns when all servers answer.

    Raises OllamaServerError if the program is missing, an endpoint is on another host, or a server does not answer.
    """
    firsts = {lane.endpoint: lane for lane in reversed(lanes)}  # slots of one GPU share its server
    return [_start(lane, folder) for lane in lanes if firsts[lane.endpoint] is lane]


def with_a_server(lanes: Sequence[Lane], engine: EngineChoice) -> list[Lane]:
    """The lanes on which a sweep with `engine` can measure now.

    If there are none, only the first lane, so that its trials fail with the reason. All lanes share the one server of
    `openai`; the embedded engine needs no server.
    """
    if engine == "embedded":
        return list(lanes)
    answering = [lane for lane in lanes if lane.endpoint is None or _answers(lane.endpoint)]
    return answering if answering and engine != "openai" else list(lanes[:1])


def _start(lane: Lane, folder: Path) -> Server:
    endpoint = server_url(lane.endpoint or os.environ.get("OLLAMA_HOST"))
    note, log = (folder / f"ollama-{lane.name}{suffix}" for suffix in (".json", ".log"))
    pid = _started_before(note, endpoint)
    if pid is not None:
        return Server(lane.gpu, endpoint, "already running", pid, log)
    if _answers(endpoint):
        return Server(lane.gpu, endpoint, "already answering", None, None)
    program = shutil.which("ollama")
    if program is None:
        raise OllamaServerError("The program 'ollama' is not on PATH.", hint="Install it from https://ollama.com.")
    address = urlsplit(endpoint)
    if not is_loopback(address.hostname or ""):
        raise OllamaServerError(f"{endpoint} is on another host.", hint="Start Ollama there.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = os.environ | {"OLLAMA_HOST": address.netloc}
    if lane.gpu is not None:
        environment["CUDA_VISIBLE_DEVICES"] = lane.gpu
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "serve"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C does not stop it
        )
    note.write_text(json.dumps({"pid": process.pid, "started": start_of(process.pid), "endpoint": endpoint}))
    _wait_for(process, endpoint, log)
    return Server(lane.gpu, endpoint, "started", process.pid, log)


def _wait_for(process: "subprocess.Popen[bytes]", endpoint: str, log: Path) -> None:
    until = time.monotonic() + _START_TIMEOUT_S
    while not _answers(endpoint):
        if process.poll() is not None:
            output = log.read_text(errors="replace").strip()[-_LOG_TAIL:]
            raise OllamaServerError(f"Ollama at {endpoint} ended at once: {output or 'its log is empty'}")
        if time.monotonic() > until:
            process.terminate()
            raise OllamaServerError(
                f"Ollama at {endpoint} did not start in {_START_TIMEOUT_S:g} s.", hint=f"See {log}."
            )
        time.sleep(_POLL_S)


def _started_before(note: Path, endpoint: str) -> int | None:
    """The process that an earlier command started for this endpoint, if it still runs."""
    try:
        process = json.loads(note.read_text())
        same = process["endpoint"] == endpoint and is_running(process["pid"], process["started"])
    except (OSError, ValueError, KeyError):
        return None
    return process["pid"] if same else None


def _answers(endpoint: str) -> bool:
    engine = OllamaEngine(endpoint)
    try:
        engine.version()
    except EngineError:
        return False
    finally:
        engine.close()
    return True
