"""Ranks with ties: a trial ranks behind another only if a test, corrected for all pairs, tells them apart."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from chimera_dagster.compare.factors import Ints, factors
from chimera_dagster.compare.host_drift import LEAST_DF, Between, Floats, Together, between
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.visits import VisitSpread, codes_of, honest_differences

LEVEL = 0.05  # of the whole family of comparisons
_ENOUGH_DF = 20  # for a separate variance: with fewer, thousands of comparisons find nothing


class Spread(NamedTuple):
    """Mean and pooled variance of each trial's values on the metric's scale; the variance is NaN if there is none.

    Variances are pooled over trials of one model that share num_gpu and num_ctx if those have 20 degrees of freedom,
    otherwise over the trials of one model: sampling parameters hardly change how much repeats scatter. The repeats of a
    trial are measured at about the same time, so the host's drift from trial to trial comes on top, as `between`; None
    if there are too few trials.
    """

    n: Floats
    mean: Floats
    variance: Floats
    df: Floats
    pool: Ints
    between: Between | None

    def errors(self) -> tuple[Floats, Floats]:
        """The variance of each mean, `between` included, and its degrees of freedom."""
        within = self.variance / self.n
        if self.between is None or self.between.variance == 0:
            return within, self.df
        return within + self.between.variance, np.minimum(self.df, self.between.df)


def scattered(
    trials: Sequence[Observed], values: Sequence[Sequence[float]], together: Together = ()
) -> Spread | VisitSpread:
    """How sure the trials' means are: by their visits if there are several rounds, else by repeats and parameters.

    In one round, repeats lie side by side in time: without an estimate of the host's drift nothing is tested.
    """
    if any(len(trial.rounds) > 1 for trial in trials):
        return VisitSpread.of(trials, values)
    found = spread(trials, values, together)
    return found if found.between is not None else found._replace(variance=np.full(len(found.n), np.nan))


def spread(trials: Sequence[Observed], values: Sequence[Sequence[float]], together: Together = ()) -> Spread:
    """From one or more values per trial, on the metric's scale; `together` are the detected interactions."""
    n = np.array([*map(len, values)], dtype="float64")
    owner = np.repeat(np.arange(len(values)), n.astype("int64"))
    flat = np.fromiter(itertools.chain.from_iterable(values), dtype="float64")
    mean = np.bincount(owner, weights=flat) / n
    squares = np.bincount(owner, weights=(flat - mean[owner]) ** 2).astype("float64")
    squares[squares < 1e-24 * n] = 0  # what is left over from equal values is rounding
    by_load = codes_of([(trial.model, trial.params.num_gpu, trial.params.num_ctx) for trial in trials])
    by_model = codes_of([trial.model for trial in trials])
    variance, df = _pooled(squares, n, by_load)
    wide_variance, wide_df = _pooled(squares, n, by_model)
    narrow = df >= _ENOUGH_DF
    variance, df = np.where(narrow, variance, wide_variance), np.where(narrow, df, wide_df)
    # no scatter at all means a clock too coarse to show it, and would make any difference certain
    variance[(df < LEAST_DF) | (variance == 0)] = np.nan
    # trials of one pool share their variance, so that two pools are compared by one threshold
    pool = np.where(narrow, by_load, by_load.max(initial=0) + 1 + by_model)
    known = np.flatnonzero(~np.isnan(variance))
    of_all = {name: factor.at(known) for name, factor in factors(trials).items()}
    return Spread(n, mean, variance, df, pool, between(mean[known], variance[known] / n[known], of_all, together))


def ranks(scatter: Spread | VisitSpread, sign: int, comparisons: int) -> Ints:
    """1 + how many trials are detectably better, or -1 without a test; `sign` is 1 if more is better.

    Each pair is tested by a t-test with pooled variances and Welch's degrees of freedom, at LEVEL / `comparisons`, the
    number of pairs in the whole family (Bonferroni): unlike a stepwise correction, this needs no list of all pairs, of
    which 10,000 trials have 50 million. The pairs of visits share their part of LEVEL by Tukey's test.
    """
    level = LEVEL / max(comparisons, 1)
    known = np.flatnonzero(~np.isnan(scatter.variance))
    found = np.full(len(scatter.n), -1, dtype="int64")
    found[known] = 1 + _better(sign * scatter.mean[known], scatter, known, level)
    return found


def pairs_in(trials: int) -> int:
    return trials * (trials - 1) // 2


def margins(scatter: Spread | VisitSpread, one: int, others: Ints, level: float, size: int | None = None) -> Floats:
    """How far the means of `others` must be from that of `one`, on the metric's scale, to differ; NaN: no test.

    `level` is that of each pair; those of `size` trials, by default of all, are a family.
    """
    if isinstance(scatter, VisitSpread):
        size = size or len(scatter.n)
        squared, df = scatter.between_groups(one, others)
        apart = honest_differences(df, size, min(level * max(pairs_in(size), 1), LEVEL)) * np.sqrt(squared)
        return np.where(np.isnan(scatter.variance[others] + scatter.variance[one]), np.nan, apart)
    parts = scatter.variance / scatter.n
    first, second = parts[one], parts[others]
    with np.errstate(invalid="ignore"):
        df = (first + second) ** 2 / (first**2 / scatter.df[one] + second**2 / scatter.df[others])
    df, both = np.where(scatter.pool[others] == scatter.pool[one], scatter.df[one], df), first + second
    if scatter.between is not None and scatter.between.variance > 0:
        df, both = np.minimum(df, scatter.between.df), both + 2 * scatter.between.variance
    return special.stdtrit(df, 1 - level / 2) * np.sqrt(both)


def _better(score: Floats, scatter: Spread | VisitSpread, known: Ints, level: float) -> Ints:
    """How many trials are detectably better than each; trials of one pool with equally many repeats share margins."""
    classes = codes_of(list(zip(scatter.pool[known].tolist(), scatter.n[known].tolist(), strict=True)))
    firsts = known[np.unique(classes, return_index=True)[1]]
    count = np.zeros(len(known), dtype="int64")
    for number, first in enumerate(firsts.tolist()):
        members = np.flatnonzero(classes == number)
        floors = np.sort(score - margins(scatter, first, firsts, level)[classes])  # lower scores are worse
        count[members] = len(floors) - np.searchsorted(floors, score[members] + 1e-12, side="right")
    return count


def _pooled(squares: Floats, n: Floats, codes: Ints) -> tuple[Floats, Floats]:
    """For each trial the variance of its group, and the degrees of freedom of that variance."""
    df = np.bincount(codes, weights=n - 1).astype("float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.bincount(codes, weights=squares) / df
    return variance[codes], df[codes]
