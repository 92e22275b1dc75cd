"""Runs trials through Dagster: on the lanes of this host, or as backfills of Dagster's daemon."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby
from typing import Protocol

from dagster import DagsterInstance, Definitions

from chimera_dagster.errors import ChimeraError
from chimera_dagster.gpu.lanes import Lane, config_of, lanes
from chimera_dagster.gpu.servers import with_a_server
from chimera_dagster.orchestration.backfill import OnChange, follow, how_to_resume, size_of, submit, unfinished
from chimera_dagster.orchestration.home import open_instance
from chimera_dagster.orchestration.partitions import register
from chimera_dagster.orchestration.runner import JobRunner
from chimera_dagster.orchestration.workers import Ended, LaneDisplay, run_on_lanes
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.records.store import Store
from chimera_dagster.settings import Settings
from chimera_dagster.spec.engine_names import EngineChoice
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.done import is_done
from chimera_dagster.sweeps.queue import TrialSource


class Display(Protocol):
    """Shows the progress of trials."""

    def on_lanes(self, trials: int, left_out: Sequence[Lane]) -> AbstractContextManager[LaneDisplay]:
        """Progress of this many trials on this host's lanes, except those in `left_out`, which have no server."""
        ...

    def in_backfill(self, trials: int) -> AbstractContextManager[OnChange]:
        """Progress of a backfill of this many trials."""
        ...

    def note(self, line: str) -> None:
        """Print a permanent line."""


class SweepSession:
    """Runs trials of one data folder, whose evidence is up to date with the reports folder."""

    def __init__(
        self,
        defs: Definitions,
        instance: DagsterInstance,
        settings: Settings,
        store: Store,
        digest: str,
        display: Display,
    ) -> None:
        self._defs, self._instance, self._settings = defs, instance, settings
        self._store, self._digest, self._display = store, digest, display

    def register(self, plans: Sequence[TrialPlan]) -> None:
        """Add a partition for each trial."""
        register(self._instance, self._store, list(plans))

    def on_lanes(self, source: TrialSource, engine: EngineChoice, *, force: bool = False) -> dict[str, Ended]:
        """Run them in processes of this command, with live progress; returns how each trial ended, by its key."""
        found = lanes(config_of(self._settings))
        used = with_a_server(found, engine)
        with self._display.on_lanes(source.left, [lane for lane in found if lane not in used]) as display:
            return run_on_lanes(
                self._defs, self._instance, self._settings, used, source, display, digest=self._digest, force=force
            )

    def by_daemon(self, todo: Sequence[TrialPlan], *, force: bool = False) -> dict[str, Ended]:
        """Run them, one backfill for each round, after following an earlier sweep's unfinished one. Raises DaemonError.

        A trial that fails in a round is left out of the later ones.
        """
        failures: Mapping[str, str] = {}
        if (earlier := unfinished(self._instance)) is not None:
            self._display.note(f"An earlier backfill {earlier} has not finished; it is followed to its end first.")
            failures = self._follow(earlier)
        for _, visits in groupby(todo, key=lambda plan: plan.round):
            rest = [plan for plan in visits if plan.trial.key not in failures and (force or not self._is_done(plan))]
            if rest:
                failures = {**failures, **self._follow(submit(self._defs, self._instance, rest, force=force))}
        keys = [plan.trial.key for plan in todo]
        return {key: Ended("failed", failures[key]) if key in failures else Ended("done") for key in keys}

    def in_rounds(self, source: TrialSource) -> dict[str, Ended]:
        """Run them as one backfill after another, each of as many trials as there are lanes."""
        width, ended = len(lanes(config_of(self._settings))), dict[str, Ended]()
        while source.left:
            plans = [taken[0] for worker in range(width) if (taken := source.take(worker))]
            ended |= self.by_daemon(plans)
            for plan in plans:
                source.end(plan)
        return ended

    def _follow(self, backfill_id: str) -> dict[str, str]:
        with self._display.in_backfill(size_of(self._instance, backfill_id)) as on_change:
            try:
                return follow(self._instance, backfill_id, on_change)
            except KeyboardInterrupt:
                self._display.note(how_to_resume(backfill_id))
                raise

    def _is_done(self, plan: TrialPlan) -> bool:
        return is_done(self._store, plan, self._digest)


@contextmanager
def open_sweep(
    defs: Definitions, settings: Settings, store: Store, digest: str, display: Display
) -> Generator[SweepSession]:
    """Open Dagster on a data folder, ingest if its evidence is not that of `digest`, and at the end write the index.

    Raises ChimeraError if ingest or index fails.
    """
    with open_instance(settings) as instance:
        runner = JobRunner(defs, instance, Workspace(settings))
        runner.require_evidence(digest)
        yield SweepSession(defs, instance, settings, store, digest, display)
        if failure := runner.publish():
            raise ChimeraError(failure)
