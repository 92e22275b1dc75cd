"""`chimera sweep` measures in its own process, and takes a lease for it like any run."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import Holder, acquire, holder, standings
from chimera_dagster.orchestration.home import prepare_home
from chimera_dagster.settings import Settings
from tests.conftest import ROOT, Project
from tests.stub_ollama import StubOllama

GPU = Lane("gpu-3.0", "3", None)
SPEC = "engine: ollama\nmodels: [gemma3:270m]\nmax_tokens: 16\ngrid: {top_k: [1, 2]}\n"


class Watched(StubOllama):
    """Keeps who held the lane at each generation."""

    def __init__(self, leases: Path) -> None:
        super().__init__()
        self.leases, self.holders = leases, list[Holder | None]()

    def _generate(self, path: str, body: dict[str, object]) -> object:
        self.holders.append(standings([GPU], self.leases)[0].holder)
        return super()._generate(path, body)


def test_a_sweep_waits_for_its_lane_and_keeps_it_for_all_of_its_trials(project: Project) -> None:
    project.spec.write_text(SPEC)
    leases = project.path / "leases"
    with Watched(leases) as stub, acquire([GPU], holder("a-run", "its trial"), leases) as lease:
        environment = project.environment(CHIMERA_GPUS="3", OLLAMA_HOST=stub.url)
        sweep = subprocess.Popen(
            project.command("sweep", "--json"),
            cwd=project.path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert sweep.stderr is not None
        waits = next(line for line in sweep.stderr if "waiting" in line)
        assert waits == f"waiting for a lane, held: gpu-3.0 by its trial (pid {os.getpid()})\n"
        assert stub.generations() == []
        lease.release()
        stdout, stderr = sweep.communicate(timeout=120)
        assert sweep.returncode == 0, stderr
        held_by = [(who.pid, who.trial) for who in stub.holders if who is not None]
    rows = json.loads(stdout)
    assert held_by == [(sweep.pid, f"{row['model']}|{row['params']}") for row in rows for _ in range(3)]
    for row in rows:
        seen = json.loads((project.path / row["report"]).with_name("metrics.json").read_text())["environment"][
            "variables"
        ]
        assert (seen["CHIMERA_LANE"], seen["CUDA_VISIBLE_DEVICES"], seen["OLLAMA_HOST"]) == ("gpu-3.0", "3", stub.url)
    assert not standings([GPU], leases)[0].held


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
