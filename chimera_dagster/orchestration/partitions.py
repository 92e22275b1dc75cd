"""Partitions are trials: two dynamic dimensions, filled from sweep specs."""

from collections.abc import Iterable, Mapping

from dagster import (
    AssetExecutionContext,
    DagsterInstance,
    DynamicPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
)
from sqlalchemy.exc import IntegrityError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.spec.trial import Trial

MODELS = DynamicPartitionsDefinition(name="model")
PARAMS = DynamicPartitionsDefinition(name="params")
TRIALS = MultiPartitionsDefinition({"model": MODELS, "params": PARAMS})

_ATTEMPTS = 5


def dagster_key(trial: Trial) -> MultiPartitionKey:
    return MultiPartitionKey({"model": trial.model, "params": trial.params.key})


def plan_of(context: AssetExecutionContext, store: Store) -> TrialPlan:
    """What the partition of this run stands for. Raises UnknownTrialError."""
    model, params_key = context.partition_key.split("|")
    return store.plan(model, params_key)


def missing_keys(instance: DagsterInstance, wanted: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Those keys of each dimension that Dagster does not know yet, in their order."""
    known = {name: set(instance.get_dynamic_partitions(name)) for name in wanted}
    return {name: [key for key in keys if key not in known[name]] for name, keys in wanted.items()}


def is_registered(instance: DagsterInstance, partition_key: str) -> bool:
    """Whether a run of that partition can be requested; a request for an unknown one would fail its sensor's tick."""
    model, _, params_key = partition_key.partition("|")
    return instance.has_dynamic_partition("model", model) and instance.has_dynamic_partition("params", params_key)


def register(instance: DagsterInstance, store: Store, plans: list[TrialPlan]) -> None:
    """Add a partition for every plan, and write down what each key stands for."""
    for plan in plans:
        store.register(plan)
    wanted = {
        "model": dict.fromkeys(plan.model for plan in plans),
        "params": dict.fromkeys(plan.params.key for plan in plans),
    }
    # Dagster adds those that it does not find, and fails if another process adds one of them in between.
    adding = Retrying(retry=retry_if_exception_type(IntegrityError), stop=stop_after_attempt(_ATTEMPTS), reraise=True)
    for name, keys in missing_keys(instance, wanted).items():
        adding(instance.add_dynamic_partitions, name, keys)
