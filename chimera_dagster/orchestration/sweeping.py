"""Runs trials through Dagster: on the lanes of this host, or as backfills of its daemon."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from dagster import DagsterInstance, Definitions

from chimera_dagster.errors import ChimeraError
from chimera_dagster.gpu.lanes import Lane, config_of, lanes
from chimera_dagster.gpu.servers import with_a_server
from chimera_dagster.orchestration.backfill import OnChange, at_work, follow, how_to_go_on, size_of, submit
from chimera_dagster.orchestration.home import open_instance
from chimera_dagster.orchestration.partitions import register
from chimera_dagster.orchestration.runner import Runner
from chimera_dagster.orchestration.workers import Audience, Ended, run_on_lanes
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.records.store import Store
from chimera_dagster.settings import Settings
from chimera_dagster.spec.engine_names import EngineChoice
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.done import is_done
from chimera_dagster.steps.evidence import is_summed_up
from chimera_dagster.sweeps.queue import TrialSource


class Display(Protocol):
    """Who is shown how a sweep goes."""

    def on_lanes(self, trials: int, left_out: Sequence[Lane]) -> AbstractContextManager[Audience]:
        """Progress of so many trials on this host's lanes, but for those that have no server."""
        ...

    def in_backfill(self, trials: int) -> AbstractContextManager[OnChange]:
        """Progress of a backfill of so many trials."""
        ...

    def note(self, line: str) -> None:
        """A line that stays."""


class Sweeping:
    """A data folder with Dagster's instance, whose evidence is that of the reports folder's present content."""

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
        """Make trials partitions."""
        register(self._instance, self._store, list(plans))

    def on_lanes(self, source: TrialSource, engine: EngineChoice, *, force: bool = False) -> dict[str, Ended]:
        """By processes of this command, with live progress; how each trial went, by its key."""
        found = lanes(config_of(self._settings))
        used = with_a_server(found, engine)
        with self._display.on_lanes(source.left, [lane for lane in found if lane not in used]) as audience:
            return run_on_lanes(
                self._defs, self._instance, self._settings, used, source, audience, digest=self._digest, force=force
            )

    def by_daemon(self, todo: Sequence[TrialPlan], *, force: bool = False) -> dict[str, Ended]:
        """As a backfill, after one of an earlier sweep that is under way. Raises DaemonError without a daemon."""
        failures: Mapping[str, str] = {}
        if (earlier := at_work(self._instance)) is not None:
            self._display.note(f"An earlier backfill {earlier} is under way; it is followed to its end first.")
            failures = self._follow(earlier)
        rest = [plan for plan in todo if plan.trial.key not in failures and (force or not self._is_done(plan))]
        if rest:
            failures = {**failures, **self._follow(submit(self._defs, self._instance, rest, force=force))}
        keys = [plan.trial.key for plan in todo]
        return {key: Ended("failed", failures[key]) if key in failures else Ended("done") for key in keys}

    def in_rounds(self, source: TrialSource) -> dict[str, Ended]:
        """As one backfill after the other, each of as many trials as there are lanes."""
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
                self._display.note(how_to_go_on(backfill_id))
                raise

    def _is_done(self, plan: TrialPlan) -> bool:
        return is_done(self._store, plan, self._digest)


@contextmanager
def sweeping(defs: Definitions, settings: Settings, store: Store, digest: str, display: Display) -> Generator[Sweeping]:
    """Dagster over a data folder; it ingests first where the reports are not of `digest`, and writes the index last.

    Raises ChimeraError where either fails.
    """
    with open_instance(settings) as instance:
        runner = Runner(defs, instance, Workspace(settings))
        if not is_summed_up(store, digest) and (failure := runner.ingest_reports()):
            raise ChimeraError(failure)
        yield Sweeping(defs, instance, settings, store, digest, display)
        if failure := runner.publish():
            raise ChimeraError(failure)
