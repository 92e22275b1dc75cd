"""Reports whose data changed are stale in Dagster's UI, the others are not; and only those are asked for again."""

import os
from collections.abc import Generator
from typing import Any

import pytest
from dagster import AssetKey, DefaultSensorStatus, evaluate_automation_conditions
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from chimera_dagster.definitions import defs
from chimera_dagster.orchestration.jobs import TRIAL_ASSETS
from chimera_dagster.orchestration.refresh import stale_trials
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from tests.conftest import Project
from tests.integration.bench import Bench, bench_in
from tests.stub_ollama import StubOllama

EVIDENCE = ("benchmark_files", "measurements", "data_summary", "facts", "findings", "notes", "brief")


class Desk:
    """Two trials on a server, of which the first has run."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        spec = SweepSpec.model_validate(
            {"engine": "ollama", "models": ["smollm2:135m"], "max_tokens": 32, "grid": {"top_k": [1, 2]}}
        )
        self.ran, self.missing = bench.register(spec)
        self._cursor: Any = None
        self.ingest()
        self.run(self.ran)

    def ingest(self) -> None:
        assert self.bench.runner.ingest_reports() is None

    def run(self, plan: TrialPlan) -> None:
        assert self.bench.runner.write_report(plan) is None

    def change(self) -> None:
        path = self.bench.project.reports / "new.csv"
        path.write_text("model,ttft_ms\nm:1,5\n" + ("m:1,6\n" * (1 + path.exists())))

    def touch(self) -> None:
        for path in self.bench.project.reports.rglob("*.csv"):
            os.utime(path, (1, 1))

    def statuses(self, plan: TrialPlan) -> dict[str, str]:
        """What the UI shows of a trial's assets, and of the tables."""
        resolver = CachingStaleStatusResolver(
            self.bench.instance, defs.resolve_asset_graph(), LoadingContextForTest(self.bench.instance)
        )
        keys = [*((name, None) for name in EVIDENCE), *((name, plan.trial.key) for name in TRIAL_ASSETS)]
        return {name: resolver.get_status(AssetKey(name), partition).value for name, partition in keys}

    def asked_for(self) -> dict[str, set[str]]:
        """The partitions that a tick of the automation asks for, by asset; those asked for are not run."""
        result = evaluate_automation_conditions(defs, self.bench.instance, cursor=self._cursor)
        self._cursor = result.cursor
        asked = {name: result.get_requested_partitions(AssetKey(name)) for name in TRIAL_ASSETS}
        return {name: {str(key) for key in keys} for name, keys in asked.items() if keys}


@pytest.fixture
def desk(project: Project, monkeypatch: pytest.MonkeyPatch) -> Generator[Desk]:
    with StubOllama(size_vram=0) as stub, bench_in(project) as bench:
        monkeypatch.setenv("OLLAMA_HOST", stub.url)
        yield Desk(bench)


def test_changed_content_makes_a_report_stale_until_it_runs_again(desk: Desk) -> None:
    assert set(desk.statuses(desk.ran).values()) == {"FRESH"}
    desk.change()
    desk.ingest()
    shown = desk.statuses(desk.ran)
    assert {shown[name] for name in TRIAL_ASSETS} == {"STALE"}
    assert {shown[name] for name in EVIDENCE} == {"FRESH"}
    desk.run(desk.ran)
    assert set(desk.statuses(desk.ran).values()) == {"FRESH"}


def test_unchanged_content_leaves_a_report_fresh(desk: Desk) -> None:
    desk.ingest()
    desk.touch()
    desk.ingest()
    assert set(desk.statuses(desk.ran).values()) == {"FRESH"}


def test_only_changed_content_asks_for_a_trial_again_and_only_for_one_that_ran(desk: Desk) -> None:
    whole_trial = {name: {desk.ran.trial.key} for name in TRIAL_ASSETS}
    assert desk.asked_for() == {}
    desk.ingest()
    desk.touch()
    desk.ingest()
    assert desk.asked_for() == {}
    desk.change()
    desk.ingest()
    assert desk.asked_for() == whole_trial
    assert desk.asked_for() == {}  # it was asked for
    desk.run(desk.ran)
    assert desk.asked_for() == {}
    desk.change()
    desk.ingest()
    assert desk.asked_for() == whole_trial


@pytest.mark.parametrize(
    ("running", "status"), [(False, DefaultSensorStatus.STOPPED), (True, DefaultSensorStatus.RUNNING)]
)
def test_it_is_on_by_flag(running: bool, status: DefaultSensorStatus) -> None:
    assert stale_trials(running=running).default_status == status
