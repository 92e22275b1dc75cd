"""Backfills by Dagster's daemon: what fails alone, what is done again, and that every way leaves the same behind."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest
from dagster import DagsterEventType, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._daemon.types import DaemonHeartbeat

from chimera_dagster.orchestration.backfill import State, follow, unfinished
from chimera_dagster.orchestration.jobs import TRIAL_ASSETS
from chimera_dagster.orchestration.workspace import RESUME, SWEEP_TAG
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from chimera_dagster.steps.done import is_done
from chimera_dagster.steps.ingest import data_digest
from tests.conftest import Project
from tests.integration.bench import Bench, bench_in
from tests.integration.daemon import CODE, NO_SENSORS, running_daemon
from tests.stub_ollama import GENERATIONS, Answer, Json, StubOllama
from tests.waiting import wait_for

GRID = SweepSpec.model_validate(
    {
        "engine": "ollama",
        "models": ["smollm2:135m", "gemma3:270m"],
        "grid": {"temperature": [0.2, 1.0]},
        "max_tokens": 16,
    }
)
LEFT = {DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_CHECK_EVALUATION}
REFUSED = Answer(status=400, body={"error": "no temperature above 0.5 today"})


class Refusing(StubOllama):
    """Refuses one model at one temperature, as long as it is told to."""

    refuses = True

    def answer(self, path: str, body: Json) -> Answer:
        if path in GENERATIONS and self.refuses and body["model"] == "gemma3:270m":
            return REFUSED if body["options"]["temperature"] > 0.5 else super().answer(path, body)
        return super().answer(path, body)


@dataclass(frozen=True)
class Backfilled:
    """A grid that was backfilled, where one trial failed; then that trial by a backfill of the job's command."""

    bench: Bench
    stub: Refusing
    plans: list[TrialPlan]
    failures: dict[str, str]
    heard: list[tuple[str, State]]
    first: str
    seen_at_work: set[str | None]
    sweeps: list["subprocess.CompletedProcess[str]"]
    """`chimera sweep --daemon` that asked for it, and another one before it had finished."""

    @property
    def failed(self) -> TrialPlan:
        return self.plans[-1]

    def runs(self, **tags: str) -> list[DagsterRun]:
        """In the order in which they began."""
        records = self.bench.instance.get_run_records(RunsFilter(tags=tags))
        return [each.dagster_run for each in sorted(records, key=lambda each: each.start_time or 0)]


def dagster(bench: Bench, *arguments: str) -> None:
    """One of Dagster's own commands, in the project and on the daemon's code."""
    environment = bench.project.environment(**homes())
    command = [sys.executable, "-m", "dagster", *arguments, "-f", CODE]
    done = subprocess.run(
        command, cwd=bench.project.path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr


def homes() -> dict[str, str]:
    return {name: os.environ[name] for name in ("DAGSTER_HOME", "OLLAMA_HOST")}


@pytest.fixture(scope="module")
def backfilled(shared_project: Project) -> Generator[Backfilled]:
    shared_project.spec.write_text(GRID.model_dump_json())
    heard: list[tuple[str, State]] = []
    seen_at_work: set[str | None] = set()
    with bench_in(shared_project) as bench, Refusing() as stub, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OLLAMA_HOST", stub.url)
        assert bench.runner.ingest_reports() is None
        plans = bench.register(GRID)

        def on_change(key: str, state: State, why: str) -> None:
            heard.append((key, state))
            seen_at_work.add(unfinished(bench.instance) if state == "queued" else None)

        # A daemon looks for backfills when it starts, and then every half minute.
        bench.instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "BACKFILL", None))
        asking = shared_project.fork("sweep", "--daemon", "--json", **homes())
        first = wait_for(lambda: unfinished(bench.instance), "backfill")
        asking_too = shared_project.fork("sweep", "--daemon", "--json", **homes())
        with running_daemon(bench, NO_SENSORS, OLLAMA_HOST=stub.url) as daemon:
            failures = follow(bench.instance, first, on_change, every_s=0.2)
            sweeps = [sweep.ended() for sweep in (asking, asking_too)]
            done = Backfilled(bench, stub, plans, failures, heard, first, seen_at_work - {None}, sweeps)
            stub.refuses = False
            keys = [plan.trial.key for plan in plans if not is_done(bench.store, plan, digest(bench))]
            dagster(bench, "job", "backfill", "-j", "write_report", "--partitions", ",".join(keys), "--noprompt")
            not_finished = RunsFilter(statuses=NOT_FINISHED_STATUSES)
            daemon.wait_for(lambda: bench.instance.get_runs_count(not_finished) == 0, "end of all runs")
        yield done


def digest(bench: Bench) -> str:
    return data_digest(bench.store, bench.workspace.settings.reports)


def test_one_failure_is_that_trials_alone_with_its_reason(backfilled: Backfilled) -> None:
    failed = backfilled.failed.trial.key
    assert list(backfilled.failures) == [failed]
    assert "no temperature above 0.5 today" in backfilled.failures[failed]
    ends = {key: state for key, state in backfilled.heard if state in ("done", "failed")}
    assert ends == {plan.trial.key: "failed" if plan is backfilled.failed else "done" for plan in backfilled.plans}
    assert backfilled.seen_at_work == {backfilled.first}
    assert unfinished(backfilled.bench.instance) is None


def test_a_sweep_by_the_daemon_asks_once_and_tells_how_each_trial_went(backfilled: Backfilled) -> None:
    asked, followed = backfilled.sweeps
    assert "An earlier backfill" not in asked.stderr
    assert f"An earlier backfill {backfilled.first} has not finished" in followed.stderr
    for sweep in backfilled.sweeps:
        assert sweep.returncode == 1, sweep.stderr
        rows = json.loads(sweep.stdout)
        assert {f"{row['model']}|{row['params']}": row["status"] for row in rows} == {
            plan.trial.key: "failed" if plan is backfilled.failed else "done" for plan in backfilled.plans
        }
        assert [row["reason"] for row in rows if row["reason"]] == [*backfilled.failures.values()]
        assert f" {backfilled.failed.trial.key}: failed, " in sweep.stderr


def test_the_reason_is_the_same_as_where_the_trial_runs_in_this_process(backfilled: Backfilled) -> None:
    backfilled.stub.refuses = True
    said = backfilled.bench.runner.write_report(backfilled.failed)
    backfilled.stub.refuses = False
    [because] = backfilled.failures.values()
    assert said == because


def test_each_configuration_is_one_run_and_only_what_failed_ran_twice(backfilled: Backfilled) -> None:
    runs = backfilled.runs(**{"dagster/backfill": backfilled.first})
    assert sorted(run.tags["dagster/partition"] for run in runs) == sorted(plan.trial.key for plan in backfilled.plans)
    assert all(run.tags[SWEEP_TAG] == RESUME for run in runs)
    again = [run for run in backfilled.runs() if run.job_name == "write_report"]
    assert [run.tags["dagster/partition"] for run in again if "dagster/backfill" in run.tags] == [
        backfilled.failed.trial.key
    ]


def test_every_way_leaves_the_same_events_metadata_checks_and_files(backfilled: Backfilled) -> None:
    bench, (by_command, here, by_backfill, by_job) = backfilled.bench, backfilled.plans
    assert bench.runner.write_report(here) is None
    keys = ",".join(TRIAL_ASSETS)
    dagster(bench, "asset", "materialize", "--select", keys, "--partition", by_command.trial.key)
    left = [left_by(bench, plan) for plan in (by_command, here, by_backfill, by_job)]
    assert {asset for asset, _ in left[0]["metadata"]} == set(TRIAL_ASSETS)
    assert len(left[0]["checks"]) == 5
    assert "report.html" in left[0]["files"]
    assert left[1:] == left[:1] * 3
    assert all(is_done(bench.store, plan, digest(bench)) for plan in backfilled.plans)


def left_by(bench: Bench, plan: TrialPlan) -> dict[str, set[Any]]:
    """What the last run of a trial left: events with their metadata's labels, checks, and files."""
    done = RunsFilter(tags={"dagster/partition": plan.trial.key}, statuses=[DagsterRunStatus.SUCCESS])
    newest = bench.instance.get_runs(done, limit=1)
    events = [entry.dagster_event for entry in bench.instance.all_logs(newest[0].run_id, of_type=LEFT)]
    found: dict[str, set[Any]] = {"metadata": set(), "checks": set()}
    for event in events:
        assert event is not None
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            made = event.step_materialization_data.materialization
            found["metadata"] |= {(made.asset_key.to_user_string(), label) for label in made.metadata}
            assert made.partition == plan.trial.key
        else:
            check = event.asset_check_evaluation_data
            found["checks"].add((check.asset_key.to_user_string(), check.check_name, check.severity))
            assert check.partition == plan.trial.key
    folder = bench.store.folder_of(plan.trial).path
    left = {path.name for path in folder.iterdir()} - {"failures.json"}  # of the run before, which failed
    return found | {"files": left}
