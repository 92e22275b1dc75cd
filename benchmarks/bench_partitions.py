"""Dagster with 10 x 1,000 partitions against 1 x 10: loading the definitions, the UI's partitions page, a backfill.

    python -m benchmarks.bench_partitions

Each side is an instance of its own with its trials registered and a tenth of the reports materialized. The queries are
those that the UI sends, asked of the code server that it asks. Prints the seconds of both sides and their ratio.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from dagster import AssetKey, AssetMaterialization, DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_graphql.schema import create_schema

from benchmarks.bench_ingest_unchanged import seconds
from chimera_dagster.orchestration.home import open_instance
from chimera_dagster.orchestration.jobs import TRIAL_ASSETS
from chimera_dagster.orchestration.partitions import dagster_key, register
from chimera_dagster.records.store import Store
from chimera_dagster.settings import Settings
from chimera_dagster.spec.sweep import SweepSpec

MODULE = "chimera_dagster.definitions"
ROUNDS = 3
GRIDS = {
    "1 x 10": (1, {"temperature": [0.1 * step for step in range(10)]}),
    "10 x 1,000": (
        10,
        {
            "num_ctx": [1024 * size for size in range(1, 11)],
            "temperature": [0.1 * step for step in range(10)],
            "top_k": [10 * count for count in range(1, 11)],
        },
    ),
}
HEALTH = """query PartitionHealthQuery($assetKey: AssetKeyInput!) {
  assetNodeOrError(assetKey: $assetKey) { ... on AssetNode {
    id
    partitionKeysByDimension { name type partitionKeys }
    assetPartitionStatuses {
      ... on DefaultPartitionStatuses { materializedPartitions materializingPartitions failedPartitions }
      ... on MultiPartitionStatuses {
        primaryDimensionName
        ranges {
          primaryDimStartKey primaryDimEndKey primaryDimStartTime primaryDimEndTime
          secondaryDim { ... on DefaultPartitionStatuses {
            materializedPartitions materializingPartitions failedPartitions
          } }
        }
      }
    }
  } }
}"""
LAUNCH = """mutation LaunchPartitionBackfill($backfillParams: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfillParams) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
  }
}"""


class Ui:
    """What answers the UI's queries, and the code server behind it."""

    def __init__(self, workspace: WorkspaceProcessContext) -> None:
        self._workspace, self._schema = workspace, create_schema()

    def ask(self, query: str, **variables: Any) -> Any:
        context = self._workspace.create_request_context()
        answer = asyncio.run(self._schema.execute_async(query, variable_values=variables, context_value=context))
        if answer.errors:
            raise answer.errors[0]
        return answer.data

    def partitions_page(self) -> None:
        """Of the four assets of a trial, as the dialog that launches a backfill has them."""
        for name in TRIAL_ASSETS:
            self.ask(HEALTH, assetKey={"path": [name]})

    def launch(self, keys: list[str], job: str | None = None) -> None:
        params: dict[str, Any] = {"partitionNames": keys, "fromFailure": False, "tags": []}
        params["assetSelection"] = [{"path": [name]} for name in TRIAL_ASSETS]
        if job is not None:
            where = {"repositoryLocationName": MODULE, "repositoryName": "__repository__"}
            params["selector"] = {"partitionSetName": f"{job}_partition_set", "repositorySelector": where}
        answer = self.ask(LAUNCH, backfillParams=params)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer


def measure(models: int, grid: dict[str, Any]) -> dict[str, float]:
    """Seconds of each thing, the median of its rounds."""
    spec = SweepSpec.model_validate({"models": [f"model:{number}" for number in range(models)], "grid": grid})
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DAGSTER_HOME"] = folder
        settings = Settings(data_dir=Path(folder, "data"))
        with open_instance(settings) as instance:
            store, plans = Store(settings.data_dir), spec.plans()
            found = {"register all trials": seconds(lambda: register(instance, store, plans))}
            keys = [dagster_key(plan.trial) for plan in plans]
            _materialize(instance, keys[::10])
            target = ModuleTarget(MODULE, attribute="defs", working_directory=None, location_name=MODULE)
            with WorkspaceProcessContext(instance, target) as workspace:
                ui = Ui(workspace)
                ui.partitions_page()  # the first builds what Dagster caches
                tasks: dict[str, Callable[[], object]] = {
                    "read the sweep and register again": lambda: register(instance, store, spec.plans()),
                    "load the definitions": _load,
                    "partitions page": ui.partitions_page,
                    "launch a backfill of the assets": lambda: ui.launch(keys),
                    "launch a backfill of the job": lambda: ui.launch(keys, "write_report"),
                }
                for name, task in tasks.items():
                    found[name] = median(seconds(task) for _ in range(ROUNDS))
    return found


def _materialize(instance: DagsterInstance, keys: list[str]) -> None:
    for key in keys:
        instance.report_runless_asset_event(AssetMaterialization(AssetKey("rendered_report"), partition=key))


def _load() -> None:
    code = f"from {MODULE} import defs; defs.get_repository_def().load_all_definitions()"
    subprocess.run([sys.executable, "-c", code], check=True)


def main() -> None:
    few, many = (measure(*grid) for grid in GRIDS.values())
    for name, took in many.items():
        print(
            f"{name}: {took:.2f} s with 10 x 1,000 partitions, {few[name]:.2f} s with 1 x 10: x {took / few[name]:.1f}"
        )


if __name__ == "__main__":
    main()
