"""Locked files that name the process which holds them.

The lock is filelock's flock: the kernel releases it when its holder dies, however it dies, and neither a fork nor a
program that the holder starts keeps it. What the file says is believed only while it is locked, and only if the process
that it names still runs.
"""

import fcntl
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from filelock import FileLock, Timeout

from chimera_dagster.files.opening import open_file, read_bytes

_SAME_START_S = 0.05  # the kernel counts the start of a process in steps of 10 ms


class Holder(NamedTuple):
    """Who holds a lane or waits for one: a process by its id and start (see `start_of`), and for which trial.

    `folder` is the data folder of that trial, by its real path; empty if an earlier version holds the lane.
    """

    pid: int
    started: float
    run_id: str
    trial: str
    since: str  # ISO 8601, UTC
    folder: str = ""

    def from_now(self) -> "Holder":
        return self._replace(since=_now())

    def __str__(self) -> str:
        """`gemma3:270m|t0.2-91d1 (pid 4711) of /home/me/data since 12:31:05 UTC`."""
        since = datetime.fromisoformat(self.since).strftime("%H:%M:%S UTC")
        return f"{self.trial} (pid {self.pid}){f' of {self.folder}' if self.folder else ''} since {since}"


def holder(run_id: str = "", trial: str = "", folder: Path | None = None) -> Holder:
    """A Holder for this process and the data folder `folder`, with `since` set to now."""
    return Holder(os.getpid(), start_of(os.getpid()), run_id, trial, _now(), str(folder.resolve()) if folder else "")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def start_of(pid: int) -> float:
    """When a process started, in seconds after the host did; raises psutil.Error if there is no such process.

    Measured from boot, not by the wall clock: changing the clock shifts both times equally, so the difference stays the
    same.
    """
    return psutil.Process(pid).create_time() - psutil.boot_time()


def is_running(pid: int, started: float) -> bool:
    """Whether that process still runs; a later process with the same id does not count."""
    try:
        same = abs(start_of(pid) - started) < _SAME_START_S
        return same and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def file_lock(path: Path) -> FileLock:
    """The lock of a file; any thread may release it. It never falls back to a lock that survives its holder."""
    return FileLock(path, thread_local=False, fallback_to_soft=False)


def take(lock: FileLock) -> bool:
    """Lock without waiting; False if another process has it."""
    with suppress(Timeout):
        lock.acquire(blocking=False)
    return lock.is_locked


def is_locked(path: Path) -> bool:
    """Whether any process has locked the file.

    Tests with a shared lock, so that two processes that test at once don't report each other.
    """
    try:
        with open_file(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def read_document(path: Path) -> dict[str, Any]:
    """The content of a locked file; {} while it is being written."""
    try:
        return json.loads(read_bytes(path))
    except (OSError, ValueError):
        return {}


def holder_of(path: Path) -> tuple[bool, Holder | None]:
    """Whether a file is locked, and by whom, if the process that it names still runs."""
    if not is_locked(path):
        return False, None
    document = read_document(path)
    try:
        found = Holder(**{name: document[name] for name in Holder._fields if name in document})
    except TypeError:  # while it is being written
        return True, None
    return True, found if is_running(found.pid, found.started) else None
