"""Dagster's daemon as a user runs it, but with short intervals: real ticks, real runs in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from dagster import DagsterInstance, DagsterRun, RunsFilter

from tests.conftest import ROOT
from tests.integration.bench import Bench

T = TypeVar("T")
CODE = "daemon_code.py"  # what it runs, in the project's folder; a command that gives it runs names it with -f
PATIENCE_S = 240
# Dagster has no setting for either interval.
SHORT_INTERVALS = """\
from chimera_dagster.definitions import defs

for sensor in defs.sensors:
    sensor._min_interval = 1
"""
NO_SENSORS = """\
from dagster import Definitions

from chimera_dagster import definitions

whole = definitions.defs
defs = Definitions(whole.assets, jobs=whole.jobs, resources=whole.resources, executor=whole.executor)
del whole  # Dagster takes a module with one of them only
"""
_DAEMON = """\
import dagster._daemon.sensor
from dagster._daemon.cli import main

dagster._daemon.sensor.MIN_INTERVAL_LOOP_TIME = 1
main()
"""


class Daemon:
    """What a running daemon has done, as its instance knows it."""

    def __init__(self, instance: DagsterInstance, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._instance, self._process, self._log = instance, process, log

    def wait_for(self, look: Callable[[], T], what: str) -> T:
        """The first result of `look` that is true; fails where it does not come."""
        until = time.monotonic() + PATIENCE_S
        while self._process.poll() is None and time.monotonic() < until:
            if found := look():
                return found
            time.sleep(0.2)
        raise AssertionError(f"no {what}:\n{self._log.read_text()[-5000:]}")

    def kill(self) -> None:
        """kill -9 of the daemon alone."""
        self._process.kill()
        self._process.wait()

    def kill_all(self) -> None:
        """kill -9 of the daemon, its code server and all runs at once, as when the machine goes down."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def said(self, sensor: str) -> list[str]:
        """Why a sensor's ticks asked for nothing, newest first."""
        states = [each for each in self._instance.all_instigator_state() if each.instigator_name == sensor]
        ticks = [
            tick
            for state in states
            for tick in self._instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=100)
        ]
        return [tick.skip_reason or (str(tick.error) if tick.error else "") for tick in ticks]

    def runs(self, job: str) -> list[DagsterRun]:
        """In the order in which they were asked for."""
        return [*reversed(list(self._instance.get_runs(RunsFilter(job_name=job))))]


@contextmanager
def running_daemon(bench: Bench, text: str = SHORT_INTERVALS, **env: str) -> Generator[Daemon]:
    """The daemon of a project, with that code, until the block ends; nothing of it stays behind."""
    folder = bench.project.path
    code, log = folder / CODE, folder / "daemon.log"
    code.write_text(text)
    environment = bench.project.environment(DAGSTER_HOME=os.environ["DAGSTER_HOME"], PYTHONPATH=str(ROOT), **env)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", _DAEMON, "run", "-f", str(code)],
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield Daemon(bench.instance, process, log)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
