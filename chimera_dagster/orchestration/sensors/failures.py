"""Retries trials that failed for a temporary reason."""

from dagster import (
    AssetKey,
    DefaultSensorStatus,
    ResourceParam,
    RunFailureSensorContext,
    RunRequest,
    RunsFilter,
    SkipReason,
    run_failure_sensor,
)

from chimera_dagster.errors import may_pass
from chimera_dagster.orchestration.jobs import TRIAL_ASSETS, trial_job
from chimera_dagster.orchestration.partitions import is_registered
from chimera_dagster.orchestration.workspace import ROUND_TAG, Workspace

ATTEMPT_TAG = "chimera/attempt"  # on a run: 2 for the first retry of a trial, 3 for the next
RETRY_OF_TAG = "chimera/retry_of"  # on a run: the run that failed


@run_failure_sensor(minimum_interval_seconds=15, default_status=DefaultSensorStatus.RUNNING, request_job=trial_job)
def failed_trials(context: RunFailureSensorContext, workspace: ResourceParam[Workspace]) -> RunRequest | SkipReason:
    """Retries a failed trial, at most CHIMERA_TRIAL_RETRIES times; trials of the command line are not retried."""
    run, key = context.dagster_run, context.dagster_run.tags.get("dagster/partition")
    if key is None:
        return SkipReason(f"Run {run.run_id[:8]}, which failed, is not a trial.")
    attempt, error = int(run.tags.get(ATTEMPT_TAG, "1")), _error(context)
    if attempt > workspace.settings.trial_retries:
        return SkipReason(f"{key} failed in attempt {attempt} of {workspace.settings.trial_retries + 1}, the last.")
    if not may_pass(error):
        return SkipReason(f"{key} failed with {error}, which a retry would not fix.")
    newest = context.instance.get_runs(RunsFilter(tags={"dagster/partition": key}), limit=1)
    if [found.run_id for found in newest] != [run.run_id]:
        return SkipReason(f"{key} failed, and has been launched again since.")
    if not is_registered(context.instance, key):
        return SkipReason(f"{key} failed, and is no longer a partition.")
    return RunRequest(
        run_key=run.run_id,  # a failure is answered once
        partition_key=key,
        asset_selection=[asset for asset in map(AssetKey, TRIAL_ASSETS) if asset in (run.asset_selection or {asset})],
        tags={
            ATTEMPT_TAG: str(attempt + 1),
            RETRY_OF_TAG: run.run_id,
            **{tag: value for tag, value in run.tags.items() if tag == ROUND_TAG},
        },
    )


def _error(context: RunFailureSensorContext) -> str | None:
    """The class of this project's error that a step failed with; None if it was another error or a killed process."""
    for event in context.get_step_failure_events():
        failure = event.step_failure_data.user_failure_data
        if failure is not None and "error" in failure.metadata:
            return str(failure.metadata["error"].value)
    return None
