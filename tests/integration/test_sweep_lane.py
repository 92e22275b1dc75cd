"""`chimera sweep` measures in its own process, and takes a lease for it like any run."""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from dagster import RunsFilter

from chimera_dagster.gpu.holder import Holder, holder
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import acquire, lane_states
from chimera_dagster.orchestration.home import prepare_home
from chimera_dagster.settings import Settings
from tests.conftest import ROOT, Project
from tests.forked import Forked, run_chimera
from tests.integration.bench import bench_in
from tests.integration.test_pinned_runs import STALLED
from tests.stub_ollama import StubOllama
from tests.waiting import is_gone, wait_for

GPU = Lane("gpu-3.0", "3", None)
STAGES = 3  # a trial is its warm-up, the analysis and the report
SPEC = "engine: ollama\nmodels: [gemma3:270m]\nmax_tokens: 16\ngrid: {top_k: [1, 2]}\n"


class Watched(StubOllama):
    """Keeps who held the lane at each generation."""

    def __init__(self, leases: Path) -> None:
        super().__init__()
        self.leases, self.holders = leases, list[Holder | None]()

    def _generate(self, path: str, body: dict[str, object]) -> object:
        self.holders.append(lane_states([GPU], self.leases)[0].holder)
        return super()._generate(path, body)


def test_a_sweep_waits_for_its_lane_and_keeps_it_for_all_of_its_trials(project: Project) -> None:
    project.spec.write_text(SPEC)
    leases = project.path / "leases"
    with Watched(leases) as stub, acquire([GPU], holder("a-run", "its trial", project.data), leases) as lease:
        sweep = project.fork("sweep", "--json", CHIMERA_GPUS="3", OLLAMA_HOST=stub.url)
        waits = f"waiting for a lane; held: gpu-3.0 by its trial (pid {os.getpid()}) of {project.data.resolve()} since "
        wait_for(lambda: waits in sweep.said()[1], "word of waiting")
        assert stub.generations() == []
        lease.release()
        stdout, stderr = sweep.communicate(timeout=120)
        assert sweep.returncode == 0, stderr
        held_by = [(who.pid, who.trial) for who in stub.holders if who is not None]
    rows = json.loads(stdout)
    [worker] = {pid for pid, _ in held_by}
    order = list(dict.fromkeys(trial for _, trial in held_by))
    assert [trial for _, trial in held_by] == [trial for trial in order for _ in range(STAGES)]
    assert set(order) == {f"{row['model']}|{row['params']}" for row in rows}
    assert is_gone(worker)
    for row in rows:
        seen = json.loads((project.path / row["report"]).with_name("metrics.json").read_text())["environment"][
            "variables"
        ]
        assert (seen["CHIMERA_LANE"], seen["CUDA_VISIBLE_DEVICES"], seen["OLLAMA_HOST"]) == ("gpu-3.0", "3", stub.url)
    assert not lane_states([GPU], leases)[0].held


def in_the_background(*arguments: str) -> None:
    """`chimera` as a shell's `&` starts it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run_chimera(*arguments)


class TwoLanes(NamedTuple):
    """A project with a stub for each of two GPUs, its trials `top_k` 1 to 4 of one model."""

    project: Project
    stubs: dict[str, StubOllama]

    def sweep(self, run: Callable[..., None] = run_chimera) -> Forked:
        endpoints = ",".join(stub.url for stub in self.stubs.values())
        environment = self.project.environment(CHIMERA_GPUS="0,1", CHIMERA_OLLAMA_ENDPOINTS=endpoints)
        return Forked(run, "sweep", "--json", folder=self.project.path, env=environment)

    def rows(self, sweep: Forked, code: int) -> list[dict[str, Any]]:
        stdout, stderr = sweep.communicate(timeout=120)
        assert sweep.returncode == code, stderr
        return json.loads(stdout)

    def measured(self) -> list[int]:
        """`top_k` of each trial of which a report was asked for, as often as it was."""
        asked = [body["options"] for stub in self.stubs.values() for body in stub.generations()]
        counts = Counter(each["top_k"] for each in asked if each["num_predict"] > 1)
        return sorted(key for key, count in counts.items() for _ in range(count // 2))

    def holders(self) -> list[Holder]:
        found = lane_states([Lane(name, None, None) for name in self.stubs], self.project.path / "leases")
        return [each.holder for each in found if each.holder]

    def statuses(self) -> Counter[str]:
        """Of all runs of trials that the instance knows."""
        with bench_in(self.project) as bench:
            return Counter(run.status.value for run in bench.instance.get_runs(RunsFilter(job_name="write_report")))


@pytest.fixture
def two_lanes(project: Project) -> Generator[TwoLanes]:
    project.spec.write_text(SPEC.replace("[1, 2]", "[1, 2, 3, 4]"))
    with StubOllama(seconds_between=0.01) as first, StubOllama(seconds_between=0.01) as second:
        yield TwoLanes(project, {"gpu-0.0": first, "gpu-1.0": second})


def test_a_sweep_splits_its_trials_over_all_lanes(two_lanes: TwoLanes) -> None:
    rows = two_lanes.rows(two_lanes.sweep(), 0)
    assert [row["status"] for row in rows] == ["done"] * 4
    assert two_lanes.measured() == [1, 2, 3, 4]
    for lane, stub in two_lanes.stubs.items():
        asked = [body["options"]["top_k"] for body in stub.generations()]
        order = list(dict.fromkeys(asked))
        assert asked == [top_k for top_k in order for _ in range(STAGES)]  # no other trial in between
        assert len(order) in (1, 2, 3)  # whoever was free
        for row in rows:
            metrics = json.loads((two_lanes.project.path / row["report"]).with_name("metrics.json").read_text())
            seen = metrics["environment"]["variables"]
            assert (metrics["params"]["top_k"] in order) == (seen["CHIMERA_LANE"] == lane)
            assert (seen["CUDA_VISIBLE_DEVICES"], seen["OLLAMA_HOST"]) == (
                seen["CHIMERA_LANE"].removeprefix("gpu-").removesuffix(".0"),
                two_lanes.stubs[seen["CHIMERA_LANE"]].url,
            )


def test_a_lane_whose_server_does_not_answer_is_left_out(two_lanes: TwoLanes) -> None:
    two_lanes.stubs["gpu-1.0"].kill()
    sweep = two_lanes.sweep()
    _, stderr = sweep.communicate(timeout=120)
    assert sweep.returncode == 0, stderr
    missing = f"gpu-1.0 ({two_lanes.stubs['gpu-1.0'].url})"
    assert f"not used: {missing}; 'chimera ollama up' starts the missing servers" in stderr
    assert two_lanes.measured() == [1, 2, 3, 4]


def test_a_killed_worker_loses_its_own_trial_only_and_the_next_sweep_runs_it(two_lanes: TwoLanes) -> None:
    for stub in two_lanes.stubs.values():
        stub.answer_with(STALLED, times=1, after=2)  # in the report of each one's first trial
    sweep = two_lanes.sweep()
    wait_for(lambda: len([each for each in two_lanes.holders() if "|" in each.trial]) == 2, "two trials")
    wait_for(lambda: all(len(stub.generations()) == STAGES for stub in two_lanes.stubs.values()), "two reports")
    killed, interrupted = two_lanes.holders()
    os.kill(killed.pid, signal.SIGKILL)
    os.kill(interrupted.pid, signal.SIGKILL)
    rows = two_lanes.rows(sweep, 1)
    failed = [row for row in rows if row["status"] == "failed"]
    assert {f"{row['model']}|{row['params']}" for row in failed} == {killed.trial, interrupted.trial}
    assert {row["reason"] for row in failed} == {"The trial's process was killed by SIGKILL."}
    assert [row["status"] for row in rows].count("done") == 2
    assert two_lanes.holders() == []
    assert two_lanes.statuses() == {"SUCCESS": 2, "FAILURE": 2}
    again = two_lanes.rows(two_lanes.sweep(), 0)
    assert sorted(row["status"] for row in again) == ["done", "done", "skipped", "skipped"]
    assert two_lanes.statuses() == {"SUCCESS": 4, "FAILURE": 2}


def test_a_sweep_in_the_background_does_not_wait_for_the_lane_that_it_could_not_have(two_lanes: TwoLanes) -> None:
    lane = Lane("gpu-1.0", "1", None)
    with acquire([lane], holder("a-run", "its trial"), two_lanes.project.path / "leases"):
        rows = two_lanes.rows(two_lanes.sweep(in_the_background), 0)
    assert [row["status"] for row in rows] == ["done"] * 4
    assert two_lanes.stubs[lane.name].generations() == []


def test_two_sweeps_at_once_run_each_trial_once(two_lanes: TwoLanes) -> None:
    sweeps = [two_lanes.sweep(), two_lanes.sweep()]
    statuses = [[row["status"] for row in two_lanes.rows(sweep, 0)] for sweep in sweeps]
    assert sorted(two_lanes.measured()) == [1, 2, 3, 4]
    for status in zip(*statuses, strict=True):
        assert sorted(status) == ["done", "skipped"]
    assert two_lanes.statuses() == {"SUCCESS": 4}


@pytest.mark.parametrize(
    ("settings", "runs"), [({}, 1), ({"gpus": "0,1"}, 4), ({"gpus": "0", "processes_per_gpu": 2}, 4)]
)
def test_dagsters_queue_lets_two_runs_more_begin_than_there_are_lanes_of_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], runs: int
) -> None:
    monkeypatch.setattr("chimera_dagster.gpu.lanes.uuids_visible", lambda *_: [])
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.chdir(ROOT)
    home = prepare_home(Settings.model_validate({"data_dir": tmp_path} | settings))
    [line] = [line for line in (home / "dagster.yaml").read_text().splitlines() if "max_concurrent_runs:" in line]
    assert line.strip() == f"max_concurrent_runs: {runs}"
