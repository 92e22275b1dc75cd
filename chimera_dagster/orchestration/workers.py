"""The workers of `chimera sweep`: a process for each lane, which keeps its lease and its loaded model between trials.

They are processes even if there is only one lane: a model that crashes then ends its own trial and not the sweep.
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
from chimera_dagster.gpu.leases import LaneState, acquire, leases_folder
from chimera_dagster.gpu.pin import pin
from chimera_dagster.orchestration.child import CONTEXT, end_with_parent, exit_reason
from chimera_dagster.orchestration.home import open_instance
from chimera_dagster.orchestration.lost_runs import cancel_runs_of, fail_lost_runs
from chimera_dagster.orchestration.runner import JobRunner
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.settings import Settings
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.done import is_done
from chimera_dagster.steps.trial import get_ready
from chimera_dagster.sweeps.queue import TrialSource

_PROGRESS_EVERY_S = 0.1


class LaneDisplay(Protocol):
    """Shows what the workers do."""

    def on_wait(self, found: list[LaneState]) -> None:
        """A worker waits for a lane; `found` says who holds which."""

    def start(self, lane: str, plan: TrialPlan) -> None:
        """A trial starts on a lane."""

    def on_progress(self, lane: str, stage: str, chunks: int) -> None:
        """How many chunks the lane's call has streamed; not called for every chunk."""

    def on_notice(self, lane: str, line: str) -> None:
        """Something that a user should see at once, such as that a server is waited for."""

    def finish(self, lane: str, outcome: "Ended") -> None:
        """The lane's trial has ended."""


class Ended(NamedTuple):
    """How a trial ended. `skipped`: another process has written its report meanwhile; `reason` is that of a failure."""

    status: Literal["done", "failed", "skipped"]
    reason: str | None = None


def _of_rounds(before: Ended | None, now: Ended) -> Ended:
    """How the rounds of a trial ended so far: one that failed counts, and then one that was not skipped."""
    found = [now] if before is None else [before, now]
    return next((each for status in ("failed", "done") for each in found if each.status == status), now)


class _Job(NamedTuple):
    """What a worker is sent: a trial, and whether to wait if another process is working on it."""

    plan: TrialPlan
    wait: bool


class _Waiting(NamedTuple):
    states: list[LaneState]


class _Ready(NamedTuple):
    lane: str


class _Progress(NamedTuple):
    stage: str
    chunks: int


class _Notice(NamedTuple):
    line: str


class _ClaimedElsewhere(NamedTuple):
    """Another process is working on the trial."""


class _NoLane(NamedTuple):
    """The worker can't get a lane."""

    message: str
    hint: str


_Message = _Waiting | _Ready | _Progress | _Notice | _ClaimedElsewhere | _NoLane | Ended


def run_on_lanes(
    defs: Definitions,
    instance: DagsterInstance,
    settings: Settings,
    lanes: Sequence[Lane],
    source: TrialSource,
    display: LaneDisplay,
    *,
    digest: str,
    force: bool = False,
) -> dict[str, Ended]:
    """Run a source's trials on lanes of this host, with a worker on each; returns how each ended, by trial key.

    A trial that has a report of the data `digest` by the time that it starts is skipped, unless `force`. Raises
    ChimeraError if no worker can start a trial, and KeyboardInterrupt once all workers have ended.
    """
    fail_lost_runs(instance)
    pool = _WorkerPool(defs, settings, lanes, digest, force=force)
    is_done = False
    try:
        ended = _run_in(pool, instance, min(len(lanes), source.left), source, display)
        is_done = True
    finally:
        if not is_done:  # Ctrl-C, or nobody reads the progress any more
            cancel_runs_of(instance, pool.pids)
    return ended


def _run_in(
    pool: "_WorkerPool", instance: DagsterInstance, count: int, source: TrialSource, display: LaneDisplay
) -> dict[str, Ended]:
    ended: dict[str, Ended] = {}
    with pool.running(count):
        while source.left:
            for worker in pool.wait_for_messages():
                message = worker.receive()
                match message:
                    case _Waiting() | _Progress() | _Notice():
                        _show(message, worker.lane, display)
                    case _NoLane():
                        raise ChimeraError(message.message, hint=message.hint)
                    case _Ready():
                        worker.lane = message.lane
                    case _ClaimedElsewhere():
                        source.put_back(worker.take_back())
                    case None if worker.is_free:  # it was killed between two trials
                        source.leave(worker.number)
                        pool.replace(worker)
                    case Ended() | None:
                        outcome = message or Ended("failed", f"The trial's process {exit_reason(worker.process)}.")
                        plan = worker.take_back()
                        ended[plan.trial.key] = _of_rounds(ended.get(plan.trial.key), outcome)
                        display.finish(worker.lane, outcome)
                        if message is None:
                            fail_lost_runs(instance)
                            source.leave(worker.number)
                            pool.replace(worker)
                        source.end(plan)
            for worker in pool.free():
                if taken := source.take(worker.number):
                    worker.send(_Job(*taken))
                    display.start(worker.lane, taken[0])
    return ended


def _show(message: _Waiting | _Progress | _Notice, lane: str, display: LaneDisplay) -> None:
    match message:
        case _Waiting():
            display.on_wait(message.states)
        case _Progress():
            display.on_progress(lane, *message)
        case _Notice():
            display.on_notice(lane, message.line)


class _Worker:
    """One worker process, as the sweep's own process sees it."""

    def __init__(self, number: int, process: BaseProcess, connection: Connection) -> None:
        self.number, self.process, self.connection = number, process, connection
        self.lane = ""
        self._plan: TrialPlan | None = None

    @property
    def is_free(self) -> bool:
        """Whether it has a lane and no trial."""
        return bool(self.lane) and self._plan is None

    def take_back(self) -> TrialPlan:
        """Take its trial away from it. Raises ChimeraError if it has ended without having one."""
        if self._plan is None:
            raise ChimeraError(f"A worker process {exit_reason(self.process)} before it had a trial.")
        plan, self._plan = self._plan, None
        return plan

    def send(self, job: _Job | None) -> None:
        """Give it a trial; None tells it to end."""
        self._plan = job.plan if job else None
        with suppress(BrokenPipeError):  # it has died, as `receive` will show
            self.connection.send(job)

    def receive(self) -> _Message | None:
        """The next message; None if the worker has died."""
        try:
            return self.connection.recv()
        except (EOFError, ConnectionResetError):
            return None


class _WorkerPool:
    """The workers that are running."""

    def __init__(
        self, defs: Definitions, settings: Settings, lanes: Sequence[Lane], digest: str, *, force: bool
    ) -> None:
        self._arguments = (defs, settings, lanes, digest, force)
        self._workers: list[_Worker] = []

    @contextmanager
    def running(self, count: int) -> Generator[None]:
        """That many workers, until the block ends; none outlives it."""
        finished = False
        try:
            for number in range(count):
                self._start(number)
            yield
            finished = True
        finally:
            for worker in self._workers:
                if finished and worker.lane:
                    worker.send(None)
                else:  # at once, and without a stack trace on the page of its run; `cancel_runs_of` says what happened
                    worker.process.kill()
            for worker in self._workers:
                worker.process.join()

    @property
    def pids(self) -> list[int]:
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def wait_for_messages(self) -> list[_Worker]:
        """The workers that have sent something or died; waits until there is one."""
        ready = wait([worker.connection for worker in self._workers])
        return [worker for worker in self._workers if worker.connection in ready]

    def free(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.is_free]

    def replace(self, worker: _Worker) -> None:
        """Start a new worker in place of one that has died."""
        self._workers.remove(worker)
        worker.connection.close()
        self._start(worker.number)

    def _start(self, number: int) -> None:
        ours, theirs = multiprocessing.Pipe()
        process = CONTEXT.Process(target=_work, args=(theirs, *self._arguments), name=f"sweep-worker-{number}")
        process.start()
        theirs.close()  # so that `receive` notices its death
        self._workers.append(_Worker(number, process, ours))


def _work(
    connection: Connection,
    defs: Definitions,
    settings: Settings,
    lanes: Sequence[Lane],
    digest: str,
    force: bool,
) -> None:
    """The life of a worker process: it leases a lane and runs trials on it until it is told to end."""
    os.setpgid(0, 0)  # a terminal sends Ctrl-C to the whole group; the sweep passes it on itself
    # A sweep that a shell put into the background ignores SIGINT, and its workers would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent()
    try:
        try:
            _run_trials(connection, defs, settings, lanes, digest, force=force)
        except ChimeraError as error:
            connection.send(_NoLane(error.message, error.hint))
    except KeyboardInterrupt:
        # At once: a normal exit would wait until llama.cpp has read its whole prompt.
        os._exit(130)


def _run_trials(
    connection: Connection, defs: Definitions, settings: Settings, lanes: Sequence[Lane], digest: str, *, force: bool
) -> None:
    reported_at = 0.0

    def report_progress(stage: str, chunks: int) -> None:
        nonlocal reported_at
        now = time.monotonic()
        if chunks <= 1 or now >= reported_at + _PROGRESS_EVERY_S:
            reported_at = now
            connection.send(_Progress(stage, chunks))

    def run(job: _Job) -> Ended | _ClaimedElsewhere:
        plan = job.plan
        with workspace.claiming(plan.trial, wait=job.wait) as claimed:
            if not claimed:
                return _ClaimedElsewhere()
            if not force and is_done(workspace.store, plan, digest):
                return Ended("skipped")
            run_id = str(uuid4())
            lease.describe(holder(run_id, plan.trial.key, settings.data_dir))
            reason = runner.write_report(plan, run_id)
            return Ended("failed" if reason else "done", reason)

    workspace = Workspace(settings, on_progress=report_progress, reuse=not force)
    workspace.engines.on_notice = lambda line: connection.send(_Notice(line))
    get_ready(workspace.store)
    with (
        open_instance(settings) as instance,
        acquire(
            lanes,
            holder(trial="a sweep", folder=settings.data_dir),
            leases_folder(settings.leases_dir),
            on_wait=lambda found: connection.send(_Waiting(found)),
        ) as lease,
        closing(workspace.engines),
    ):
        runner = JobRunner(defs, instance, workspace)
        pin(lease.lane)
        connection.send(_Ready(lease.lane.name))
        while (job := connection.recv()) is not None:
            connection.send(run(job))
