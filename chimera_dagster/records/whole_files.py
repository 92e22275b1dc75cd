"""Files that appear whole or not at all, one by itself or several together."""

import glob
import os
import tempfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chimera_dagster.errors import StorageError


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A scratch file that replaces `path` if the block ends well; after an error the old file stays.

    A folder in its place is set aside. Raises StorageError if the disk is full or read-only.
    """
    with _storage_errors(path), _scratch_of(path) as scratch:
        yield scratch
        _sync(scratch)  # otherwise, after a crash, the file could exist but be empty
        _rename(scratch, path)


def write_together(contents: Mapping[Path, bytes], outdated: Iterable[Path] = ()) -> None:
    """Write files that belong together, and remove the files in `outdated` when they appear. Raises StorageError.

    All are on the disk under temporary names before the first is renamed, so a full disk changes none of them. They are
    renamed in their order. A process that is killed meanwhile leaves some of them old, which readers must notice: let
    the last file have a digest of each of the others.
    """
    first = next(iter(contents))
    with _storage_errors(first.parent), ExitStack() as scratches:
        written = [(scratches.enter_context(_scratch_of(path)), path) for path in contents]
        for scratch, path in written:
            scratch.write_bytes(contents[path])
            _sync(scratch)
        for path in outdated:
            _remove(path)
        for scratch, path in written:
            _rename(scratch, path)


@contextmanager
def _storage_errors(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError.of(error, path) or error from error


@contextmanager
def _scratch_of(path: Path) -> Generator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_scratches(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{os.getpid()}.")
    scratch = Path(name)
    try:
        os.close(handle)
        scratch.chmod(0o644)
        yield scratch
    finally:
        scratch.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _rename(scratch: Path, path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        set_aside(path)
    scratch.replace(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        set_aside(path)
    else:
        path.unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Rename what can't be used, as it may be somebody's; returns its new path."""
    number = 1
    while os.path.lexists(target := path.with_name(f"{path.name}.set-aside-{number}")):
        number += 1
    return path.rename(target)


def _clear_scratches(path: Path) -> None:
    """Remove the scratch files of this file that killed processes have left."""
    for scratch in path.parent.glob(f".{glob.escape(path.name)}.[0-9]*.*"):
        try:
            os.kill(int(scratch.suffixes[-2][1:]), 0)
        except ProcessLookupError:
            scratch.unlink(missing_ok=True)
        except PermissionError:
            pass  # the process belongs to another user, and is running
