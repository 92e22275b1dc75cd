"""Which files of a folder are benchmark results, and what identifies their content."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from chimera_dagster.errors import NoReportsError

KINDS = {".csv": "csv", ".json": "json", ".jsonl": "json", ".md": "markdown", ".markdown": "markdown"}
_HINT = f"Put benchmark results ({', '.join('*' + suffix for suffix in KINDS)}) there, or name another folder."


class FoundFile(NamedTuple):
    """`path` is relative to the reports folder, with forward slashes; `kind` is what the name's ending says."""

    path: str
    full: Path
    kind: str


def discover(root: Path) -> list[FoundFile]:
    """Benchmark files below `root`, sorted by path; hidden ones and links that leave the folder are passed over.

    Raises NoReportsError where `root` is missing, can't be read, is no folder or holds no such file.
    """
    if not root.exists():
        raise NoReportsError(f"The reports folder {root} does not exist.", hint=_HINT)
    if not root.is_dir():
        raise NoReportsError(f"{root} is no folder.", hint=_HINT)
    if not os.access(root, os.R_OK | os.X_OK):
        raise NoReportsError(f"The reports folder {root} can't be read.", hint="Give yourself the right to read it.")
    found = sorted(_walk(root), key=lambda file: file.path)
    if not found:
        raise NoReportsError(f"The folder {root} holds no benchmark file.", hint=_HINT)
    return found


def data_digest(root: Path) -> str:
    """sha256 over every file's path and content: equal where the same files say the same, whatever their times.

    Raises NoReportsError as `discover` does.
    """
    return digest_of_files((file.path, _content_digest(file.full)) for file in discover(root))


def digest_of_files(contents: Iterable[tuple[str, str | None]]) -> str:
    """sha256 over (path, sha256 of the content) in the order of `discover`; null for what can't be read."""
    whole = hashlib.sha256()
    for path, content in contents:
        whole.update(f"{path}\0{content or '-'}\n".encode())
    return whole.hexdigest()


def content_digest(path: Path) -> str:
    """sha256 of a file; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content_digest(path: Path) -> str | None:
    try:
        return content_digest(path)
    except OSError:
        return None


def _walk(root: Path) -> Iterator[FoundFile]:
    inside = root.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            full = Path(folder, name)
            kind = KINDS.get(full.suffix.lower())
            if kind is None or name.startswith(".") or not _stays(full, inside):
                continue
            # a name that is no UTF-8 can't stand in a table as it is
            path = os.fsencode(full.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")
            yield FoundFile(path, full, kind)


def _stays(full: Path, inside: Path) -> bool:
    """Whether this is a regular file of the folder; a fifo or a socket would block its reader."""
    if full.is_symlink():
        return full.is_file() and full.resolve().is_relative_to(inside)
    return full.is_file()
