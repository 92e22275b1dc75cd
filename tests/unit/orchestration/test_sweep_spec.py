"""Trials become partitions; a sweep of any size costs a tick little unless it changed."""

from collections.abc import Generator
from pathlib import Path

import pytest
from dagster import DagsterInstance

from chimera_dagster.orchestration.sensors import sweep_spec
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan, load_spec
from tests.unit.orchestration.daemon import Ticking, workspace_at

TWO = "models: [a:1]\ngrid: {top_k: [1, 2]}\n"


class Spec(Ticking):
    @property
    def path(self) -> Path:
        return self.workspace.settings.spec

    def trials(self) -> list[str]:
        return [trial.key for trial in load_spec(self.path).trials()]

    def partitions(self) -> list[str]:
        models, params = (self.instance.get_dynamic_partitions(name) for name in ("model", "params"))
        return [f"{model}|{key}" for model in models for key in params]


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the trials that a tick took up to write down."""
    keys: list[str] = []
    register = Store.register

    def noted(store: Store, plan: TrialPlan) -> None:
        keys.append(plan.trial.key)
        register(store, plan)

    monkeypatch.setattr(Store, "register", noted)
    return keys


@pytest.fixture
def spec(tmp_path: Path) -> Generator[Spec]:
    with DagsterInstance.ephemeral() as instance:
        spec = Spec(sweep_spec, workspace_at(tmp_path), instance)
        spec.path.write_text(TWO)
        yield spec


def test_trials_become_partitions_in_run_order(spec: Spec) -> None:
    spec.path.write_text("models: [b:1, a:1]\ngrid: {temperature: [1, 0.5], num_ctx: [512, 256]}\n")
    assert spec.tick() == []
    assert spec.partitions() == spec.trials()
    assert spec.tick() == f"All 8 trials of {spec.path} are partitions."


def test_only_a_spec_that_means_something_else_is_written_down_again(spec: Spec, registered: list[str]) -> None:
    spec.tick()
    assert registered == spec.trials()
    spec.path.write_text(f"# as before\n{TWO}")
    spec.tick()
    assert len(registered) == 2
    spec.path.write_text(f"{TWO}seed: 8\n")
    spec.tick()
    assert registered == 2 * spec.trials()
    assert {spec.workspace.store.plan(*key.split("|")).spec.seed for key in spec.trials()} == {8}


def test_a_tick_that_was_cut_off_is_done_again(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    register = Store.register

    def full(store: Store, plan: TrialPlan) -> None:
        if plan.trial.key == spec.trials()[1]:
            raise OSError("No space left on device")
        register(store, plan)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "register", full)
        with pytest.raises(OSError, match="No space left"):
            spec.tick()
    assert spec.partitions() == []
    spec.tick()
    assert spec.partitions() == spec.trials() == [plan.trial.key for plan in spec.workspace.store.plans()]


@pytest.mark.parametrize("gone", ["a@1", "."])
def test_folders_and_partitions_that_were_removed_come_back(spec: Spec, gone: str) -> None:
    spec.tick()
    folder = spec.workspace.store.runs / gone
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    spec.instance.delete_dynamic_partition("params", spec.trials()[0].split("|")[1])
    spec.tick()
    assert sorted(spec.partitions()) == sorted(spec.trials())
    assert [plan.trial.key for plan in spec.workspace.store.plans()] == sorted(spec.trials())


def test_a_broken_spec_is_a_reason_and_the_next_one_counts(spec: Spec) -> None:
    spec.path.write_text("models: []\n")
    assert "line 1, models" in str(spec.tick())
    spec.path.write_text(TWO)
    assert spec.tick() == []


def test_ten_thousand_trials_are_partitions_after_one_tick(spec: Spec, registered: list[str]) -> None:
    temperatures = [number / 100 for number in range(100)]
    large = SweepSpec.model_validate(
        {"models": [f"m:{n}" for n in range(10)], "grid": {"temperature": temperatures, "top_k": list(range(10))}}
    )
    spec.path.write_text(large.model_dump_json())
    spec.tick()
    assert len(registered) == len(spec.partitions()) == 10_000
    assert spec.tick() == f"All 10000 trials of {spec.path} are partitions."
    assert len(registered) == 10_000
