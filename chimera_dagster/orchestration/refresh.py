"""Runs trials again when the data under their reports changed: an automation condition, and the sensor for it."""

from collections.abc import Sequence
from typing import Any

from dagster import (
    AssetDep,
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    DefaultSensorStatus,
)

from chimera_dagster.orchestration.jobs import EVIDENCE_ASSETS, TRIAL_ASSETS


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


def with_refresh(assets: Sequence[AssetsDefinition]) -> list[AssetsDefinition]:
    """The assets, those of a trial with the condition, and stale as soon as the evidence is another.

    Dagster looks at an asset's direct inputs only: without the evidence among them a report would be fresh until its
    analysis has run again.
    """

    def refreshed(spec: AssetSpec) -> AssetSpec:
        if spec.key.to_user_string() not in TRIAL_ASSETS:
            return spec
        known = {dep.asset_key for dep in spec.deps}
        more = [AssetDep(key) for key in map(AssetKey, EVIDENCE_ASSETS) if key not in known]
        return spec.replace_attributes(automation_condition=stale_again(), deps=[*spec.deps, *more])

    return [each.map_asset_specs(refreshed) for each in assets]


def stale_trials(*, running: bool) -> AutomationConditionSensorDefinition:
    """The sensor that asks for them; whether it runs where nobody has turned it on or off in the UI."""
    return AutomationConditionSensorDefinition(
        "stale_trials",
        target=AssetSelection.assets(*TRIAL_ASSETS),
        default_status=DefaultSensorStatus.RUNNING if running else DefaultSensorStatus.STOPPED,
        description="Runs trials again when the data under their reports changed (CHIMERA_AUTO_REFRESH=1).",
    )
