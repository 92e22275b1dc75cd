"""A run launcher for tests: processes that execute a job each, as those that Dagster launches.

`python -m tests.integration.launch` reads a line `JOB KEY` for each, where KEY is a partition, and says `PID KEY` when
it has started one, and `PID CODE` when it has ended. They are forks of a process that has imported all, so that
starting one takes no time. `Launcher` is the other side.
"""

import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.conftest import ROOT


class Launcher:
    """Starts runs in `folder`, with an environment; what still runs at the end of the block is killed with it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._environment = folder, {**environment, "PYTHONPATH": str(ROOT)}
        self._ended: dict[int, int] = {}
        self._running: set[int] = set()

    def __enter__(self) -> Self:
        self._log = (self._folder / "launch.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.launch"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", (self._folder / "launch.log").read_text()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in self._running:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.communicate()
        self._log.close()

    def start(self, job: str, key: str) -> int:
        """The process of a run of `job` for the partition `key`."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{job} {key}\n")
        return next(pid for pid, word in iter(self._next, None) if word == key)

    def wait(self, pid: int) -> int:
        """How a run ended: 0 well, 1 failed, 2 broken, negative by a signal."""
        while pid not in self._ended:
            self._next()
        return self._ended[pid]

    def _next(self) -> tuple[int, str]:
        assert self._process.stdout is not None
        number, word = self._process.stdout.readline().split(maxsplit=1)
        pid, word = int(number), word.strip()
        if word.lstrip("-").isdecimal():
            self._ended[pid] = int(word)
            self._running.discard(pid)
        else:
            self._running.add(pid)
        return pid, word


def _execute(job: str, key: str) -> bool:
    from dagster import DagsterInstance, execute_job
    from dagster._core.definitions.reconstruct import ReconstructableRepository

    model, params = key.split("|")
    tags = {"dagster/partition": key, "dagster/partition/model": model, "dagster/partition/params": params}
    repository = ReconstructableRepository.for_module("chimera_dagster.definitions", "defs", str(Path.cwd()))
    with DagsterInstance.get() as instance:
        return execute_job(repository.get_reconstructable_job(job), instance, tags=tags).success


def _fork(job: str, key: str) -> int:
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            code = 0 if _execute(job, key) else 1
        except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
            traceback.print_exc()
        finally:
            os._exit(code)
    return pid


def main() -> None:
    import chimera_dagster.definitions  # noqa: F401 - for the forks

    print("ready", flush=True)
    running: set[int] = set()
    buffer = b""
    while True:
        if select.select([0], [], [], 0.02)[0]:
            piece = os.read(0, 4096)
            if not piece:
                return
            buffer += piece
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            job, key = line.decode().split(maxsplit=1)
            pid = _fork(job, key)
            running.add(pid)
            print(pid, key, flush=True)
        for pid in list(running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                running.discard(pid)
                print(pid, os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
