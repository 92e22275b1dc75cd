"""Every statistic against a value computed by hand or by another implementation, and intervals against simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from chimera_dagster.evidence.statistics import STATISTICS, describe


def one(values):
    return describe(np.array(values, dtype="float64"), np.zeros(len(values), dtype="int64"), 1).iloc[0]


def test_hand_computed():
    row = one([6, 1, 2])
    assert (row["n"], row["mean"], row["median"], row["min"], row["max"]) == (3, 3, 2, 1, 6)
    assert row["std"] == pytest.approx(7**0.5)  # (9 + 4 + 1) / 2
    assert row["p05"] == pytest.approx(1.1)  # a tenth of the way from 1 to 2
    assert row["p95"] == pytest.approx(5.6)  # nine tenths of the way from 2 to 6
    half = 4.302652729911275 * (7 / 3) ** 0.5  # t(0.975, 2) of every printed table: 4.303
    assert (row["mean_low"], row["mean_high"]) == (pytest.approx(3 - half), pytest.approx(3 + half))
    assert row[["median_low", "median_high"]].isna().all()


def test_an_even_number_of_values_has_its_median_between_two():
    row = one([1, 2, 4, 8])
    assert row["median"] == 3


@pytest.mark.parametrize(
    ("n", "k"),
    [(6, 1), (8, 1), (9, 2), (11, 2), (12, 3), (14, 3), (15, 4), (20, 6), (25, 8), (50, 18), (100, 40)],
)
def test_the_interval_of_the_median_has_the_ranks_of_every_printed_table(n, k):
    # such as table 14 of Hollander, Wolfe: Nonparametric Statistical Methods; the sign test's critical values
    row = one(range(1, n + 1))
    assert (row["median_low"], row["median_high"]) == (k, n + 1 - k)
    assert stats.binom.cdf(k - 1, n, 0.5) <= 0.025 < stats.binom.cdf(k, n, 0.5)


@pytest.mark.parametrize("values", [[5.0], [5.0, 7.0]])
def test_below_three_values_no_interval_is_claimed(values):
    row = one(values)
    assert row[["mean_low", "mean_high", "median_low", "median_high"]].isna().all()
    assert pd.isna(row["std"]) == (len(values) == 1)
    assert (row["median"], row["p95"]) == (5 + (len(values) - 1), 5 + 1.9 * (len(values) - 1))


def test_equal_values_have_intervals_without_width():
    row = one([4.25] * 7)
    assert row[[name for name in STATISTICS if name not in ("n", "std")]].tolist() == [4.25] * 12
    assert row["std"] == 0


def test_what_overflows_is_left_open():
    row = one([1.5e308, 1.5e308, 1.5e308])
    assert row[["mean", "std", "mean_low", "mean_high"]].isna().all()
    assert row["median"] == 1.5e308


def test_no_groups_give_no_rows():
    empty = describe(np.empty(0), np.empty(0, dtype="int64"), 0)
    assert (list(empty.columns), len(empty)) == (list(STATISTICS), 0)


def test_many_groups_equal_pandas_and_each_group_alone():
    random = np.random.default_rng(3)
    groups = random.integers(0, 40, 1000)
    values = random.lognormal(3, 1, 1000)
    table = describe(values, groups, 40)
    by = pd.Series(values).groupby(groups)
    for name in ("mean", "median", "std", "min", "max"):
        assert table[name].to_numpy() == pytest.approx(by.agg(name).to_numpy(), rel=1e-12)
    for name, q in (("p05", 0.05), ("p95", 0.95)):
        assert table[name].to_numpy() == pytest.approx(by.quantile(q).to_numpy(), rel=1e-12)
    for group in (0, 17, 39):
        pd.testing.assert_series_equal(one(values[groups == group]), table.iloc[group], check_names=False)


def test_the_order_of_values_changes_no_bit():
    random = np.random.default_rng(4)
    values, groups = random.normal(100, 30, 400), random.integers(0, 7, 400)
    expected = describe(values, groups, 7)
    for _ in range(5):
        mixed = random.permutation(400)
        pd.testing.assert_frame_equal(describe(values[mixed], groups[mixed], 7), expected, check_exact=True)


def coverage(n, low, high, draw, truth):
    samples = draw(1000 * n)
    table = describe(samples, np.repeat(np.arange(1000), n), 1000)
    return ((table[low] <= truth) & (truth <= table[high])).mean()


def test_the_t_interval_covers_the_mean():
    draw = np.random.default_rng(5).normal
    assert 0.93 <= coverage(8, "mean_low", "mean_high", lambda size: draw(50, 10, size), 50) <= 0.97


@pytest.mark.parametrize("n", [6, 7, 9, 50, 51])
def test_the_interval_of_the_median_covers_it_whatever_the_distribution(n):
    random = np.random.default_rng(6)
    two = lambda size: np.where(random.random(size) < 0.4, 0.5, 1.0) * random.lognormal(0, 0.01, size)  # noqa: E731
    for draw, truth in (
        (lambda size: random.normal(50, 10, size), 50),
        (lambda size: random.exponential(1, size), np.log(2)),
        (random.standard_cauchy, 0),
        (two, np.median(two(1_000_000))),
    ):
        assert coverage(n, "median_low", "median_high", draw, truth) >= 0.935  # 95 % less two standard errors


def test_the_interval_of_a_large_group_is_that_of_its_order_statistics():
    # ranks n/2 ± 1.96 √n/2, the normal approximation of the binomial
    values = np.arange(100_000, dtype="float64")
    row = one(values)
    half = 1.96 * 100_000**0.5 / 2
    assert row["median_low"] == pytest.approx(50_000 - half, abs=2)
    assert row["median_high"] == pytest.approx(50_000 + half, abs=2)
