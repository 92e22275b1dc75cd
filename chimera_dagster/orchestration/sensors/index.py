"""Keeps the index of reports in step with the trials, between the measurements."""

from dagster import (
    AssetKey,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from chimera_dagster.orchestration.jobs import publish_job

_AT_WORK = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


@sensor(job=publish_job, minimum_interval_seconds=30, default_status=DefaultSensorStatus.RUNNING)
def published_reports(context: SensorEvaluationContext) -> RunRequest | SkipReason:
    """Writes the index again after reports were rendered, once no run is at work whose measurement it would disturb."""
    newest = context.instance.fetch_materializations(AssetKey("rendered_report"), limit=1).records
    if not newest:
        return SkipReason("No report was rendered yet.")
    seen = str(newest[0].storage_id)
    if context.cursor == seen:
        return SkipReason("The index shows every report.")
    if context.instance.get_runs_count(RunsFilter(statuses=_AT_WORK)):
        return SkipReason("Reports are new, but runs are at work: the index waits for them.")
    context.update_cursor(seen)
    return RunRequest()
