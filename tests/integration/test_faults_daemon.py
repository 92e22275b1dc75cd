"""kill -9 of Dagster's daemon, then of all there is, in the midst of a night's trials: a restart does the rest."""

from dagster import DagsterRunStatus
from dagster._core.test_utils import create_run_for_test

from chimera_dagster.orchestration.partitions import register
from chimera_dagster.orchestration.sensors.night import NIGHTLY
from tests.conftest import Project
from tests.integration.aftermath import NOTHING, aftermath
from tests.integration.bench import bench_in
from tests.integration.daemon import running_daemon
from tests.integration.sweeping import SLOW_S, Sweeping
from tests.stub_ollama import StubOllama


def test_a_night_ends_well_though_the_daemon_and_then_everything_is_killed(project: Project) -> None:
    with bench_in(project) as bench, StubOllama(seconds_between=SLOW_S) as stub:
        assert bench.runner.ingest_reports() is None
        plans = Sweeping(project, stub).trials(range(1, 4))
        register(bench.instance, bench.store, plans)
        create_run_for_test(bench.instance, job_name="ingest_reports", status=DagsterRunStatus.SUCCESS, tags=NIGHTLY)

        def at_work_on(top_k: int) -> bool:
            return any(body["options"]["top_k"] == top_k for body in stub.generations())

        with running_daemon(bench, OLLAMA_HOST=stub.url) as first:
            first.wait_for(lambda: at_work_on(1), "first trial")
            first.kill()
            with running_daemon(bench, OLLAMA_HOST=stub.url) as second:
                second.wait_for(lambda: at_work_on(2), "second trial")
                second.kill_all()
                first.kill_all()
        [begun] = [run for run in first.runs("write_report") if run.status == DagsterRunStatus.STARTED]
        assert begun.tags["dagster/partition"] == plans[1].trial.key
        with running_daemon(bench, OLLAMA_HOST=stub.url) as third:
            third.wait_for(lambda: aftermath(project, plans) == NOTHING, "end of all trials")
            ended = {run.run_id: run for run in third.runs("write_report")}
        assert ended.pop(begun.run_id).status == DagsterRunStatus.FAILURE
        assert {run.status for run in ended.values()} == {DagsterRunStatus.SUCCESS}
        assert [run.tags["chimera/retry_of"] for run in ended.values() if "chimera/retry_of" in run.tags] == [
            begun.run_id
        ]
        assert any(begun.run_id[:8] in word for word in third.said("lost_runs"))
