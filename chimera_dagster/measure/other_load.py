"""How much of the engine's cores other processes use, and which processes those are."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from pathlib import PurePath
from typing import NamedTuple

import psutil

LEAST_S = 0.2  # the kernel counts in ticks of 10 ms, so a shorter interval says little
_NAMED_FROM_PCT = 5.0  # below it, searching for the processes costs more than their names are worth
_LEAST_NAMING_S, _NAMING_SHARE = 1.0, 0.01  # searching may take 1 % of a core
_SHOWN, _LEAST_SHOWN_PCT = 3, 1.0


class OtherLoad(NamedTuple):
    """Share of the engine's cores that other processes used since the previous reading, in %, and by whom if known."""

    pct: float
    by: Mapping[str, float] | None


class _Reading(NamedTuple):
    at: float
    busy_s: float
    own_s: Mapping[int, float]


class _Used(NamedTuple):
    """CPU seconds of a process since it started."""

    name: str
    started: float
    cpu_s: float


class OtherLoadReader:
    """Reads the load of other processes on the cores that the processes `own()` may run on.

    This process is not among the others: it only follows the call. Use it from one thread.
    """

    def __init__(self, own: Callable[[], Collection[int]]) -> None:
        self._find_own = own
        self._cores: frozenset[int] | None = None  # None: all
        self._cores_of: frozenset[int] = frozenset()
        self._before = self._read()
        self._used, self._searched, self._search_s = _all_used(), time.monotonic(), 0.0

    def read(self) -> OtherLoad | None:
        """None if the previous reading was less than LEAST_S ago. Raises psutil.Error if counters can't be read."""
        if time.monotonic() - self._before.at < LEAST_S:
            return None
        before, now = self._before, self._read()
        self._before = now
        capacity = self._capacity(now.at - before.at)
        own = sum(cpu_s - before.own_s[pid] for pid, cpu_s in now.own_s.items() if pid in before.own_s)
        pct = min(100.0, max(0.0, 100 * (now.busy_s - before.busy_s - own) / capacity))
        return OtherLoad(pct, self._by(now) if pct >= _NAMED_FROM_PCT else None)

    def _capacity(self, seconds: float) -> float:
        """CPU seconds of the engine's cores in that time."""
        return seconds * (len(self._cores) if self._cores else psutil.cpu_count() or 1)

    def _read(self) -> _Reading:
        own = frozenset({os.getpid(), *self._find_own()})
        if own != self._cores_of:
            self._cores, self._cores_of = _cores_of(own - {os.getpid()} or own), own
        return _Reading(time.monotonic(), _busy_s(self._cores), {pid: used for pid in own if (used := _cpu_s(pid))})

    def _by(self, now: _Reading) -> dict[str, float] | None:
        """The processes that used most since the previous search, in % of the cores; None if it was too recent."""
        if now.at - self._searched < max(_LEAST_NAMING_S, self._search_s / _NAMING_SHARE):
            return None
        before, used = self._used, _all_used()
        capacity = self._capacity(now.at - self._searched)
        self._used, self._searched, self._search_s = used, now.at, time.monotonic() - now.at
        shares: defaultdict[str, float] = defaultdict(float)
        for pid, process in used.items():
            earlier = before.get(pid)
            since = earlier.cpu_s if earlier is not None and earlier.started == process.started else 0.0
            if pid not in self._cores_of and process.cpu_s > since:
                shares[_label(pid, process.name)] += 100 * (process.cpu_s - since) / capacity
        most = sorted(shares.items(), key=lambda item: -item[1])[:_SHOWN]
        return {name: share for name, share in most if share >= _LEAST_SHOWN_PCT} or None


def _busy_s(cores: frozenset[int] | None) -> float:
    """Seconds that the cores worked for anything, other guests of the same machine (`steal`) included."""
    if cores is None:
        times = [psutil.cpu_times()]
    else:
        times = [times for core, times in enumerate(psutil.cpu_times(percpu=True)) if core in cores]
    # `user` includes `guest`
    left_out = ("idle", "iowait", "guest", "guest_nice")
    return sum(sum(each) - sum(getattr(each, name, 0.0) for name in left_out) for each in times)


def _cpu_s(pid: int) -> float | None:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:  # it has ended
        return None
    return times.user + times.system


def _cores_of(pids: Collection[int]) -> frozenset[int] | None:
    """The cores that these processes may run on; None if that is all, or not known."""
    found: set[int] = set()
    for pid in pids:
        try:
            found |= set(psutil.Process(pid).cpu_affinity() or ())
        except (psutil.Error, AttributeError):  # macOS has no affinity
            return None
    return frozenset(found) if 0 < len(found) < (psutil.cpu_count() or 1) else None


def _all_used() -> dict[int, _Used]:
    found: dict[int, _Used] = {}
    for process in psutil.process_iter():
        try:
            with process.oneshot():
                times = process.cpu_times()
                found[process.pid] = _Used(process.name(), process.create_time(), times.user + times.system)
        except psutil.Error:  # it has ended
            continue
    return found


def _label(pid: int, name: str) -> str:
    """The name of a process; of an interpreter also the program that it runs: `python3 train.py`."""
    if not name.startswith("python"):
        return name
    try:
        arguments = psutil.Process(pid).cmdline()[1:]
    except psutil.Error:
        return name
    return f"{name} {_program(arguments)}".strip()


def _program(arguments: list[str]) -> str:
    """The file or module that an interpreter runs; empty for code on its command line, which may hold anything."""
    left = iter(arguments)
    for argument in left:
        if argument == "-m":
            return next(left, "")
        if argument in ("-W", "-X"):  # followed by a value
            next(left, None)
        elif not argument.startswith("-"):
            return PurePath(argument).name
        elif argument == "-c":
            break
    return ""
