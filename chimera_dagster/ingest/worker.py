"""A process that reads files for another: jobs come on stdin, answers go to stdout, both pickled.

`multiprocessing` would import the parent's main module in every worker, which may be Dagster or a notebook.
"""

import pickle
import signal
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import TracebackType
from typing import Self

from chimera_dagster.ingest.discover import FoundFile
from chimera_dagster.ingest.parse import FileRow, parse_to_file
from chimera_dagster.ingest.vocabulary import file_in_use, use_file

_PACKAGES = str(Path(__file__).parents[2])


class Worker:
    """One such process, as its parent sees it; a context manager that ends it."""

    def __init__(self) -> None:
        own = file_in_use()
        start = (
            f"import sys; sys.path.insert(0, {_PACKAGES!r}); from chimera_dagster.ingest.worker import main; "
            f"main({str(own) if own else None!r})"
        )
        self._process = subprocess.Popen([sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def parse(self, files: list[FoundFile], path: str) -> list[FileRow]:
        """As `parse_to_file`. Raises RuntimeError if the process has died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump((files, path), self._process.stdin)
            self._process.stdin.flush()
            return pickle.load(self._process.stdout)
        except (EOFError, BrokenPipeError) as error:
            raise RuntimeError(f"A process that read files ended with {self._process.wait()}; see above.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


class _NoPandas(MetaPathFinder):
    """pyarrow imports pandas wherever it finds it, which would double a worker's memory."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ImportError("a process that reads files does not need pandas")


def main(own_names: str | None) -> None:
    """Answer jobs until stdin is closed; `own_names` is the path of the user's vocabulary."""
    sys.meta_path.insert(0, _NoPandas())
    use_file(Path(own_names) if own_names else None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    while True:
        try:
            files, path = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(parse_to_file(files, path), sys.stdout.buffer)
        sys.stdout.buffer.flush()
