"""Ranks with ties: only what a corrected test tells apart stands behind another."""

import numpy as np
import pytest

from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.ranking import margins, pairs_in, ranks, spread
from tests.simulated import simulated_sweep

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
