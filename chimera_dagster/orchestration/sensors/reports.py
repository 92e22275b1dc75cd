"""Keeps the tables up to date with the reports folder."""

import time
from collections.abc import Iterator, Mapping

from dagster import (
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

from chimera_dagster.errors import NoReportsError
from chimera_dagster.ingest.due import IngestRun, RunState, decide
from chimera_dagster.orchestration.jobs import ingest_job
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.steps.ingest import ingested_snapshot, take_snapshot

CONTENT_TAG = "chimera/reports"  # on a run: the digest of the snapshot that it was requested for
_RUNS = 10  # more than are ever requested for the same content
_STATES: Mapping[DagsterRunStatus, RunState] = {
    DagsterRunStatus.NOT_STARTED: "queued",
    DagsterRunStatus.QUEUED: "queued",
    DagsterRunStatus.SUCCESS: "succeeded",
    DagsterRunStatus.FAILURE: "failed",
    DagsterRunStatus.CANCELED: "canceled",
}


# No run_key: Dagster never runs the same key twice, so after a failed ingest, or when a folder returns to an earlier
# state, nothing would be ingested.
@sensor(job=ingest_job, minimum_interval_seconds=10, default_status=DefaultSensorStatus.RUNNING)
def reports_folder(context: SensorEvaluationContext, workspace: ResourceParam[Workspace]) -> RunRequest | SkipReason:
    """Ingests the reports folder once it has changed and nothing is being written there any more."""
    store, reports = workspace.store, workspace.settings.reports
    try:
        snapshot, last = take_snapshot(store, reports)
    except NoReportsError as error:
        return SkipReason(str(error))
    decision = decide(
        snapshot,
        last=last,
        ingested=ingested_snapshot(store, reports),
        asked=context.cursor,
        runs=list(_runs(context.instance)),
        now=time.time_ns() // 1000,
    )
    if decision.content is not None:
        context.update_cursor(decision.content)
    if not decision.ingest:
        return SkipReason(decision.why)
    context.log.info(decision.why)
    return RunRequest(tags={CONTENT_TAG: snapshot.digest})


def _runs(instance: DagsterInstance) -> Iterator[IngestRun]:
    """This sensor's runs, newest first. Not those of the command line: a killed one would count as running for ever."""
    own = RunsFilter(job_name=ingest_job.name, tags={"dagster/sensor_name": "reports_folder"})
    for run in instance.get_runs(own, limit=_RUNS):
        yield IngestRun(run.run_id, run.tags.get(CONTENT_TAG, ""), _STATES.get(run.status, "running"))
