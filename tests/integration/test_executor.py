"""The executor against the Dagster that is installed: each way through it, with a job of small steps."""

import json
import multiprocessing.forkserver
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from dagster import DagsterEventType, DagsterInstance, execute_job, reconstructable
from dagster._core.test_utils import instance_for_test

from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import lane_states
from tests.integration.toy_job import toy_job

LANES = {"gpus": [0, "GPU-b"], "endpoints": ["http://127.0.0.1:1", "http://127.0.0.1:2"]}
FIRST, SECOND = Lane("gpu-0.0", "0", "http://127.0.0.1:1"), Lane("GPU-b.0", "GPU-b", "http://127.0.0.1:2")


class Ran(NamedTuple):
    """A run: whether it went well, what each step saw, and its events as (type, step, message)."""

    success: bool
    seen: dict[str, dict[str, Any]]
    events: list[tuple[str, str | None, str]]

    def said(self, kind: DagsterEventType, step: str = "on_gpu") -> list[str]:
        return [text for each, of, text in self.events if (each, of) == (kind.value, step)]


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CHIMERA_LEASES_DIR", str(tmp_path / "leases"))

    def ran(does: str = "well", resource_fails: bool = False, **executor: Any) -> Ran:
        ops = {name: {"config": {"folder": str(tmp_path), "does": does}} for name in ("before", "on_gpu", "after")}
        config = {
            "ops": ops,
            "execution": {"config": LANES | executor},
            "resources": {"thing": {"config": {"fails": resource_fails}}},
        }
        result = execute_job(reconstructable(toy_job), instance, run_config=config)
        seen = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
        events = [
            (entry.dagster_event.event_type_value, entry.dagster_event.step_key, str(entry.dagster_event))
            for entry in instance.all_logs(result.run_id)
            if entry.dagster_event is not None
        ]
        assert not any(each.held for each in lane_states([FIRST, SECOND], tmp_path / "leases"))
        return Ran(result.success, seen, events)

    return ran


@pytest.fixture(scope="module")
def instance() -> Generator[DagsterInstance]:
    with instance_for_test() as instance:
        yield instance


@pytest.mark.parametrize("start_method", ["fork", "forkserver"])
def test_each_step_has_a_process_and_only_a_gpu_step_has_a_lane(run: Run, start_method: str) -> None:
    # One that earlier tests have started would give the step their environment.
    multiprocessing.forkserver._forkserver._stop()
    ran = run(start_method=start_method)
    assert ran.success
    gpu = ran.seen["on_gpu"]
    assert len({os.getpid(), *(step["pid"] for step in ran.seen.values())}) == 1 + len(ran.seen)
    assert (gpu["CHIMERA_LANE"], gpu["CUDA_VISIBLE_DEVICES"], gpu["OLLAMA_HOST"]) == FIRST
    assert gpu["leases"] == {"gpu-0.0.lease": True}
    assert ran.seen["after"]["leases"] == {"gpu-0.0.lease": False}
    assert {ran.seen[step]["CHIMERA_LANE"] for step in ("before", "after")} == {None}


def test_a_step_may_free_its_lane_before_it_ends(run: Run) -> None:
    assert run("early").seen["on_gpu"]["leases"] == {"gpu-0.0.lease": False}


def test_a_step_that_fails_says_why_and_what_follows_is_not_run(run: Run) -> None:
    ran = run("fail", retries={"disabled": {}})
    assert not ran.success
    assert "failed as planned" in ran.said(DagsterEventType.STEP_FAILURE)[0]
    assert set(ran.seen) == {"before"}


def test_a_step_that_is_killed_fails_with_how_it_ended(run: Run) -> None:
    ran = run("die")
    assert not ran.success
    assert len(ran.said(DagsterEventType.STEP_UP_FOR_RETRY)) == 1
    [failure] = ran.said(DagsterEventType.STEP_FAILURE)
    assert "its process was killed by SIGKILL" in failure
    assert set(ran.seen) == {"before"}


def test_a_step_that_is_killed_once_is_tried_again(run: Run) -> None:
    ran = run("die once")
    assert ran.success
    assert set(ran.seen) == {"before", "on_gpu", "after"}


def test_a_resource_that_fails_is_the_steps_failure(run: Run) -> None:
    ran = run(resource_fails=True, retries={"disabled": {}})
    assert not ran.success
    assert "no thing as planned" in ran.said(DagsterEventType.STEP_FAILURE)[0]


@pytest.mark.parametrize("gpus", ["many", []])
def test_lanes_that_can_not_be_are_the_steps_failure(run: Run, gpus: object) -> None:
    ran = run(gpus=gpus, endpoints=[])
    assert not ran.success
    [failure] = ran.said(DagsterEventType.STEP_FAILURE)
    assert "gpus " in failure
