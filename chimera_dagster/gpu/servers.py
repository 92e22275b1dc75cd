"""One Ollama server per GPU, started where none answers: each sees its GPU alone and listens at its lane's endpoint.

A server outlives the command that started it. A file per server beside the leases says which process it is.
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

_PATIENCE_S = 30.0  # a first start looks for GPUs, which takes seconds without persistence mode
_LOOK_AGAIN_S = 0.1
_LAST_WORDS = 400


class Server(NamedTuple):
    """One server and what was done about it. `pid` is None where another than we started it."""

    gpu: str | None
    endpoint: str
    state: Literal["started", "runs already", "answers already"]
    pid: int | None
    log: Path | None


def start_servers(lanes: Sequence[Lane], folder: Path) -> list[Server]:
    """Start what is missing, in the order of the lanes; returns when all answer.

    Raises OllamaServerError where the program is missing, an endpoint is on another host, or a server does not answer.
    """
    firsts = {lane.endpoint: lane for lane in reversed(lanes)}  # slots of one GPU share its server
    return [_start(lane, folder) for lane in lanes if firsts[lane.endpoint] is lane]


def with_a_server(lanes: Sequence[Lane], engine: EngineChoice) -> list[Lane]:
    """The lanes on which a sweep by `engine` can measure now; the first one where none can, to say why.

    A server of `openai` is one for all lanes, the embedded engine needs none.
    """
    if engine == "embedded":
        return list(lanes)
    answering = [lane for lane in lanes if lane.endpoint is None or _answers(lane.endpoint)]
    return answering if answering and engine != "openai" else list(lanes[:1])


def _start(lane: Lane, folder: Path) -> Server:
    endpoint = server_url(lane.endpoint or os.environ.get("OLLAMA_HOST"))
    note, log = (folder / f"ollama-{lane.name}{suffix}" for suffix in (".json", ".log"))
    pid = _ours(note, endpoint)
    if pid is not None:
        return Server(lane.gpu, endpoint, "runs already", pid, log)
    if _answers(endpoint):
        return Server(lane.gpu, endpoint, "answers already", None, None)
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
            start_new_session=True,  # Ctrl-C here does not end it
        )
    note.write_text(json.dumps({"pid": process.pid, "started": start_of(process.pid), "endpoint": endpoint}))
    _wait_for(process, endpoint, log)
    return Server(lane.gpu, endpoint, "started", process.pid, log)


def _wait_for(process: "subprocess.Popen[bytes]", endpoint: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not _answers(endpoint):
        if process.poll() is not None:
            words = log.read_text(errors="replace").strip()[-_LAST_WORDS:]
            raise OllamaServerError(f"Ollama at {endpoint} ended at once: {words or 'it said nothing'}")
        if time.monotonic() > until:
            process.terminate()
            raise OllamaServerError(f"Ollama at {endpoint} did not answer in {_PATIENCE_S:g} s.", hint=f"See {log}.")
        time.sleep(_LOOK_AGAIN_S)


def _ours(note: Path, endpoint: str) -> int | None:
    """The process that an earlier call started for this endpoint, if it still runs."""
    try:
        said = json.loads(note.read_text())
        same = said["endpoint"] == endpoint and is_running(said["pid"], said["started"])
    except (OSError, ValueError, KeyError):
        return None
    return said["pid"] if same else None


def _answers(endpoint: str) -> bool:
    engine = OllamaEngine(endpoint)
    try:
        engine.version()
    except EngineError:
        return False
    finally:
        engine.close()
    return True
