"""Later rounds of a trial: what they add to its ledger, what they leave as it is, and what a crash between files
costs."""

import itertools

import pytest

from chimera_dagster.errors import EngineError
from chimera_dagster.records.documents import Metrics, Summary
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import Recorded, read_metrics, read_recorded
from chimera_dagster.spec.goals import Goals
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps import recording_rounds, trial
from chimera_dagster.steps.done import is_done, is_measured, rounds_measured
from chimera_dagster.steps.recompute import recompute
from chimera_dagster.steps.report import render_trial
from chimera_dagster.steps.sweep_comparison import read_comparison
from tests.desk import Desk
from tests.stub_ollama import Answer

_top_k = itertools.count(300)


@pytest.fixture
def plan(desk: Desk) -> TrialPlan:
    """Of a trial that no other test has."""
    plan = desk.plan(rounds=3, repeats=2, grid={"num_ctx": [4096], "top_k": [next(_top_k)]})
    desk.store.register(plan)
    return plan


def visit(desk: Desk, plan: TrialPlan, number: int, *, reuse: bool = True) -> Recorded:
    return trial.run_trial_once(desk.store, plan.in_round(number), desk.engines, reuse=reuse)


def generations(desk: Desk) -> int:
    """Requests of a generation so far, warm-ups too."""
    return len(desk.stub.generations())


def digest(store: Store) -> str:
    return store.read_json("summary", Summary).digest


def test_rounds_add_their_calls_with_seeds_and_numbers_of_their_own(desk: Desk, plan: TrialPlan) -> None:
    first = visit(desk, plan, 1).metrics
    visit(desk, plan, 2)
    metrics, outcome, samples = visit(desk, plan, 3)
    assert (metrics.repeats, metrics.rounds, len(metrics.calls)) == (6, (1, 2, 3), 12)
    assert [call.repeat for call in outcome.calls] == [number for number in range(6) for _ in range(2)]
    assert [call.seed for call in outcome.calls][::2] == [7, 8, 9, 10, 11, 12]
    assert metrics.calls[:4] == first.calls
    assert metrics.headline.calls == 12 and metrics.headline.throughput_by_repeat is not None
    assert metrics.headline.throughput_by_repeat.n == 6
    assert (metrics.created_at, metrics.fingerprint) == (first.created_at, first.fingerprint)
    ends = [call.end_ms for call in outcome.calls]
    assert ends == sorted(ends)
    assert len({(type(sample), sample.sample) for sample in samples}) == len(samples)
    assert metrics.seconds.analysis > first.seconds.analysis


def test_the_gap_between_rounds_is_longer_than_energy_is_told_over(desk: Desk, plan: TrialPlan) -> None:
    visit(desk, plan, 1)
    _, outcome, _ = visit(desk, plan, 2)
    assert outcome.calls[4].sent_ms - outcome.calls[3].end_ms > 1000


def test_the_metrics_of_all_rounds_are_computed_again_digit_for_digit(desk: Desk, plan: TrialPlan) -> None:
    for number in (1, 2, 3):
        visit(desk, plan, number)
    names, differences = recompute(desk.store, plan)
    assert names > 300
    assert differences == []


def test_the_report_is_written_once_and_a_later_round_leaves_it_as_it_is(desk: Desk, plan: TrialPlan) -> None:
    visit(desk, plan, 1)
    path, _ = render_trial(desk.store, plan)
    before = path.read_bytes(), path.with_suffix(".html").read_bytes(), path.stat().st_mtime_ns
    visit(desk, plan, 2)
    assert (path.read_bytes(), path.with_suffix(".html").read_bytes(), path.stat().st_mtime_ns) == before
    assert is_done(desk.store, plan.in_round(2), digest(desk.store))
    assert not is_done(desk.store, plan.in_round(3), digest(desk.store))


def test_a_report_that_waits_for_the_last_round_is_due_after_it(desk: Desk) -> None:
    plan = desk.plan(rounds=2, report_after="last", grid={"num_ctx": [4096], "top_k": [next(_top_k)]})
    desk.store.register(plan)
    visit(desk, plan, 1)
    assert is_done(desk.store, plan, digest(desk.store))
    visit(desk, plan, 2)
    assert not is_done(desk.store, plan.in_round(2), digest(desk.store))
    path, _ = render_trial(desk.store, plan.in_round(2))
    assert is_done(desk.store, plan.in_round(2), digest(desk.store))
    assert "Over 2 repeats" in path.read_text()


def test_a_round_that_is_on_disk_is_not_measured_again(desk: Desk, plan: TrialPlan) -> None:
    visit(desk, plan, 1)
    visit(desk, plan, 2)
    before, calls = desk.files(), generations(desk)
    visit(desk, plan, 2)
    visit(desk, plan, 1)
    assert (desk.files(), generations(desk)) == (before, calls)


def test_a_process_that_dies_after_the_ledger_was_written_costs_no_call(
    desk: Desk, plan: TrialPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(desk, plan, 1)

    def dies(*_: object) -> Recorded:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(recording_rounds, "record_metrics", dies)
        visit(desk, plan, 2)
    assert rounds_measured(desk.store, plan, digest(desk.store)) == (1,)
    assert len(read_recorded(desk.store, plan).outcome.calls) == 4  # what the metrics know of
    calls = generations(desk)
    metrics = visit(desk, plan, 2).metrics
    assert (metrics.rounds, generations(desk)) == ((1, 2), calls)
    assert recompute(desk.store, plan)[1] == []


def test_a_round_that_is_interrupted_leaves_the_earlier_ones(
    desk: Desk, plan: TrialPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(desk, plan, 1)
    before = desk.files()

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(recording_rounds, "write_table", dies)
        visit(desk, plan, 2)
    assert desk.files() == before
    assert visit(desk, plan, 2).metrics.rounds == (1, 2)


def test_a_round_that_fails_is_counted_and_another_one_takes_place(desk: Desk, plan: TrialPlan) -> None:
    visit(desk, plan, 1)
    desk.stub.answer_with(Answer([{"error": "out of memory"}]))
    with pytest.raises(EngineError):
        visit(desk, plan, 2)
    desk.stub.answer_with(None)
    metrics = visit(desk, plan, 3).metrics
    assert metrics.rounds == (1, 3)
    seen = next(each for each in read_comparison(desk.store, Goals()).trials if each.params == plan.params)
    assert seen.rounds == (1, 3)
    assert seen.values["error_rate"] == [pytest.approx(1 / 3)]  # of three visits
    assert visit(desk, plan, 2).metrics.rounds == (1, 3, 2)


def test_a_trial_whose_first_round_failed_begins_with_the_next(desk: Desk) -> None:
    plan = desk.plan(rounds=2, grid={"num_ctx": [4096], "top_k": [next(_top_k)]})
    desk.store.register(plan)
    visit(desk, plan, 2)
    assert rounds_measured(desk.store, plan, digest(desk.store)) == (2,)
    assert not is_measured(desk.store, plan, digest(desk.store))
    visit(desk, plan, 1)
    assert rounds_measured(desk.store, plan, digest(desk.store)) == (2, 1)


def test_a_new_measurement_has_nothing_of_the_rounds_of_an_old_one(desk: Desk, plan: TrialPlan) -> None:
    for number in (1, 2):
        visit(desk, plan, number)
    old = read_metrics(desk.store, plan.trial)
    metrics = visit(desk, plan, 1, reuse=False).metrics
    assert (metrics.rounds, metrics.repeats) == ((1,), 2)
    folder = desk.store.folder_of(plan.trial)
    assert folder.rounds() == [] and not folder.round_telemetry(2).exists()
    again = visit(desk, plan, 2, reuse=False).metrics
    assert again.rounds == (1, 2)
    assert old is not None and {call.e2e_ms for call in old.calls}.isdisjoint(call.e2e_ms for call in again.calls)


def test_the_files_of_another_measurement_are_not_counted(desk: Desk, plan: TrialPlan) -> None:
    visit(desk, plan, 1)
    visit(desk, plan, 2)
    folder = desk.store.folder_of(plan.trial)
    kept = {path: path.read_bytes() for path in (folder.round(2), folder.round_telemetry(2))}
    visit(desk, plan, 1, reuse=False)
    for path, content in kept.items():
        path.write_bytes(content)  # as if the process had died before it removed them
    assert len(visit(desk, plan, 3).metrics.calls) == 8
    assert read_recorded(desk.store, plan).metrics.rounds == (1, 3)


def test_more_rounds_of_the_same_spec_are_added_to_those_that_were_measured(desk: Desk, plan: TrialPlan) -> None:
    visit(desk, plan, 1)
    more = TrialPlan(model=plan.model, params=plan.params, spec=plan.spec.model_copy(update={"rounds": 5}))
    assert is_measured(desk.store, more, digest(desk.store))
    metrics: Metrics = visit(desk, more, 5).metrics
    assert metrics.rounds == (1, 5)
