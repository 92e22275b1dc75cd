"""Keeps the index page up to date with the brief and the trials, without disturbing a measurement."""

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

_UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


_RUNS_CHECKED = 50  # of the unfinished ones: a backfill may have thousands in the queue


@sensor(job=publish_job, minimum_interval_seconds=30, default_status=DefaultSensorStatus.RUNNING)
def published_reports(context: SensorEvaluationContext, workspace: ResourceParam[Workspace]) -> RunRequest | SkipReason:
    """Writes the index again after the brief or reports were written, once nothing is being measured."""
    newest = [
        record.storage_id
        for asset in ("brief", "rendered_report")
        for record in context.instance.fetch_materializations(AssetKey(asset), limit=1).records
    ]
    if not newest:
        return SkipReason("Neither the brief nor a report has been written yet.")
    seen = str(max(newest))
    if context.cursor == seen:
        return SkipReason("The index shows the brief and every report.")
    if _has_launched_run(context.instance):
        return SkipReason("There are new pages, but runs are in progress: the index waits for them.")
    if any_held(leases_folder(workspace.settings.leases_dir)):
        return SkipReason("There are new pages, but a lane is held: the index waits until nothing is being measured.")
    context.update_cursor(seen)
    return RunRequest()


def _has_launched_run(instance: DagsterInstance) -> bool:
    """Whether a run that Dagster launched is unfinished; a run of the command line holds a lane while it measures."""
    runs = instance.get_runs(RunsFilter(statuses=_UNFINISHED), limit=_RUNS_CHECKED)
    return any(run.remote_job_origin is not None for run in runs)
