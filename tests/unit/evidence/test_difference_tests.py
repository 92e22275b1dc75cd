"""The statistics of differences: against hand-computed values, SciPy and statsmodels, and by seeded simulation."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.weightstats import ttest_ind

from chimera_dagster.evidence.difference_tests import (
    Pairs,
    additive,
    blocked,
    holm,
    inverse_of,
    log_moments,
    welch_pairs,
)

LEVELS, BLOCKS = np.tile(np.arange(3), 12), np.repeat(np.arange(12), 3)
NOISE = {
    "normal": lambda rng, n: rng.normal(0, 1, n),
    "skewed": lambda rng, n: rng.exponential(1, n),
    "heavy tails": lambda rng, n: rng.standard_t(3, n),
}


def test_holm_steps_down_and_never_decreases():
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.5, 0.9])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


def test_the_interval_of_a_geometric_mean():
    groups = log_moments(np.array([1.0, 100.0, 7.0]), np.array([0, 0, 1]), 2)
    mean, low, high = groups.interval(0)
    half = 12.7062 * np.std([0, np.log(100)], ddof=1) / np.sqrt(2)
    assert (mean, low, high) == pytest.approx((10, 10 * np.exp(-half), 10 * np.exp(half)), rel=1e-4)
    assert groups.interval(1)[0] == pytest.approx(7)
    assert np.isnan(groups.interval(1)[1])


def test_welch_agrees_with_statsmodels():
    rng = np.random.default_rng(1)
    samples = [np.exp(rng.normal(shift, scatter, n)) for shift, scatter, n in ((0, 0.1, 5), (0.1, 0.4, 9), (0, 0.2, 5))]
    pairs = welch_pairs(log_moments(np.concatenate(samples), np.repeat([0, 1, 2], [5, 9, 5]), 3))
    for place, (one, other) in enumerate(itertools.combinations(samples, 2)):
        _, p, df = ttest_ind(np.log(one), np.log(other), usevar="unequal")
        assert (pairs.p[place], pairs.df[place]) == pytest.approx((p, df))


@pytest.mark.parametrize("df", [2.0, 3.4, 10.0, 62.5, 1e4])
@pytest.mark.parametrize("level", [0.05, 1e-3, 1e-5, 6e-7])
def test_the_smallest_detectable_difference_has_a_power_of_80_percent(df, level):
    error = 0.01 / stats.t.isf(level / 2, df)
    one = np.zeros(1, dtype=int)
    found = Pairs(one, one, np.zeros(1), np.array([error]), np.array([df]), np.ones(1)).detectable(0, level)
    noncentrality = np.log1p(found) / error
    assert stats.nct.sf(stats.t.isf(level / 2, df), df, noncentrality) == pytest.approx(0.8, abs=1e-5)


def test_the_additive_model_agrees_with_statsmodels():
    rng = np.random.default_rng(8)
    levels, blocks = np.tile(np.arange(4), 10), np.repeat(np.arange(10), 4)
    kept = rng.random(len(levels)) < 0.8
    table = pd.DataFrame({"y": rng.normal(0, 1, 40) + 0.4 * levels, "level": levels, "block": blocks})[kept]
    small, large = (ols(f"y ~ C(block){more}", table).fit() for more in ("", " + C(level)"))
    fitted = additive(*(table[name].to_numpy() for name in ("y", "level", "block")))
    expected = anova_lm(small, large).iloc[1]
    assert (fitted.p, fitted.df) == pytest.approx((expected["Pr(>F)"], expected["df_resid"]))
    pairs, against_first = fitted.pairs(), slice(0, 3)
    names = [f"C(level)[T.{level}]" for level in (1, 2, 3)]
    assert -pairs.difference[against_first] == pytest.approx(large.params[names].to_numpy())
    assert pairs.error[against_first] == pytest.approx(large.bse[names].to_numpy())
    assert pairs.p[against_first] == pytest.approx(large.pvalues[names].to_numpy())


@pytest.mark.parametrize(("other", "p"), [(5.0, 1.0), (6.0, 0.1)])
def test_values_that_do_not_vary_get_the_p_of_a_permutation_test(other, p):
    pairs = welch_pairs(log_moments(np.array([5.0] * 3 + [other] * 3), np.repeat([0, 1], 3), 2))
    assert pairs.p[0] == pytest.approx(p)
    assert pairs.largest_detectable([0], 0.05) is None


def test_two_levels_in_full_blocks_are_the_paired_t_test():
    rng = np.random.default_rng(2)
    one, other = np.exp(rng.normal(0, 0.1, 8)), np.exp(rng.normal(0.05, 0.1, 8))
    fitted = blocked(np.concatenate([one, other]), np.repeat([0, 1], 8), np.tile(np.arange(8), 2))
    assert fitted.p == pytest.approx(stats.ttest_rel(np.log(one), np.log(other)).pvalue)
    assert fitted.pairs().p[0] == pytest.approx(fitted.p)
    assert (fitted.n, fitted.blocks, fitted.df) == (16, 8, 7)


def test_missing_cells_do_not_bias_the_effect():
    # The slow block lacks level 1, so that its plain mean is too high by far.
    values, levels, blocks = (
        np.array([1, 2, 10, 20, 10.1, 20.2, 1.01, 5.0]),
        [0, 1, 0, 1, 0, 1, 0, 0],
        [0, 0, 1, 1, 1, 1, 0, 2],
    )
    fitted = blocked(values, np.array(levels), np.array(blocks))
    assert np.exp(fitted.effects[1] - fitted.effects[0]) == pytest.approx(2, rel=0.01)
    assert (fitted.n, fitted.blocks) == (7, 2)


def test_levels_that_share_no_block_are_not_compared():
    assert blocked(np.array([1.0, 2, 3, 4, 5, 6]), np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 1])) is None
    assert blocked(np.exp(np.arange(12.0)), np.tile([0, 1, 2, 3], 3), np.array([0, 0, 1, 1] * 3)) is None
    assert blocked(np.array([1.0, 2.0]), np.array([0, 1]), np.array([0, 0])) is None


def family(rng, noise, share, effects=(0.0,) * 12):
    """12 blocked tests of one table, corrected; each effect raises the last of three levels."""
    p = []
    for effect in effects:
        logs = share * NOISE[noise](rng, 36) + rng.normal(0, 0.3, 12)[BLOCKS] + np.log1p(effect) * (LEVELS == 2)
        p.append(blocked(np.exp(logs), LEVELS, BLOCKS).p)
    return holm(np.array(p))


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISE)
def test_without_effects_one_table_in_twenty_shows_one_at_most(noise):
    rng = np.random.default_rng(3)
    wrong = sum(family(rng, noise, 0.05).min() < 0.05 for _ in range(500))
    assert wrong <= 0.05 * 500 + 2 * np.sqrt(0.05 * 0.95 * 500)


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("n", [3, 5, 12])
def test_equal_models_are_ordered_in_one_table_of_twenty_at_most(noise, n):
    rng = np.random.default_rng(4)
    codes = np.repeat(np.arange(5), n)
    wrong = 0
    for _ in range(500):
        values = np.exp(0.05 * NOISE[noise](rng, 5 * n))
        wrong += holm(welch_pairs(log_moments(values, codes, 5)).p).min() < 0.05
    assert wrong <= 0.05 * 500 + 2 * np.sqrt(0.05 * 0.95 * 500)


def test_five_percent_among_one_percent_of_noise_is_found():
    rng = np.random.default_rng(5)
    hits = sum(family(rng, "normal", 0.01, (0.05, *(0.0,) * 11))[0] < 0.05 for _ in range(300))
    assert hits >= 0.95 * 300
    codes = np.repeat(np.arange(5), 8)
    hits = 0
    for _ in range(300):
        values = np.exp(0.01 * rng.normal(0, 1, 40)) * np.where(codes == 2, 1.05, 1)
        pairs = welch_pairs(log_moments(values, codes, 5))
        hits += bool((holm(pairs.p) < 0.05)[(pairs.first == 2) | (pairs.second == 2)].all())
    assert hits >= 0.95 * 300


def test_the_smallest_detectable_difference_of_levels_is_found_four_times_in_five():
    rng = np.random.default_rng(6)
    pattern = np.array([-0.5, 0, 0.5])  # the pattern of that range that is hardest to see
    hits = 0
    for _ in range(500):
        stated = blocked(np.exp(0.02 * rng.normal(0, 1, 36)), LEVELS, BLOCKS).detectable(0.05 / 12)
        shifted = 0.02 * rng.normal(0, 1, 36) + np.log1p(stated) * pattern[LEVELS]
        hits += blocked(np.exp(shifted), LEVELS, BLOCKS).p < 0.05 / 12
    assert 0.72 <= hits / 500 <= 0.88


def test_the_smallest_detectable_difference_of_models_is_found_four_times_in_five():
    rng = np.random.default_rng(7)
    codes = np.repeat([0, 1], 10)
    hits = 0
    for _ in range(500):
        stated = welch_pairs(log_moments(np.exp(0.02 * rng.normal(0, 1, 20)), codes, 2)).detectable(0, 0.01)
        shifted = np.exp(0.02 * rng.normal(0, 1, 20) + np.log1p(stated) * codes)
        hits += welch_pairs(log_moments(shifted, codes, 2)).p[0] < 0.01
    assert 0.70 <= hits / 500 <= 0.88


@pytest.mark.parametrize(("width", "size"), [(3, 400), (5, 200), (3, 3000), (6, 833)])
def test_rounding_in_many_blocks_with_missing_cells_is_no_effect(width, size):
    rng = np.random.default_rng(1)
    levels, blocks = np.tile(np.arange(width), size), np.repeat(np.arange(size), width)
    kept = rng.random(len(levels)) < 0.9
    levels, blocks = levels[kept], np.unique(blocks[kept], return_inverse=True)[1]
    fitted = additive(0.1 * levels + rng.normal(0, 0.02, len(levels)), levels, blocks)
    assert fitted.effects == pytest.approx(0.1 * (np.arange(width) - (width - 1) / 2), abs=0.01)
    assert np.diag(inverse_of(fitted.gram)).max() < 0.01
    assert fitted.df == fitted.n - fitted.blocks - width + 1


def test_levels_with_the_same_values_have_no_effect():
    rng = np.random.default_rng(1)
    for _ in range(200):
        fitted = additive(np.tile(np.log(rng.uniform(1, 2, 3)), 5), np.repeat(np.arange(5), 3), np.zeros(15, dtype=int))
        assert fitted is not None
        assert fitted.p == pytest.approx(1)
