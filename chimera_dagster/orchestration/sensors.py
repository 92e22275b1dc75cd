"""Keeps the UI's partitions in step with sweep.yaml."""

from dagster import DefaultSensorStatus, ResourceParam, SensorEvaluationContext, SensorResult, SkipReason, sensor

from chimera_dagster.errors import SpecError
from chimera_dagster.orchestration.partitions import MODELS, PARAMS, missing_keys
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.sweep import load_spec


@sensor(minimum_interval_seconds=20, default_status=DefaultSensorStatus.RUNNING)
def sweep_spec(context: SensorEvaluationContext, workspace: ResourceParam[Workspace]) -> SensorResult | SkipReason:
    """Registers the trials of sweep.yaml as partitions within half a minute of a change."""
    try:
        spec = load_spec(workspace.settings.spec)
    except SpecError as error:
        return SkipReason(str(error))
    plans = spec.plans()
    for plan in plans:
        workspace.store.register(plan)
    missing = missing_keys(context.instance, plans)
    requests = [
        definition.build_add_request(missing[name])
        for name, definition in (("model", MODELS), ("params", PARAMS))
        if missing[name]
    ]
    if not requests:
        return SkipReason(f"All {len(plans)} trials of {workspace.settings.spec} are partitions.")
    return SensorResult(dynamic_partitions_requests=requests)
