"""When the index of reports is written again."""

import pytest
from dagster import (
    AssetMaterialization,
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    SkipReason,
    build_sensor_context,
)

from chimera_dagster.orchestration.sensors import published_reports
from tests.unit.orchestration.daemon import new_run


def tick(instance: DagsterInstance, cursor: str | None = None) -> tuple[object, str | None]:
    context = build_sensor_context(instance=instance, cursor=cursor)
    return published_reports(context), context.cursor


def rendered(instance: DagsterInstance) -> None:
    instance.report_runless_asset_event(AssetMaterialization("rendered_report", partition="m:1|c1k"))


def test_each_new_report_asks_for_the_index_once() -> None:
    with DagsterInstance.ephemeral() as instance:
        found, cursor = tick(instance)
        assert isinstance(found, SkipReason)
        for _ in range(2):
            rendered(instance)
            rendered(instance)
            found, cursor = tick(instance, cursor)
            assert found == RunRequest()
            found, cursor = tick(instance, cursor)
            assert isinstance(found, SkipReason)


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTED])
def test_it_waits_while_a_run_may_measure(status: DagsterRunStatus) -> None:
    with DagsterInstance.ephemeral() as instance:
        rendered(instance)
        run = new_run(instance, "write_report", status, {})
        found, cursor = tick(instance)
        assert (isinstance(found, SkipReason), cursor) == (True, None)
        instance.delete_run(run)
        assert tick(instance, cursor)[0] == RunRequest()
