"""Processes of their own that start at once: forks of one that has imported Dagster, pandas and the project.

A start of `chimera` takes 4 s of a core, nearly all of it imports. What the process does from then on is the same; that
the command starts as a user starts it is for tests/e2e to see.
"""

import atexit
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [
        "chimera_dagster.definitions",
        "chimera_dagster.orchestration.storage",
        "chimera_dagster.orchestration.sweeping",
        "chimera_dagster.cli.progress",
        "chimera_dagster.evidence.findings",
        "chimera_dagster.sweeps.search",
        __name__,
    ]
)


class Forked:
    """A call of `target` in a process of its own, with as much of Popen's interface as the tests use."""

    def __init__(self, target: Callable[..., None], *arguments: str, folder: Path, env: Mapping[str, str]) -> None:
        self.args = arguments
        self._said = TemporaryDirectory(prefix="forked-")
        self._process = _SERVER.Process(target=_become, args=(target, arguments, folder, dict(env), self._said.name))
        self._process.start()
        atexit.register(self._process.kill)  # one that a failed test left would keep this process from ending

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs, negative where a signal has ended it."""
        return self._process.exitcode

    def said(self) -> tuple[str, str]:
        """What there is of its stdout and stderr."""
        stdout, stderr = (Path(self._said.name, name) for name in ("stdout", "stderr"))
        return (stdout.read_text(), stderr.read_text()) if stderr.exists() else ("", "")

    def communicate(self, timeout: float = 300) -> tuple[str, str]:
        """Its stdout and stderr, once it has ended."""
        self._process.join(timeout)
        stdout, stderr = self.said()
        assert self.returncode is not None, f"{self.args} did not end within {timeout} s:\n{stderr}"
        return stdout, stderr

    def ended(self) -> "subprocess.CompletedProcess[str]":
        """What is left of it, once it has ended."""
        stdout, stderr = self.communicate()
        assert self.returncode is not None
        return subprocess.CompletedProcess(self.args, self.returncode, stdout, stderr)


def _become(
    target: Callable[..., None], arguments: tuple[str, ...], folder: Path, env: dict[str, str], said: str
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        with Path(said, name).open("wb") as file:
            os.dup2(file.fileno(), descriptor)
    target(*arguments)


def run_chimera(*arguments: str) -> None:
    """`chimera` with these arguments."""
    from chimera_dagster.cli import main

    sys.argv = ["chimera", *arguments]
    main()


def exec_chimera(*arguments: str) -> None:
    """`chimera` as a program: all is imported anew."""
    os.execv(Path(sys.executable).with_name("chimera"), ["chimera", *arguments])


def run_job(job: str, key: str) -> None:
    """A run of `job` for the partition `key`, as a launcher of Dagster's executes it; exits with 1 where it fails."""
    from dagster import DagsterInstance, execute_job
    from dagster._core.definitions.reconstruct import ReconstructableRepository

    model, params = key.split("|")
    tags = {"dagster/partition": key, "dagster/partition/model": model, "dagster/partition/params": params}
    repository = ReconstructableRepository.for_module("chimera_dagster.definitions", "defs", str(Path.cwd()))
    with DagsterInstance.get() as instance:
        succeeded = execute_job(repository.get_reconstructable_job(job), instance, tags=tags).success
    sys.exit(0 if succeeded else 1)
