"""The machine that telemetry runs on, and which of its processes are the measured engine's."""

import ipaddress
import os
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from chimera_dagster.engines.base import Engine

_LOOK_AGAIN_S = 1.0  # engines start their runners late; to walk through all processes takes longer than a sample
_LEAST_CPU_S = 0.05  # the kernel counts in ticks of 10 ms


class Owned(NamedTuple):
    """Ids of the engine's processes, or why they are not known."""

    pids: frozenset[int]
    reason: str | None = None


class Place(NamedTuple):
    """Where an engine runs: whether on this machine, and in which processes."""

    here: bool
    find: Callable[[], Owned]


def place_of(engine: Engine) -> Place:
    """Where `engine` runs: in this process without an address (`url`), on this machine at a loopback one."""
    url: str | None = getattr(engine, "url", None)
    if url is None:
        own = Owned(frozenset({os.getpid()}))
        return Place(True, lambda: own)
    if not is_loopback(urlsplit(url).hostname or ""):
        away = Owned(frozenset(), "the engine runs on another host")
        return Place(False, lambda: away)
    if engine.name == "ollama":
        port = urlsplit(url).port
        return Place(True, lambda: _ollama_processes(port))
    unknown = Owned(frozenset(), f"nothing tells which processes serve {url}")
    return Place(True, lambda: unknown)


class HostReader:
    """Reads this machine. To be used from one thread only, as psutil counts the CPU's time for each."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._owned, self._looked = place.find(), time.monotonic()
        self._processes: dict[int, psutil.Process] = {}
        psutil.cpu_percent()
        self._cpu_read = time.monotonic()

    def owned(self) -> Owned:
        """The engine's processes, looked for at most once a second."""
        if time.monotonic() - self._looked > _LOOK_AGAIN_S:
            self._owned, self._looked = self._place.find(), time.monotonic()
        return self._owned

    def read(self) -> tuple[dict[str, float | None], dict[str, str]]:
        """The fields of a HostSample, and the reasons of those that are None."""
        reasons: dict[str, str] = {}
        values = {
            "cpu_pct": self._cpu(reasons),
            "host_memory_mib": psutil.virtual_memory().used / 2**20,
            "engine_rss_mib": self._rss(reasons),
        }
        return values, reasons

    def _cpu(self, reasons: dict[str, str]) -> float | None:
        now = time.monotonic()
        if now - self._cpu_read < _LEAST_CPU_S:
            reasons["cpu_pct"] = "too soon after the sample before"
            return None
        self._cpu_read = now
        return psutil.cpu_percent()

    def _rss(self, reasons: dict[str, str]) -> float | None:
        owned = self.owned()
        if owned.reason is not None:
            reasons["engine_rss_mib"] = owned.reason
            return None
        try:
            self._processes = {pid: self._processes.get(pid) or psutil.Process(pid) for pid in owned.pids}
            return sum(process.memory_info().rss for process in self._processes.values()) / 2**20
        except psutil.Error as error:
            self._processes, self._looked = {}, float("-inf")  # one has ended: look again
            reasons["engine_rss_mib"] = str(error)
            return None


def _ollama_processes(port: int | None) -> Owned:
    """Those named ollama... and the children of these, as runners may have names of their own.

    Where there are several servers, one for each GPU, those of the one that listens at `port`, if that can be seen.
    """
    listed = [process.info for process in psutil.process_iter(["pid", "ppid", "name"])]
    named = {info["pid"] for info in listed if (info["name"] or "").casefold().startswith("ollama")}
    children = {info["pid"] for info in listed if info["ppid"] in named}
    if not named:
        return Owned(frozenset(), "no process named ollama is to be seen on this host")
    parents = {info["pid"]: info["ppid"] for info in listed}
    servers = {pid for pid in named if parents[pid] not in named}
    ours = servers & _listeners(port) if len(servers) > 1 else set[int]()
    if not ours:
        return Owned(frozenset(named | children))
    found = {pid for pid in named | children if ours & {pid, parents[pid], parents.get(parents[pid])}}
    return Owned(frozenset(found))


def _listeners(port: int | None) -> set[int]:
    """Processes that listen at a TCP port; those of other users can't be seen without their rights."""
    try:
        found = psutil.net_connections("tcp")
    except psutil.Error:
        return set()
    listening = [each for each in found if each.status == psutil.CONN_LISTEN]
    return {each.pid for each in listening if each.pid and each.laddr and each.laddr.port == port}


def is_loopback(host: str) -> bool:
    """Whether a host name or address is that of this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
