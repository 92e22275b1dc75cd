"""Runs the project's jobs in this process, on the Dagster instance that the UI shows."""

from collections.abc import Mapping
from uuid import uuid4

from dagster import DagsterEventType, DagsterInstance, Definitions, ExecuteInProcessResult, ResourceDefinition

from chimera_dagster.errors import ChimeraError
from chimera_dagster.orchestration.jobs import ingest_job, publish_job, round_job, trial_job
from chimera_dagster.orchestration.lost_runs import process_tag
from chimera_dagster.orchestration.partitions import dagster_key
from chimera_dagster.orchestration.reason import reason_of
from chimera_dagster.orchestration.workspace import ROUND_TAG, Workspace
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.evidence import is_evidence_current

# The command line shows its own progress; Dagster's events are kept in the instance.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class JobRunner:
    """Executes jobs of `defs` one after the other, as runs of `instance`."""

    def __init__(self, defs: Definitions, instance: DagsterInstance, workspace: Workspace) -> None:
        self._defs, self._instance, self._workspace = defs, instance, workspace
        self._resources = {"workspace": ResourceDefinition.hardcoded_resource(workspace)}

    def ingest_reports(self) -> str | None:
        """Materialize the evidence assets; None, or why it failed. Raises KeyboardInterrupt."""
        return self._execute(ingest_job.name, None, None)

    def require_evidence(self, digest: str) -> None:
        """Ingest the reports folder unless the evidence is that of `digest`. Raises ChimeraError if that fails."""
        if not is_evidence_current(self._workspace.store, digest) and (failure := self.ingest_reports()):
            raise ChimeraError(failure)

    def write_report(self, plan: TrialPlan, run_id: str | None = None) -> str | None:
        """Materialize one trial's partition in the plan's round; None, or why it failed. Raises KeyboardInterrupt.

        The report is written only after the round that the spec names.
        """
        self._workspace.round = plan.round
        job = trial_job if plan.writes_report else round_job
        return self._execute(job.name, dagster_key(plan.trial), run_id, {ROUND_TAG: str(plan.round)})

    def publish(self) -> str | None:
        """Write the index over all trials; None, or why it failed. Raises KeyboardInterrupt."""
        return self._execute(publish_job.name, None, None)

    def _execute(
        self, job: str, partition_key: str | None, run_id: str | None, tags: Mapping[str, str] | None = None
    ) -> str | None:
        run_id = run_id or str(uuid4())
        result = self._defs.resolve_job_def(job).execute_in_process(
            run_config=_QUIET,
            instance=self._instance,
            partition_key=partition_key,
            resources=self._resources,
            raise_on_error=False,
            run_id=run_id,
            tags={**process_tag(run_id), **(tags or {})},
        )
        if not result.success and _was_interrupted(result):
            raise KeyboardInterrupt
        return None if result.success else reason_of(result.all_events)


def _was_interrupted(result: ExecuteInProcessResult) -> bool:
    errors = (
        event.step_failure_data.error
        for event in result.all_events
        if event.event_type == DagsterEventType.STEP_FAILURE
    )
    return any(error is not None and error.cls_name == "DagsterExecutionInterruptedError" for error in errors)
