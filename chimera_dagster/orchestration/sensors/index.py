"""Keeps the index of reports in step with the trials, between the measurements."""

from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    ResourceParam,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from chimera_dagster.gpu.leases import any_held, leases_folder
from chimera_dagster.orchestration.jobs import publish_job
from chimera_dagster.orchestration.workspace import Workspace

_AT_WORK = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


_LOOKED_AT = 50  # of the runs at work: a backfill may have thousands in the queue


@sensor(job=publish_job, minimum_interval_seconds=30, default_status=DefaultSensorStatus.RUNNING)
def published_reports(context: SensorEvaluationContext, workspace: ResourceParam[Workspace]) -> RunRequest | SkipReason:
    """Writes the index again after reports were rendered, once nothing is measured that this would disturb."""
    newest = context.instance.fetch_materializations(AssetKey("rendered_report"), limit=1).records
    if not newest:
        return SkipReason("No report was rendered yet.")
    seen = str(newest[0].storage_id)
    if context.cursor == seen:
        return SkipReason("The index shows every report.")
    if _launched_is_at_work(context.instance):
        return SkipReason("Reports are new, but runs are at work: the index waits for them.")
    if any_held(leases_folder(workspace.settings.leases_dir)):
        return SkipReason("Reports are new, but a lane is held: the index waits until nothing is measured.")
    context.update_cursor(seen)
    return RunRequest()


def _launched_is_at_work(instance: DagsterInstance) -> bool:
    """Whether a run is that Dagster launches; one of the command line holds a lane while it measures."""
    runs = instance.get_runs(RunsFilter(statuses=_AT_WORK), limit=_LOOKED_AT)
    return any(run.remote_job_origin is not None for run in runs)
