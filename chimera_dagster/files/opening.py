"""The one way to open a file by its name: nothing but a regular file is opened.

A pipe that nobody writes to blocks whoever opens it, /dev/zero never ends, and some devices act when they are opened.
Any of them, a socket or a folder can be in the place of a file that somebody else wrote or named.
"""

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

MOST_BYTES = 1 << 29  # of a file that is read as a whole
_LONGEST_NAME, _LONGEST_PATH = 255, 4095  # bytes, of Linux
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


class NotAFileError(OSError):
    """Something else than a regular file is there, or a link that leads nowhere; `strerror` says what."""


def open_file(path: str | Path) -> BufferedReader:
    """A regular file, open for reading; links are followed.

    Raises OSError, whose `strerror` says what is wrong: NotAFileError for anything but a regular file,
    FileNotFoundError if the path does not exist, and others, for example for an invalid file name.
    """
    with _names():
        return open(path, "rb", opener=_open)


def check_file(path: str | Path) -> None:
    """Raise OSError as `open_file` does, but without opening it: for libraries that do so by themselves."""
    with _names():
        _check_kind(str(path))


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a regular file. Raises OSError as `open_file` does, also if it has more than `most` bytes."""
    with open_file(path) as file:
        if (size := os.fstat(file.fileno()).st_size) > most:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes, and at most {most:,} are read", str(path))
        return file.read()


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    """`read_bytes` as UTF-8, without a byte order mark; lines end in a line feed. Raises UnicodeDecodeError too."""
    return read_bytes(path, most).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def check_name(path: Path) -> None:
    """Raise ValueError that says why no file or folder can have this path."""
    name = os.fsencode(path)
    if b"\0" in name:
        raise ValueError("a path can't contain a null character")
    if len(name) > _LONGEST_PATH:
        raise ValueError(f"it has {len(name)} bytes; a path has at most {_LONGEST_PATH}")
    if (longest := max(map(len, name.split(b"/")))) > _LONGEST_NAME:
        raise ValueError(f"it has a name of {longest} bytes; a name has at most {_LONGEST_NAME}")


def _open(path: str, flags: int) -> int:
    _check_kind(path)  # before it is opened, as that acts on some devices
    # It may have been replaced since: without O_NONBLOCK, opening a pipe waits until somebody writes to it.
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        _check(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _check_kind(path: str) -> None:
    try:
        _check(os.stat(path), path)  # noqa: PTH116 - a Path for each of 100,000 files is slow
    except FileNotFoundError:
        if Path(path).is_symlink():
            raise NotAFileError(errno.ENOENT, "it is a link to a file that does not exist", path) from None
        raise
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotAFileError(errno.ELOOP, "it is a link that leads back to itself", path) from None
        raise


@contextmanager
def _names() -> Generator[None]:
    try:
        yield
    except ValueError as error:
        raise OSError(errno.EINVAL, "a name can't contain a null character") from error


def _check(found: os.stat_result, path: str) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise NotAFileError(errno.EINVAL, f"it is {_KINDS.get(kind, 'a device')}, not a file", path)
