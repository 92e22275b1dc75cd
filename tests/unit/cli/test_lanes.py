"""`chimera gpus` and `chimera ollama up`."""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chimera_dagster.cli import app
from chimera_dagster.errors import OllamaServerError
from chimera_dagster.gpu.holder import holder
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import acquire
from tests.stub_ollama import StubOllama
from tests.waiting import is_gone, wait_for

OLLAMA = f"""\
#!{sys.executable}
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({{"version": "0.1"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
print(json.dumps([sys.argv[1:], os.environ["CUDA_VISIBLE_DEVICES"]]), flush=True)
host, port = os.environ["OLLAMA_HOST"].split(":")
HTTPServer((host, int(port)), Handler).serve_forever()
"""
Chimera = Callable[..., Any]


@pytest.fixture
def chimera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chimera:
    """Runs a verb with two lanes and returns what it prints as JSON."""
    monkeypatch.setenv("CHIMERA_LEASES_DIR", str(tmp_path / "leases"))
    monkeypatch.setenv("CHIMERA_GPUS", "0,1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def run(*verb: str) -> Any:
        result = CliRunner().invoke(app, [*verb, "--json"])
        if result.exception is not None:
            raise result.exception
        return json.loads(result.stdout)

    return run


def test_gpus_shows_who_holds_and_who_waits(chimera: Chimera, tmp_path: Path) -> None:
    first = Lane("gpu-0.0", "0", "http://127.0.0.1:11434")
    assert [lane["held"] for lane in chimera("gpus")["lanes"]] == [False, False]
    with acquire([first], holder("run-1", "model|params"), tmp_path / "leases"):
        shown = chimera("gpus")
        table = CliRunner().invoke(app, ["gpus"]).stdout
    held, free = shown["lanes"]
    assert (held["name"], held["gpu"], held["endpoint"], held["held"]) == (*first, True)
    assert {name: held["holder"][name] for name in ("pid", "run_id", "trial")} == {
        "pid": os.getpid(),
        "run_id": "run-1",
        "trial": "model|params",
    }
    assert held["holder"]["since"].startswith("20")
    assert (free["held"], free["holder"], free["endpoint"]) == (False, None, "http://127.0.0.1:11435")
    assert shown["waiting"] == []
    for words in ("gpu-0.0", "held", "model|params", "run-1", str(os.getpid()), "free"):
        assert words in table


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Two free ports, which are the endpoints of the lanes."""
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.bind(("127.0.0.1", 0))
        found = [each.getsockname()[1] for each in (one, two)]
    monkeypatch.setenv("CHIMERA_OLLAMA_ENDPOINTS", ",".join(f"127.0.0.1:{port}" for port in found))
    return found


@pytest.fixture
def program(tmp_path: Path) -> Generator[Path]:
    """A program named ollama on PATH; what it started is ended."""
    path = tmp_path / "bin" / "ollama"
    path.parent.mkdir()
    path.write_text(OLLAMA)
    path.chmod(0o755)
    yield path
    for note in (tmp_path / "leases").glob("ollama-*.json"):
        pid = json.loads(note.read_text())["pid"]
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.mark.usefixtures("program")
def test_up_starts_a_server_for_each_gpu_once(chimera: Chimera, ports: list[int]) -> None:
    servers = chimera("ollama", "up")
    assert [server["state"] for server in servers] == ["started", "started"]
    assert [server["endpoint"] for server in servers] == [f"http://127.0.0.1:{port}" for port in ports]
    said = [json.loads(Path(server["log"]).read_text().splitlines()[0]) for server in servers]
    assert said == [[["serve"], "0"], [["serve"], "1"]]
    again = chimera("ollama", "up")
    assert [server["state"] for server in again] == ["already running", "already running"]
    assert [server["pid"] for server in again] == [server["pid"] for server in servers]
    os.kill(servers[0]["pid"], signal.SIGKILL)
    wait_for(lambda: is_gone(servers[0]["pid"]), "end of the server")
    third = chimera("ollama", "up")
    assert [server["state"] for server in third] == ["started", "already running"]


def test_up_leaves_a_server_that_answers_as_it_is(chimera: Chimera, monkeypatch: pytest.MonkeyPatch) -> None:
    with StubOllama() as first, StubOllama() as second:
        monkeypatch.setenv("CHIMERA_OLLAMA_ENDPOINTS", f"{first.url},{second.url}")
        assert [(each["state"], each["pid"]) for each in chimera("ollama", "up")] == [("already answering", None)] * 2


@pytest.mark.usefixtures("ports")
def test_up_says_where_the_program_is_missing(chimera: Chimera) -> None:
    with pytest.raises(OllamaServerError, match="'ollama' is not on PATH"):
        chimera("ollama", "up")


@pytest.mark.usefixtures("ports")
def test_up_says_what_a_server_said_that_ended_at_once(chimera: Chimera, tmp_path: Path) -> None:
    path = tmp_path / "bin" / "ollama"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\nraise SystemExit('no room for models')\n")
    path.chmod(0o755)
    with pytest.raises(OllamaServerError, match="ended at once: no room for models"):
        chimera("ollama", "up")


@pytest.mark.usefixtures("program")
def test_up_starts_nothing_for_another_host(chimera: Chimera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERA_OLLAMA_ENDPOINTS", "http://192.0.2.1:1,http://192.0.2.1:2")
    monkeypatch.setattr("chimera_dagster.gpu.servers._answers", lambda _: False)
    with pytest.raises(OllamaServerError, match="is on another host"):
        chimera("ollama", "up")
