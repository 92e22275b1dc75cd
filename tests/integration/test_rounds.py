"""`chimera sweep` in rounds: visits in Dagster and on disk, and processes that die in the middle of one."""

from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal

import pytest
from dagster import DagsterInstance, RunsFilter

from chimera_dagster.records.trial_files import read_recorded
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.recompute import recompute
from chimera_dagster.sweeps.rounds import visits_of
from tests.conftest import Project
from tests.integration.aftermath import NOTHING
from tests.integration.sweeping import CALLS, Sweeping, sweeping_in
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def sweeping(shared_project: Project) -> Generator[Sweeping]:
    with sweeping_in(shared_project) as made:
        yield made


def runs_by_round(project: Project, plans: Sequence[TrialPlan]) -> Counter[tuple[str, str, str]]:
    """Runs of these trials that ended well: job, partition, round."""
    keys = {plan.trial.key for plan in plans}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(project.data / "dagster_home"))
        with DagsterInstance.get() as instance:
            runs = instance.get_runs(RunsFilter())
    return Counter(
        (run.job_name, run.tags["dagster/partition"], run.tags["chimera/sweep_round"])
        for run in runs
        if run.tags.get("dagster/partition") in keys and run.is_success
    )


def ledgers(sweeping: Sweeping, plans: Sequence[TrialPlan]) -> dict[str, list[tuple[int, float]]]:
    """The calls of each trial: seed, and how long it took to the last chunk."""
    found = {}
    for plan in plans:
        _, outcome, _ = read_recorded(sweeping.store, plan)
        found[plan.trial.key] = [(call.seed, call.ledger[-1].at_ms) for call in outcome.calls]
    return found


def reports(sweeping: Sweeping, plans: Sequence[TrialPlan]) -> list[Path]:
    return [sweeping.store.folder_of(plan.trial).report for plan in plans]


def test_every_round_visits_all_trials_and_is_a_run_of_their_partition(sweeping: Sweeping) -> None:
    plans = sweeping.trials(range(10, 13), rounds=3)
    before = len(sweeping.stub.generations())
    swept = sweeping.sweep()
    assert swept.returncode == 0, swept.stderr
    assert "3 trials to run in 9 visits, 0 skipped" in swept.stderr
    assert "(round 3)" in swept.stderr
    assert len(sweeping.stub.generations()) - before == 9 * CALLS
    assert runs_by_round(sweeping.project, plans) == Counter(
        (job, plan.trial.key, number)
        for plan in plans
        for job, number in (("write_report", "1"), ("measure_round", "2"), ("measure_round", "3"))
    )
    for number in (1, 2, 3):
        assert sweeping.aftermath([plan.in_round(number) for plan in plans]) == NOTHING
    asked = [body["options"]["top_k"] for body in sweeping.stub.generations()[before:]][::CALLS]
    assert asked == [plan.params.top_k for plan in visits_of(plans)]
    written = [path.stat().st_mtime_ns for path in reports(sweeping, plans)]
    newest = max(sweeping.store.folder_of(plan.trial).metrics.stat().st_mtime_ns for plan in plans)
    assert max(written) < newest
    again = sweeping.sweep()
    assert "0 trials to run, 3 skipped" in again.stderr
    assert len(sweeping.stub.generations()) - before == 9 * CALLS
    assert [path.stat().st_mtime_ns for path in reports(sweeping, plans)] == written


def test_more_rounds_are_added_to_those_that_were_measured(sweeping: Sweeping) -> None:
    plans = sweeping.trials(range(20, 22), rounds=1)
    assert sweeping.sweep().returncode == 0
    first = ledgers(sweeping, plans)
    plans = sweeping.trials(range(20, 22), rounds=2)
    swept = sweeping.sweep()
    assert "2 trials to run, 0 skipped" in swept.stderr
    now = ledgers(sweeping, plans)
    assert {key: calls[:2] for key, calls in now.items()} == first
    assert all([seed for seed, _ in calls] == [7, 7, 8, 8] for calls in now.values())


@pytest.mark.parametrize("victim", ["sweep", "holder"])
def test_kill_9_in_a_later_round_loses_nothing_and_nothing_is_measured_twice(
    sweeping: Sweeping, victim: Literal["sweep", "holder"]
) -> None:
    first = 30 if victim == "sweep" else 40
    plans = sweeping.trials(range(first, first + 3), rounds=2)
    second = [plan for plan in visits_of(plans) if plan.round == 2]
    began = len(sweeping.stub.generations())
    calls = sweeping.stall_after(5 * CALLS - 1)  # in the report of the second visit of the second round
    sweep = sweeping.start()
    wait_for(lambda: len(sweeping.stub.generations()) == calls, "report of a later round")
    before = ledgers(sweeping, plans)
    assert [len(before[plan.trial.key]) for plan in second] == [4, 2, 2]
    sweeping.kill(sweep, victim, second[1].trial.key)
    again = sweeping.sweep()
    assert again.returncode == 0, again.stderr
    for number in (1, 2):
        assert sweeping.aftermath([plan.in_round(number) for plan in plans]) == NOTHING
    after = ledgers(sweeping, plans)
    assert {key: calls[: len(before[key])] for key, calls in after.items()} == before
    assert all([seed for seed, _ in calls] == [7, 7, 8, 8] for calls in after.values())
    assert len(sweeping.stub.generations()) - began == 6 * CALLS + CALLS  # those of the visit that was interrupted
    assert all(recompute(sweeping.store, plan)[1] == [] for plan in plans)


@pytest.mark.parametrize("rounds", [0, -1, 1.5, "many", 101])
def test_rounds_that_are_no_number_of_rounds_are_refused_with_their_line(sweeping: Sweeping, rounds: object) -> None:
    sweeping.project.spec.write_text(f"models: [gemma3:270m]\nrounds: {rounds}\n")
    swept = sweeping.sweep()
    assert swept.returncode in {1, 2}
    assert "line 2, rounds" in swept.stderr
    assert "Traceback" not in swept.stderr
