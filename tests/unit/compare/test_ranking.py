"""Ranks with ties: only what a corrected test tells apart stands behind another."""

import numpy as np
import pytest
from scipy import stats

from chimera_dagster.compare.host_drift import Between
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.ranking import Spread, margins, pairs_in, ranks, spread
from tests.simulated import Cell, simulated_sweep

RNG = 5


def throughput(trials: list[Observed], of_the_first: float = 1.0) -> list[list[float]]:
    """Logarithms of the values, those of the first trial multiplied."""
    values = [[float(np.log(value)) for value in trial.values["throughput_tok_s"]] for trial in trials]
    values[0] = [value + float(np.log(of_the_first)) for value in values[0]]
    return values


def test_equal_trials_share_the_first_rank() -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(RNG))
    found = ranks(spread(trials, throughput(trials)), 1, pairs_in(len(trials)))
    assert found.tolist() == [1] * len(trials)


@pytest.mark.parametrize(("factor", "sign"), [(1.5, 1), (0.5, -1)])
def test_one_that_is_far_better_is_alone_at_the_top(factor: float, sign: int) -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(RNG))
    found = ranks(spread(trials, throughput(trials, factor)), sign, pairs_in(len(trials)))
    assert found.tolist() == [1] + [2] * (len(trials) - 1)


def test_a_rank_counts_all_that_are_detectably_better() -> None:
    trials = simulated_sweep(
        lambda cell: {2048: 100.0, 4096: 150.0, 8192: 225.0}[cell.num_ctx], np.random.default_rng(RNG)
    )
    found = ranks(spread(trials, throughput(trials)), 1, pairs_in(len(trials)))
    by_size = {trial.params.num_ctx: int(place) for trial, place in zip(trials, found, strict=True)}
    assert by_size == {8192: 1, 4096: 7, 2048: 13}


def test_ranks_agree_with_every_pair_looked_at_by_itself() -> None:
    rng = np.random.default_rng(RNG)
    trials = [
        *simulated_sweep(lambda cell: 90 + cell.temperature * 30, rng, repeats=3),
        *simulated_sweep(lambda cell: 90 + cell.temperature * 30, rng, models=("c:1b",), repeats=6, noise=0.05),
    ]
    of = spread(trials, throughput(trials))
    comparisons = pairs_in(len(trials))
    found = ranks(of, 1, comparisons)
    for one in range(len(trials)):
        apart = [float(margins(of, one, np.array([other]), 0.05 / comparisons)[0]) for other in range(len(trials))]
        assert found[one] == 1 + sum(of.mean - of.mean[one] > apart)


def test_without_repeats_there_is_no_rank() -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(RNG), repeats=1)
    assert set(ranks(spread(trials, throughput(trials)), 1, 1).tolist()) == {-1}


def test_values_without_any_scatter_allow_no_test() -> None:
    trials = simulated_sweep(lambda cell: 100.0 + cell.temperature, np.random.default_rng(RNG), noise=0.0)
    assert set(ranks(spread(trials, throughput(trials)), 1, 1).tolist()) == {-1}


def test_a_noisy_load_group_is_judged_by_its_own_scatter() -> None:
    rng = np.random.default_rng(RNG)
    quiet = simulated_sweep(lambda _: 100.0, rng, models=("a:1b",), num_ctx=(2048,), repeats=9, noise=0.001)
    noisy = simulated_sweep(lambda _: 100.0, rng, models=("a:1b",), num_ctx=(4096,), repeats=9, noise=0.2)
    of = spread([*quiet, *noisy], throughput([*quiet, *noisy]))
    assert of.variance[0] < 0.01 < of.variance[-1]


def p_at_the_margin(of: Spread, values: list[list[float]], one: int, other: int, level: float, **test: bool) -> float:
    """What SciPy's t-test says of two trials that are moved to where they can just be told apart."""
    apart = float(margins(of, one, np.array([other]), level)[0])
    moved = np.array(values[other]) - np.mean(values[other]) + np.mean(values[one]) + apart
    return float(stats.ttest_ind(values[one], moved, **test).pvalue)


@pytest.mark.parametrize("level", [0.05, 1e-4])
def test_the_margin_is_where_the_t_test_turns(level: float) -> None:
    rng = np.random.default_rng(RNG)
    alike = simulated_sweep(lambda _: 100.0, rng, models=("a:1b",), num_ctx=(2048,), temperature=(0.2, 1.0), repeats=6)
    others = simulated_sweep(
        lambda _: 100.0, rng, models=("b:1b",), num_ctx=(2048,), temperature=(0.2,), repeats=9, noise=0.1
    )
    trials = [*alike, *others]
    values = throughput(trials)
    of = spread(trials, values)
    assert of.between is None
    assert p_at_the_margin(of, values, 0, 1, level, equal_var=True) == pytest.approx(level)
    by_two = spread([trials[0], trials[2]], [values[0], values[2]])
    assert p_at_the_margin(by_two, [values[0], values[2]], 0, 1, level, equal_var=False) == pytest.approx(level)


def test_what_lies_between_trials_widens_the_margin_and_bounds_its_degrees_of_freedom() -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(RNG), models=("a:1b",))
    of = spread(trials, throughput(trials))._replace(between=Between(0.01**2, 4))
    within = float(of.variance[0] / 3)
    expected = stats.t.ppf(1 - 0.05 / 2, 4) * np.sqrt(2 * (within + 0.01**2))
    assert margins(of, 0, np.array([1]), 0.05) == pytest.approx([expected])
    variances, df = of.errors()
    assert (variances[0], df[0]) == (pytest.approx(within + 0.01**2), 4)
    assert of._replace(between=None).errors()[0][0] == pytest.approx(within)


def test_the_host_s_drift_makes_no_ranks() -> None:
    rng, false = np.random.default_rng(RNG), 0
    for _ in range(40):
        trials = simulated_sweep(lambda _: 100.0, rng, drift=0.03)
        false += max(ranks(spread(trials, throughput(trials)), 1, pairs_in(len(trials)))) > 1
    assert false <= 2


def test_an_interaction_that_was_detected_is_not_taken_for_drift() -> None:
    def crossing(cell: Cell) -> float:
        return 100 * (1.15 if (cell.model == "a:1b") == (cell.num_ctx == 8192) else 1.0)

    trials = simulated_sweep(crossing, np.random.default_rng(RNG), noise=0.005)
    values = throughput(trials)
    alone, told = (
        ranks(spread(trials, values, together), 1, pairs_in(len(trials))) for together in ((), [("model", "num_ctx")])
    )
    assert max(alone) == 1
    assert {1 + 9 * (crossing(Cell(t.model, t.params.num_ctx or 0, 0.2)) == 100.0) for t in trials} == {*told.tolist()}


def test_a_load_group_with_few_repeats_is_judged_by_its_whole_model() -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(RNG))
    values = throughput(trials)
    of = spread(trials, values)
    for start, end in ((0, 9), (9, 18)):
        assert of.df[start:end] == pytest.approx(18)
        assert of.variance[start:end] == pytest.approx(np.mean([np.var(each, ddof=1) for each in values[start:end]]))


def test_two_repeats_of_one_trial_each_are_too_few() -> None:
    trials = simulated_sweep(
        lambda _: 100.0, np.random.default_rng(RNG), num_ctx=(2048,), temperature=(0.2,), repeats=2
    )
    assert set(ranks(spread(trials, throughput(trials)), 1, 1).tolist()) == {-1}


def test_the_level_is_shared_by_all_comparisons() -> None:
    """A difference that is certain enough by itself is none among a million."""
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(RNG), models=("a:1b",), temperature=(0.2,))
    of = spread(trials, throughput(trials, 1.1))
    assert max(ranks(of, 1, 1)) == 3 - 1
    assert max(ranks(of, 1, 10**6)) == 1
