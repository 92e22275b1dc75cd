"""Nobody but this process gets an answer from the embedded engine, while it loads and during a call."""

import socket
import stat
import threading
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import pytest

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.engines.private_socket import PrivateSocket
from chimera_dagster.spec.trial import ParamSet

pytestmark = pytest.mark.model

MODEL = "smollm2:135m"
GUARDED = ("/props", "/slots", "/metrics", "/lora-adapters")
POSTED = ("/completion", "/v1/chat/completions", "/tokenize", "/slots/0?action=erase", "/v1/messages")


def listening() -> set[tuple[object, ...]]:
    """The addresses of the TCP and UDP sockets on which this process takes connections."""
    found = psutil.Process().net_connections("inet")
    return {tuple(each.laddr) for each in found if each.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)}


def request(max_tokens: int = 16) -> Request:
    return Request(MODEL, "Say hello.", params=ParamSet(num_ctx=512, temperature=0.0), max_tokens=max_tokens, seed=1)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """The folder for temporary files, of this test alone; `tmp_path` may be too long for a socket."""
    with TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        yield Path(folder)


@pytest.fixture
def engine(temporary: Path) -> Generator[EmbeddedEngine]:
    engine = EmbeddedEngine(threads=1)
    yield engine
    engine.close()


def test_no_port_is_open_while_a_model_loads_and_during_a_call(engine: EmbeddedEngine) -> None:
    before, seen, done = listening(), set[tuple[object, ...]](), threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.update(listening() - before)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        chunks, tokens = list(engine.stream(request())), engine.count_tokens(MODEL, "hello")
    finally:
        done.set()
        watcher.join()
    assert seen == set()
    assert chunks and tokens == 1


def test_other_users_can_not_reach_the_socket_and_without_the_key_it_refuses(
    engine: EmbeddedEngine, temporary: Path
) -> None:
    list(engine.stream(request(2)))
    [path] = temporary.rglob("*.sock")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://x") as stranger:
        answers = [stranger.get(url) for url in GUARDED]
        answers += [stranger.post(url, json={"prompt": "Hello", "content": "Hello"}) for url in POSTED]
        answers.append(stranger.post("/completion", json={"prompt": "Hello"}, headers={"Authorization": "Bearer x"}))
    assert [answer.status_code for answer in answers] == [401] * len(answers)


def test_nothing_is_left_when_the_model_is_unloaded(engine: EmbeddedEngine, temporary: Path) -> None:
    list(engine.stream(request(2)))
    assert list(temporary.iterdir())
    engine.unload(MODEL)
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_a_socket_in_use_is_not(temporary: Path) -> None:
    left, used = PrivateSocket(), PrivateSocket()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(left.path))
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(used.path))
        alive.listen()
        third = PrivateSocket()
        assert set(temporary.iterdir()) == {used.path.parent, third.path.parent}


def test_a_long_path_of_the_temporary_folder_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("x" * 100)))
    door = PrivateSocket()
    assert door.path.parent.parent == Path("/tmp")
    door.remove()
    assert not door.path.parent.exists()
