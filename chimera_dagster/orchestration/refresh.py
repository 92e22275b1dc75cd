"""Runs trials again when the data under their reports changed: an automation condition, and the sensor for it."""

from typing import Any

from dagster import (
    AssetSelection,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    DefaultSensorStatus,
)

from chimera_dagster.orchestration.jobs import TRIAL_ASSETS


def inputs_changed() -> AutomationCondition[Any]:
    """True for a trial that has run before, once the content of its inputs has changed and no run of it is in progress.

    `eager()` would request every trial after every ingest, as it checks whether an input was materialized again; this
    checks data versions. A trial that never ran is left to whoever starts a sweep.
    """
    changed = AutomationCondition.data_version_changed() | AutomationCondition.will_be_requested()
    return (
        AutomationCondition.any_deps_match(changed).since_last_handled()
        & ~AutomationCondition.missing()
        & ~AutomationCondition.any_deps_in_progress()
        & ~AutomationCondition.in_progress()
    ).with_label("inputs changed")


def stale_trials(*, running: bool) -> AutomationConditionSensorDefinition:
    """The sensor that requests them; `running` is the default until someone toggles the sensor in the UI."""
    return AutomationConditionSensorDefinition(
        "stale_trials",
        target=AssetSelection.assets(*TRIAL_ASSETS),
        default_status=DefaultSensorStatus.RUNNING if running else DefaultSensorStatus.STOPPED,
        description="Runs trials again when the data under their reports changed (CHIMERA_AUTO_REFRESH=1).",
    )
