"""What trials lie apart beyond repeats and parameters: found in its size, and not taken from a few that differ."""

from collections.abc import Sequence

import numpy as np
import pytest

from chimera_dagster.compare.factors import factors
from chimera_dagster.compare.host_drift import Between, between
from chimera_dagster.compare.observed import Observed
from tests.simulated import Cell, Truth, simulated_sweep

SHARE = 0.71016  # of the squares of a normal distribution, what is left where they are clipped at 1.345 deviations
PAIR = {"num_ctx": (2048, 4096), "temperature": (0.2, 1.0)}


def means(trials: Sequence[Observed]) -> np.ndarray:
    return np.array([np.mean(np.log(trial.values["throughput_tok_s"])) for trial in trials])


def found(truth: Truth, within: float, together: Sequence[tuple[str, str]] = (), **sweep: object) -> Between | None:
    """Of a sweep without scatter: what its truth leaves unexplained."""
    trials = simulated_sweep(truth, np.random.default_rng(1), noise=0.0, **sweep)  # pyright: ignore[reportArgumentType]
    return between(means(trials), np.full(len(trials), within), factors(trials), together)


def alternating(size: float) -> Truth:
    """What no sum of single effects explains of 2 x 2 x 2: up and down by `size`, one cell to the next."""

    def truth(cell: Cell) -> float:
        ways = (cell.model == "a:1b", cell.num_ctx == 2048, cell.temperature == 0.2)
        return 100 * float(np.exp(size * (-1) ** sum(ways)))

    return truth


@pytest.mark.parametrize("within", [1e-6, 1e-4])
def test_it_is_what_is_left_over_its_degrees_of_freedom_without_what_repeats_explain(within: float) -> None:
    told = found(alternating(0.02), within, **PAIR)
    assert told is not None
    assert told.df == 8 - 1 - 3
    assert told.variance == pytest.approx(8 * 0.02**2 / (SHARE * 4) - within, rel=1e-3)


def test_where_repeats_explain_all_there_is_none() -> None:
    assert found(alternating(0.02), 2e-3, **PAIR) == Between(0.0, 4)


def test_single_effects_of_any_size_are_no_drift() -> None:
    told = found(lambda cell: 100 * cell.temperature * (cell.model == "a:1b" or 5) * cell.num_ctx, 1e-6)
    assert told is not None
    assert (told.variance, told.df) == (0.0, 18 - 1 - 1 - 2 - 2)


def test_an_interaction_that_was_detected_is_no_drift_and_costs_its_degrees_of_freedom() -> None:
    def crossing(cell: Cell) -> float:
        return 100 * (1.1 if (cell.model == "a:1b") == (cell.num_ctx == 8192) else 1.0)

    unexplained, explained = found(crossing, 1e-6), found(crossing, 1e-6, [("model", "num_ctx")])
    assert unexplained is not None and explained is not None
    assert unexplained.variance > 0.01**2 > 1e-9 > explained.variance
    assert (unexplained.df, explained.df) == (12, 10)


def test_a_few_trials_that_really_differ_are_no_drift_of_all() -> None:
    rng = np.random.default_rng(4)
    trials = simulated_sweep(lambda _: 100.0, rng, drift=0.01)
    apart = means(trials)
    apart[5] += 0.7
    told, before = (
        between(each, np.full(len(trials), 0.02**2 / 3), factors(trials), ()) for each in (apart, means(trials))
    )
    assert told is not None and before is not None
    assert told.variance**0.5 < before.variance**0.5 + 0.02


@pytest.mark.parametrize("drift", [0.0, 0.01, 0.05])
def test_it_is_the_drift_that_was_planted(drift: float) -> None:
    rng, sizes = np.random.default_rng(2), []
    for _ in range(100):
        trials = simulated_sweep(lambda cell: 100 + cell.temperature, rng, drift=drift)
        told = between(means(trials), np.full(len(trials), 0.02**2 / 3), factors(trials), ())
        assert told is not None
        sizes.append(told.variance**0.5)
    assert np.median(sizes) == pytest.approx(drift, abs=0.15 * drift + 0.006)


@pytest.mark.parametrize("sweep", [PAIR, {}, {"temperature": (0.2, 0.4, 0.6, 0.8, 1.0)}])
def test_its_mean_over_sweeps_is_the_drift_however_much_of_it_the_parameters_take_up(sweep: dict[str, object]) -> None:
    """Of 8 trials, the fit takes up half: residuals that are clipped as if they were whole say 1.4 times as much."""
    rng, found = np.random.default_rng(2), []
    for _ in range(400):
        trials = simulated_sweep(lambda _: 100.0, rng, drift=0.03, **sweep)  # pyright: ignore[reportArgumentType]
        told = between(means(trials), np.full(len(trials), 0.02**2 / 3), factors(trials), ())
        assert told is not None
        found.append(told.variance)
    assert np.mean(found) == pytest.approx(0.03**2, rel=0.15)


@pytest.mark.parametrize("sweep", [{"models": ("a:1b",), "temperature": (0.2,)}, PAIR | {"models": ("a:1b",)}])
def test_too_few_trials_for_their_parameters_tell_nothing(sweep: dict[str, object]) -> None:
    assert found(lambda _: 100.0, 1e-4, **sweep) is None


def test_no_trial_tells_nothing() -> None:
    assert between(np.zeros(0), np.zeros(0), factors([]), ()) is None
