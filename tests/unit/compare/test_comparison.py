"""The whole comparison of simulated sweeps: what is in it, and what is kept out of everything."""

from datetime import UTC, datetime

import numpy as np
import pytest

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.observed import Observed, Setting, summary
from chimera_dagster.measure.measured import interval
from chimera_dagster.spec.goals import Goals
from tests.simulated import SETTING, Cell, hops, simulated_sweep

GOALS = Goals(want={"ttft_ms": 1})


def compared(trials: list[Observed], *settings: Setting) -> Comparison:
    return compare(trials, GOALS, datetime(2026, 1, 1, tzinfo=UTC), {each.digest: each for each in settings})


def test_a_trial_that_is_not_valid_is_in_nothing_but_the_list() -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), spoiled=2)
    best = trials[0].model_copy(
        update={"values": {"throughput_tok_s": [1e6] * 3, "ttft_ms": [1e-3] * 3, "quality": [1]}}
    )
    found = compared([best, *trials[1:]])
    assert [trial.key for trial in found.trials] == [trial.key for trial in trials]
    assert set(found.standings) == {trial.key for trial in trials[2:]}
    assert found.comparisons == 2 * (16 * 15 // 2)  # of throughput and TTFT; quality has one value a trial
    # the third trial stands alone where the model and num_ctx are theirs
    assert {each.n for each in found.effects if each.parameter == "temperature" and not each.interaction} == {15}
    assert best.key not in found.front
    assert found.recommendation.best is not None and found.recommendation.best.trial != best.key


def test_only_what_is_measured_by_repeat_has_ranks_and_a_drift() -> None:
    found = compared(simulated_sweep(lambda _: 100.0, np.random.default_rng(1)))
    ranked = {name for of in found.standings.values() for name, each in of.items() if each.rank is not None}
    assert ranked == set(found.drift) == {"throughput_tok_s", "ttft_ms"}
    once = compared(simulated_sweep(lambda _: 100.0, np.random.default_rng(1), repeats=1))
    assert {each.rank for of in once.standings.values() for each in of.values()} == {None}
    assert once.drift == {}


def test_the_drift_is_a_standard_deviation_that_interactions_are_no_part_of() -> None:
    def crossing(cell: Cell) -> float:
        return 100 * (1.2 if (cell.model == "a:1b") == (cell.num_ctx == 8192) else 1.0)

    rng, sizes = np.random.default_rng(3), []
    for _ in range(20):
        drift = compared(simulated_sweep(crossing, rng, drift=0.03)).drift["throughput_tok_s"]
        assert drift is not None
        sizes.append(drift)
    assert np.median(sizes) == pytest.approx(0.03, abs=0.01)


def test_a_few_trials_tell_no_drift() -> None:
    found = compared(simulated_sweep(lambda _: 100.0, np.random.default_rng(1), models=("a:1b",), num_ctx=(2048,)))
    assert found.drift == {"throughput_tok_s": None, "ttft_ms": None}


def test_what_was_not_alike_is_counted_by_trial() -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), spoiled=1)
    other = SETTING.model_copy(update={"driver": "2", "packages": {}, "model_digest": "e"})
    settings = [SETTING] * 5 + [other] * 13
    found = compared(
        [trial.model_copy(update={"setting": of.digest}) for trial, of in zip(trials, settings, strict=True)],
        SETTING,
        other,
    )
    assert found.unlike == {"driver": {"2": 13, "1": 4}, "packages: pandas": {"none": 13, "3": 4}}


@pytest.mark.parametrize("values", [[3.0], [1.0, 2.0], [1.0, 2.0, 4.0], [5.0] * 4, [0.1, 1e5, 3.3, 7.0, 2.0]])
def test_a_summary_is_the_interval_that_a_report_gives(values: list[float]) -> None:
    mine, reports = summary(values), interval(values)
    assert mine.model_dump() == pytest.approx(reports.model_dump())


def test_of_equals_all_may_be_on_the_front_and_what_is_surely_beaten_is_not() -> None:
    rng = np.random.default_rng(2)
    alike = simulated_sweep(lambda cell: 50.0 if cell.temperature == 1.0 else 100.0, rng, rounds=4, repeats=1)
    alike = [trial.model_copy(update={"values": {**trial.values, "quality": [0.5]}}) for trial in alike]
    found = compared(alike)
    slow = {trial.key for trial in alike if trial.params.temperature == 1.0}
    assert found.front and not slow & {*found.front, *found.front_maybe}
    assert {*found.front, *found.front_maybe} == {trial.key for trial in alike} - slow
    assert not set(found.front) & set(found.front_maybe)


def test_without_a_test_only_a_metric_with_one_value_surely_beats() -> None:
    once = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), repeats=1)
    quality = [0.9, *[0.1] * 17]
    trials = [
        trial.model_copy(update={"values": {**trial.values, "quality": [value]}})
        for trial, value in zip(once, quality, strict=True)
    ]
    best = trials[0].model_copy(update={"values": {"throughput_tok_s": [200.0], "ttft_ms": [1.0], "quality": [0.9]}})
    found = compared([best, *trials[1:]])
    assert (found.front, found.front_maybe) == ([best.key], [])
    same = [trial.model_copy(update={"values": {**trial.values, "quality": [0.5]}}) for trial in [best, *trials[1:]]]
    assert len(compared(same).front_maybe) == 17


def test_the_interval_of_a_mean_is_over_visits_and_not_over_their_repeats() -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), rounds=3, repeats=4, host=hops(0.05))
    found = compared(trials).standings[trials[0].key]["throughput_tok_s"].summary
    visits = np.array(trials[0].values["throughput_tok_s"]).reshape(3, 4).mean(axis=1)
    assert found.model_dump() == pytest.approx(interval(visits.tolist()).model_dump())
    assert compared(trials).rounds == 3
