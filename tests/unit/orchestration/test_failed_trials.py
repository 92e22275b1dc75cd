"""Which failed trials are tried again, how often, and what the new run says of itself."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRunStatus,
    ResourceDefinition,
    RunRequest,
    SkipReason,
    build_run_status_sensor_context,
)

from chimera_dagster import errors
from chimera_dagster.definitions import defs
from chimera_dagster.orchestration import assets
from chimera_dagster.orchestration.jobs import trial_job
from chimera_dagster.orchestration.partitions import dagster_key, register
from chimera_dagster.orchestration.sensors import failed_trials
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.spec.sweep import SweepSpec
from tests.unit.orchestration.daemon import new_run, workspace_at

[PLAN] = SweepSpec(models=["smollm2:135m"]).plans()
KEY = dagster_key(PLAN.trial)


class Failing:
    """A trial that fails, and what the sensor makes of it."""

    def __init__(self, instance: DagsterInstance, workspace: Workspace, patch: pytest.MonkeyPatch) -> None:
        self.instance, self.workspace, self._patch = instance, workspace, patch
        register(instance, workspace.store, [PLAN])

    def fails(
        self, error: Exception, tags: dict[str, str] | None = None, selected: Sequence[str] = ()
    ) -> RunRequest | str:
        """Run the trial, which ends with that error, and have the sensor look at its failure."""

        def run_trial_once(*_: object, **__: object) -> NoReturn:
            raise error

        self._patch.setattr(assets, "run_trial_once", run_trial_once)
        result = defs.resolve_job_def("write_report").execute_in_process(
            instance=self.instance,
            partition_key=KEY,
            resources={"workspace": ResourceDefinition.hardcoded_resource(self.workspace)},
            tags=tags,
            raise_on_error=False,
        )
        context = build_run_status_sensor_context(
            sensor_name="failed_trials",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=self.instance,
            dagster_run=result.dagster_run._replace(asset_selection=frozenset(map(AssetKey, selected)) or None),
            resources={"workspace": self.workspace},
        ).for_run_failure()
        self.run_id = result.run_id
        return self.look(context)

    def look(self, context: Any) -> RunRequest | str:
        answer = failed_trials(context)
        if isinstance(answer, SkipReason):
            return answer.skip_message or ""
        assert isinstance(answer, RunRequest)
        return answer


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Failing]:
    with DagsterInstance.ephemeral() as instance:
        yield Failing(instance, workspace_at(tmp_path), monkeypatch)


@pytest.mark.parametrize(
    "error",
    [
        errors.NothingListensError("x"),
        errors.EngineUnreachableError("x"),
        errors.EngineBusyError("x"),
        errors.StreamBrokenError("x"),
        errors.EmptyOutputError("x"),
        errors.EngineTimeoutError("x"),
        OSError("No space left on device"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_is_tried_again_as_the_next_attempt(failing: Failing, error: Exception) -> None:
    request = failing.fails(error)
    assert isinstance(request, RunRequest), request
    assert request.partition_key == KEY
    assert request.tags == {"chimera/attempt": "2", "chimera/retry_of": failing.run_id}
    assert request.run_key == failing.run_id
    resolved = request.with_resolved_tags_and_config(
        defs.resolve_job_def(trial_job.name), dynamic_partitions_requests=[], dynamic_partitions_store=failing.instance
    )
    assert resolved.tags["dagster/partition/model"] == "smollm2:135m"


@pytest.mark.parametrize(
    "error",
    [
        errors.SpecError("x"),
        errors.UnknownTrialError("x"),
        errors.NotIngestedError("x"),
        errors.ModelNotFoundError("x"),
        errors.ModelFileError("x"),
        errors.ContextTooSmallError("x"),
        errors.RequestRefusedError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_stays_as_it_is_is_not_tried_again(failing: Failing, error: errors.ChimeraError) -> None:
    name = type(error).__name__
    assert failing.fails(error) == f"{KEY} failed with {name}, which a retry would not fix."


def test_attempts_are_counted_and_bounded(failing: Failing) -> None:
    asked = [failing.fails(errors.EngineBusyError("x"))]
    while isinstance(last := asked[-1], RunRequest):
        asked.append(failing.fails(errors.EngineBusyError("x"), dict(last.tags)))
    assert [each.tags["chimera/attempt"] for each in asked[:-1] if isinstance(each, RunRequest)] == ["2", "3"]
    assert last == f"{KEY} failed in attempt 3 of 3, the last."


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2)])
def test_how_often_is_a_setting(failing: Failing, retries: int, attempts: int, tmp_path: Path) -> None:
    failing.workspace = workspace_at(tmp_path, trial_retries=retries)
    said = failing.fails(errors.EngineBusyError("x"), {"chimera/attempt": str(attempts)})
    assert said == f"{KEY} failed in attempt {attempts} of {attempts}, the last."


def test_only_the_assets_that_were_asked_for_run_again(failing: Failing) -> None:
    wanted = ["llm_analysis", "llm_report", "trial_metrics"]
    request = failing.fails(errors.EngineBusyError("x"), selected=wanted)
    assert isinstance(request, RunRequest)
    assert request.asset_selection == [AssetKey(name) for name in wanted]


def test_a_trial_that_was_launched_since_is_left_alone(failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    def launched(context: Any) -> RunRequest | str:
        new_run(failing.instance, "write_report", DagsterRunStatus.STARTED, {"dagster/partition": KEY})
        return Failing.look(failing, context)

    monkeypatch.setattr(failing, "look", launched)
    assert failing.fails(errors.EngineBusyError("x")) == f"{KEY} failed, and has been launched again since."


def test_a_partition_that_is_gone_is_not_asked_for(failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    def removed(context: Any) -> RunRequest | str:
        failing.instance.delete_dynamic_partition("params", PLAN.params.key)
        return Failing.look(failing, context)

    monkeypatch.setattr(failing, "look", removed)
    assert failing.fails(errors.EngineBusyError("x")) == f"{KEY} failed, and is no longer a partition."


def test_a_failed_ingest_is_no_trial(failing: Failing) -> None:
    result = defs.resolve_job_def("ingest_reports").execute_in_process(
        instance=failing.instance,
        resources={"workspace": ResourceDefinition.hardcoded_resource(failing.workspace)},
        raise_on_error=False,
    )
    context = build_run_status_sensor_context(
        sensor_name="failed_trials",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=failing.instance,
        dagster_run=result.dagster_run,
        resources={"workspace": failing.workspace},
    ).for_run_failure()
    assert failing.look(context) == f"Run {result.run_id[:8]}, which failed, is not a trial."


def test_a_retry_is_of_the_round_that_failed(failing: Failing) -> None:
    answer = failing.fails(errors.EngineBusyError("x"), {"chimera/sweep_round": "3"})
    assert isinstance(answer, RunRequest)
    assert answer.tags["chimera/sweep_round"] == "3"
