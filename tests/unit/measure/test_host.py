"""Which processes are the engine's, and what the machine says of itself."""

import os
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from chimera_dagster.measure import host
from chimera_dagster.measure.host import HostReader, Owned, Place, place_of


def engine(name: str, url: str | None = None) -> Any:
    return SimpleNamespace(name=name) if url is None else SimpleNamespace(name=name, url=url)


def test_an_engine_without_an_address_is_this_process() -> None:
    place = place_of(engine("embedded"))
    assert (place.here, place.find()) == (True, Owned(frozenset({os.getpid()})))


@pytest.mark.parametrize("url", ["http://192.168.1.5:11434", "http://gpu-box:11434", "https://[2001:db8::1]:443/v1"])
def test_a_server_elsewhere(url: str) -> None:
    place = place_of(engine("ollama", url))
    assert (place.here, place.find().reason) == (False, "the engine runs on another host")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/v1", "http://localhost:8000", "http://[::1]:8000", "http://127.1.2.3"]
)
def test_a_server_here_whose_processes_nothing_tells(url: str) -> None:
    place = place_of(engine("openai", url))
    assert (place.here, place.find()) == (True, Owned(frozenset(), f"it is not known which processes serve {url}"))


def test_ollama_here_is_its_processes_and_their_children(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [(10, 20, "runner"), (20, 1, "ollama"), (30, 1, "Ollama Helper"), (40, 1, "bash"), (50, 1, None)]
    running = [SimpleNamespace(info={"pid": pid, "ppid": ppid, "name": name}) for pid, ppid, name in listed]
    monkeypatch.setattr(psutil, "process_iter", lambda fields: iter(running))
    place = place_of(engine("ollama", "http://127.0.0.1:11434"))
    assert place.find() == Owned(frozenset({10, 20, 30}))
    running[:] = running[3:]
    assert place.find() == Owned(frozenset(), "no process named ollama is visible on this host")


@pytest.mark.parametrize(
    ("listening", "pids"),
    [({20: 11434, 30: 11435}, {20, 21, 22}), ({20: 11435, 30: 11434}, {30, 31}), ({}, {20, 21, 22, 30, 31})],
)
def test_of_several_ollamas_it_is_the_one_that_listens_there(
    monkeypatch: pytest.MonkeyPatch, listening: dict[int, int], pids: set[int]
) -> None:
    listed = [(20, 1, "ollama"), (21, 20, "ollama"), (22, 21, "runner"), (30, 1, "ollama"), (31, 30, "runner")]
    running = [SimpleNamespace(info={"pid": pid, "ppid": ppid, "name": name}) for pid, ppid, name in listed]
    sockets = [
        SimpleNamespace(pid=pid, status=psutil.CONN_LISTEN, laddr=SimpleNamespace(port=port))
        for pid, port in listening.items()
    ]
    monkeypatch.setattr(psutil, "process_iter", lambda fields: iter(running))
    monkeypatch.setattr(psutil, "net_connections", lambda kind: sockets)
    assert place_of(engine("ollama", "http://127.0.0.1:11434")).find() == Owned(frozenset(pids))


def test_real_processes_are_searched() -> None:
    found = place_of(engine("ollama", "http://127.0.0.1:11434")).find()
    assert (not found.pids) == (found.reason is not None)


def test_this_machine_and_this_process() -> None:
    reader = HostReader(place_of(engine("embedded")))
    values, reasons = reader.read()
    rss, used = values["engine_rss_mib"], values["host_memory_mib"]
    assert rss is not None and used is not None
    assert 10 < rss < 1e6
    assert used > 0
    assert {name for name, value in values.items() if value is None} == set(reasons)


def test_the_cpu_is_not_asked_again_before_it_has_ticked(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(host, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(psutil, "cpu_percent", lambda: 37.5)
    reader = HostReader(place_of(engine("embedded")))
    now[0] += 0.01
    too_soon = {"cpu_pct": "too soon after the previous sample", "other_cpu_pct": "too soon after the previous one"}
    assert reader.read()[1] == too_soon
    now[0] += 0.05
    assert reader.read()[0]["cpu_pct"] == 37.5


def test_processes_that_ended_are_looked_for_again() -> None:
    answers = [Owned(frozenset({2**22 + 1})), Owned(frozenset({os.getpid()}))]  # above the kernel's highest id
    reader = HostReader(Place(True, lambda: answers.pop(0)))
    values, reasons = reader.read()
    assert values["engine_rss_mib"] is None
    assert str(2**22 + 1) in reasons["engine_rss_mib"]
    assert reader.read()[0]["engine_rss_mib"] is not None


@pytest.mark.parametrize("reason", ["the engine runs on another host", "no process named ollama is visible"])
def test_an_engine_whose_processes_are_not_known_has_no_others(reason: str) -> None:
    values, reasons = HostReader(Place(True, lambda: Owned(frozenset(), reason))).read()
    assert (values["other_cpu_pct"], reasons["other_cpu_pct"]) == (None, reason)


def test_processes_are_looked_for_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = [100.0], [0]

    def find() -> Owned:
        asked[0] += 1
        return Owned(frozenset(), "none")

    monkeypatch.setattr(host, "time", SimpleNamespace(monotonic=lambda: now[0]))
    reader = HostReader(Place(True, find))
    for _ in range(21):
        now[0] += 0.1
        reader.read()
        reader.owned()
    assert asked[0] == 2  # at first, and after more than a second; 1.1 s later the third would be due
