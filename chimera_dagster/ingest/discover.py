"""Which files of a folder are benchmark results, and what identifies their content."""

import errno
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from chimera_dagster.errors import NoReportsError
from chimera_dagster.files.opening import check_file, open_file
from chimera_dagster.text.foreign import shown

OTHER = "other"  # kind of a file that may hold results, and that no reader reads
KINDS = {
    **dict.fromkeys((".csv", ".tsv"), "csv"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "json"),
    **dict.fromkeys((".md", ".markdown"), "markdown"),
    **dict.fromkeys((".html", ".htm"), "html"),
    **dict.fromkeys((".txt", ".log", ".sql", ".bench"), "text"),
    **dict.fromkeys((".yaml", ".yml", ".xlsx", ".xls", ".parquet", ".xml"), OTHER),
}
# Text files that every folder may have, and that hold no results
_PROSE = re.compile(r"(readme|licen[cs]e|notice|copying|authors|changelog|requirements|command)\b.*", re.IGNORECASE)
_READ = ", ".join(f"*{suffix}" for suffix, kind in KINDS.items() if kind != OTHER)
_HINT = f"Put benchmark results ({_READ}) there, or name another folder."


class Noted(NamedTuple):
    """What is said of a file elsewhere: a GPU and an engine, and the path of the notes that name each.

    `conditions` and `parameters` are those that its name says beside other names, sorted.
    """

    gpu: str | None = None
    gpu_source: str | None = None
    backend: str | None = None
    backend_source: str | None = None
    conditions: tuple[tuple[str, int | float | str], ...] = ()
    parameters: tuple[tuple[str, int | float], ...] = ()


class FoundFile(NamedTuple):
    """`path` is relative to the reports folder, with forward slashes; `kind` is what the name's ending says.

    `mtime` is in microseconds since 1970. `problem` says why the file can't be opened, and is empty if it can. `noted`
    is not known yet when files are found. A folder that can't be listed is of kind 'folder', has a problem, and its
    path ends in a slash.
    """

    path: str
    full: str
    kind: str
    size: int
    mtime: int
    problem: str = ""
    noted: Noted = Noted()


def discover(root: Path) -> list[FoundFile]:
    """Benchmark files below `root`, sorted by path, without hidden files and folders.

    Links to folders are not followed. Links out of the folder, and anything but a file (a fifo, a socket), have a
    problem. Raises NoReportsError if `root` is missing, unreadable, not a folder, or has no benchmark file below it.
    """
    if not root.exists():
        raise NoReportsError(f"The reports folder {shown(root)} does not exist.", hint=_HINT)
    if not root.is_dir():
        raise NoReportsError(f"{shown(root)} is not a folder.", hint=_HINT)
    if not os.access(root, os.R_OK | os.X_OK):
        raise NoReportsError(f"The reports folder {shown(root)} can't be read.", hint="Set its permissions.")
    found = sorted(_walk(root))
    if all(file.kind == OTHER for file in found):
        raise NoReportsError(f"There is no benchmark file in {shown(root)}.", hint=_HINT)
    return found


def data_digest(root: Path) -> str:
    """sha256 over every file's path and content: equal if the same paths have the same content, whatever their times.

    Raises NoReportsError as `discover` does.
    """
    return digest_of_files((file.path, content_digest(file)) for file in discover(root))


def digest_of_files(contents: Iterable[tuple[str, str | None]]) -> str:
    """sha256 over (path, sha256 of the content) in the order of `discover`; null for what can't be read."""
    whole = hashlib.sha256()
    for path, content in contents:
        whole.update(f"{path}\0{content or '-'}\n".encode())
    return whole.hexdigest()


def content_digest(file: FoundFile) -> str | None:
    """sha256 of a file; None if it can't be read."""
    if file.problem:
        return None
    try:
        with open_file(file.full) as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return None


def _walk(root: Path) -> Iterator[FoundFile]:
    inside = root.resolve()
    folders = [(str(root), "")]
    while folders:
        folder, prefix = folders.pop()
        try:
            entries = os.scandir(folder)
        except OSError as error:
            yield FoundFile(_escaped(prefix), folder, "folder", 0, _mtime(folder), error.strerror or str(error))
            continue
        with entries:
            for entry in entries:
                name = entry.name
                if name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, f"{prefix}{name}/"))
                    continue
                kind = KINDS.get(name[name.rfind(".") :].lower()) if "." in name else None
                if kind == "text" and _PROSE.match(name):
                    continue
                if kind is not None and not (entry.is_symlink() and os.path.isdir(entry.path)):  # noqa: PTH112
                    yield _found(entry, prefix + name, kind, inside)


def _found(entry: "os.DirEntry[str]", path: str, kind: str, inside: Path) -> FoundFile:
    path = _escaped(path)
    try:
        about = entry.stat()
    except OSError as error:
        return FoundFile(path, entry.path, kind, 0, 0, error.strerror or str(error))
    problem = ""
    if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(inside):
        problem = "a link that leaves the reports folder is not followed"
    elif not entry.is_file():
        problem = _kind(entry.path)
    elif about.st_mode & 0o444 != 0o444 and not os.access(entry.path, os.R_OK):
        problem = os.strerror(errno.EACCES)
    return FoundFile(path, entry.path, kind, about.st_size, about.st_mtime_ns // 1000, problem)


def _kind(path: str) -> str:
    """What is there instead of a file."""
    try:
        check_file(path)
    except OSError as error:
        return error.strerror or str(error)
    return "it changed while it was looked at"


def _escaped(path: str) -> str:
    """A name that is not UTF-8 is stored with escapes: `\\xe9` for such a byte, and `\\\\` for a backslash."""
    if path.isascii() and "\\" not in path:
        return path
    return os.fsencode(path.replace("\\", "\\\\")).decode("utf-8", "backslashreplace")


def _mtime(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns // 1000  # noqa: PTH116
    except OSError:
        return 0
