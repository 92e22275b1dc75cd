"""The state of the reports folder at one moment: enough to notice a change, without opening a file."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from chimera_dagster.ingest.discover import discover

SETTLE_US = 2_000_000  # a file that changed more recently may still be being written

_State = tuple[int, int, str]  # size in bytes, mtime in microseconds since 1970, problem
_Entry = tuple[str, int, int, str]


class Snapshot(BaseModel):
    """Files by path, as `discover` finds them.

    A file that can't be opened, or is a link out of the folder, has no size and no time: its target is not part of the
    folder.
    """

    model_config = ConfigDict(frozen=True)

    files: dict[str, _State]

    @classmethod
    def at(cls, root: Path) -> Self:
        """The state of a folder now. Raises NoReportsError as `discover` does."""
        return cls.of((file.path, file.size, file.mtime, file.problem) for file in discover(root))

    @classmethod
    def of(cls, entries: Iterable[_Entry]) -> Self:
        """From (path, size, mtime, problem) of each file, as `FoundFile` has them."""
        return cls(
            files={path: (0, 0, problem) if problem else (size, mtime, "") for path, size, mtime, problem in entries}
        )

    @property
    def digest(self) -> str:
        """sha256 over every path, size and time."""
        whole = hashlib.sha256()
        for path, state in self.files.items():
            whole.update(f"{path}\0{state}\n".encode())
        return whole.hexdigest()

    def unsettled(self, last: "Snapshot | None", now: int) -> list[str]:
        """Paths that changed, appeared or vanished since `last`, or changed less than `SETTLE_US` before `now`.

        A time in the future says nothing, as it comes from another machine's clock or from a clock that was wrong:
        such a file is settled if two snapshots agree about it.
        """
        moving = [
            path
            for path, state in self.files.items()
            if _is_young(state, now, trusted=last is not None) or (last is not None and last.files.get(path) != state)
        ]
        gone = [path for path in last.files if path not in self.files] if last else []
        return [*moving, *gone]


def _is_young(state: _State, now: int, *, trusted: bool) -> bool:
    age = now - state[1]
    return age < SETTLE_US and (age >= 0 or not trusted)
