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
    Groups,
    Pairs,
    additive,
    blocked,
    holm,
    inverse_of,
    log_moments,
    reversal,
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
    # the error is an estimate, so that the power is one over all that it may be
    true = np.log1p(found) / error * np.sqrt(stats.chi2.ppf((np.arange(2000) + 0.5) / 2000, df) / df)
    power = stats.nct.sf(stats.t.isf(level / 2, df), df, true[:, np.newaxis]).ravel()
    assert np.nanmean(power) == pytest.approx(0.8, abs=0.005)


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


@pytest.mark.parametrize("counts", [(12, 12, 12), (3, 3, 30), (2, 20, 20)])
def test_the_smallest_detectable_difference_of_levels_is_found_four_times_in_five(counts):
    rng, hits = np.random.default_rng(6), 0
    levels, together = np.repeat([0, 1, 2], counts), np.zeros(sum(counts), dtype=int)
    gram = additive(rng.normal(0, 1, len(levels)), levels, together).gram
    inverse = inverse_of(gram)
    # of all effects with that range between the two levels that are hardest to tell apart, the least visible
    pair = max(itertools.combinations(range(3), 2), key=lambda pair: spread(inverse, *pair))
    contrast = np.zeros(3)
    contrast[list(pair)] = 1, -1
    pattern = inverse @ contrast / spread(inverse, *pair)
    for _ in range(600):
        stated = additive(0.02 * rng.normal(0, 1, len(levels)), levels, together).detectable_shift(0.01)
        found = additive(0.02 * rng.normal(0, 1, len(levels)) + stated * pattern[levels], levels, together)
        hits += found.p < 0.01
    assert hits / 600 == pytest.approx(0.8, abs=3 * np.sqrt(0.8 * 0.2 / 600))


def spread(inverse, one, other):
    return inverse[one, one] + inverse[other, other] - 2 * inverse[one, other]


@pytest.mark.parametrize(("n", "other"), [(3, 3), (10, 10), (3, 12), (4, 8)])
def test_the_smallest_detectable_difference_of_models_is_found_four_times_in_five(n, other):
    rng, hits = np.random.default_rng(7), 0
    codes = np.repeat([0, 1], [n, other])
    for _ in range(1000):
        stated = welch_pairs(log_moments(np.exp(0.02 * rng.normal(0, 1, n + other)), codes, 2)).detectable(0, 0.05)
        shifted = np.exp(0.02 * rng.normal(0, 1, n + other) + np.log1p(stated) * codes)
        hits += welch_pairs(log_moments(shifted, codes, 2)).p[0] < 0.05
    assert 0.75 <= hits / 1000 <= 0.93  # more where Welch's degrees of freedom are fewer than the error's


@pytest.mark.parametrize(("few", "many"), [(3, 50), (4, 20), (7, 15)])
def test_few_values_against_many_keep_the_level_in_the_tail(few, many):
    rng, size = np.random.default_rng(8), 20_000
    groups = Groups(*(np.zeros(2) for _ in range(3)))
    p = []
    one, other = rng.normal(0, 1, (size, few)), rng.normal(0, 1, (size, many))
    for place in range(size):
        mean = np.array([one[place].mean(), other[place].mean()])
        variance = np.array([one[place].var(ddof=1), other[place].var(ddof=1)])
        p.append(welch_pairs(groups._replace(n=np.array([few, many]), mean=mean, variance=variance)).p[0])
    for level in (0.05, 0.05 / 15, 0.05 / 66):
        assert np.mean(np.array(p) < level) <= 1.1 * level + 3 * np.sqrt(level / size)


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


def two_levels(rng, differences, runs, scatter):
    """Values of two levels that differ by `differences`, one in each block."""
    blocks = np.repeat(np.arange(len(differences)), 2 * runs)
    levels = np.tile(np.repeat([0, 1], runs), len(differences))
    values = np.asarray(differences)[blocks] * levels + rng.normal(0, 1, len(blocks)) * np.asarray(scatter)[blocks]
    return values, levels, blocks


@pytest.mark.parametrize(("blocks", "critical"), [(2, 2.71), (3, 4.23), (4, 5.43), (5, 6.50)])
def test_a_change_of_places_has_the_critical_values_of_gail_and_simon(blocks, critical):
    """Those of their table for 5 %, which are for a known scatter."""
    runs, step = 2_000, np.resize([1.0, -1.0], 2_000)  # no mean, and a variance of almost 1
    differences = np.full(blocks, 9.0)
    differences[0] = -np.sqrt(critical * 2 / runs)
    values, levels, of_block = two_levels(np.random.default_rng(0), differences, runs, np.zeros(blocks))
    values += np.resize(step, len(values))
    assert reversal(values, levels, of_block) == pytest.approx(0.05, abs=0.001)


def test_distances_that_change_while_the_order_stays_are_no_change_of_places():
    values, levels, blocks = two_levels(np.random.default_rng(1), [0.05, 0.5, 2.0], 5, [0.01] * 3)
    assert reversal(values, levels, blocks) == 1.0


@pytest.mark.parametrize("scatter", [[0.03] * 8, [0.3] + [0.03] * 7], ids=["equal", "one block is disturbed"])
@pytest.mark.parametrize("runs", [2, 4])
def test_a_change_of_places_by_chance_is_rare(scatter, runs):
    """Equal levels in one block and another, disturbed or not, and clearly apart in the rest."""
    rng = np.random.default_rng(2)
    found = [reversal(*two_levels(rng, [0, 0, *[0.4] * 6], runs, scatter)) for _ in range(1_000)]
    assert np.mean(np.array(found) < 0.05) < 0.05


def test_a_change_of_places_is_found_among_three_levels():
    rng = np.random.default_rng(3)
    levels, blocks = np.tile(np.repeat(np.arange(3), 3), 6), np.repeat(np.arange(6), 9)
    means = np.array([[0, 0.2, 0.5]] * 4 + [[0.2, 0, 0.5]] * 2)
    found = [reversal(means[blocks, levels] + rng.normal(0, 0.05, 54), levels, blocks) for _ in range(200)]
    assert np.mean(np.array(found) < 0.05) > 0.95


def test_without_repeats_nothing_is_said_of_a_change_of_places():
    assert reversal(np.array([1.0, 2.0, 2.0, 1.0]), np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])) is None
