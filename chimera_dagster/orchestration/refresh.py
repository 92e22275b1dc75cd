"""Runs trials again when the data under their reports changed: an automation condition, and the sensor for it."""

from typing import Any

from dagster import (
    AssetSelection,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    DefaultSensorStatus,
)

from chimera_dagster.orchestration.jobs import TRIAL_ASSETS


def stale_again() -> AutomationCondition[Any]:
    """True of a trial that has run, once the content of what it stands on is another, and no run is on its way.

    `eager()` would ask for every trial after every ingest, as it looks at whether its input was made again; this looks
    at data versions. A trial that never ran is left to whoever begins a sweep.
    """
    changed = AutomationCondition.data_version_changed() | AutomationCondition.will_be_requested()
    return (
        AutomationCondition.any_deps_match(changed).since_last_handled()
        & ~AutomationCondition.missing()
        & ~AutomationCondition.any_deps_in_progress()
        & ~AutomationCondition.in_progress()
    ).with_label("stale again")


def stale_trials(*, running: bool) -> AutomationConditionSensorDefinition:
    """The sensor that asks for them; whether it runs where nobody has turned it on or off in the UI."""
    return AutomationConditionSensorDefinition(
        "stale_trials",
        target=AssetSelection.assets(*TRIAL_ASSETS),
        default_status=DefaultSensorStatus.RUNNING if running else DefaultSensorStatus.STOPPED,
        description="Runs trials again when the data under their reports changed (CHIMERA_AUTO_REFRESH=1).",
    )
