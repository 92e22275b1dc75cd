"""Live lines on stderr: the trial, stage and tokens of each lane of a sweep, the trials of a backfill."""

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType

from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from chimera_dagster.cli.live import Live, print_line
from chimera_dagster.cli.terminal import Terminal, say
from chimera_dagster.definitions import defs
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import LaneState, holders
from chimera_dagster.orchestration import sweeping
from chimera_dagster.orchestration.backfill import OnChange, State
from chimera_dagster.orchestration.workers import Ended
from chimera_dagster.records.store import Store
from chimera_dagster.settings import Settings
from chimera_dagster.spec.sweep import TrialPlan

_CALLS_PER_ROUND = 2  # analysis and report
_SPEED_WINDOW_S = 600.0  # trials take minutes


def open_sweep(settings: Settings, store: Store, digest: str) -> AbstractContextManager[sweeping.SweepSession]:
    """`orchestration.sweeping.open_sweep`, with its progress on the terminal."""
    return sweeping.open_sweep(defs, settings, store, digest, TerminalDisplay(store))


class TerminalDisplay:
    """`orchestration.sweeping.Display` on stderr."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def on_lanes(self, trials: int, left_out: Sequence[Lane]) -> Generator["SweepProgress"]:
        with SweepProgress(trials, self._store) as progress:
            progress.on_left_out(left_out)
            yield progress

    @contextmanager
    def in_backfill(self, trials: int) -> Generator[OnChange]:
        with BackfillProgress(trials) as progress:
            yield progress.on_change

    def note(self, line: str) -> None:
        say(line, err=True)


class BackfillProgress(Live):
    """A bar for a sweep that the daemon runs, and a permanent line for each trial that starts or ends."""

    def __init__(self, trials: int) -> None:
        self._console = Terminal(stderr=True)
        self._trials, self._states = trials, dict[str, State]()
        self._bar = _sweep_bar(self._console)
        self._task = self._bar.add_task("backfill", total=trials, text="")

    def on_change(self, key: str, state: State, why: str) -> None:
        """Called by `orchestration.backfill.follow`."""
        self._states[key] = state
        counts = Counter(self._states.values())
        ended = counts["done"] + counts["failed"]
        if state != "queued":
            print_line(self._console, f"{ended}/{self._trials} {key}: {state}{why and f', {why}'}")
        text = f"{ended} of {self._trials} trials, {counts['started']} running"
        self._bar.update(self._task, completed=ended, text=text)


def _sweep_bar(console: Terminal) -> Progress:
    """Each task has a description, a bar, and the field `text` beside the bar."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[text]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("remaining"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
        speed_estimate_period=_SPEED_WINDOW_S,
    )


class SweepProgress(Live):
    """`orchestration.workers.LaneDisplay`: a bar for each lane and one for the sweep.

    Counts streamed chunks, which are tokens with nearly every engine, against the largest possible number.
    """

    def __init__(self, trials: int, store: Store) -> None:
        self._console = Terminal(stderr=True)
        self._trials, self._store, self._begun = trials, store, 0
        self._lanes: dict[str, _LaneLine] = {}
        self._bar = _sweep_bar(self._console)
        self._sweep = self._bar.add_task("sweep", total=trials, text=f"0 of {trials} trials")
        self._ended = self._done = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if kind is KeyboardInterrupt:
            print_line(self._console, self._kept())

    def _kept(self) -> str:
        """What an interrupt leaves."""
        kept = f"{self._done} of {self._trials} trials are finished and kept"
        running = [f"{line.name} ({line.stage or 'starting'})" for line in self._lanes.values() if line.is_running]
        return f"{kept}; the next sweep runs again: {', '.join(running)}" if running else f"{kept}."

    def on_wait(self, found: list[LaneState]) -> None:
        print_line(self._console, f"waiting for a lane; held: {holders(found)}")

    def on_notice(self, lane: str, line: str) -> None:
        print_line(self._console, f"{lane}: {line}")

    def on_left_out(self, left_out: Sequence[Lane]) -> None:
        """Lanes that the sweep can't use: their servers don't answer, or there is only one server."""
        if left_out:
            names = ", ".join(f"{lane.name} ({lane.endpoint})" for lane in left_out)
            print_line(self._console, f"not used: {names}; 'chimera ollama up' starts the missing servers")

    def start(self, lane: str, plan: TrialPlan) -> None:
        self._begun += 1
        task = self._lanes[lane].task if lane in self._lanes else self._bar.add_task("", total=1.0, text="")
        round_of = f" (round {plan.round})" if plan.spec.rounds > 1 else ""
        name = f"{self._begun}/{self._trials} {plan.model} {plan.params.key}{round_of}"
        self._lanes[lane] = _LaneLine(task, plan, name)
        self._bar.reset(task, description=f"{lane}  {name}", text="")

    def on_progress(self, lane: str, stage: str, chunks: int) -> None:
        line = self._lanes[lane]
        if stage != line.stage and not self._console.is_terminal:
            print_line(self._console, f"{line.name}: {stage}")
        line.advance(stage, chunks)
        noun = "asked" if stage == "questions" else "tokens"
        description, text = f"{lane}  {line.name}: {stage}", f"{chunks} {noun}"
        self._bar.update(line.task, description=description, completed=line.share, text=text)
        self._show_sweep()

    def finish(self, lane: str, outcome: Ended) -> None:
        line = self._lanes[lane]
        path = self._store.folder_of(line.plan.trial).report
        text = {"done": f"{path}", "skipped": f"{path}, by another process", "failed": f"{outcome.reason}"}
        print_line(self._console, f"{line.name}: {text[outcome.status]}")
        self._ended += 1
        self._done += outcome.status != "failed"
        line.share, line.is_running = 0.0, False
        self._show_sweep()

    def _show_sweep(self) -> None:
        done = self._ended + sum(line.share for line in self._lanes.values())
        self._bar.update(self._sweep, completed=done, text=f"{self._ended} of {self._trials} trials")


class _LaneLine:
    """How far the trial of one lane has come."""

    def __init__(self, task: TaskID, plan: TrialPlan, name: str) -> None:
        self.task, self.plan, self.name = task, plan, name
        self.stage, self.share, self._calls, self.is_running = "", 0.0, 0, True

    def advance(self, stage: str, chunks: int) -> None:
        """Update the share of the work that is done; the first chunk of a call is always reported."""
        spec = self.plan.spec
        self._calls += chunks == 1
        self.stage = stage
        tokens = max(0, self._calls - 1) * spec.max_tokens + chunks
        self.share = min(1.0, tokens / (_CALLS_PER_ROUND * spec.repeats * spec.max_tokens))
