"""Dagster's backfill daemon and run queue, driven in this process: the order of runs, and backfills that end early."""

import time
from collections.abc import Generator
from itertools import groupby
from logging import getLogger
from pathlib import Path
from typing import NamedTuple

import pytest
from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.remote_representation.external import RemoteRepository
from dagster._core.test_utils import InProcessTestWorkspaceLoadTarget, MockedRunLauncher, create_run_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon
from dagster._daemon.types import DaemonHeartbeat

from chimera_dagster.definitions import defs
from chimera_dagster.errors import DaemonError
from chimera_dagster.orchestration.backfill import follow, submit, unfinished
from chimera_dagster.orchestration.partitions import dagster_key, register
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from tests.conftest import ROOT

FIRST = SweepSpec.model_validate(
    {"models": ["m2", "m1"], "grid": {"num_gpu": [100], "num_ctx": [16384, 4096], "temperature": [1.0, 0.2]}}
)
LATER = SweepSpec.model_validate({"models": ["m0", "m1"], "grid": {"num_gpu": [99]}})
LOADS = 6  # of m0 one, of m1 three, of m2 two: the fewest for these trials


class Queue(NamedTuple):
    """An instance with this project's dagster.yaml whose runs are begun all at once and do nothing."""

    instance: DagsterInstance
    workspace: WorkspaceProcessContext
    plans: list[TrialPlan]

    def backfill_of_the_job(self, plans: list[TrialPlan]) -> None:
        """As its page in the UI asks for it."""
        backfill = PartitionBackfill(
            backfill_id="by-job",
            partition_set_origin=self._repository().get_partition_set("write_report_partition_set").get_remote_origin(),
            status=BulkActionStatus.REQUESTED,
            partition_names=[dagster_key(plan.trial) for plan in plans],
            from_failure=False,
            tags={},
            backfill_timestamp=time.time(),
        )
        self.instance.add_backfill(backfill)

    def submit_ingest(self) -> None:
        job = self._repository().get_full_job("ingest_reports")
        origins = {"remote_job_origin": job.get_remote_origin(), "job_code_origin": job.get_python_origin()}
        run = create_run_for_test(self.instance, job_name=job.name, status=DagsterRunStatus.NOT_STARTED, **origins)
        self.instance.submit_run(run.run_id, self.workspace.create_request_context())

    def _repository(self) -> RemoteRepository:
        [repository] = self.workspace.create_request_context().code_locations[0].get_repositories().values()
        return repository

    def state_of(self, backfill_id: str) -> BulkActionStatus:
        backfill = self.instance.get_backfill(backfill_id)
        assert backfill is not None
        return backfill.status

    def tick(self) -> None:
        """Of the backfill daemon: it submits the runs."""
        assert [error for error in execute_backfill_iteration(self.workspace, getLogger("backfill")) if error] == []

    def begun(self) -> list[str]:
        """The partitions of the runs that the queue begins now, in its order; a job's name where there is none."""
        list(QueuedRunCoordinatorDaemon(interval_seconds=1).run_iteration(self.workspace))
        launcher = self.instance.run_launcher
        assert isinstance(launcher, MockedRunLauncher)
        return [run.tags.get("dagster/partition", run.job_name) for run in launcher.queue()]


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Queue]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    config = (ROOT / "dagster.yaml").read_text().replace("max_concurrent_runs: 1", "max_concurrent_runs: 99")
    config = config.replace("dequeue_use_threads: true", "dequeue_use_threads: false")
    (tmp_path / "dagster.yaml").write_text(
        f"{config}\nrun_launcher: {{module: dagster._core.test_utils, class: MockedRunLauncher}}\n"
    )
    module = LoadableTargetOrigin(module_name="chimera_dagster.definitions", attribute="defs")
    target = InProcessTestWorkspaceLoadTarget(InProcessCodeLocationOrigin(module, location_name="chimera"))
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        beat(instance)
        for spec in (FIRST, LATER):
            register(instance, Store(tmp_path / "data"), spec.plans())
        with WorkspaceProcessContext(instance, target) as workspace:
            yield Queue(instance, workspace, [*FIRST.plans(), *LATER.plans()])


def beat(instance: DagsterInstance, ago_s: float = 0.0) -> None:
    """As a daemon that was alive so long ago."""
    instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - ago_s, "BACKFILL", None))


def loads(keys: list[str], plans: list[TrialPlan]) -> int:
    """How often a model is loaded when the trials of these partitions run in this order."""
    loaded = {dagster_key(plan.trial): (plan.model, plan.params.num_gpu, plan.params.num_ctx) for plan in plans}
    return sum(1 for _ in groupby(keys, key=lambda key: loaded[key]))


def test_a_backfill_of_assets_starts_its_runs_in_an_order_that_loads_models_seldom(queue: Queue) -> None:
    submit(defs, queue.instance, queue.plans)
    queue.tick()
    begun = queue.begun()
    assert sorted(begun) == sorted(dagster_key(plan.trial) for plan in queue.plans)
    assert loads(begun, queue.plans) == LOADS


def test_a_backfill_of_the_job_starts_its_runs_as_they_were_requested(queue: Queue) -> None:
    plans = queue.plans[::-1]
    queue.backfill_of_the_job(plans)
    queue.tick()
    assert queue.begun() == [dagster_key(plan.trial) for plan in plans]


def test_of_two_submissions_the_first_begins_first(queue: Queue) -> None:
    first, second = FIRST.plans()[:1], LATER.plans()[:1]
    submit(defs, queue.instance, first)
    queue.tick()
    queue.submit_ingest()
    submit(defs, queue.instance, second)
    queue.tick()
    keys = [dagster_key(plan.trial) for plan in (*first, *second)]
    assert queue.begun() == [keys[0], "ingest_reports", keys[1]]


def test_without_a_daemon_nothing_is_submitted_and_the_error_says_what_to_start(queue: Queue) -> None:
    beat(queue.instance, ago_s=120)
    with pytest.raises(DaemonError, match="Start 'chimera ui'"):
        submit(defs, queue.instance, queue.plans)
    assert queue.instance.get_backfills() == []


def test_a_daemon_that_dies_ends_the_following_but_not_the_backfill(queue: Queue) -> None:
    backfill = submit(defs, queue.instance, FIRST.plans()[:1])
    queue.tick()
    with pytest.raises(DaemonError):
        follow(queue.instance, backfill, lambda key, state, why: beat(queue.instance, ago_s=120))
    assert queue.state_of(backfill) == BulkActionStatus.REQUESTED


def test_ctrl_c_ends_the_following_but_not_the_backfill(queue: Queue) -> None:
    backfill = submit(defs, queue.instance, FIRST.plans()[:1])
    queue.tick()

    def interrupt(key: str, state: str, why: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(queue.instance, backfill, interrupt)
    assert queue.state_of(backfill) == BulkActionStatus.REQUESTED
    assert unfinished(queue.instance) == backfill


def test_each_trial_of_a_backfill_that_was_canceled_before_it_began_says_so(queue: Queue) -> None:
    plans = FIRST.plans()[:2]
    backfill = queue.instance.get_backfill(submit(defs, queue.instance, plans))
    assert backfill is not None
    queue.instance.update_backfill(backfill.with_status(BulkActionStatus.CANCELED))
    failures = follow(queue.instance, backfill.backfill_id, lambda key, state, why: None)
    assert failures == {plan.trial.key: "canceled" for plan in plans}
    assert unfinished(queue.instance) is None
