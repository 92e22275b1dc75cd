"""When the index of reports is written again."""

from collections.abc import Generator
from pathlib import Path

import pytest
from dagster import AssetMaterialization, DagsterInstance, DagsterRunStatus

from chimera_dagster.gpu.holder import holder
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import acquire
from chimera_dagster.orchestration.sensors import published_reports
from tests.unit.orchestration.daemon import Ticking, launched_run, new_run, workspace_at


@pytest.fixture
def ticking(tmp_path: Path) -> Generator[Ticking]:
    with DagsterInstance.ephemeral() as instance:
        yield Ticking(published_reports, workspace_at(tmp_path, leases_dir=tmp_path / "leases"), instance)


def rendered(ticking: Ticking) -> None:
    ticking.instance.report_runless_asset_event(AssetMaterialization("rendered_report", partition="m:1|c1k"))


def asks(ticking: Ticking) -> bool:
    return isinstance(ticking.tick(), list)


def test_each_new_report_asks_for_the_index_once(ticking: Ticking) -> None:
    assert not asks(ticking)
    for _ in range(2):
        rendered(ticking)
        rendered(ticking)
        assert asks(ticking)
        assert not asks(ticking)


def test_a_new_brief_asks_for_the_index_without_any_report(ticking: Ticking) -> None:
    for _ in range(2):
        ticking.instance.report_runless_asset_event(AssetMaterialization("brief"))
        assert asks(ticking)
        assert not asks(ticking)


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.QUEUED, DagsterRunStatus.STARTED])
def test_it_waits_while_a_run_that_dagster_launches_may_measure(ticking: Ticking, status: DagsterRunStatus) -> None:
    rendered(ticking)
    run = launched_run(ticking.instance, "write_report", status)
    assert "runs are in progress" in str(ticking.tick())
    ticking.instance.delete_run(run)
    assert asks(ticking)


def test_it_waits_while_a_lane_is_held_by_whoever(ticking: Ticking, tmp_path: Path) -> None:
    rendered(ticking)
    with acquire([Lane("gpu-9.0", "9", None)], holder(), tmp_path / "leases"):
        assert "a lane is held" in str(ticking.tick())
    assert asks(ticking)


def test_it_does_not_wait_for_a_run_of_the_command_line_that_holds_no_lane(ticking: Ticking) -> None:
    rendered(ticking)
    new_run(ticking.instance, "write_report", DagsterRunStatus.STARTED, {})
    assert asks(ticking)
