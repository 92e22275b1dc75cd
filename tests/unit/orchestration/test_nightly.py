"""The nightly round: off until someone turns it on; after its ingest, the trials that have no report of these data."""

from collections.abc import Generator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, DefaultScheduleStatus, RunRequest, build_schedule_context

from chimera_dagster.orchestration.partitions import register
from chimera_dagster.orchestration.sensors import nightly, nightly_trials
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import TrialPlan, load_spec
from chimera_dagster.steps import evidence, ingest
from chimera_dagster.sweeps.rounds import in_order
from tests.unit.orchestration.daemon import Ticking, new_run, workspace_at, written

SPEC = "models: [a:1, b:1]\ngrid: {temperature: [0.1, 0.2, 0.3]}\n"


class Night(Ticking):
    def trials(self) -> list[str]:
        """In the order of a round."""
        return [plan.trial.key for plan in in_order(self.plans(), 1)]

    def plans(self) -> list[TrialPlan]:
        return load_spec(self.workspace.settings.spec).plans()

    def write(self, spec: str) -> None:
        self.workspace.settings.spec.write_text(spec)
        register(self.instance, self.workspace.store, self.plans())

    def ingested(self, status: DagsterRunStatus = DagsterRunStatus.SUCCESS) -> str:
        """The run that the schedule asks for, with that end."""
        request = nightly(build_schedule_context())
        assert isinstance(request, RunRequest)
        return new_run(self.instance, "ingest_reports", status, request.tags)

    def asked(self) -> list[str]:
        requests = self.tick()
        assert not isinstance(requests, str), requests
        return [each.partition_key or "" for each in requests]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Keys of trials that have a report of the data."""
    keys: set[str] = set()

    def is_done(store: Store, plan: TrialPlan, digest: str) -> bool:
        assert digest == ingest.data_digest(store, store.tables.with_name("reports"))
        return plan.trial.key in keys

    monkeypatch.setattr("chimera_dagster.orchestration.sensors.night.is_done", is_done)
    return keys


@pytest.fixture
def night(tmp_path: Path, done: set[str]) -> Generator[Night]:
    workspace = workspace_at(tmp_path)
    written(workspace.settings.reports / "a.csv", "model,ttft_ms\nm:1,5\n")
    ingest.ingest_folder(workspace.store, workspace.settings.reports)
    evidence.compute_evidence(workspace.store)
    with DagsterInstance.ephemeral() as instance:
        night = Night(nightly_trials, workspace, instance)
        night.write(SPEC)
        yield night


def test_it_is_off_until_someone_turns_it_on() -> None:
    assert nightly.default_status == DefaultScheduleStatus.STOPPED
    assert nightly.cron_schedule == "0 2 * * *"
    assert nightly.job_name == "ingest_reports"


@pytest.mark.parametrize("status", [DagsterRunStatus.STARTED, DagsterRunStatus.FAILURE])
def test_trials_wait_for_the_ingest_to_end_well(night: Night, status: DagsterRunStatus) -> None:
    why = "The last ingest of the schedule 'nightly' has not succeeded, or there was none."
    assert night.tick() == why
    new_run(night.instance, "ingest_reports", DagsterRunStatus.SUCCESS, {})  # another's
    night.ingested(status)
    assert night.tick() == why


def test_trials_without_a_report_of_these_data_run_once_a_night_in_order(night: Night, done: set[str]) -> None:
    done.update([night.trials()[1], night.trials()[4]])
    ingest = night.ingested()
    requests = night.tick()
    assert not isinstance(requests, str)
    assert [each.partition_key for each in requests] == [each for each in night.trials() if each not in done]
    assert {each.tags["chimera/round"] for each in requests} == {ingest}
    assert night.tick() == f"All 6 trials were checked after the nightly ingest {ingest[:8]}."
    done.update(night.trials()[:5])
    night.ingested()
    assert night.asked() == night.trials()[5:]


def test_a_large_sweep_is_asked_for_in_pages(night: Night, done: set[str]) -> None:
    night.write(f"models: [a:1]\ngrid: {{top_k: {list(range(1, 121))}}}\n")
    keys = night.trials()
    done.update(keys[50:100])
    night.ingested()
    assert night.asked() == keys[:50]
    assert night.tick() == "Trials 51 to 100 of 120 have an up-to-date report."
    assert night.asked() == keys[100:]


def test_a_spec_that_changes_midway_is_begun_again_and_no_trial_runs_twice(night: Night) -> None:
    night.write(f"models: [a:1]\ngrid: {{top_k: {list(range(1, 121))}}}\n")
    night.ingested()
    first = night.asked()
    night.write(f"models: [a:1]\ngrid: {{top_k: {list(range(31, 81))}}}\n")
    assert night.asked() == [each for each in night.trials() if each not in first]


def test_a_spec_that_is_not_registered_yet_is_waited_for(night: Night) -> None:
    night.ingested()
    night.workspace.settings.spec.write_text("models: [c:1]\n")
    assert "sweep_spec has not yet registered" in str(night.tick())
    night.workspace.settings.spec.write_text("models: []\n")
    assert "line 1, models" in str(night.tick())


def test_a_trial_that_waits_for_its_start_is_not_asked_for_twice(night: Night) -> None:
    tags = {"dagster/partition": night.trials()[2]}
    new_run(night.instance, "write_report", DagsterRunStatus.NOT_STARTED, tags)
    night.ingested()
    assert night.asked() == [each for each in night.trials() if each != night.trials()[2]]


def test_each_round_is_a_run_of_its_own_which_writes_a_report_only_once(night: Night, done: set[str]) -> None:
    night.write("models: [a:1]\nrounds: 2\n")
    [key] = night.trials()
    night.ingested()
    requests = night.tick()
    assert not isinstance(requests, str)
    assert [each.tags["chimera/sweep_round"] for each in requests] == ["1", "2"]
    assert [each.partition_key for each in requests] == [key, key]
    assert len({each.run_key for each in requests}) == 2
    first, second = requests
    assert first.asset_selection is None
    assert "rendered_report" not in {asset.to_user_string() for asset in second.asset_selection or ()}
    new_run(night.instance, "write_report", DagsterRunStatus.NOT_STARTED, first.tags | {"dagster/partition": key})
    night.ingested()
    again = night.tick()
    assert not isinstance(again, str)
    assert [each.tags["chimera/sweep_round"] for each in again] == ["2"]  # the first still waits for its start
