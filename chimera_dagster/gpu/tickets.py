"""The queue in front of the lanes: first come, first served.

A process that waits has a ticket, a locked file, and takes no lane that an older ticket asks for. So trials run in the
order in which they came, which keeps the trials of one model together.
"""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from chimera_dagster.gpu.holder import Holder, file_lock, holder_of, is_locked, read_document, take
from chimera_dagster.gpu.lanes import Lane

FOLDER = "waiting"


class Ticket:
    """A place in the queue while its `with` block runs: a locked file, named by the time when it was drawn."""

    def __init__(self, folder: Path, lanes: Sequence[Lane], holder: Holder) -> None:
        """`folder` is the leases folder; its `waiting` subfolder must exist."""
        self._folder, self._lanes = folder, {lane.name for lane in lanes}
        # Counts from boot, so it is comparable between processes on this host.
        self._path = folder / FOLDER / f"{time.monotonic_ns():020d}-{os.getpid()}"
        # Locked before it gets its name, so that nobody finds it unlocked and removes it.
        draft = self._path.with_name(f".{self._path.name}")
        self._lock = file_lock(draft)
        take(self._lock)
        draft.write_text(json.dumps(holder._asdict() | {"lanes": sorted(self._lanes)}))
        draft.rename(self._path)

    def __enter__(self) -> "Ticket":
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)
        self._lock.release()

    def taken(self) -> set[str]:
        """Names of the lanes that older tickets ask for; removes tickets whose owner has died."""
        found: set[str] = set()
        for path in _tickets(self._folder):
            if path.name >= self._path.name or found >= self._lanes:
                break
            if is_locked(path):
                found |= self._lanes & set(read_document(path).get("lanes", ()))
            else:
                path.unlink(missing_ok=True)
        return found


def waiting(folder: Path) -> list[Holder]:
    """Who waits for a lane, in the order of the queue; `folder` is the leases folder."""
    return [holder for _, holder in map(holder_of, _tickets(folder)) if holder is not None]


def _tickets(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder / FOLDER) as entries:
            names = [
                each.name for each in entries if not each.name.startswith(".") and each.is_file(follow_symlinks=False)
            ]
        return [folder / FOLDER / name for name in sorted(names)]
    except (FileNotFoundError, NotADirectoryError):
        return []
