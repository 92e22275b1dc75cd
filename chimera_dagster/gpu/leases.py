"""Leases: which process may measure on a lane now, among all processes of this host.

A lease is a lock on the lane's file (see `holder`), so nothing has to be cleaned up after a holder that died. Processes
that wait form a queue (see `tickets`) and try again every 50 ms, which takes a few system calls.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from filelock import FileLock, Timeout

from chimera_dagster.errors import LeaseError
from chimera_dagster.files.opening import check_file
from chimera_dagster.gpu.holder import Holder, file_lock, holder_of, is_locked, take
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.tickets import FOLDER as TICKETS
from chimera_dagster.gpu.tickets import Ticket

_POLL_S = 0.05
_CLAIMS = "claims"
_CHOOSE = "Set CHIMERA_LEASES_DIR to a folder that every run on this host can write to."


class LaneState(NamedTuple):
    """One lane now. `holder` is None if the lane is free, or if its holder is not known (yet)."""

    lane: Lane
    held: bool
    holder: Holder | None


class Lease:
    """A lane that this process holds until `release`, the end of a `with` block, or its death."""

    def __init__(self, lane: Lane, lock: FileLock) -> None:
        self.lane, self._lock = lane, lock

    def describe(self, holder: Holder) -> None:
        """Write down who holds the lane and for which trial; may be called again."""
        if self._lock.is_locked:
            Path(self._lock.lock_file).write_text(json.dumps(holder._asdict()))

    def release(self) -> None:
        """Free the lane at once. Idempotent, and without effect in a fork of the holder."""
        if self._lock.is_locked:
            with suppress(OSError):  # the content of an unlocked file is ignored
                os.truncate(self._lock.lock_file, 0)
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def acquire(
    lanes: Sequence[Lane],
    holder: Holder,
    folder: Path,
    *,
    timeout_s: float | None = None,
    on_wait: Callable[[list[LaneState]], None] | None = None,
) -> Lease:
    """Lease the first free lane, waiting if none is free; if it waits, `on_wait` is called once with the lanes' states.

    Raises LeaseError if no lane is free within `timeout_s` (None: wait for ever), or if `folder` can't be used.
    """
    until = None if timeout_s is None else time.monotonic() + timeout_s
    with Ticket(_usable(folder), lanes, holder) as ticket:
        locks = {lane: file_lock(_file(folder, lane)) for lane in lanes}
        while True:
            taken = ticket.taken()
            for lane, lock in locks.items():
                if lane.name not in taken and take(lock):
                    lease = Lease(lane, lock)
                    lease.describe(holder.from_now())
                    return lease
            if on_wait is not None:
                on_wait(lane_states(lanes, folder))
                on_wait = None
            if until is not None and time.monotonic() >= until:
                raise LeaseError(
                    f"No lane was free within {timeout_s:g} s.", hint="'chimera gpus' shows who holds them."
                )
            time.sleep(_POLL_S)


@contextmanager
def claim(name: str, folder: Path, *, wait: bool = True) -> Generator[bool]:
    """Claim `name` on this host until the block ends or the process dies; yields whether the claim succeeded.

    If another process holds the claim, waits until it is released; without `wait`, yields False at once. Raises
    LeaseError.
    """
    claims = _usable(folder) / _CLAIMS
    claims.mkdir(mode=0o700, exist_ok=True)
    path = claims / hashlib.sha256(name.encode()).hexdigest()[:32]
    lock = file_lock(path)
    try:
        lock.acquire(blocking=wait, poll_interval=_POLL_S)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def lane_states(lanes: Sequence[Lane], folder: Path) -> list[LaneState]:
    """Who holds each lane now."""
    return [LaneState(lane, *holder_of(_file(folder, lane))) for lane in lanes]


def holders(found: Sequence[LaneState]) -> str:
    """Who holds which lane, for a user who waits: `gpu-3.0 by TRIAL (pid 12) of /data since 12:31:05 UTC`."""
    return ", ".join(f"{lane.name} by {who}" for lane, _, who in found if who is not None) or "all"


def any_held(folder: Path) -> bool:
    """Whether any lane of this host is held, whoever configured it."""
    return any(is_locked(path) for path in folder.glob("*.lease"))


def leases_folder(chosen: Path | None) -> Path:
    """Where the leases of this host's runs are.

    Not XDG_RUNTIME_DIR nor TMPDIR: both differ between a login, a service and a batch job of the same user, and the
    first is removed at the last logout, with the locked files in it.
    """
    return (chosen or Path(f"/tmp/chimera-leases-{os.getuid()}")).absolute()


def _file(folder: Path, lane: Lane) -> Path:
    """The file of a lane, which may not exist yet. Raises LeaseError if there is something else, such as a pipe."""
    path = folder / f"{lane.name}.lease"
    try:
        check_file(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise LeaseError(f"{path} can't be used: {error.strerror}.", hint=_CHOOSE) from error
    return path


def _usable(folder: Path) -> Path:
    """The folder, created if it is missing. It must belong to this user or root: another owner could forge leases."""
    try:
        (folder / TICKETS).mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        raise LeaseError(f"The leases folder {folder} can't be used: {error}.", hint=_CHOOSE) from error
    if owner not in (os.getuid(), 0):
        raise LeaseError(f"The leases folder {folder} belongs to another user.", hint=_CHOOSE)
    return folder
