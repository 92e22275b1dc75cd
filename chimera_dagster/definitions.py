"""The wiring: what Dagster loads."""

from dagster import Definitions

from chimera_dagster.orchestration.assets import (
    evidence,
    ingest,
    rendered_report,
    report_index,
    sweep_comparison,
    trial,
)
from chimera_dagster.orchestration.executor import gpu_pinned_executor
from chimera_dagster.orchestration.jobs import ingest_job, publish_job, round_job, trial_job
from chimera_dagster.orchestration.refresh import stale_trials
from chimera_dagster.orchestration.sensors import (
    failed_trials,
    lost_runs,
    nightly,
    nightly_trials,
    published_reports,
    reports_folder,
    sweep_spec,
)
from chimera_dagster.orchestration.workspace import workspace_from_environment
from chimera_dagster.settings import load_settings

defs = Definitions(
    assets=[ingest, evidence, trial, rendered_report, sweep_comparison, report_index],
    jobs=[ingest_job, trial_job, round_job, publish_job],
    sensors=[
        sweep_spec,
        reports_folder,
        failed_trials,
        nightly_trials,
        published_reports,
        lost_runs,
        # read at import, as Dagster asks a sensor for its default when it loads it
        stale_trials(running=load_settings().auto_refresh),
    ],
    schedules=[nightly],
    resources={"workspace": workspace_from_environment},
    executor=gpu_pinned_executor,
)
