"""The same jobs with Dagster's multiprocess executor, which limits trials by a pool: the baseline of a benchmark."""

from dagster import Definitions, multiprocess_executor

from chimera_dagster.orchestration.assets import evidence, ingest, rendered_report, trial
from chimera_dagster.orchestration.jobs import ingest_job, trial_job
from chimera_dagster.orchestration.workspace import workspace_from_environment

POOL = "gpu"
trial.op._pool = POOL
defs = Definitions(
    assets=[ingest, evidence, trial, rendered_report],
    jobs=[ingest_job, trial_job],
    resources={"workspace": workspace_from_environment},
    executor=multiprocess_executor.configured({"start_method": {"forkserver": {}}}),
)
