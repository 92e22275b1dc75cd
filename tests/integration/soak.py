"""Lost, duplicate and mixed trials under random kills and damage.

    python -m tests.integration.soak [TRIALS] [SECONDS_PER_TRIAL] [BY_DAEMON] [SECONDS_BETWEEN_FAULTS]

A sweep on two lanes with a stub of Ollama each, while at random moments something of it is killed with -9: a worker
that measures, the sweep, all of its processes at once, or a server in the midst of its answer. What was killed is
started again until all is done. Every second sweep is one with `--force` over a few trials that are done, and files of
finished trials, tables and pages are damaged meanwhile. Then BY_DAEMON trials by Dagster's daemon, while a step, a run,
the daemon or all of it is killed.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import yaml
from dagster import DagsterRunStatus
from dagster._core.test_utils import create_run_for_test
from pyarrow import ArrowException

from chimera_dagster.errors import DamagedFileError
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import lane_states
from chimera_dagster.orchestration.partitions import register
from chimera_dagster.orchestration.sensors.night import NIGHTLY
from chimera_dagster.records.documents import Summary
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import TrialPlan, load_spec
from chimera_dagster.steps.done import is_done
from tests.conftest import Project
from tests.damage import DAMAGES, files_of
from tests.integration.aftermath import NOTHING, aftermath, mixed
from tests.integration.bench import Bench, bench_in
from tests.integration.daemon import running_daemon
from tests.stub_ollama import StubOllama

LANES = ("gpu-0.0", "gpu-1.0")
TOKENS = 16  # of an answer; a trial has two
DAEMON_KILLS_EVERY_S = 20.0
FORCED = 8  # trials of a sweep with --force
PATIENCE_S = 1800
SEED = 7


class Servers:
    """The stubs of both lanes; one that is killed is there again at once, on its port."""

    def __init__(self, seconds_between: float) -> None:
        self._seconds_between = seconds_between
        self._stubs = [self._started(0) for _ in LANES]
        self._calls = 0

    def _started(self, port: int) -> StubOllama:
        return StubOllama(seconds_between=self._seconds_between, port=port).__enter__()

    def environment(self) -> dict[str, str]:
        urls = ",".join(stub.url for stub in self._stubs)
        return {"CHIMERA_GPUS": "0,1", "CHIMERA_OLLAMA_ENDPOINTS": urls, "CHIMERA_TRIAL_RETRIES": "100"}

    def kill(self, lane: int) -> None:
        dying = self._stubs[lane]
        self._calls += len(dying.generations())
        dying.kill()
        self._stubs[lane] = self._started(int(dying.url.rsplit(":", 1)[1]))

    def calls(self) -> int:
        """Generations that were asked for."""
        return self._calls + sum(len(stub.generations()) for stub in self._stubs)

    def close(self) -> None:
        for stub in self._stubs:
            stub.__exit__()


class Killer:
    """Kills at random moments until it is told to stop; `kinds` are tried in random order until one finds a victim."""

    def __init__(self, every_s: float, kinds: Mapping[str, Callable[[], bool]]) -> None:
        self.kills: Counter[str] = Counter()
        self._random, self._every_s, self._kinds = random.Random(SEED), every_s, kinds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        while not self._stopped.wait(self._random.expovariate(1 / self._every_s)):
            for kind in self._random.sample(list(self._kinds), len(self._kinds)):
                if self._kinds[kind]():
                    self.kills[kind] += 1
                    break

    def __enter__(self) -> "Killer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()


def kill(pid: int | None) -> bool:
    """kill -9; False where there is no such process any more."""
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def kill_with_children(pid: int | None) -> bool:
    """kill -9 of a process and all below it."""
    if pid is None or not psutil.pid_exists(pid):
        return False
    below = psutil.Process(pid).children(recursive=True)
    return any([kill(pid), *(kill(child.pid) for child in below)])


def measuring(project: Project) -> int | None:
    """A process that holds a lane now."""
    found = lane_states([Lane(name, None, None) for name in LANES], project.path / "leases")
    pids = [each.holder.pid for each in found if each.holder]
    return random.Random(time.monotonic_ns()).choice(pids) if pids else None


def parent_of(pid: int | None) -> int | None:
    if pid is None or not psutil.pid_exists(pid):
        return None
    with suppress(psutil.Error):
        return psutil.Process(pid).ppid()
    return None


class Sweeps:
    """Sweeps over trials that are killed, and trials that have to run once more."""

    def __init__(self, project: Project, servers: Servers, plans: Sequence[TrialPlan], every_s: float) -> None:
        self._every_s = every_s
        self._project, self._servers, self._plans = project, servers, plans
        self._store, self._chance = Store(project.data), random.Random(SEED)
        self._running: list[int] = []
        self.again, self.kills, self.mixed = Counter[str](), Counter[str](), set[str]()

    def run(self) -> None:
        """Until all trials are done; the last sweeps are left alone."""
        kinds = {
            "worker": lambda: kill(measuring(self._project)),
            "sweep": lambda: bool(self._running) and kill(self._running[-1]),
            "sweep and its workers": lambda: bool(self._running) and kill_with_children(self._running[-1]),
            "server": self._kill_server,
            "file damaged": self._damage,
        }
        with Killer(self._every_s, kinds) as killer:
            while self._sweep() != 0:
                self._force()
        self.kills.update(killer.kills)
        while self._sweep() != 0:
            pass

    def _sweep(self, *arguments: str) -> int:
        environment = self._project.environment(**self._servers.environment())
        with (self._project.path / "sweeps.log").open("ab") as log:
            command = self._project.command("sweep", "--json", *arguments)
            sweep = subprocess.Popen(command, cwd=self._project.path, env=environment, stdout=log, stderr=log)
            self._running.append(sweep.pid)
            code = sweep.wait(PATIENCE_S)
            self._running.clear()
        self.kills["sweeps with --force" if arguments else "sweeps started"] += 1
        self.mixed.update(key for key in mixed(self._store, self._plans) if self._is_done(key))
        return code

    def _is_done(self, key: str) -> bool:
        plan = next(plan for plan in self._plans if plan.trial.key == key)
        with suppress(DamagedFileError):
            return is_done(self._store, plan, self._store.read_json("summary", Summary).digest)
        return False

    def _force(self) -> None:
        """Run trials again that are done; a kill may find them between two files."""
        finished = [plan for plan in self._plans if self._store.folder_of(plan.trial).report.exists()]
        chosen = self._chance.sample(finished, min(FORCED, len(finished)))
        if not chosen:
            return
        self.again.update(plan.trial.key for plan in chosen)
        spec = self._project.path / "again.yaml"
        fields = spec_of([plan.params.top_k or 0 for plan in chosen])
        spec.write_text(yaml.safe_dump(fields))
        self._sweep("--force", "--spec", str(spec))

    def _kill_server(self) -> bool:
        if measuring(self._project) is None:
            return False
        self._servers.kill(self._chance.randrange(len(LANES)))
        return True

    def _damage(self) -> bool:
        """Damage a file; a trial whose documents are damaged may run once more."""
        files = [path for path in files_of(self._project.data) if "dagster_home" not in path.parts]
        path = self._chance.choice([path for path in files if not path.name.startswith(".")])
        with suppress(OSError, ValueError, ArrowException):  # it may be replaced just now
            DAMAGES[self._chance.choice(list(DAMAGES))](path, self._chance)
        self.again.update(
            plan.trial.key for plan in self._plans if self._store.folder_of(plan.trial).path == path.parent
        )
        return True


def by_daemon(bench: Bench, servers: Servers, plans: Sequence[TrialPlan]) -> Counter[str]:
    """Run the trials as a night of a daemon that is killed."""
    project, kills, choose = bench.project, Counter[str](), random.Random(SEED)
    register(bench.instance, bench.store, plans)
    create_run_for_test(bench.instance, job_name="ingest_reports", status=DagsterRunStatus.SUCCESS, tags=NIGHTLY)
    until = time.monotonic() + PATIENCE_S
    kinds = {"step": lambda: kill(measuring(project)), "run": lambda: kill(parent_of(measuring(project)))}
    while aftermath(project, plans) != NOTHING:
        kills["daemons started"] += 1
        with (
            running_daemon(bench, **servers.environment()) as daemon,
            Killer(DAEMON_KILLS_EVERY_S, kinds) as killer,
        ):
            rest = time.monotonic() + choose.expovariate(1 / (5 * DAEMON_KILLS_EVERY_S))
            while time.monotonic() < rest and aftermath(project, plans) != NOTHING:
                if time.monotonic() > until:
                    raise SystemExit(f"not done in {PATIENCE_S} s: {aftermath(project, plans)}")
                time.sleep(1)
            if aftermath(project, plans) != NOTHING:
                kind = choose.choice(["daemon", "daemon, code server, runs and steps"])
                kills[kind] += 1
                daemon.kill()
                if kind != "daemon":
                    daemon.kill_all()
        kills.update(killer.kills)
    return kills


def said(
    title: str,
    project: Project,
    plans: Sequence[TrialPlan],
    kills: Counter[str],
    calls: int,
    again: Mapping[str, int] = {},
    was_mixed: Collection[str] = (),
) -> None:
    found = aftermath(project, plans, again)
    rows: dict[str, object] = {f"{title}: {kind}": count for kind, count in sorted(kills.items())} | {
        "trials asked for": len(plans),
        "trials with a report": len(plans) - len(found.lost),
        "trials lost": len(found.lost),
        "trials that had to run again, by --force or damage": len(again),
        "trials that ended well more often than asked for": len(found.twice),
        "trials of mixed files that counted as done": len({*found.mixed, *was_mixed}),
        "files half-written or temporary": len(found.half_written),
        "leases held": len(found.held),
        "runs left unfinished": len(found.unfinished),
        "model calls beyond three a trial, by what was killed, forced or damaged": calls - 3 * len(plans),
    }
    for what, value in rows.items():
        print(f"| {what} | {value} |", flush=True)
    if found != NOTHING:
        print(found)


def trials(project: Project, top_k: range) -> list[TrialPlan]:
    project.spec.write_text(yaml.safe_dump(spec_of(top_k)))
    return load_spec(project.spec).plans()


def spec_of(top_k: Sequence[int]) -> dict[str, object]:
    grid = {"top_k": list(top_k)}
    return {"engine": "ollama", "models": ["gemma3:270m"], "max_tokens": TOKENS, "grid": grid}


def main(count: int = 500, seconds: float = 0.2, by_the_daemon: int = 40, every_s: float = 8.0) -> None:
    servers = Servers(seconds / (2 * TOKENS))
    with tempfile.TemporaryDirectory() as folder, bench_in(Project(Path(folder))) as bench:
        project = bench.project
        assert bench.runner.ingest_reports() is None
        print("| what | count |\n|---|---|")
        if count:
            plans = trials(project, range(1, count + 1))
            sweeps = Sweeps(project, servers, plans, every_s)
            sweeps.run()
            said("by chimera sweep", project, plans, sweeps.kills, servers.calls(), sweeps.again, sweeps.mixed)
        if by_the_daemon:
            before = servers.calls()
            plans = trials(project, range(10_001, 10_001 + by_the_daemon))
            said("by the daemon", project, plans, by_daemon(bench, servers, plans), servers.calls() - before)
        servers.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *map(float, sys.argv[2:3]), *map(int, sys.argv[3:4]), *map(float, sys.argv[4:5]))
