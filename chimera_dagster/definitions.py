"""The wiring: what Dagster loads."""

from dagster import Definitions

from chimera_dagster.orchestration.assets import evidence, ingest, rendered_report, report_index, trial
from chimera_dagster.orchestration.executor import gpu_pinned_executor
from chimera_dagster.orchestration.jobs import ingest_job, publish_job, trial_job
from chimera_dagster.orchestration.sensors import sweep_spec
from chimera_dagster.orchestration.workspace import workspace_from_environment

defs = Definitions(
    assets=[ingest, evidence, trial, rendered_report, report_index],
    jobs=[ingest_job, trial_job, publish_job],
    sensors=[sweep_spec],
    resources={"workspace": workspace_from_environment},
    executor=gpu_pinned_executor,
)
