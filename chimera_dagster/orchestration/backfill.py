"""Trials as a backfill that Dagster's daemon runs: `submit` requests it, `follow` reports how each trial goes."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Literal

from dagster import AssetKey, DagsterInstance, DagsterRun, DagsterRunStatus, Definitions, RunsFilter

from chimera_dagster.errors import DaemonError
from chimera_dagster.orchestration.internals.backfills import BulkActionsFilter, BulkActionStatus, PartitionBackfill
from chimera_dagster.orchestration.jobs import MEASURED_ASSETS, TRIAL_ASSETS
from chimera_dagster.orchestration.partitions import dagster_key
from chimera_dagster.orchestration.reason import REASON_EVENTS, reason_of
from chimera_dagster.orchestration.workspace import FORCE, RESUME, ROUND_TAG, SWEEP_TAG
from chimera_dagster.spec.sweep import TrialPlan

State = Literal["queued", "started", "done", "failed"]
OnChange = Callable[[str, State, str], None]  # the trial's key, its new state, and the reason of a failure or ""

_BACKFILL, _PARTITION = "dagster/backfill", "dagster/partition"
_CANCELED = "canceled"
_HEARTBEAT_S = 30  # how often a daemon that is alive writes its heartbeat
_STATES: Mapping[DagsterRunStatus, State] = {
    DagsterRunStatus.NOT_STARTED: "queued",
    DagsterRunStatus.QUEUED: "queued",
    DagsterRunStatus.SUCCESS: "done",
    DagsterRunStatus.FAILURE: "failed",
    DagsterRunStatus.CANCELED: "failed",
}
_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_TERMINAL = {
    BulkActionStatus.COMPLETED,
    BulkActionStatus.COMPLETED_SUCCESS,
    BulkActionStatus.COMPLETED_FAILED,
    BulkActionStatus.FAILED,
    BulkActionStatus.CANCELED,
}


def submit(defs: Definitions, instance: DagsterInstance, plans: Sequence[TrialPlan], *, force: bool = False) -> str:
    """Request one run of each of these trials, which must be registered, in one round; returns the backfill's id.

    The plans are all of the same round. A trial that another process has measured by the time that its run starts is
    not measured again, unless `force`. Raises DaemonError if no daemon is alive.
    """
    _require_daemon(instance)
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id=secrets.token_hex(4),
        asset_graph=defs.resolve_asset_graph(),
        partition_names=[dagster_key(plan.trial) for plan in plans],
        asset_selection=[AssetKey(name) for name in (TRIAL_ASSETS if plans[0].writes_report else MEASURED_ASSETS)],
        backfill_timestamp=time.time(),
        tags={SWEEP_TAG: FORCE if force else RESUME, ROUND_TAG: str(plans[0].round)},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title="chimera sweep",
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id


def unfinished(instance: DagsterInstance) -> str | None:
    """The newest backfill of `submit` that still has trials to run."""
    requested = BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED], tags={SWEEP_TAG: [RESUME, FORCE]})
    for backfill in instance.get_backfills(filters=requested):
        finished = RunsFilter(tags={_BACKFILL: backfill.backfill_id}, statuses=_FINISHED)
        # Dagster itself notices only half a minute later that the last run has ended.
        if instance.get_runs_count(finished) < len(_trial_keys(backfill)):
            return backfill.backfill_id
    return None


def size_of(instance: DagsterInstance, backfill_id: str) -> int:
    """How many trials it has."""
    backfill = instance.get_backfill(backfill_id)
    return len(_trial_keys(backfill)) if backfill is not None else 0


def follow(instance: DagsterInstance, backfill_id: str, on_change: OnChange, every_s: float = 1.0) -> dict[str, str]:
    """Report each change of its trials until all have ended; returns why trials failed, by trial key.

    It only reads: whatever ends it, the backfill continues. Raises DaemonError if the daemon has died.
    """
    reported: dict[str, State] = {}  # by run: a run that is launched again in the UI stays in its backfill
    states: dict[str, State] = {}  # by trial
    failures: dict[str, str] = {}
    since = None
    while True:
        backfill = instance.get_backfill(backfill_id)
        assert backfill is not None
        runs = RunsFilter(tags={_BACKFILL: backfill_id}, updated_after=since)
        for record in instance.get_run_records(runs, order_by="update_timestamp", ascending=True):
            # read once more next time, as another process may still write a record with an earlier timestamp
            since = record.update_timestamp - timedelta(seconds=5)
            run = record.dagster_run
            key, state = run.tags[_PARTITION], _STATES.get(run.status, "started")
            if reported.get(run.run_id) != state:
                reported[run.run_id] = states[key] = state
                failures.pop(key, None)
                if state == "failed":
                    failures[key] = _failure_reason(instance, run)
                on_change(key, state, failures.get(key, ""))
        left = [key for key in _trial_keys(backfill) if states.get(key) not in ("done", "failed")]
        if backfill.status in _TERMINAL:
            reason = backfill.error.message.strip() if backfill.error else _CANCELED
            failures |= dict.fromkeys(left, reason)
            left = []
        if not left:
            return failures
        _require_daemon(instance)
        time.sleep(every_s)


def how_to_resume(backfill_id: str) -> str:
    """What to tell a user who stops following."""
    return (
        f"The backfill {backfill_id} continues. 'chimera sweep --daemon' follows it again; "
        f"to cancel it, open Runs > Backfills in the UI (/runs/b/{backfill_id})."
    )


def _trial_keys(backfill: PartitionBackfill) -> Sequence[str]:
    data = backfill.asset_backfill_data
    return data.get_partition_names() or () if data is not None else ()


def _failure_reason(instance: DagsterInstance, run: DagsterRun) -> str:
    if run.status == DagsterRunStatus.CANCELED:
        return _CANCELED
    entries = instance.all_logs(run.run_id, of_type=REASON_EVENTS)
    return reason_of(entry.dagster_event for entry in entries if entry.dagster_event is not None)


def _require_daemon(instance: DagsterInstance) -> None:
    # Dagster itself considers a daemon alive for half an hour after its last heartbeat.
    heartbeat = instance.get_daemon_heartbeats().get("BACKFILL")
    if heartbeat is None or time.time() - heartbeat.timestamp > 3 * _HEARTBEAT_S:
        raise DaemonError(
            "No Dagster daemon is running for this project, so nothing would run the trials.",
            hint="Start 'chimera ui' and leave it open, or run 'chimera sweep' without --daemon.",
        )
