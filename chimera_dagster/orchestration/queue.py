"""The run queue: first come, first served, but the trials of one backfill begin in load order."""

from typing import Any

from dagster import DagsterRun, QueuedRunCoordinator, RunsFilter
from dagster._core.run_coordinator import SubmitRunContext

from chimera_dagster.orchestration.partitions import place_in_load_order

_PRIORITY, _BACKFILL = "dagster/priority", "dagster/backfill"
_SPAN = 1_000_000  # more than there are trials


class LoadOrderCoordinator(QueuedRunCoordinator):
    """Gives each run its priority as it enters the queue; `dagster.yaml` names this class.

    Dagster submits a backfill of assets sorted by the text of the keys, one of a job as the UI or the command line
    named them. Runs begin while others are still submitted: the first ones are the best of those that are there.
    """

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._first: dict[str, int] = {}  # by backfill; thousands of runs would ask for it

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        run = context.dagster_run
        if _PRIORITY not in run.tags:  # else whoever launched it has chosen one
            self._instance.add_run_tags(run.run_id, {_PRIORITY: str(-self._place(run))})
        return super().submit_run(context)

    def _place(self, run: DagsterRun) -> int:
        """All runs of a backfill stand where its first one came in."""
        backfill, trial = run.tags.get(_BACKFILL), run.tags.get("dagster/partition")
        if backfill is None or trial is None:
            return self._came_in(RunsFilter(run_ids=[run.run_id])) * _SPAN
        if backfill not in self._first:
            self._first[backfill] = self._came_in(RunsFilter(tags={_BACKFILL: backfill}))
        return self._first[backfill] * _SPAN + place_in_load_order(self._instance, trial)

    def _came_in(self, runs: RunsFilter) -> int:
        [first] = self._instance.get_run_records(runs, limit=1, ascending=True)
        return first.storage_id
