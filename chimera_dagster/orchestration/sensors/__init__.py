"""What Dagster's daemon does by itself, one file for each sensor; every tick says what it did and why."""

from chimera_dagster.orchestration.sensors.failures import failed_trials
from chimera_dagster.orchestration.sensors.index import published_reports
from chimera_dagster.orchestration.sensors.lost import lost_runs
from chimera_dagster.orchestration.sensors.night import nightly, nightly_trials
from chimera_dagster.orchestration.sensors.reports import reports_folder
from chimera_dagster.orchestration.sensors.spec import sweep_spec

__all__ = [
    "failed_trials",
    "lost_runs",
    "nightly",
    "nightly_trials",
    "published_reports",
    "reports_folder",
    "sweep_spec",
]
