"""The project on a stock Dagster instance: Dagster's own storage, queue and launcher, nothing of dagster.yaml."""

import os
import time

from dagster import DagsterRunStatus, RunsFilter
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._daemon.types import DaemonHeartbeat

from chimera_dagster.definitions import defs
from chimera_dagster.orchestration.backfill import submit
from chimera_dagster.steps.done import is_done
from tests.conftest import Project
from tests.integration.bench import bench_in
from tests.integration.daemon import NO_SENSORS, running_daemon
from tests.integration.sweeping import Sweeping
from tests.integration.test_backfill import digest
from tests.stub_ollama import StubOllama

STOCK = "telemetry: {enabled: false}\n"


def test_the_daemon_and_the_command_line_run_trials_on_it(project: Project) -> None:
    (project.path / "dagster.yaml").write_text(STOCK)
    with bench_in(project) as bench, StubOllama() as stub:
        assert (project.data / "dagster_home" / "dagster.yaml").read_text() == STOCK
        assert isinstance(bench.instance.event_log_storage, SqliteEventLogStorage)
        assert bench.runner.ingest_reports() is None
        plans = bench.register(Sweeping(project, stub).trials(range(1, 3))[0].spec)
        bench.instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "BACKFILL", None))
        submit(defs, bench.instance, plans[:1])
        keys = [plan.trial.key for plan in plans]
        succeeded = RunsFilter(tags={"dagster/partition": keys}, statuses=[DagsterRunStatus.SUCCESS])
        with running_daemon(bench, NO_SENSORS, OLLAMA_HOST=stub.url) as daemon:
            daemon.wait_for(lambda: bench.instance.get_runs_count(succeeded) == 1, "run of the first trial")
        sweep = project.forked("sweep", DAGSTER_HOME=os.environ["DAGSTER_HOME"], OLLAMA_HOST=stub.url)
        assert sweep.returncode == 0, sweep.stderr
        assert bench.instance.get_runs_count(succeeded) == 2
        assert all(is_done(bench.store, plan, digest(bench)) for plan in plans)
