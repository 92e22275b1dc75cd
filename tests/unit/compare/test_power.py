"""What a sweep will show, by formula and by simulated sweeps that are tested as the formula assumes."""

import math

import numpy as np
import pytest
from scipy import stats

from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.power import (
    POWER,
    Design,
    Scatter,
    power_of_pair,
    power_of_slowest,
    smallest_pair,
    smallest_slowest,
)

SWEEPS = 4000
_ERROR = 4 * math.sqrt(0.25 / SWEEPS)  # four standard errors of a simulated rate


def simulated(design: Design, scatter: Scatter, difference: float) -> tuple[float, float]:
    """In how many sweeps trial 0, slower by `difference`, is told from any other one, and from trial 1."""
    rng = np.random.default_rng(5)
    trials, rounds, repeats = design
    visits = rng.normal(0, scatter.drift, (SWEEPS, trials, rounds, 1))
    values = visits + rng.normal(0, scatter.repeats, (SWEEPS, trials, rounds, repeats))
    values[:, 0] -= difference
    means = values.mean(axis=3)  # of each visit
    if rounds > 1:  # blocks, and Tukey's test, written out
        rest = means - means.mean(axis=1, keepdims=True) - means.mean(axis=2, keepdims=True)
        rest = rest + means.mean(axis=(1, 2), keepdims=True)
        error = np.sqrt((rest**2).sum(axis=(1, 2)) / design.df / rounds)
        margin = stats.studentized_range.ppf(0.95, trials, design.df) * error
    else:  # t-tests with pooled variance, corrected for all pairs of all metrics with ranks
        error = np.sqrt(values[:, :, 0].var(axis=2, ddof=1).mean(axis=1) / repeats)
        tests = sum(metric.by_round for metric in METRICS.values()) * math.comb(trials, 2)
        margin = stats.t.isf(0.025 / tests, design.df) * math.sqrt(2) * error
    of_trial = means.mean(axis=2)
    slower = of_trial[:, 1:] - of_trial[:, :1]
    return float((slower.max(axis=1) > margin).mean()), float((np.abs(slower[:, 0]) > margin).mean())


@pytest.mark.parametrize(
    ("design", "scatter", "difference"),
    [
        (Design(18, 5, 1), Scatter(0.02, 0.01), 0.0513),
        (Design(18, 3, 3), Scatter(0.02, 0.01), 0.05),
        (Design(4, 9, 1), Scatter(0.02, 0.03), 0.05),
        (Design(3, 2, 2), Scatter(0.02, 0.0), 0.1),
        (Design(6, 1, 5), Scatter(0.02, 0.0), 0.04),
        (Design(4, 1, 9), Scatter(0.02, 0.03), 0.02),  # drift that one round does not show: found too often
    ],
)
def test_the_power_is_that_of_simulated_sweeps(design: Design, scatter: Scatter, difference: float) -> None:
    slowest, pair = simulated(design, scatter, difference)
    assert 0.05 < pair < 0.995  # so that both ends could be missed
    assert power_of_pair(difference, design, scatter) == pytest.approx(pair, abs=_ERROR)
    assert power_of_slowest(difference, design, scatter) == pytest.approx(slowest, abs=_ERROR)


@pytest.mark.parametrize(("rounds", "difference"), [(2, 0.05), (5, 0.05), (9, 0.02), (30, 0.02)])
def test_a_pair_has_the_power_of_the_noncentral_t(rounds: int, difference: float) -> None:
    design, scatter = Design(4, rounds, 2), Scatter(0.02, 0.01)
    critical = stats.studentized_range.ppf(0.95, 4, design.df) / math.sqrt(2)
    ncp = difference * math.sqrt(rounds / 2) / math.sqrt(0.01**2 + 0.02**2 / 2)
    expected = stats.nct.sf(critical, design.df, ncp) + stats.nct.cdf(-critical, design.df, ncp)
    assert power_of_pair(difference, design, scatter) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("design", [Design(18, 5, 1), Design(2, 3, 2), Design(6, 1, 4)])
def test_the_smallest_difference_is_found_with_the_power_that_is_promised(design: Design) -> None:
    scatter = Scatter(0.03, 0.01)
    slowest, pair = smallest_slowest(design, scatter), smallest_pair(design, scatter)
    assert slowest is not None and pair is not None
    assert slowest < pair or design.trials == 2
    assert power_of_slowest(slowest, design, scatter) == pytest.approx(POWER, abs=1e-4)
    assert power_of_pair(pair, design, scatter) == pytest.approx(POWER, abs=1e-4)


def test_more_visits_show_smaller_differences() -> None:
    scatter = Scatter(0.02, 0.01)
    found = [smallest_slowest(Design(18, rounds, 1), scatter) or math.inf for rounds in (2, 3, 5, 9, 30)]
    assert found == sorted(found, reverse=True)
    # nine rounds of one call against three of three: the drift is averaged over more visits
    assert (smallest_pair(Design(4, 9, 1), scatter) or 1) < (smallest_pair(Design(4, 3, 3), scatter) or 0)


@pytest.mark.parametrize("design", [Design(1, 5, 5), Design(4, 1, 1)])
def test_what_no_test_can_tell_has_no_power(design: Design) -> None:
    assert math.isnan(power_of_pair(0.5, design, Scatter(0.02, 0.01)))
    assert smallest_pair(design, Scatter(0.02, 0.01)) is None
    assert smallest_slowest(design, Scatter(0.02, 0.01)) is None
