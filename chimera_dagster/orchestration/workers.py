"""The workers of `chimera sweep`: a process for each lane, which keeps its lease and its loaded model between trials.

They are processes even where there is one lane: a model that crashes then takes its own trial with it, not the sweep.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Literal, NamedTuple, Protocol
from uuid import uuid4

from dagster import DagsterInstance, Definitions

from chimera_dagster.errors import ChimeraError
from chimera_dagster.gpu.holder import holder
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import Standing, acquire, leases_folder
from chimera_dagster.gpu.pin import pin
from chimera_dagster.orchestration.child import CONTEXT, end_with_parent
from chimera_dagster.orchestration.home import open_instance
from chimera_dagster.orchestration.orphans import fail_orphans
from chimera_dagster.orchestration.runner import Runner
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.settings import Settings
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.done import is_done
from chimera_dagster.steps.trial import get_ready
from chimera_dagster.sweeps.queue import TrialSource

_SAY_EVERY_S = 0.1


class Audience(Protocol):
    """Who is shown what the workers do."""

    def on_wait(self, found: list[Standing]) -> None:
        """A worker waits for a lane, which stand so."""

    def start(self, lane: str, plan: TrialPlan) -> None:
        """A trial begins on a lane."""

    def on_progress(self, lane: str, stage: str, chunks: int) -> None:
        """How far its call is; not each chunk is told."""

    def finish(self, lane: str, outcome: "Ended") -> None:
        """The lane's trial has ended."""


class Ended(NamedTuple):
    """How a trial went. `skipped`: another process has written its report meanwhile; `reason` is of a failure."""

    status: Literal["done", "failed", "skipped"]
    reason: str | None = None


class _Errand(NamedTuple):
    """What a worker is sent: a trial, and whether to wait for it where another process is at work on it."""

    plan: TrialPlan
    wait: bool


class _Waits(NamedTuple):
    standings: list[Standing]


class _Ready(NamedTuple):
    lane: str


class _Streams(NamedTuple):
    stage: str
    chunks: int


class _Elsewhere(NamedTuple):
    """Another process is at work on the trial."""


class _Unable(NamedTuple):
    """The worker can't have a lane."""

    message: str
    hint: str


_Word = _Waits | _Ready | _Streams | _Elsewhere | _Unable | Ended


def run_on_lanes(
    defs: Definitions,
    instance: DagsterInstance,
    settings: Settings,
    lanes: Sequence[Lane],
    source: TrialSource,
    audience: Audience,
    *,
    digest: str,
    force: bool = False,
) -> dict[str, Ended]:
    """Run a source's trials on lanes of this host, by a worker on each; how each went, by trial key.

    A trial whose report of the data `digest` stands by the time that it is begun is skipped, unless `force`. Raises
    ChimeraError where no worker gets as far as a trial, and KeyboardInterrupt when all workers have ended.
    """
    fail_orphans(instance)
    ended: dict[str, Ended] = {}
    crew = _Crew(defs, settings, lanes, digest, force=force)
    with crew.at_work(min(len(lanes), source.left)):
        while source.left:
            for worker in crew.that_speak():
                word = worker.hear()
                match word:
                    case _Waits():
                        audience.on_wait(word.standings)
                    case _Streams():
                        audience.on_progress(worker.lane, *word)
                    case _Unable():
                        raise ChimeraError(word.message, hint=word.hint)
                    case _Ready():
                        worker.lane = word.lane
                    case _Elsewhere():
                        source.put_back(worker.give_up())
                    case None if worker.is_free:  # it was killed between two trials
                        source.leave(worker.number)
                        crew.replace(worker)
                    case Ended() | None:
                        outcome = word or Ended("failed", f"The trial's process {worker.last_words()}.")
                        plan = worker.give_up()
                        ended[plan.trial.key] = outcome
                        audience.finish(worker.lane, outcome)
                        if word is None:
                            fail_orphans(instance)
                            source.leave(worker.number)
                            crew.replace(worker)
                        source.end(plan)
            for worker in crew.that_are_free():
                if taken := source.take(worker.number):
                    worker.send(_Errand(*taken))
                    audience.start(worker.lane, taken[0])
    return ended


class _Worker:
    """One worker process, as the sweep's own process knows it."""

    def __init__(self, number: int, process: BaseProcess, connection: Connection) -> None:
        self.number, self.process, self.connection = number, process, connection
        self.lane = ""
        self._plan: TrialPlan | None = None

    @property
    def is_free(self) -> bool:
        """Whether it has a lane and no trial."""
        return bool(self.lane) and self._plan is None

    def give_up(self) -> TrialPlan:
        """Its trial, which is its own no more. Raises ChimeraError where it has ended without having one."""
        if self._plan is None:
            raise ChimeraError(f"A worker process {self.last_words()} before it had a trial.")
        plan, self._plan = self._plan, None
        return plan

    def send(self, errand: _Errand | None) -> None:
        """Give it a trial, or have it end."""
        self._plan = errand.plan if errand else None
        with suppress(BrokenPipeError):  # it has died, which `hear` will tell
            self.connection.send(errand)

    def hear(self) -> _Word | None:
        """The next word; None where the worker has died."""
        try:
            return self.connection.recv()
        except (EOFError, ConnectionResetError):
            return None

    def last_words(self) -> str:
        self.process.join()
        code = self.process.exitcode or 0
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def interrupt(self) -> None:
        if self.process.pid is not None and self.process.is_alive():
            os.kill(self.process.pid, signal.SIGINT)


class _Crew:
    """The workers that are at work now."""

    def __init__(
        self, defs: Definitions, settings: Settings, lanes: Sequence[Lane], digest: str, *, force: bool
    ) -> None:
        self._asked = (defs, settings, lanes, digest, force)
        self._workers: list[_Worker] = []

    @contextmanager
    def at_work(self, count: int) -> Generator[None]:
        """That many workers, until the block ends; none outlives it."""
        all_is_done = False
        try:
            for number in range(count):
                self._start(number)
            yield
            all_is_done = True
        finally:
            for worker in self._workers:
                if all_is_done and worker.lane:
                    worker.send(None)
                else:
                    worker.interrupt()
            for worker in self._workers:
                worker.process.join()

    def that_speak(self) -> list[_Worker]:
        """Those that have something to say; waits until there is one."""
        said = wait([worker.connection for worker in self._workers])
        return [worker for worker in self._workers if worker.connection in said]

    def that_are_free(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.is_free]

    def replace(self, worker: _Worker) -> None:
        """Have a new one in the place of one that has died."""
        self._workers.remove(worker)
        worker.connection.close()
        self._start(worker.number)

    def _start(self, number: int) -> None:
        ours, theirs = multiprocessing.Pipe()
        process = CONTEXT.Process(target=_work, args=(theirs, *self._asked), name=f"sweep-worker-{number}")
        process.start()
        theirs.close()  # so that `hear` is told of its death
        self._workers.append(_Worker(number, process, ours))


def _work(
    connection: Connection,
    defs: Definitions,
    settings: Settings,
    lanes: Sequence[Lane],
    digest: str,
    force: bool,
) -> None:
    """A worker's life: a lane, and trials on it until it is told to end."""
    os.setpgid(0, 0)  # Ctrl-C is the sweep's to pass on: the terminal would send it to both
    # A sweep that a shell put into the background ignores SIGINT, which its workers would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent()
    try:
        try:
            _run_trials(connection, defs, settings, lanes, digest, force=force)
        except ChimeraError as error:
            connection.send(_Unable(error.message, error.hint))
    except KeyboardInterrupt:
        # At once: a normal exit would wait until llama.cpp is through with the prompt it reads.
        os._exit(130)


def _run_trials(
    connection: Connection, defs: Definitions, settings: Settings, lanes: Sequence[Lane], digest: str, *, force: bool
) -> None:
    said_at = 0.0

    def say_progress(stage: str, chunks: int) -> None:
        nonlocal said_at
        now = time.monotonic()
        if chunks <= 1 or now >= said_at + _SAY_EVERY_S:
            said_at = now
            connection.send(_Streams(stage, chunks))

    def run(errand: _Errand) -> Ended | _Elsewhere:
        plan = errand.plan
        with workspace.claiming(plan.trial, wait=errand.wait) as claimed:
            if not claimed:
                return _Elsewhere()
            if not force and is_done(workspace.store, plan, digest):
                return Ended("skipped")
            run_id = str(uuid4())
            lease.describe(holder(run_id, plan.trial.key))
            reason = runner.write_report(plan, run_id)
            return Ended("failed" if reason else "done", reason)

    workspace = Workspace(settings, on_progress=say_progress, keep_measured=not force)
    get_ready(workspace.store)
    with (
        open_instance(settings) as instance,
        acquire(
            lanes,
            holder(trial="a sweep"),
            leases_folder(settings.leases_dir),
            on_wait=lambda found: connection.send(_Waits(found)),
        ) as lease,
        closing(workspace.engines),
    ):
        runner = Runner(defs, instance, workspace)
        pin(lease.lane)
        connection.send(_Ready(lease.lane.name))
        while (errand := connection.recv()) is not None:
            connection.send(run(errand))
