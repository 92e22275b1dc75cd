"""Runs whose process has died: each run has a tag that names its process, so that a dead one can be found.

Dagster notices a death only if the code server that started the process is still running: its run monitoring can't ask
the default launcher. A run that was killed together with that server, or with the machine, would be "started" for ever.
"""

import os
import re
import socket
from collections.abc import Collection

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from chimera_dagster.gpu.holder import is_running, start_of

PROCESS_TAG = "chimera/process"  # on a run: the process that executes it
_PROCESS = re.compile(r"(?P<host>.*), pid (?P<pid>\d+), begun (?P<start>[\d.]+) s after boot, run (?P<run>.*)")
_INTERRUPTED = (
    "The sweep of this run was interrupted. What was finished is kept, and nothing is half-written: the next "
    "'chimera sweep' runs this trial again."
)
_STARTED = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def process_tag(run_id: str) -> dict[str, str]:
    """The tag of a run that this process executes; with the run's id, as a run that is launched again inherits tags."""
    pid = os.getpid()
    return {PROCESS_TAG: f"{socket.gethostname()}, pid {pid}, begun {start_of(pid):.2f} s after boot, run {run_id}"}


def fail_lost_runs(instance: DagsterInstance) -> list[str]:
    """Mark each run of this host as failed, or as canceled, if its process no longer runs; returns their ids.

    A run that no process has started to execute is left to Dagster: it waits in the queue, or its start times out.
    """
    dead = [run for run in instance.get_runs(RunsFilter(statuses=_STARTED)) if _is_dead(run)]
    return [run.run_id for run in dead if _report(instance, run)]


def cancel_runs_of(instance: DagsterInstance, pids: Collection[int]) -> None:
    """Mark each run that one of these processes was executing as canceled; the processes have ended."""
    for run in instance.get_runs(RunsFilter(statuses=_STARTED)):
        tag = _tag_of(run)
        if tag is not None and int(tag["pid"]) in pids and _is_dead(run):
            instance.report_run_canceled(run, _INTERRUPTED)


def process_of(run: DagsterRun) -> int | None:
    """The id of the run's process; None if no process of this host is executing it."""
    tag = _tag_of(run)
    return int(tag["pid"]) if tag and is_running(int(tag["pid"]), float(tag["start"])) else None


def _is_dead(run: DagsterRun) -> bool:
    return _tag_of(run) is not None and process_of(run) is None


def _tag_of(run: DagsterRun) -> re.Match[str] | None:
    """The run's own process tag, if that process is one of this host."""
    tag = _PROCESS.fullmatch(run.tags.get(PROCESS_TAG, ""))
    return tag if tag and tag["run"] == run.run_id and tag["host"] == socket.gethostname() else None


def _report(instance: DagsterInstance, dead: DagsterRun) -> bool:
    """Mark it, unless it has finished meanwhile; returns whether it was marked."""
    run = instance.get_run_by_id(dead.run_id)
    if run is None or run.is_finished:
        return False
    reason = (
        f"The process of this run was killed, or the machine went down ({run.tags[PROCESS_TAG]}). What was finished is "
        "kept, and nothing is half-written: run 'chimera sweep', or launch the run again."
    )
    if run.status == DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, reason)
    else:
        instance.report_run_failed(run, reason)
    return True
