"""Tests over sessions: against SciPy and statsmodels, and by seeded simulation."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.difference_tests import additive, holm
from chimera_dagster.evidence.session_tests import effect_tests, over_sessions


def visits(rng, items, sessions, calls, drift=0.0):
    """Values, items, blocks and sessions of a folder in which every session has every item."""
    item, session, _ = (part.ravel() for part in np.mgrid[:items, :sessions, :calls])
    shift = rng.normal(0, drift, sessions)[session]
    return rng.normal(0, 0.02, len(item)) + shift, item, np.zeros(len(item), dtype="int64"), session


def test_sessions_of_two_items_are_the_paired_t_test_of_their_means():
    values, item, block, session = visits(np.random.default_rng(1), 2, 6, 5, drift=0.1)
    over = over_sessions(values, item, block, session, 2)
    means = pd.Series(values).groupby([session, item]).mean().unstack()
    assert over.paired
    assert over.pairs.p[0] == pytest.approx(stats.ttest_rel(means[0], means[1]).pvalue)
    assert over.sessions.tolist() == [6, 6]
    assert over.conclusive.tolist() == [True]


def test_sessions_of_many_items_are_the_blocked_analysis_of_their_means():
    rng = np.random.default_rng(2)
    values, item, block, session = visits(rng, 4, 5, 3, drift=0.1)
    kept = rng.random(len(values)) < 0.8
    over = over_sessions(values[kept], item[kept], block[kept], session[kept], 4)
    table = pd.DataFrame({"y": values, "item": item, "session": session})[kept]
    means = table.groupby(["item", "session"], as_index=False)["y"].mean()
    small, large = (ols(f"y ~ C(session){more}", means).fit() for more in ("", " + C(item)"))
    assert over.blocked.p == pytest.approx(anova_lm(small, large).iloc[1]["Pr(>F)"])
    names = [f"C(item)[T.{number}]" for number in (1, 2, 3)]
    assert -over.pairs.difference[:3] == pytest.approx(large.params[names].to_numpy())
    # the scatter of all, or that of a pair by itself if it is larger
    assert (over.pairs.p[:3] >= large.pvalues[names].to_numpy() * (1 - 1e-9)).all()
    assert over.pairs.p[:3] == pytest.approx(large.pvalues[names].to_numpy(), rel=0.9)


def test_a_pair_that_scatters_more_than_all_together_has_its_own_error():
    rng = np.random.default_rng(12)
    values, item, block, session = visits(rng, 5, 6, 1)
    values = values * np.where(item < 2, 8, 1)
    over = over_sessions(values, item, block, session, 5)
    means = pd.Series(values).groupby([session, item]).mean().unstack()
    difference = means[0] - means[1]
    assert over.pairs.error[0] == pytest.approx(difference.std(ddof=1) / 6**0.5)
    assert over.pairs.df[0] == 10
    quiet = over.pairs.error[-1]  # of the last two items
    assert quiet > (means[3] - means[4]).std(ddof=1) / 6**0.5


def test_sessions_of_one_item_each_are_welchs_test_of_their_means():
    rng = np.random.default_rng(3)
    item = np.repeat([0, 1], [12, 20])
    session = np.repeat(np.arange(8), 4)
    values = rng.normal(0, 0.02, 32) + rng.normal(0, 0.1, 8)[session]
    over = over_sessions(values, item, np.zeros(32, dtype="int64"), session, 2)
    means = pd.Series(values).groupby([item, session]).mean()
    assert not over.paired
    assert over.pairs.p[0] == pytest.approx(stats.ttest_ind(means[0], means[1], equal_var=False).pvalue)
    assert over.mean == pytest.approx([means[0].mean(), means[1].mean()])


def test_what_prompts_add_is_in_no_mean_of_a_session():
    rng = np.random.default_rng(4)
    rows = [  # item, session, block, how often: each item has more of another prompt
        (item, session, block, 6 if block == item else 2) for item in (0, 1) for session in range(5) for block in (0, 1)
    ]
    item, session, block, _ = (np.repeat([row[place] for row in rows], [row[3] for row in rows]) for place in range(4))
    values = 2.0 * block + rng.normal(0, 0.02, len(item))
    over = over_sessions(values, item, block, session, 2)
    assert abs(over.mean[0] - over.mean[1]) < 0.03
    assert over.pairs.p[0] > 0.05


def test_a_few_sessions_of_both_do_not_outweigh_many_of_each():
    rng = np.random.default_rng(10)
    item, session = np.array([0, 1, 0, 1, *[0] * 10, *[1] * 10]), np.array([0, 0, 1, 1, *range(2, 22)])
    over = over_sessions(rng.normal(0, 1, 24), item, np.zeros(24, dtype="int64"), session, 2)
    assert (over.paired, over.sessions.tolist()) == (False, [12, 12])


def test_thousands_of_sessions_are_fitted_as_few_are(monkeypatch):
    rng = np.random.default_rng(11)
    item, session, block = (rng.integers(0, size, 600).astype("int64") for size in (3, 40, 5))
    values = rng.normal(0, 1, 600) + block
    dense = over_sessions(values, item, block, session, 3)
    monkeypatch.setattr("chimera_dagster.evidence.session_tests._DENSE", 1)
    sparse = over_sessions(values, item, block, session, 3)
    assert sparse.pairs.p == pytest.approx(dense.pairs.p, rel=1e-6)
    assert sparse.mean == pytest.approx(dense.mean, abs=1e-8)


def test_settings_with_sessions_of_their_own_are_compared_within_settings():
    rng = np.random.default_rng(5)
    item, setting = (part.ravel() for part in np.mgrid[:2, :6])
    session = np.arange(12)
    means = rng.normal(0, 0.02, 12) + setting
    repeated = [np.repeat(part, 4) for part in (means, item, setting, session)]
    over = over_sessions(*repeated, 2)
    assert over.paired
    assert over.pairs.p[0] == pytest.approx(stats.ttest_rel(means[:6], means[6:]).pvalue)


@pytest.mark.parametrize(
    ("item", "session"),
    [([0, 0, 1, 1], [0, 0, 0, 0]), ([0, 0, 1, 1], [0, 0, 1, 1]), ([0, 0, 1, 1], [0, 1, 2, 2])],
)
def test_one_session_of_an_item_is_no_test(item, session):
    values = np.array([1.0, 1.1, 5.0, 5.1])
    assert over_sessions(values, np.array(item), np.zeros(4, dtype="int64"), np.array(session), 2) is None


def test_an_item_with_one_session_is_left_out_of_the_pairs_that_are_tested():
    rng = np.random.default_rng(6)
    item = np.array([0, 0, 0, 1, 1, 1, 2])
    over = over_sessions(rng.normal(0, 1, 7), item, np.zeros(7, dtype="int64"), np.arange(7), 3)
    assert np.isnan(over.pairs.p).tolist() == [False, True, True]
    assert over.conclusive.tolist() == [True, False, False]


def test_items_that_nothing_connects_are_not_compared():
    item, block = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])
    assert over_sessions(np.arange(4.0), item, block, np.arange(4), 2) is None


def test_means_that_are_rounded_alike_are_no_proof():
    item, session = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2])
    over = over_sessions(np.array([5.0] * 3 + [6.0] * 3), item, np.zeros(6, dtype="int64"), session, 2)
    assert over.pairs.p[0] == pytest.approx(0.25)  # three of the same sign
    assert not over.conclusive[0]  # and no tie
    equal = over_sessions(np.array([5.0] * 6), item, np.zeros(6, dtype="int64"), session, 2)
    assert equal.conclusive[0] == (equal.blocked.df >= 3)


def without_scatter(levels, sessions, *, apart=False, steps=1.0):
    """Values that are the same in all sessions; each level in sessions of its own if they are `apart`."""
    item, session = (part.ravel() for part in np.mgrid[:levels, :sessions])
    values, none = steps * item, np.zeros(len(item), dtype="int64")
    session = item * sessions + session if apart else session
    return effect_tests([(additive(values, item, none), over_sessions(values, item, none, session, levels))])


@pytest.mark.parametrize(
    ("levels", "sessions", "certainty"),
    [
        (5, 3, Certainty.HOLDS),  # the same order of five in each of three
        (3, 3, Certainty.HOLDS),
        (2, 3, Certainty.IN_SESSION),  # two can be in the same order three times by chance
        (2, 6, Certainty.HOLDS),
    ],
)
def test_levels_that_differ_and_are_the_same_in_all_sessions_are_no_tie(levels, sessions, certainty):
    [found] = without_scatter(levels, sessions)
    assert found.certainty is certainty
    if certainty is Certainty.HOLDS:
        assert found.p == pytest.approx(math.factorial(levels) ** (1.0 - sessions))


def test_levels_without_scatter_in_sessions_of_their_own_are_judged_by_how_often_chance_would_sort_them():
    [found] = without_scatter(3, 3, apart=True)
    assert (found.certainty, found.p) == (Certainty.HOLDS, pytest.approx(6 / (math.factorial(9) / 6**3)))
    [found] = without_scatter(2, 3, apart=True)
    assert found.certainty is Certainty.IN_SESSION


def test_levels_that_are_all_the_same_are_a_tie():
    [found] = without_scatter(4, 6, steps=0.0)
    assert found.certainty is Certainty.TIE


def test_two_sessions_are_too_few_for_a_tie():
    values, item, block, session = visits(np.random.default_rng(7), 2, 2, 20)
    values = values + 0.1 * item
    [found] = effect_tests([(additive(values, item, block), over_sessions(values, item, block, session, 2))])
    over = over_sessions(values, item, block, session, 2)
    assert not over.conclusive[0]
    assert found.certainty is (Certainty.HOLDS if over.pairs.p[0] < 0.05 else Certainty.IN_SESSION)


@pytest.mark.parametrize(("sessions", "certainty"), [(6, Certainty.TIE), (1, Certainty.IN_SESSION)])
def test_what_a_drift_of_items_makes_of_equal_levels(sessions, certainty):
    rng = np.random.default_rng(8)
    values, item, block, session = visits(rng, 3, sessions, 40)
    values = values + rng.normal(0, 0.05, 3 * sessions)[item * sessions + session]  # each visit is off by 5 %
    [found] = effect_tests([(additive(values, item, block), over_sessions(values, item, block, session, 3))])
    assert found.certainty is certainty


@pytest.mark.slow
def test_equal_items_of_unequal_scatter_differ_in_one_folder_of_twenty_at_most():
    rng, wrong = np.random.default_rng(13), 0
    for _ in range(600):
        values, item, block, session = visits(rng, 6, 6, 1)
        over = over_sessions(values * np.where(item < 2, 4, 1), item, block, session, 6)
        wrong += holm(over.pairs.p).min() < 0.05
    assert wrong <= 0.06 * 600 + 2 * np.sqrt(0.06 * 0.94 * 600)


@pytest.mark.parametrize("apart", [False, True])
def test_equal_items_differ_in_one_folder_of_twenty_at_most(apart):
    rng, wrong = np.random.default_rng(9), 0
    for _ in range(400):
        values, item, block, session = visits(rng, 2, 4, 8, drift=0.0 if apart else 0.05)
        values = values + rng.normal(0, 0.03, 8)[item * 4 + session]
        over = over_sessions(values, item, block, session + 4 * item if apart else session, 2)
        wrong += over.pairs.p[0] < 0.05
    assert wrong <= 0.05 * 400 + 2 * np.sqrt(0.05 * 0.95 * 400)
