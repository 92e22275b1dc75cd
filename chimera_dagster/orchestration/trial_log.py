"""What the page of a run shows while a trial is measured: model, stage, call, tokens and the time left."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from statistics import fmean

from dagster import AssetExecutionContext

from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.spec.sweep import TrialPlan

EVERY_S = 8.0
_MEASURED = ("analysis", "report")  # the calls of each repeat
_LOADING = "loading"


class TrialProgress:
    """How far a trial is. Chunks are counted, which are tokens with nearly every engine."""

    def __init__(self, plan: TrialPlan, now: float) -> None:
        self._plan, self._now, self._stage, self._chunks = plan, now, "starting", 0
        self._began = self._first_chunk = now
        self._call_s: list[float] = []
        self._calls: dict[str, int] = {}

    def advance(self, stage: str, chunks: int, now: float) -> bool:
        """Take note of a stage and its chunks so far, 0 when a stage begins; returns whether one begins."""
        begins = chunks == 0 or stage != self._stage
        if chunks == 0 and stage != _LOADING:
            if self._stage in _MEASURED:
                self._call_s.append(now - self._began)
            self._calls[stage] = self._calls.get(stage, 0) + 1
        if begins:
            self._stage, self._began = stage, now
        if chunks == 1:
            self._first_chunk = now
        self._now, self._chunks = now, chunks
        return begins

    def line(self, now: float) -> str:
        """`gemma3:270m: report 2 of 3, 212 tokens, 41.2 tok/s, at most 1 min 20 s left`."""
        return ", ".join([f"{self._plan.model}: {self._place()}", *self._pace(now), self._left(now)])

    def _place(self) -> str:
        if self._stage not in _MEASURED:
            return self._stage
        return f"{self._stage} {self._calls[self._stage]} of {self._plan.spec.repeats}"

    def _pace(self, now: float) -> list[str]:
        if self._chunks == 0:
            return [f"{now - self._began:.0f} s so far"]
        rate = self._rate()
        return [f"{self._chunks} tokens", *([f"{rate:.1f} tok/s"] if rate else [])]

    def _rate(self) -> float | None:
        seconds = self._now - self._first_chunk
        return (self._chunks - 1) / seconds if self._chunks > 1 and seconds > 0 else None

    def _left(self, now: float) -> str:
        calls = self._plan.spec.repeats * len(_MEASURED) - len(self._call_s)
        rate, elapsed = self._rate(), now - self._began
        longest = self._first_chunk - self._began + self._plan.spec.max_tokens / rate if rate else None
        call_s = fmean(self._call_s) if self._call_s else longest
        if call_s is None:
            return "time left is not known yet"
        current = max(longest or call_s, elapsed) - elapsed
        return f"at most {_duration(current + call_s * max(0, calls - 1))} left"


@contextmanager
def trial_log(context: AssetExecutionContext, workspace: Workspace, plan: TrialPlan) -> Generator[None]:
    """While the block runs, log on the run's page where the trial is: as each stage begins and every few seconds.

    A thread logs, so that the call which is measured does not wait for Dagster's database. What the workspace's own
    callbacks are told stays the same.
    """
    progress, wake, ended = TrialProgress(plan, time.monotonic()), threading.Event(), threading.Event()
    on_progress, on_notice = workspace.on_progress, workspace.engines.on_notice

    def advance(stage: str, chunks: int) -> None:
        if progress.advance(stage, chunks, time.monotonic()):
            wake.set()
        if on_progress is not None:
            on_progress(stage, chunks)

    def notify(line: str) -> None:
        context.log.warning(line)
        on_notice(line)

    def log() -> None:
        while not ended.is_set():
            wake.wait(EVERY_S)
            wake.clear()
            if not ended.is_set():
                context.log.info(progress.line(time.monotonic()))

    thread = threading.Thread(target=log, name="trial-log", daemon=True)
    workspace.on_progress, workspace.engines.on_notice = advance, notify
    thread.start()
    try:
        yield
    finally:
        ended.set()
        wake.set()
        thread.join()
        workspace.on_progress, workspace.engines.on_notice = on_progress, on_notice


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
