"""Visits in rounds: their scatter within and between load groups, against textbook formulas and against the truth."""

import numpy as np
import pytest
from scipy import stats

from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.ranking import margins, pairs_in, ranks, scattered
from chimera_dagster.compare.visits import VisitSpread, honest_differences, visits
from tests.simulated import Host, hops, simulated_sweep, sine, steady, walk

ONE = {"models": ("a:1b",), "temperature": (0.2,), "num_ctx": (2048, 4096, 8192, 16384)}  # each trial a load of its own
CALLS = {"models": ("a:1b",), "num_ctx": (2048,), "temperature": (0.2, 0.4, 0.6, 0.8)}  # all of one load


def logs(trials: list[Observed]) -> list[list[float]]:
    return [np.log(trial.values["throughput_tok_s"]).tolist() for trial in trials]


def spread_of(trials: list[Observed]) -> VisitSpread:
    found = scattered(trials, logs(trials))
    assert isinstance(found, VisitSpread)
    return found


@pytest.mark.parametrize("grid", [ONE, CALLS])
def test_two_differ_from_where_tukey_s_range_says(grid: dict[str, tuple[object, ...]]) -> None:
    """|d| > q(.95; K, (K-1)(R-1)) sqrt(MSE / R), MSE = sum (v_lr - v_l - v_r + v)² / ((K - 1)(R - 1))."""
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), rounds=5, repeats=2, host=hops(0.02), **grid)  # pyright: ignore[reportArgumentType]
    means = np.array(logs(trials)).reshape(4, 5, 2).mean(axis=2)
    rest = means - means.mean(axis=1, keepdims=True) - means.mean(axis=0) + means.mean()
    expected = stats.studentized_range.ppf(0.95, 4, 12) * np.sqrt((rest**2).sum() / 12 / 5)
    assert margins(spread_of(trials), 0, np.array([1, 2, 3]), 0.05 / 6) == pytest.approx(expected)


def test_ranks_share_the_level_over_all_pairs_of_all_metrics() -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), rounds=5, repeats=1, **ONE)  # pyright: ignore[reportArgumentType]
    found = spread_of(trials)
    means = found.mean - found.mean[0]
    for metrics in (1, 5):
        apart = stats.studentized_range.ppf(1 - 0.05 / metrics, 4, 12) * np.sqrt(found.by_load / 5)
        moved = found._replace(mean=means + np.array([0, 0, 0, 1.001 * apart + np.ptp(means)]))
        assert ranks(moved, 1, metrics * pairs_in(4)).tolist()[:3] == [2, 2, 2]
        near = found._replace(mean=np.array([0, 0, 0, 0.999 * apart]))
        assert set(ranks(near, 1, metrics * pairs_in(4)).tolist()) == {1}


def test_a_visit_s_mean_weighs_each_repeat_alike_and_its_round_is_that_of_the_sweep() -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), rounds=2, repeats=3, **ONE)  # pyright: ignore[reportArgumentType]
    trials[1] = trials[1].model_copy(update={"rounds": (2, 5)})
    found = visits(trials, logs(trials))
    assert found.value[2] == pytest.approx(np.mean(logs(trials)[1][:3]))
    assert found.round.tolist() == [0, 1, 1, 2, 0, 1, 0, 1]
    within = np.mean([np.var(part, ddof=1) for own in logs(trials) for part in (own[:3], own[3:])])
    assert found.within == pytest.approx(within / 3)


def test_a_round_that_a_trial_missed_is_no_advantage() -> None:
    """The round in which all others were slow does not count against them."""
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(2), rounds=4, repeats=1, noise=0.002)

    def with_a_slow_round(trial: Observed) -> Observed:
        return trial.model_copy(update={"values": {"throughput_tok_s": [*trial.values["throughput_tok_s"][:3], 50.0]}})

    lucky = trials[0].model_copy(
        update={"rounds": (1, 2, 3), "values": {"throughput_tok_s": trials[0].values["throughput_tok_s"][:3]}}
    )
    found = spread_of([lucky, *map(with_a_slow_round, trials[1:])])
    assert abs(found.mean[0] - np.mean(found.mean[1:])) < 0.01


def test_trials_of_one_load_are_told_apart_by_less_than_those_of_two() -> None:
    """Loads are visited at other times: what the host does between them is no scatter within one."""
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), rounds=6, repeats=1, noise=0.005)
    groups = np.repeat(np.random.default_rng(3).normal(0, 0.05, (6, 6)), 3, axis=0)
    moved = [
        trial.model_copy(
            update={"values": {"throughput_tok_s": (trial.values["throughput_tok_s"] * np.exp(shift)).tolist()}}
        )
        for trial, shift in zip(trials, groups, strict=True)
    ]
    found = spread_of(moved)
    near, far = margins(found, 0, np.array([1, 3]), 0.05 / pairs_in(18))
    assert near < 0.03
    assert far > 0.08
    squared, df = found.between_groups(0, np.array([1, 3]))
    assert df == pytest.approx([30, 25], abs=0.5)  # of 6 groups in 6 rounds: 6 * 2 * 5 pooled by model, 5 * 5
    assert squared[1] == pytest.approx(2 * 0.05**2 / 6, rel=0.6)


@pytest.mark.parametrize(("noisy", "quiet"), [(0.05, 0.01)])
def test_a_model_that_scatters_more_is_judged_by_its_own_scatter(noisy: float, quiet: float) -> None:
    trials = simulated_sweep(
        lambda _: 100.0, np.random.default_rng(1), rounds=5, repeats=1, noise={"a:1b": quiet, "b:1b": noisy}
    )
    found = spread_of(trials)
    assert np.sqrt(found.variance[:9]) == pytest.approx(quiet, rel=0.4)
    assert np.sqrt(found.variance[9:]) == pytest.approx(noisy, rel=0.4)


def test_values_without_scatter_and_too_few_rounds_allow_no_test() -> None:
    still = simulated_sweep(lambda cell: 100.0 + cell.temperature, np.random.default_rng(1), rounds=3, noise=0.0)
    assert set(ranks(spread_of(still), 1, 1).tolist()) == {-1}
    pair = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), rounds=3, **(ONE | {"num_ctx": (2048, 4096)}))  # pyright: ignore[reportArgumentType]
    assert set(ranks(spread_of(pair), 1, 1).tolist()) == {-1}


def test_the_drift_is_what_visits_scatter_beyond_their_repeats() -> None:
    rng, sizes = np.random.default_rng(1), []
    for _ in range(60):
        found = spread_of(simulated_sweep(lambda _: 100.0, rng, rounds=3, repeats=3, host=hops(0.03)))
        assert found.drift is not None
        sizes.append(found.drift)
    assert np.median(sizes) == pytest.approx(0.03, rel=0.15)
    assert spread_of(simulated_sweep(lambda _: 100.0, rng, rounds=3, repeats=1)).drift is None


def test_few_degrees_of_freedom_take_more_and_a_fraction_counts_as_the_whole_below() -> None:
    few, some, many = honest_differences(np.array([2.9, 10.0, np.inf]), 6, 0.05)
    assert few == pytest.approx(stats.studentized_range.ppf(0.95, 6, 2) / np.sqrt(2))
    assert some == pytest.approx(stats.studentized_range.ppf(0.95, 6, 10) / np.sqrt(2))
    assert few > some > many


@pytest.mark.slow
@pytest.mark.parametrize("host", [steady, walk(0.03), sine(0.03), hops(0.03)])
@pytest.mark.parametrize("grid", [{}, ONE])
def test_equal_trials_seldom_have_ranks_whatever_the_host_does(host: Host, grid: dict[str, tuple[object, ...]]) -> None:
    rng, false = np.random.default_rng(1), 0
    for _ in range(80):
        trials = simulated_sweep(lambda _: 100.0, rng, rounds=4, repeats=1, host=host, **grid)  # pyright: ignore[reportArgumentType]
        false += max(ranks(spread_of(trials), 1, pairs_in(len(trials)))) > 1
    assert false <= 10  # 5 % are promised: more has a chance of one in 1,000
