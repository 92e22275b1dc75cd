"""Ranks with ties: a trial is behind another only where a test that is corrected for all pairs tells them apart."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from chimera_dagster.compare.between import LEAST_DF, Between, Floats, Together, between
from chimera_dagster.compare.factors import Ints, factors
from chimera_dagster.compare.observed import Observed

LEVEL = 0.05  # of the whole family of comparisons
_ENOUGH_DF = 20  # for a variance of one's own: with fewer, thousands of comparisons find nothing


class Spread(NamedTuple):
    """Mean and variance of one value on the metric's scale, for each trial; the variance is pooled, NaN without one.

    Variances are pooled over trials of one model that share num_gpu and num_ctx where those have 20 degrees of freedom,
    else over those of one model: sampling parameters hardly change how much repeats of one host scatter. A trial's
    repeats share their moment, so what the host drifts from trial to trial comes on top, as `between`; None where the
    trials are too few to tell.
    """

    n: Floats
    mean: Floats
    variance: Floats
    df: Floats
    pool: Ints
    between: Between | None

    def errors(self) -> tuple[Floats, Floats]:
        """The variance of each mean, with what lies between trials, and its degrees of freedom."""
        within = self.variance / self.n
        if self.between is None or self.between.variance == 0:
            return within, self.df
        return within + self.between.variance, np.minimum(self.df, self.between.df)


def spread(trials: Sequence[Observed], values: Sequence[Sequence[float]], together: Together = ()) -> Spread:
    """Of one or more values a trial, on the scale on which they are compared; `together` are detected interactions."""
    n = np.array([len(each) for each in values], dtype="float64")
    owner = np.repeat(np.arange(len(values)), n.astype("int64"))
    flat = np.fromiter((value for each in values for value in each), dtype="float64")
    mean = np.bincount(owner, weights=flat) / n
    squares = np.bincount(owner, weights=(flat - mean[owner]) ** 2).astype("float64")
    squares[squares < 1e-24 * n] = 0  # what is left of equal values is rounding
    by_load = _codes([(trial.model, trial.params.num_gpu, trial.params.num_ctx) for trial in trials])
    by_model = _codes([trial.model for trial in trials])
    variance, df = _pooled(squares, n, by_load)
    wide_variance, wide_df = _pooled(squares, n, by_model)
    narrow = df >= _ENOUGH_DF
    variance, df = np.where(narrow, variance, wide_variance), np.where(narrow, df, wide_df)
    # no scatter at all is that of a clock too coarse to show it, and would make any difference a certain one
    variance[(df < LEAST_DF) | (variance == 0)] = np.nan
    # trials of one pool share their variance: the comparison of two pools is one threshold
    pool = np.where(narrow, by_load, by_load.max(initial=0) + 1 + by_model)
    known = np.flatnonzero(~np.isnan(variance))
    of_all = {name: factor.at(known) for name, factor in factors(trials).items()}
    return Spread(n, mean, variance, df, pool, between(mean[known], variance[known] / n[known], of_all, together))


def ranks(of: Spread, sign: int, comparisons: int) -> Ints:
    """1 + how many trials are detectably better, by `sign` 1 where more is better; -1 where there are too few repeats.

    `comparisons` is how many pairs the whole family has, by which the level is divided.

    Each pair is tested by a t-test with pooled variances and Welch's degrees of freedom, at LEVEL / comparisons
    (Bonferroni): unlike a stepwise correction that needs no list of all pairs, of which 10,000 trials have 50 million.
    """
    level = LEVEL / max(comparisons, 1)
    known = np.flatnonzero(~np.isnan(of.variance))
    found = np.full(len(of.n), -1, dtype="int64")
    found[known] = 1 + _better(sign * of.mean[known], of, known, level)
    return found


def pairs_in(trials: int) -> int:
    return trials * (trials - 1) // 2


def margins(of: Spread, one: int, others: Ints, level: float) -> Floats:
    """How far from that of `one` the means of others must be on the metric's scale to be told apart; NaN: no test."""
    parts = of.variance / of.n
    first, second = parts[one], parts[others]
    with np.errstate(invalid="ignore"):
        df = (first + second) ** 2 / (first**2 / of.df[one] + second**2 / of.df[others])
    df, both = np.where(of.pool[others] == of.pool[one], of.df[one], df), first + second
    if of.between is not None and of.between.variance > 0:
        df, both = np.minimum(df, of.between.df), both + 2 * of.between.variance
    return special.stdtrit(df, 1 - level / 2) * np.sqrt(both)


def _better(score: Floats, of: Spread, known: Ints, level: float) -> Ints:
    """How many trials are detectably better than each; of one pool and number of repeats all have the same margins."""
    classes = _codes(list(zip(of.pool[known].tolist(), of.n[known].tolist(), strict=True)))
    firsts = known[np.unique(classes, return_index=True)[1]]
    count = np.zeros(len(known), dtype="int64")
    for number, first in enumerate(firsts.tolist()):
        members = np.flatnonzero(classes == number)
        floors = np.sort(score - margins(of, first, firsts, level)[classes])  # who is below it is worse
        count[members] = len(floors) - np.searchsorted(floors, score[members] + 1e-12, side="right")
    return count


def _pooled(squares: Floats, n: Floats, codes: Ints) -> tuple[Floats, Floats]:
    """For each trial the variance of its group and the degrees of freedom behind it."""
    df = np.bincount(codes, weights=n - 1).astype("float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.bincount(codes, weights=squares) / df
    return variance[codes], df[codes]


def _codes(names: Sequence[object]) -> Ints:
    places: dict[object, int] = {}
    return np.array([places.setdefault(name, len(places)) for name in names], dtype="int64")
