"""Runs whose process has died: each run says which process it has, so that it can be told that nobody works on it.

Dagster sees a death only where the code server that started the process still runs: its run monitoring can't ask the
default launcher. Of what was killed together, by kill -9 or with the machine, a run would be "started" for ever.
"""

import os
import re
import socket

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from chimera_dagster.gpu.holder import is_running, start_of

PROCESS_TAG = "chimera/process"  # on a run: what process executes it
_PROCESS = re.compile(r"(?P<host>.*), pid (?P<pid>\d+), begun (?P<start>[\d.]+) s after boot, run (?P<run>.*)")
_BEGUN = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def process_tag(run_id: str, pid: int | None = None) -> dict[str, str]:
    """The tag of a run that a process (this one) executes; with its id, as a run that is launched again inherits tags.

    Raises psutil.Error where there is no such process.
    """
    pid = pid or os.getpid()
    return {PROCESS_TAG: f"{socket.gethostname()}, pid {pid}, begun {start_of(pid):.2f} s after boot, run {run_id}"}


def fail_orphans(instance: DagsterInstance) -> list[str]:
    """Report each run of this host as failed, or as canceled, whose process no longer runs; returns their ids.

    A run that no process has begun to execute is Dagster's own: it waits in the queue, or its start times out.
    """
    dead = [run for run in instance.get_runs(RunsFilter(statuses=_BEGUN)) if _is_dead(run)]
    return [run.run_id for run in dead if _report(instance, run)]


def process_of(run: DagsterRun) -> int | None:
    """The id of the run's process; None where it has none on this host that is running."""
    said = _said(run)
    return int(said["pid"]) if said and is_running(int(said["pid"]), float(said["start"])) else None


def _is_dead(run: DagsterRun) -> bool:
    return _said(run) is not None and process_of(run) is None


def _said(run: DagsterRun) -> re.Match[str] | None:
    """What a run says of its process, where that is one of this host."""
    said = _PROCESS.fullmatch(run.tags.get(PROCESS_TAG, ""))
    return said if said and said["run"] == run.run_id and said["host"] == socket.gethostname() else None


def _report(instance: DagsterInstance, dead: DagsterRun) -> bool:
    """Whether it was still to be reported: its process may have ended it well just before it was looked at."""
    run = instance.get_run_by_id(dead.run_id)
    if run is None or run.is_finished:
        return False
    why = (
        f"The process of this run was killed, or the machine went down ({run.tags[PROCESS_TAG]}). What was finished is "
        "kept, nothing is half-written: run 'chimera sweep', or launch the run again."
    )
    if run.status == DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, why)
    else:
        instance.report_run_failed(run, why)
    return True
