"""Live lines on stderr: the trial, stage and tokens of a sweep, the files of an ingest."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from chimera_dagster.gpu.leases import Standing
from chimera_dagster.sweep import TrialPlan

_STAGES = ("analysis", "report")


class _Live:
    """Shows its bar while its block runs."""

    _bar: Progress

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


class FileProgress(_Live):
    """A bar of files read, on a terminal only; short folders are done before it shows."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("reading"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("files, left"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)

    def on_file(self, done: int, total: int) -> None:
        """What `ingest.folder.Reading` reports to."""
        self._bar.update(self._task, completed=done, total=total)


class SweepProgress(_Live):
    """Counts streamed chunks, which are tokens with nearly every engine, against the most there can be."""

    def __init__(self, trials: int) -> None:
        self._console = Console(stderr=True)
        self._trials, self._number = trials, 0
        self._stage, self._calls, self._budget = "", 0, 1
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[tokens]} tokens"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=1.0, tokens=0)

    def on_wait(self, found: list[Standing]) -> None:
        """What `gpu.leases.acquire` reports to."""
        holders = [f"{each.lane.name} by {each.holder.trial} (pid {each.holder.pid})" for each in found if each.holder]
        self._console.print(f"waiting for a lane, held: {', '.join(holders) or 'all'}", highlight=False)

    def start(self, plan: TrialPlan) -> None:
        self._number += 1
        self._stage, self._calls = "", 0
        self._budget = len(_STAGES) * plan.spec.repeats * plan.spec.max_tokens
        self._max_tokens = plan.spec.max_tokens
        self._name = f"{self._number}/{self._trials} {plan.model} {plan.params.key}"

    def on_progress(self, stage: str, chunks: int) -> None:
        """What `trials.run_trial` reports to."""
        if stage != self._stage or chunks == 1:
            self._calls += chunks == 1
            if stage != self._stage and not self._console.is_terminal:
                self._console.print(f"{self._name}: {stage}", highlight=False)
            self._stage = stage
        done = max(0, self._calls - 1) * self._max_tokens + chunks
        share = (self._number - 1 + min(1.0, done / self._budget)) / self._trials
        self._bar.update(self._task, description=f"{self._name}: {stage}", completed=share, tokens=chunks)

    def finish(self, outcome: str) -> None:
        self._console.print(f"{self._name}: {outcome}", highlight=False, soft_wrap=True)
        self._bar.update(self._task, completed=self._number / self._trials)
