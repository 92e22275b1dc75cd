"""A trial that is run only if its measurement is missing."""

from collections.abc import Callable

from chimera_dagster.engines.registry import Engines
from chimera_dagster.records.documents import Summary
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import Recorded, read_recorded
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.done import is_measured
from chimera_dagster.steps.trial import OnProgress, run_trial


def run_trial_once(
    store: Store,
    plan: TrialPlan,
    engines: Engines,
    on_progress: OnProgress | None = None,
    on_measured: Callable[[], None] | None = None,
    *,
    reuse: bool,
) -> Recorded:
    """What the trial recorded; it is run unless `reuse` allows a measurement of the present data that is on disk.

    Raises EngineError, NotIngestedError.
    """
    if reuse and is_measured(store, plan, store.read_json("summary", Summary).digest):
        return read_recorded(store, plan)
    return run_trial(store, plan, engines, on_progress, on_measured)
