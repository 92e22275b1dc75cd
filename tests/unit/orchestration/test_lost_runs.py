"""Runs are ended whose process has died, and no others."""

import os
import signal
from collections.abc import Generator

import pytest
from dagster import DagsterInstance, DagsterRunStatus

from chimera_dagster.orchestration.lost_runs import PROCESS_TAG, fail_lost_runs, process_tag
from chimera_dagster.orchestration.sensors import lost_runs
from tests.unit.orchestration.daemon import Ticking, new_run, workspace_at

NEW = "a run's id"


class Worker:
    """A process that runs until it is killed, and the tag that it gives its run."""

    def __init__(self) -> None:
        said, says = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.write(says, process_tag(NEW)[PROCESS_TAG].encode())
            signal.pause()
        self._tag = os.read(said, 1000).decode()
        os.close(said)
        os.close(says)

    def tag(self, run: str) -> dict[str, str]:
        return {PROCESS_TAG: self._tag.replace(NEW, run)}

    def kill(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


@pytest.fixture
def worker() -> Generator[Worker]:
    process = Worker()
    yield process
    process.kill()


@pytest.fixture
def instance() -> Generator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


def begun(instance: DagsterInstance, worker: Worker, status: DagsterRunStatus = DagsterRunStatus.STARTED) -> str:
    run = new_run(instance, "write_report", status, {})
    instance.add_run_tags(run, worker.tag(run))
    return run


def status_of(instance: DagsterInstance, run: str) -> DagsterRunStatus:
    found = instance.get_run_by_id(run)
    assert found is not None
    return found.status


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DagsterRunStatus.NOT_STARTED, DagsterRunStatus.FAILURE),
        (DagsterRunStatus.STARTED, DagsterRunStatus.FAILURE),
        (DagsterRunStatus.CANCELING, DagsterRunStatus.CANCELED),
        (DagsterRunStatus.SUCCESS, DagsterRunStatus.SUCCESS),
    ],
)
def test_a_run_ends_with_its_process(
    instance: DagsterInstance, worker: Worker, before: DagsterRunStatus, after: DagsterRunStatus
) -> None:
    run = begun(instance, worker, before)
    assert fail_lost_runs(instance) == []
    assert status_of(instance, run) == before
    worker.kill()
    assert fail_lost_runs(instance) == [run] * (before != after)
    assert status_of(instance, run) == after
    assert fail_lost_runs(instance) == []


def test_the_run_says_what_happened_and_what_to_do(instance: DagsterInstance, worker: Worker) -> None:
    run, pid = begun(instance, worker), worker.pid
    worker.kill()
    fail_lost_runs(instance)
    [said] = [entry.message for entry in instance.all_logs(run)]
    assert "was killed, or the machine went down" in said
    assert f", pid {pid}, " in said
    assert "run 'chimera sweep', or launch the run again" in said


def test_runs_of_other_hosts_and_those_that_only_inherited_the_tag_are_left_alone(
    instance: DagsterInstance, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(instance, worker)
    new_run(instance, "write_report", DagsterRunStatus.STARTING, worker.tag(run))  # launched again from the first
    new_run(instance, "write_report", DagsterRunStatus.STARTED, {})
    worker.kill()
    with monkeypatch.context() as patch:
        patch.setattr("socket.gethostname", lambda: "elsewhere")
        assert fail_lost_runs(instance) == []
    assert fail_lost_runs(instance) == [run]


def test_a_later_process_of_the_same_id_is_not_taken_for_the_one_that_died(instance: DagsterInstance) -> None:
    run = new_run(instance, "write_report", DagsterRunStatus.STARTED, {})
    instance.add_run_tags(run, process_tag(run))
    assert fail_lost_runs(instance) == []
    tag = process_tag(run)[PROCESS_TAG]
    instance.add_run_tags(run, {PROCESS_TAG: tag.replace("begun ", "begun 9")})
    assert fail_lost_runs(instance) == [run]


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_clock_that_is_set_ends_no_run(
    instance: DagsterInstance, worker: Worker, monkeypatch: pytest.MonkeyPatch, jump: int
) -> None:
    from psutil import _pslinux

    begun(instance, worker)
    boot_time = _pslinux.boot_time
    monkeypatch.setattr(_pslinux, "boot_time", lambda: boot_time() + jump)  # what the kernel says after it was set
    assert fail_lost_runs(instance) == []


def test_the_sensor_says_which_runs_it_ended(
    instance: DagsterInstance, worker: Worker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ticking = Ticking(lost_runs, workspace_at(tmp_path_factory.getbasetemp()), instance)
    run = begun(instance, worker)
    assert ticking.tick() == "Every started run has a live process."
    worker.kill()
    assert ticking.tick() == f"Marked as failed, as their process no longer runs: {run[:8]}."
