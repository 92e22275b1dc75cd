"""Trials as a backfill that Dagster's daemon runs: `submit` asks for it, `follow` tells how each trial goes.

The backfill is what the UI's button makes of the same choice; Dagster has no public function for that, so all that
comes from `dagster._core` here is private: tests/integration/test_backfill.py goes each way through this module.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Literal

from dagster import AssetKey, DagsterInstance, DagsterRun, DagsterRunStatus, Definitions, RunsFilter
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.utils import make_new_backfill_id

from chimera_dagster.errors import DaemonError
from chimera_dagster.orchestration.jobs import TRIAL_ASSETS
from chimera_dagster.orchestration.partitions import dagster_key
from chimera_dagster.orchestration.reason import TELLING, reason_of
from chimera_dagster.orchestration.workspace import AGAIN, GO_ON, SWEEP_TAG
from chimera_dagster.spec.sweep import TrialPlan

State = Literal["queued", "started", "done", "failed"]
OnChange = Callable[[str, State, str], None]  # trial's key, what it is now, and where it failed why; else ""

_BACKFILL, _PARTITION = "dagster/backfill", "dagster/partition"
_CANCELED = "canceled"
_HEARTBEAT_S = 30  # how often a daemon that is alive says so
_STATES: Mapping[DagsterRunStatus, State] = {
    DagsterRunStatus.NOT_STARTED: "queued",
    DagsterRunStatus.QUEUED: "queued",
    DagsterRunStatus.SUCCESS: "done",
    DagsterRunStatus.FAILURE: "failed",
    DagsterRunStatus.CANCELED: "failed",
}


def submit(defs: Definitions, instance: DagsterInstance, plans: Sequence[TrialPlan], *, force: bool = False) -> str:
    """Ask for one run of each of these trials, which must be registered; the backfill's id. Raises DaemonError.

    A trial that another process has measured by the time that its run begins is not measured again, unless `force`.
    """
    _need_daemon(instance)
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id=make_new_backfill_id(),
        asset_graph=defs.resolve_asset_graph(),
        partition_names=[dagster_key(plan.trial) for plan in plans],
        asset_selection=[AssetKey(name) for name in TRIAL_ASSETS],
        backfill_timestamp=time.time(),
        tags={SWEEP_TAG: AGAIN if force else GO_ON},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title="chimera sweep",
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id


def at_work(instance: DagsterInstance) -> str | None:
    """The newest backfill of `submit` that has trials to run yet."""
    asked = BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED], tags={SWEEP_TAG: [GO_ON, AGAIN]})
    for backfill in instance.get_backfills(filters=asked):
        ended = RunsFilter(tags={_BACKFILL: backfill.backfill_id}, statuses=FINISHED_STATUSES)
        # Dagster itself sees only half a minute later that the last one has ended
        if instance.get_runs_count(ended) < len(_trials(backfill)):
            return backfill.backfill_id
    return None


def size_of(instance: DagsterInstance, backfill_id: str) -> int:
    """How many trials it has."""
    backfill = instance.get_backfill(backfill_id)
    return len(_trials(backfill)) if backfill is not None else 0


def follow(instance: DagsterInstance, backfill_id: str, on_change: OnChange, every_s: float = 1.0) -> dict[str, str]:
    """Tell each change of its trials until all have ended; why each that failed did, by its key.

    It only looks: whatever ends it, the backfill goes on. Raises DaemonError where the daemon has died.
    """
    told: dict[str, State] = {}  # by run: one that is launched again in the UI stays in its backfill
    states: dict[str, State] = {}  # by trial
    failures: dict[str, str] = {}
    since = None
    while True:
        backfill = instance.get_backfill(backfill_id)
        assert backfill is not None
        runs = RunsFilter(tags={_BACKFILL: backfill_id}, updated_after=since)
        for record in instance.get_run_records(runs, order_by="update_timestamp", ascending=True):
            # looked at once more, as another process may yet write what it has dated
            since = record.update_timestamp - timedelta(seconds=5)
            run = record.dagster_run
            key, state = run.tags[_PARTITION], _STATES.get(run.status, "started")
            if told.get(run.run_id) != state:
                told[run.run_id] = states[key] = state
                failures.pop(key, None)
                if state == "failed":
                    failures[key] = _why(instance, run)
                on_change(key, state, failures.get(key, ""))
        left = [key for key in _trials(backfill) if states.get(key) not in ("done", "failed")]
        if backfill.status in BULK_ACTION_TERMINAL_STATUSES:
            why = backfill.error.message.strip() if backfill.error else _CANCELED
            failures |= dict.fromkeys(left, why)
            left = []
        if not left:
            return failures
        _need_daemon(instance)
        time.sleep(every_s)


def how_to_go_on(backfill_id: str) -> str:
    """What whoever stops following is told."""
    return (
        f"The backfill {backfill_id} goes on. 'chimera sweep --daemon' follows it again; "
        f"the UI cancels it, at Runs > Backfills (/runs/b/{backfill_id})."
    )


def _trials(backfill: PartitionBackfill) -> Sequence[str]:
    data = backfill.asset_backfill_data
    return data.get_partition_names() or () if data is not None else ()


def _why(instance: DagsterInstance, run: DagsterRun) -> str:
    if run.status == DagsterRunStatus.CANCELED:
        return _CANCELED
    entries = instance.all_logs(run.run_id, of_type=TELLING)
    return reason_of(entry.dagster_event for entry in entries if entry.dagster_event is not None)


def _need_daemon(instance: DagsterInstance) -> None:
    """Dagster itself believes in a daemon for half an hour after its last word."""
    heartbeat = instance.get_daemon_heartbeats().get("BACKFILL")
    if heartbeat is None or time.time() - heartbeat.timestamp > 3 * _HEARTBEAT_S:
        raise DaemonError(
            "No Dagster daemon is at work for this project, so nothing would run the trials.",
            hint="Start 'chimera ui' and leave it open, or run 'chimera sweep' without --daemon.",
        )
