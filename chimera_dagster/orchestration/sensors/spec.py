"""Keeps the partitions up to date with sweep.yaml."""

from dagster import DefaultSensorStatus, ResourceParam, SensorEvaluationContext, SensorResult, SkipReason, sensor

from chimera_dagster.errors import SpecError
from chimera_dagster.orchestration.partitions import MODELS, PARAMS, missing_keys
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.spec.sweep import load_spec


@sensor(minimum_interval_seconds=20, default_status=DefaultSensorStatus.RUNNING)
def sweep_spec(context: SensorEvaluationContext, workspace: ResourceParam[Workspace]) -> SensorResult | SkipReason:
    """Registers the trials of sweep.yaml as partitions within half a minute of a change."""
    store = workspace.store
    try:
        spec = load_spec(workspace.settings.spec)
    except SpecError as error:
        return SkipReason(str(error))
    keys, content = spec.partition_keys(), spec.content_hash()
    if context.cursor != content or not store.holds(*keys.values()):  # a large sweep is thousands of files
        for plan in spec.plans():
            store.register(plan)
        context.update_cursor(content)
    missing = missing_keys(context.instance, keys)
    requests = [
        definition.build_add_request(missing[name])
        for name, definition in (("model", MODELS), ("params", PARAMS))
        if missing[name]
    ]
    if not requests:
        count = len(keys["model"]) * len(keys["params"])
        return SkipReason(f"All {count} trials of {workspace.settings.spec} are partitions.")
    return SensorResult(dynamic_partitions_requests=requests)
