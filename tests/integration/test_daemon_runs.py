"""Runs that Dagster's daemon launches: what kills or cancels one ends it alone."""

import os
import signal
import time

from dagster import DagsterRun, DagsterRunStatus, DefaultRunLauncher, RunsFilter
from dagster._daemon.types import DaemonHeartbeat

from chimera_dagster.definitions import defs
from chimera_dagster.gpu.leases import any_held
from chimera_dagster.orchestration.backfill import submit
from chimera_dagster.orchestration.lost_runs import process_of
from chimera_dagster.steps.done import is_done
from tests.conftest import Project
from tests.integration.bench import bench_in
from tests.integration.daemon import NO_SENSORS, running_daemon
from tests.integration.sweeping import STALLED, Sweeping
from tests.integration.test_backfill import digest
from tests.stub_ollama import StubOllama
from tests.waiting import is_gone, wait_for


def test_a_run_that_is_killed_or_canceled_ends_alone(project: Project) -> None:
    with bench_in(project) as bench, StubOllama() as stub:
        launcher = bench.instance.run_launcher
        assert isinstance(launcher, DefaultRunLauncher)
        assert bench.runner.ingest_reports() is None
        plans = bench.register(Sweeping(project, stub).trials(range(1, 4))[0].spec)
        stub.answer_with(STALLED)

        def at_work(nth: int) -> DagsterRun | None:
            runs = bench.instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED]))
            return runs[0] if len(stub.generations()) >= nth and runs else None

        def status(run: DagsterRun) -> DagsterRunStatus:
            found = bench.instance.get_run_by_id(run.run_id)
            assert found is not None
            return found.status

        bench.instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "BACKFILL", None))
        submit(defs, bench.instance, plans)
        with running_daemon(bench, NO_SENSORS, OLLAMA_HOST=stub.url) as daemon:
            killed = daemon.wait_for(lambda: at_work(1), "first run")
            pid = process_of(killed)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            daemon.wait_for(lambda: status(killed) == DagsterRunStatus.FAILURE, "failure of the run that was killed")
            canceled = daemon.wait_for(lambda: at_work(2), "second run")
            pid = process_of(canceled)
            assert pid is not None
            stub.answer_with(None)
            assert launcher.terminate(canceled.run_id)
            daemon.wait_for(lambda: status(canceled) == DagsterRunStatus.CANCELED, "end of the run that was canceled")
            wait_for(lambda: is_gone(pid), "end of its process")
            assert not launcher.terminate(canceled.run_id)
            daemon.wait_for(lambda: is_done(bench.store, plans[2], digest(bench)), "report of the third run")
        assert not any(is_done(bench.store, plan, digest(bench)) for plan in plans[:2])
        assert not any_held(project.path / "leases")
