"""Leases: who may measure on a lane now, among all runs of this host.

A lease is a flock on the lane's file. The kernel gives it up when its holder dies, however it dies, so there is nothing
to clean and nothing that can leak. The file says who holds it, for people; it is believed only while it is locked, by a
process that is the one which wrote it.

Who waits has a ticket, a locked file too, and takes no lane that an older ticket asks for: trials run in the order in
which they came, which keeps those of one model together. Waiting is looking again every 50 ms, a few system calls.
"""

import fcntl
import hashlib
import json
import os
import time
import weakref
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from chimera_dagster.errors import LeaseError
from chimera_dagster.gpu.lanes import Lane

_LOOK_AGAIN_S = 0.05
_SAME_START_S = 0.05  # the kernel counts a process's start in steps of 10 ms
_TICKETS = "waiting"
_CLAIMS = "claims"


class Holder(NamedTuple):
    """Who holds a lane or waits for one: a process by its id and start (see `start_of`), and for what."""

    pid: int
    started: float
    run_id: str
    trial: str
    since: str  # ISO 8601, UTC


class Standing(NamedTuple):
    """One lane now. `holder` is None where it is free, or where the holder has not said yet who it is."""

    lane: Lane
    held: bool
    holder: Holder | None


def holder(run_id: str = "", trial: str = "") -> Holder:
    """This process, from now on."""
    return Holder(os.getpid(), start_of(os.getpid()), run_id, trial, datetime.now(UTC).isoformat(timespec="seconds"))


def start_of(pid: int) -> float:
    """When a process started, in seconds after the host did; raises psutil.Error where there is none.

    Not by the clock: it may be set while the process runs, and moves both times that are subtracted here.
    """
    import psutil

    return psutil.Process(pid).create_time() - psutil.boot_time()


def is_running(pid: int, started: float) -> bool:
    """Whether that very process runs, and not a later one that was given its id."""
    import psutil

    try:
        same = abs(start_of(pid) - started) < _SAME_START_S
        return same and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


class _Locked:
    """A handle of a locked file, until it is closed."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle
        _every.add(self)

    def close(self) -> None:
        """Unlock at once: a process that was forked just now may still have the handle."""
        if self._handle is not None:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            self.leave()

    def leave(self) -> None:
        """Close the handle without unlocking, as the lock is another process's."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


_every: weakref.WeakSet[_Locked] = weakref.WeakSet()


def _leave_all() -> None:
    for locked in list(_every):
        locked.leave()


# A handle is closed where a program is started, but not by a mere fork, which would hold the lock beyond its holder.
os.register_at_fork(after_in_child=_leave_all)


class Lease(_Locked):
    """A lane that this process holds until `release`, the end of a `with` block, or its death."""

    def __init__(self, lane: Lane, handle: int) -> None:
        super().__init__(handle)
        self.lane = lane

    def describe(self, holder: Holder) -> None:
        """Say who holds the lane and for what; may be said again."""
        if self._handle is not None:
            _write(self._handle, holder._asdict())

    def release(self) -> None:
        """Free the lane at once. Idempotent."""
        if self._handle is not None:
            with suppress(OSError):  # who reads it finds it free anyway
                os.ftruncate(self._handle, 0)
            self.close()

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
    on_wait: Callable[[list[Standing]], None] | None = None,
) -> Lease:
    """The first lane that is free, waiting for one; `on_wait` hears once how all stand, if there is a wait.

    Raises LeaseError where none came free within `timeout_s` (None: wait for ever), or `folder` can't be used.
    """
    until = None if timeout_s is None else time.monotonic() + timeout_s
    with _Ticket(_usable(folder), lanes, holder) as ticket:
        while True:
            taken = ticket.asked_before()
            for lane in lanes:
                handle = None if lane.name in taken else _lock(_path(folder, lane))
                if handle is not None:
                    lease = Lease(lane, handle)
                    lease.describe(holder)
                    return lease
            if on_wait is not None:
                on_wait(standings(lanes, folder))
                on_wait = None
            if until is not None and time.monotonic() >= until:
                raise LeaseError(
                    f"No lane came free within {timeout_s:g} s.", hint="'chimera gpus' shows who holds which."
                )
            time.sleep(_LOOK_AGAIN_S)


@contextmanager
def claim(name: str, folder: Path, *, wait: bool = True) -> Generator[bool]:
    """Whether this process alone, of all on this host, does what `name` says, until the block ends or it dies.

    While another one does, it waits for that one's end; without `wait` it is False at once. Raises LeaseError.
    """
    claims = _usable(folder) / _CLAIMS
    claims.mkdir(mode=0o700, exist_ok=True)
    path = claims / hashlib.sha256(name.encode()).hexdigest()[:32]
    while (handle := _lock(path)) is None:
        if not wait:
            yield False
            return
        time.sleep(_LOOK_AGAIN_S)
    locked = _Locked(handle)
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)
        locked.close()


def standings(lanes: Sequence[Lane], folder: Path) -> list[Standing]:
    """How each lane stands now."""
    return [Standing(lane, *_look(_path(folder, lane))) for lane in lanes]


def any_held(folder: Path) -> bool:
    """Whether any lane of this host is held, whoever configured it."""
    return any(_is_locked(path) for path in folder.glob("*.lease"))


def waiting(folder: Path) -> list[Holder]:
    """Who waits for a lane, in their order."""
    looks = [_look(path) for path in _tickets(folder)]
    return [found for held, found in looks if held and found is not None]


def leases_folder(chosen: Path | None) -> Path:
    """Where the leases of this host's runs are.

    Not XDG_RUNTIME_DIR nor TMPDIR: both differ between a login, a service and a batch job of the same user, and the
    first is removed with the last login, its locked files with it.
    """
    return (chosen or Path(f"/tmp/chimera-leases-{os.getuid()}")).absolute()


class _Ticket(_Locked):
    """A place in the queue, while its block runs: a locked file, named by when it was drawn."""

    def __init__(self, folder: Path, lanes: Sequence[Lane], holder: Holder) -> None:
        self._folder, self._lanes = folder, {lane.name for lane in lanes}
        # The clock counts from the host's start, for all of its processes alike.
        self._path = folder / _TICKETS / f"{time.monotonic_ns():020d}-{os.getpid()}"
        # Locked before it has its name, so that nobody finds it unlocked and clears it away.
        draft = self._path.with_name(f".{self._path.name}")
        handle = _lock(draft)
        assert handle is not None
        super().__init__(handle)
        _write(handle, holder._asdict() | {"lanes": sorted(self._lanes)})
        draft.rename(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)
        self.close()

    def asked_before(self) -> set[str]:
        """Those of our lanes that older tickets ask for; clears away tickets whose owner has died."""
        found: set[str] = set()
        for path in _tickets(self._folder):
            if path.name >= self._path.name or found >= self._lanes:
                break
            if _is_locked(path):
                found |= self._lanes & set(_read(path).get("lanes", ()))
            else:
                path.unlink(missing_ok=True)
        return found


def _tickets(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in (folder / _TICKETS).iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []


def _path(folder: Path, lane: Lane) -> Path:
    return folder / f"{lane.name}.lease"


def _usable(folder: Path) -> Path:
    """The folder, made where it is missing; whoever owns it could grant leases that are none."""
    try:
        (folder / _TICKETS).mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        raise LeaseError(f"The leases folder {folder} can't be used: {error}.", hint=_CHOOSE) from error
    if owner not in (os.getuid(), 0):
        raise LeaseError(f"The leases folder {folder} belongs to another user.", hint=_CHOOSE)
    return folder


_CHOOSE = "Set CHIMERA_LEASES_DIR to a folder that every run on this host can write to."


def _lock(path: Path) -> int | None:
    """A locked handle of the file, which is made where it is missing; None where another process has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A file that was removed meanwhile, by what cleans /tmp, is no longer the one that others would lock.
        if os.fstat(handle).st_ino == path.stat().st_ino:
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None


def _is_locked(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def _look(path: Path) -> tuple[bool, Holder | None]:
    """Whether the file is locked, and by whom: what stands there counts if the process that wrote it still runs."""
    if not _is_locked(path):
        return False, None
    written = _read(path)
    try:
        found = Holder(**{name: written[name] for name in Holder._fields})
    except KeyError:
        return True, None
    return True, found if is_running(found.pid, found.started) else None


def _write(handle: int, document: Mapping[str, object]) -> None:
    text = json.dumps(document).encode()
    os.pwrite(handle, text, 0)
    os.ftruncate(handle, len(text))


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):  # it is being written
        return {}
