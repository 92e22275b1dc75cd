"""Runs as a launcher starts them, on two lanes with an Ollama server each: who measures where, what the dead leave."""

import json
import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from dagster import DagsterRun, DagsterRunStatus, RunsFilter

from chimera_dagster.gpu.holder import Holder
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import lane_states
from chimera_dagster.gpu.tickets import waiting
from chimera_dagster.orchestration.lost_runs import fail_lost_runs
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from tests.conftest import Project
from tests.forked import Forked, run_job
from tests.integration.bench import Bench, bench_in
from tests.stub_ollama import PIECES, Answer, StubOllama
from tests.waiting import is_gone, wait_for

TRIALS, STAGES = 4, 3  # a trial is its warm-up, the analysis and the report
STALLED = Answer(PIECES, stall_before=3)


class Floor(NamedTuple):
    """A project, and two lanes with a stub each."""

    bench: Bench
    stubs: dict[str, StubOllama]
    environment: dict[str, str]

    @property
    def leases(self) -> Path:
        return self.bench.project.path / "leases"

    def holders(self) -> list[Holder]:
        found = lane_states([Lane(name, None, None) for name in self.stubs], self.leases)
        return [each.holder for each in found if each.holder is not None]

    def plans(self, parameter: str, values: range) -> list[TrialPlan]:
        spec: dict[str, Any] = {"models": ["gemma3:270m"], "engine": "ollama", "max_tokens": 32}
        return self.bench.register(SweepSpec.model_validate(spec | {"grid": {parameter: list(values)}}))

    def start(self, plan: TrialPlan) -> Forked:
        path = self.bench.project.path
        return Forked(run_job, "write_report", plan.trial.key, folder=path, env=self.environment)

    def run_of(self, plan: TrialPlan) -> DagsterRun:
        [run] = self.bench.instance.get_runs(RunsFilter(tags={"dagster/partition": plan.trial.key}), limit=1)
        return run

    def said(self, run_id: str) -> str:
        return "\n".join(entry.message for entry in self.bench.instance.all_logs(run_id))

    def files(self, plan: TrialPlan) -> set[str]:
        return {path.name for path in self.bench.store.folder_of(plan.trial).path.iterdir()}


@pytest.fixture(scope="module")
def floor(shared_project: Project) -> Generator[Floor]:
    with bench_in(shared_project) as bench, StubOllama() as first, StubOllama() as second:
        assert bench.runner.ingest_reports() is None
        environment = shared_project.environment(
            DAGSTER_HOME=os.environ["DAGSTER_HOME"],
            CHIMERA_GPUS="0,1",
            CHIMERA_OLLAMA_ENDPOINTS=f"{first.url},{second.url}",
        )
        yield Floor(bench, {"gpu-0.0": first, "gpu-1.0": second}, environment)


@pytest.fixture
def stalled(floor: Floor) -> Generator[None]:
    """Every generation says a few words, and then nothing more."""
    for stub in floor.stubs.values():
        stub.answer_with(STALLED)
    yield
    for stub in floor.stubs.values():
        stub.answer_with(None)


def test_trials_are_split_evenly_and_each_has_one_lane_for_itself(floor: Floor) -> None:
    plans = floor.plans("top_k", range(1, TRIALS + 1))
    for stub in floor.stubs.values():
        stub.seconds_between = 0.01  # so that a trial takes longer than another takes to begin
    runs = [floor.start(plan) for plan in plans]
    assert [run.ended().returncode for run in runs] == [0] * TRIALS
    measured_at: dict[str, list[int]] = {}
    for plan in plans:
        metrics = json.loads(floor.bench.store.folder_of(plan.trial).metrics.read_text())
        seen = metrics["environment"]["variables"]
        lane = seen["CHIMERA_LANE"]
        assert seen["CUDA_VISIBLE_DEVICES"] == lane.removeprefix("gpu-").removesuffix(".0")
        assert seen["OLLAMA_HOST"] == floor.stubs[lane].url
        assert metrics["engine"]["reason"] == f"Ollama at {floor.stubs[lane].url} has gemma3:270m"
        measured_at.setdefault(lane, []).append(plan.params.top_k or 0)
    assert sorted(map(len, measured_at.values())) == [TRIALS // 2, TRIALS // 2]
    for lane, stub in floor.stubs.items():
        asked = [body["options"]["top_k"] for body in stub.generations()]
        order = list(dict.fromkeys(asked))
        assert asked == [top_k for top_k in order for _ in range(STAGES)]  # no other trial in between
        assert sorted(order) == sorted(measured_at[lane])
    assert floor.holders() == []


@pytest.mark.usefixtures("stalled")
def test_kill_9_of_the_steps_process_fails_the_run_and_frees_the_lane(floor: Floor) -> None:
    [plan] = floor.plans("top_k", range(20, 21))
    run = floor.start(plan)
    wait_for(floor.holders, "holder")
    [holder] = floor.holders()
    assert holder.trial == plan.trial.key
    assert holder.run_id == floor.run_of(plan).run_id
    assert psutil.Process(holder.pid).ppid() == run.pid
    os.kill(holder.pid, signal.SIGKILL)
    assert run.ended().returncode == 1
    assert floor.run_of(plan).status == DagsterRunStatus.FAILURE
    assert floor.holders() == []
    assert floor.files(plan) == {"trial.json"}


@pytest.mark.usefixtures("stalled")
def test_kill_9_of_the_run_leaves_no_process_and_frees_the_lane(floor: Floor) -> None:
    [plan] = floor.plans("top_k", range(30, 31))
    run = floor.start(plan)
    wait_for(floor.holders, "holder")
    [holder] = floor.holders()
    os.kill(run.pid, signal.SIGKILL)
    assert run.ended().returncode == -signal.SIGKILL
    wait_for(lambda: is_gone(holder.pid), "end of the step's process")
    assert floor.holders() == []
    assert floor.files(plan) == {"trial.json"}
    assert all(stub.is_left() for stub in floor.stubs.values())
    lost = floor.run_of(plan)
    assert lost.status == DagsterRunStatus.STARTED  # nobody was left to tell of it
    assert fail_lost_runs(floor.bench.instance) == [lost.run_id]
    assert floor.run_of(plan).status == DagsterRunStatus.FAILURE
    assert f"pid {run.pid}" in floor.said(lost.run_id)


@pytest.mark.usefixtures("stalled")
def test_runs_that_are_terminated_are_canceled_be_they_at_work_or_waiting(floor: Floor) -> None:
    plans = floor.plans("top_k", range(40, 43))
    runs = [floor.start(plan) for plan in plans]
    wait_for(lambda: len(floor.holders()) == 2 and waiting(floor.leases), "holders and one that waits")
    [last] = waiting(floor.leases)
    wait_for(
        lambda: "Waiting for a lane; held now: gpu-0.0 by gemma3:270m|" in floor.said(last.run_id), "word of waiting"
    )
    folder = floor.bench.project.data.resolve()
    assert floor.said(last.run_id).count(f" of {folder} since ") == 2
    working = [holder.run_id for holder in floor.holders()]
    for run_id in working:  # its page shows where it is
        wait_for(lambda of=run_id: "gemma3:270m: loading, " in floor.said(of), "word of progress")
    for plan, run in sorted(zip(plans, runs, strict=True), key=lambda each: each[0].trial.key != last.trial):
        floor.bench.instance.report_run_canceling(floor.run_of(plan))  # as the UI does, before it sends the signal
        os.kill(run.pid, signal.SIGTERM)
        run.ended()
        assert floor.run_of(plan).status == DagsterRunStatus.CANCELED
        events = [str(entry.dagster_event) for entry in floor.bench.instance.all_logs(floor.run_of(plan).run_id)]
        assert not [event for event in events if "STEP_FAILURE" in event or "execute_step" in event]  # no stack frames
        assert floor.files(plan) == {"trial.json"}
    assert floor.holders() == []
    assert waiting(floor.leases) == []
