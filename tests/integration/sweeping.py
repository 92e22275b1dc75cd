"""`chimera sweep` as a process of its own on a stub of Ollama, to be killed and started again."""

import os
import signal
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import yaml

from chimera_dagster.gpu.holder import Holder
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import lane_states
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import TrialPlan, load_spec
from chimera_dagster.sweeps.rounds import in_order
from tests.conftest import Project
from tests.forked import Forked, exec_chimera, run_chimera
from tests.integration.aftermath import Aftermath, aftermath
from tests.integration.bench import bench_in
from tests.stub_ollama import PIECES, Answer, StubOllama
from tests.waiting import is_gone, wait_for

CALLS = 3  # of a trial: its warm-up, the analysis and the report
STALLED = Answer(PIECES, stall_before=3)
CPU = Lane("cpu.0", None, None)
QUICK_S, SLOW_S = 0.001, 0.2  # between two tokens; a slow trial takes longer than a sweep takes to begin


class Sweeping:
    """A project that is ingested, and the server that its sweeps ask."""

    def __init__(self, project: Project, stub: StubOllama) -> None:
        self.project, self.stub = project, stub

    def trials(self, top_k: Sequence[int], **spec: object) -> list[TrialPlan]:
        """Write the sweep file; the trials in the order of the first round.

        Tests that share a project take other values of `top_k` each.
        """
        fields = {"engine": "ollama", "models": ["gemma3:270m"], "max_tokens": 16, "grid": {"top_k": list(top_k)}}
        self.project.spec.write_text(yaml.safe_dump(fields | spec))
        return in_order(load_spec(self.project.spec).plans(), 1)

    def start(self, *arguments: str, verb: str = "sweep", **env: str) -> Forked:
        environment = self.project.environment(OLLAMA_HOST=self.stub.url, **env)
        target = exec_chimera if "LD_PRELOAD" in env else run_chimera  # preloading is of programs
        return Forked(target, verb, *arguments, folder=self.project.path, env=environment)

    def sweep(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.start(*arguments).ended()

    def stall_after(self, calls: int) -> int:
        """Let so many generations end, and the next ones say a few words only; how many there were with the first."""
        self.stub.answer_with(STALLED, after=calls)
        return len(self.stub.generations()) + calls + 1

    def start_slowly(self, *arguments: str, **env: str) -> Forked:
        """A sweep that is in its first call when this returns, and has seconds to go; what it calls next is quick."""
        before = len(self.stub.generations())
        self.stub.seconds_between = SLOW_S
        sweep = self.start(*arguments, **env)
        wait_for(lambda: len(self.stub.generations()) > before, "first call")
        self.stub.seconds_between = QUICK_S
        return sweep

    def kill(self, sweep: Forked, victim: Literal["sweep", "holder"], trial: str) -> None:
        """Kill -9 a sweep, or its process that measures, which must be at that trial; returns when both have ended."""
        holder = self.holder()
        assert holder is not None and holder.trial == trial
        os.kill(sweep.pid if victim == "sweep" else holder.pid, signal.SIGKILL)
        wait_for(lambda: is_gone(holder.pid), "end of the process that measures")
        assert self.stub.is_left()
        self.stub.answer_with(None)
        sweep.communicate(timeout=60)

    def holder(self) -> Holder | None:
        return lane_states([CPU], self.leases)[0].holder

    @property
    def store(self) -> Store:
        return Store(self.project.data)

    @property
    def leases(self) -> Path:
        return self.project.path / "leases"

    def aftermath(self, plans: Sequence[TrialPlan]) -> Aftermath:
        return aftermath(self.project, plans)


@contextmanager
def sweeping_in(project: Project) -> Generator[Sweeping]:
    with bench_in(project) as bench:
        assert bench.runner.ingest_reports() is None
    with StubOllama() as stub:
        yield Sweeping(project, stub)
