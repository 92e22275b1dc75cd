import numpy as np
import pytest

from chimera_dagster.evidence.tails import SKEWED, TWO_SPEEDS, why_not_geometric_mean, why_not_mean


@pytest.mark.parametrize("n", [6, 9, 50])
def test_normal_values_keep_their_mean(n):
    rng = np.random.default_rng(1)
    found = [why_not_mean(rng.normal(50, 1, n)) for _ in range(500)]
    assert sum(each is not None for each in found) <= 0.04 * 500


def test_a_machine_that_throttles_has_two_speeds():
    rng = np.random.default_rng(2)
    values = np.r_[rng.normal(100, 1, 12), rng.normal(60, 1, 3)]
    assert why_not_mean(values) == why_not_geometric_mean(values) == TWO_SPEEDS


def test_a_few_long_waits_are_skewed_until_there_are_enough_runs():
    rng = np.random.default_rng(3)
    assert why_not_mean(rng.lognormal(0, 1, 50)) == SKEWED
    assert why_not_mean(rng.exponential(1, 400)) is None
    assert why_not_geometric_mean(rng.lognormal(0, 1, 50)) is None


@pytest.mark.parametrize("values", [[5.0] * 8, [1.0, 50.0, 2.0], [0.0, 0.0, 1.0, 0.0, 1.0, 1.0]])
def test_too_few_or_equal_values_say_nothing(values):
    assert why_not_mean(np.array(values)) is None
