"""How Dagster's daemon starts a run: by fork of a process in which all is imported.

Dagster's own launcher has the code server start a new interpreter for each run, which imports Dagster, pandas and this
project again: 3 s of a core, and as much waiting. Between short trials that is what keeps a GPU idle. Here a forkserver
of the daemon's imports once, and each run takes a tenth of that. So an edit of the project's code reaches runs when the
daemon is started again, not when the UI's "Reload" is pressed.

What comes from `dagster._core` is private: the integration tests of the daemon and of backfills go through it.
"""

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess

from dagster import DagsterInstance, DefaultRunLauncher
from dagster import _check as check
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher.base import LaunchRunContext
from dagster._core.origin import JobPythonOrigin
from dagster._grpc.impl import core_execute_run
from dagster._utils.hosted_user_process import recon_job_from_origin
from dagster._utils.interrupts import capture_interrupts

from chimera_dagster.orchestration.orphans import fail_orphans, process_of, process_tag

# With what `dagster.yaml` names: the storage brings SQLAlchemy and Alembic, which cost each run 0.7 s of a core.
PRELOADED = ["chimera_dagster.definitions", "chimera_dagster.orchestration.storage", __name__]


class ForkingLauncher(DefaultRunLauncher):
    """Dagster's launcher but for where a run's process comes from, and how it is ended; `dagster.yaml` names it."""

    def launch_run(self, context: LaunchRunContext) -> None:
        run = context.dagster_run
        server = multiprocessing.get_context("forkserver")
        server.set_forkserver_preload(PRELOADED)
        origin = check.not_none(context.job_code_origin)
        process = server.Process(
            target=_execute, args=(run.run_id, origin, self._instance.get_ref()), name=f"run-{run.run_id[:8]}"
        )
        process.start()
        # else the daemon would not end before its runs have
        multiprocessing.process._children.discard(process)  # pyright: ignore
        self._instance.add_run_tags(run.run_id, process_tag(run.run_id, check.not_none(process.pid)))
        threading.Thread(target=_see_it_end, args=(self._instance, process), daemon=True).start()

    def terminate(self, run_id: str) -> bool:
        """Interrupt a run, be it the daemon's or a sweep's; one that another launcher started is its own to end."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        pid = process_of(run)
        if pid is None:
            return super().terminate(run_id)
        self._instance.report_run_canceling(run)
        os.kill(pid, signal.SIGTERM)
        return True


def _execute(run_id: str, origin: JobPythonOrigin, instance_ref: InstanceRef) -> None:
    """The life of a run's process."""
    with capture_interrupts(), DagsterInstance.from_ref(instance_ref) as instance:
        run = check.not_none(instance.get_run_by_id(run_id))
        for _ in core_execute_run(recon_job_from_origin(origin), run, instance, inject_env_vars=False):
            pass


def _see_it_end(instance: DagsterInstance, process: BaseProcess) -> None:
    """One that was killed is reported as failed at once."""
    process.join()
    fail_orphans(instance)
