"""This machine: its load, and which of its processes belong to the measured engine."""

import ipaddress
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psutil

from chimera_dagster.engines.base import Engine
from chimera_dagster.measure.other_load import OtherLoadReader

_RESCAN_S = 1.0  # engines start their runners late; scanning all processes takes longer than a sample
_LEAST_CPU_S = 0.05  # the kernel counts in ticks of 10 ms


class Owned(NamedTuple):
    """The ids of the engine's processes, or why they are not known."""

    pids: frozenset[int]
    reason: str | None = None


class Place(NamedTuple):
    """Where an engine runs: whether on this machine (`here`), and in which processes (`find`)."""

    here: bool
    find: Callable[[], Owned]


def place_of(engine: Engine) -> Place:
    """Where `engine` runs: in this process if it has no `url`, on this machine if its `url` is a loopback address."""
    url: str | None = getattr(engine, "url", None)
    if url is None:
        own = Owned(frozenset({os.getpid()}))
        return Place(True, lambda: own)
    if not is_loopback(urlsplit(url).hostname or ""):
        remote = Owned(frozenset(), "the engine runs on another host")
        return Place(False, lambda: remote)
    if engine.name == "ollama":
        port = urlsplit(url).port
        return Place(True, lambda: _ollama_processes(port))
    unknown = Owned(frozenset(), f"it is not known which processes serve {url}")
    return Place(True, lambda: unknown)


class HostReader:
    """Reads the load of this machine. Use it from one thread only: psutil counts CPU time per thread."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._owned, self._scanned = place.find(), time.monotonic()
        self._processes: dict[int, psutil.Process] = {}
        self._others = OtherLoadReader(lambda: self.owned().pids) if self._owned.reason is None else None
        psutil.cpu_percent()
        self._cpu_read = time.monotonic()

    def owned(self) -> Owned:
        """The engine's processes, searched for at most once a second."""
        if time.monotonic() - self._scanned > _RESCAN_S:
            self._owned, self._scanned = self._place.find(), time.monotonic()
        return self._owned

    def read(self) -> tuple[dict[str, Any], dict[str, str]]:
        """The fields of a HostSample, and the reasons for those that are None."""
        reasons: dict[str, str] = {}
        values = {
            **self._other_load(reasons),
            "cpu_pct": self._cpu(reasons),
            "host_memory_mib": psutil.virtual_memory().used / 2**20,
            "engine_rss_mib": self._rss(reasons),
        }
        return values, reasons

    def _cpu(self, reasons: dict[str, str]) -> float | None:
        now = time.monotonic()
        if now - self._cpu_read < _LEAST_CPU_S:
            reasons["cpu_pct"] = "too soon after the previous sample"
            return None
        self._cpu_read = now
        return psutil.cpu_percent()

    def _other_load(self, reasons: dict[str, str]) -> dict[str, Any]:
        owned = self.owned()
        load, reason = None, owned.reason or "too soon after the previous one"
        try:
            if self._others is not None and owned.reason is None:
                load = self._others.read()
        except psutil.Error as error:
            reason = str(error)
        if load is None:
            reasons["other_cpu_pct"] = reason
            return {"other_cpu_pct": None}
        return {"other_cpu_pct": load.pct, "other_cpu_by": load.by}

    def _rss(self, reasons: dict[str, str]) -> float | None:
        owned = self.owned()
        if owned.reason is not None:
            reasons["engine_rss_mib"] = owned.reason
            return None
        try:
            self._processes = {pid: self._processes.get(pid) or psutil.Process(pid) for pid in owned.pids}
            return sum(process.memory_info().rss for process in self._processes.values()) / 2**20
        except psutil.Error as error:
            self._processes, self._scanned = {}, float("-inf")  # a process has ended: search again
            reasons["engine_rss_mib"] = str(error)
            return None


def _ollama_processes(port: int | None) -> Owned:
    """Processes named ollama... and their children, as runners may have other names.

    If there are several servers, one for each GPU: those of the server that listens at `port`, if that can be seen.
    """
    listed = [process.info for process in psutil.process_iter(["pid", "ppid", "name"])]
    named = {info["pid"] for info in listed if (info["name"] or "").casefold().startswith("ollama")}
    children = {info["pid"] for info in listed if info["ppid"] in named}
    if not named:
        return Owned(frozenset(), "no process named ollama is visible on this host")
    parents = {info["pid"]: info["ppid"] for info in listed}
    servers = {pid for pid in named if parents[pid] not in named}
    ours = servers & _listeners(port) if len(servers) > 1 else set[int]()
    if not ours:
        return Owned(frozenset(named | children))
    found = {pid for pid in named | children if ours & {pid, parents[pid], parents.get(parents[pid])}}
    return Owned(frozenset(found))


def _listeners(port: int | None) -> set[int]:
    """Processes that listen at a TCP port; those of other users are only visible to root."""
    try:
        found = psutil.net_connections("tcp")
    except psutil.Error:
        return set()
    listening = [connection for connection in found if connection.status == psutil.CONN_LISTEN]
    return {found.pid for found in listening if found.pid and found.laddr and found.laddr.port == port}


def is_loopback(host: str) -> bool:
    """Whether a host name or address is a loopback address of this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
