"""The sensors as Dagster's daemon runs them."""

from dagster import DagsterRunStatus
from dagster._core.test_utils import create_run_for_test

from chimera_dagster.orchestration.sensors.night import NIGHTLY
from chimera_dagster.spec.sweep import load_spec
from tests.conftest import Project
from tests.integration.bench import bench_in
from tests.integration.daemon import running_daemon


def test_a_changed_folder_is_ingested_once_by_the_daemon(project: Project) -> None:
    with bench_in(project) as bench, running_daemon(bench) as daemon:

        def ended_well(count: int) -> bool:
            runs = daemon.runs("ingest_reports")
            return [run.status for run in runs] == [DagsterRunStatus.SUCCESS] * count

        daemon.wait_for(lambda: ended_well(1), "ingest of the folder as it was found")
        for number in range(3):
            (project.reports / f"new{number}.csv").write_text(f"model,ttft_ms\nm:{number},5\n")
        daemon.wait_for(lambda: ended_well(2), "ingest of the new files")
        daemon.wait_for(lambda: "The tables are up to date: 8 files." in daemon.said("reports_folder"), "quiet tick")
        first, second = daemon.runs("ingest_reports")
        assert {run.tags["dagster/sensor_name"] for run in (first, second)} == {"reports_folder"}
        assert first.tags["chimera/reports"] != second.tags["chimera/reports"]
        assert any("changed just now" in why for why in daemon.said("reports_folder"))
        assert len(bench.store.read_table("benchmark_files")) == 8


def test_a_trial_that_fails_in_the_night_is_tried_again_as_often_as_was_said(project: Project) -> None:
    project.spec.write_text("engine: ollama\nmodels: [smollm2:135m]\nserver_wait_s: 1\n")
    with bench_in(project) as bench:
        assert bench.runner.ingest_reports() is None
        [plan] = bench.register(load_spec(project.spec))
        night = create_run_for_test(
            bench.instance, job_name="ingest_reports", status=DagsterRunStatus.SUCCESS, tags=NIGHTLY
        )
        # on a port that nothing listens on
        with running_daemon(bench, OLLAMA_HOST="127.0.0.1:1", CHIMERA_TRIAL_RETRIES="1") as daemon:
            key = plan.trial.key
            last = f"{key} failed in attempt 2 of 2, the last."
            daemon.wait_for(lambda: last in daemon.said("failed_trials"), "second failure")
            first, second = daemon.runs("write_report")
            assert {run.status for run in (first, second)} == {DagsterRunStatus.FAILURE}
            assert {run.tags["dagster/partition"] for run in (first, second)} == {key}
            assert first.tags["chimera/round"] == night.run_id
            assert (second.tags["chimera/attempt"], second.tags["chimera/retry_of"]) == ("2", first.run_id)
