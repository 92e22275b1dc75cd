"""Runs whose process has died: each run says which process it has, so that it can be told that nobody works on it.

Dagster sees a death only where the code server that started the process still runs: its run monitoring can't ask the
default launcher. Of what was killed together, by kill -9 or with the machine, a run would be "started" for ever.
"""

import os
import re
import socket

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from chimera_dagster.gpu.leases import is_running, start_of

PROCESS_TAG = "chimera/process"  # on a run: what process executes it
_PROCESS = re.compile(r"(?P<host>.*), pid (?P<pid>\d+), begun (?P<start>[\d.]+) s after boot, run (?P<run>.*)")
_BEGUN = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def process_tag(run_id: str) -> dict[str, str]:
    """The tag of a run that this process executes; with the run's id, as one that is launched again inherits tags."""
    pid = os.getpid()
    return {PROCESS_TAG: f"{socket.gethostname()}, pid {pid}, begun {start_of(pid):.2f} s after boot, run {run_id}"}


def fail_orphans(instance: DagsterInstance) -> list[str]:
    """Report each run of this host as failed, or as canceled, whose process no longer runs; returns their ids.

    A run that no process has begun to execute is Dagster's own: it waits in the queue, or its start times out.
    """
    dead = [run for run in instance.get_runs(RunsFilter(statuses=_BEGUN)) if _is_dead(run)]
    return [run.run_id for run in dead if _report(instance, run)]


def _is_dead(run: DagsterRun) -> bool:
    said = _PROCESS.fullmatch(run.tags.get(PROCESS_TAG, ""))
    if said is None or said["run"] != run.run_id or said["host"] != socket.gethostname():
        return False
    return not is_running(int(said["pid"]), float(said["start"]))


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
