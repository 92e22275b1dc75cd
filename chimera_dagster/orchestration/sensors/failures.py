"""Tries trials again that failed for a reason that may pass."""

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
from chimera_dagster.orchestration.workspace import Workspace

ATTEMPT_TAG = "chimera/attempt"  # on a run: 2 for the first that tries a trial again, 3 for the next
RETRY_OF_TAG = "chimera/retry_of"  # on a run: the run that failed


@run_failure_sensor(minimum_interval_seconds=15, default_status=DefaultSensorStatus.RUNNING, request_job=trial_job)
def failed_trials(context: RunFailureSensorContext, workspace: ResourceParam[Workspace]) -> RunRequest | SkipReason:
    """Tries a failed trial again, CHIMERA_TRIAL_RETRIES times at most. Those of the command line it leaves alone."""
    run, key = context.dagster_run, context.dagster_run.tags.get("dagster/partition")
    if key is None:
        return SkipReason(f"Run {run.run_id[:8]}, which failed, is no trial.")
    attempt, error = int(run.tags.get(ATTEMPT_TAG, "1")), _error(context)
    if attempt > workspace.settings.trial_retries:
        return SkipReason(f"{key} failed in attempt {attempt} of {workspace.settings.trial_retries + 1}, the last.")
    if not may_pass(error):
        return SkipReason(f"{key} failed with {error}, which trying again does not heal.")
    newest = context.instance.get_runs(RunsFilter(tags={"dagster/partition": key}), limit=1)
    if [each.run_id for each in newest] != [run.run_id]:
        return SkipReason(f"{key} failed, and was launched again since.")
    if not is_registered(context.instance, key):
        return SkipReason(f"{key} failed, and is no partition any more.")
    return RunRequest(
        run_key=run.run_id,  # a failure is answered once
        partition_key=key,
        asset_selection=[asset for asset in map(AssetKey, TRIAL_ASSETS) if asset in (run.asset_selection or {asset})],
        tags={ATTEMPT_TAG: str(attempt + 1), RETRY_OF_TAG: run.run_id},
    )


def _error(context: RunFailureSensorContext) -> str | None:
    """The class of our error that a step failed with; None for another error, or where the process was killed."""
    for event in context.get_step_failure_events():
        failure = event.step_failure_data.user_failure_data
        if failure is not None and "error" in failure.metadata:
            return str(failure.metadata["error"].value)
    return None
