"""Ranks with ties: a trial is behind another only where a test that is corrected for all pairs tells them apart."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from chimera_dagster.compare.observed import Observed
from chimera_dagster.trial import load_order

Floats = NDArray[np.float64]

LEVEL = 0.05  # of the whole family of comparisons
LEAST_DF = 3  # a variance from fewer degrees of freedom says little, and nothing about its own error


class Spread(NamedTuple):
    """Mean and variance of one value on the metric's scale, for each trial; the variance is pooled, NaN without one.

    Variances are pooled over trials of one model that share num_gpu and num_ctx, or of one model where those have fewer
    than 3 degrees of freedom: sampling parameters hardly change how much repeats of one host scatter. They know
    nothing of how much the host drifts from one trial to the next, as a trial's repeats share their moment.
    """

    n: Floats
    mean: Floats
    variance: Floats
    df: Floats
    pool: NDArray[np.int64]


def spread(trials: Sequence[Observed], values: Sequence[Sequence[float]]) -> Spread:
    """Of one or more values a trial, on the scale on which they are compared."""
    n = np.array([len(each) for each in values], dtype="float64")
    flat, owner = (
        np.concatenate([np.asarray(each) for each in values]),
        np.repeat(np.arange(len(values)), n.astype("int64")),
    )
    mean = np.bincount(owner, weights=flat) / n
    squares = np.bincount(owner, weights=(flat - mean[owner]) ** 2).astype("float64")
    squares[squares < 1e-24 * n] = 0  # what is left of equal values is rounding
    by_load = _codes([(trial.model, *load_order(trial.params.key)) for trial in trials])
    by_model = _codes([trial.model for trial in trials])
    variance, df = _pooled(squares, n, by_load)
    wide_variance, wide_df = _pooled(squares, n, by_model)
    narrow = df >= LEAST_DF
    variance, df = np.where(narrow, variance, wide_variance), np.where(narrow, df, wide_df)
    # no scatter at all is that of a clock too coarse to show it, and would make any difference a certain one
    variance[(df < LEAST_DF) | (variance == 0)] = np.nan
    # trials of one pool share their variance: the comparison of two pools is one threshold
    pool = np.where(narrow, by_load, by_load.max(initial=0) + 1 + by_model)
    return Spread(n, mean, variance, df, pool)


def ranks(of: Spread, sign: int, comparisons: int) -> NDArray[np.int64]:
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


def margin(of: Spread, one: int, other: int, level: float) -> float:
    """How far apart two trials' means must be on the metric's scale to be told apart."""
    part1, part2 = of.variance[one] / of.n[one], of.variance[other] / of.n[other]
    welch = (part1 + part2) ** 2 / (part1**2 / of.df[one] + part2**2 / of.df[other])
    df = of.df[one] if of.pool[one] == of.pool[other] else welch
    return float(special.stdtrit(df, 1 - level / 2) * np.sqrt(part1 + part2))


def _better(score: Floats, of: Spread, known: NDArray[np.int64], level: float) -> NDArray[np.int64]:
    """How many trials are detectably better than each; one margin holds for all pairs of two pools."""
    classes = _codes(list(zip(of.pool[known].tolist(), of.n[known].tolist(), strict=True)))
    members = [np.flatnonzero(classes == number) for number in range(int(classes.max(initial=-1)) + 1)]
    ordered = [np.sort(score[places]) for places in members]
    count = np.zeros(len(known), dtype="int64")
    for places in members:
        for others, scores in zip(members, ordered, strict=True):
            apart = margin(of, int(known[places[0]]), int(known[others[0]]), level)
            count[places] += len(scores) - np.searchsorted(scores, score[places] + apart + 1e-12, side="right")
    return count


def _pooled(squares: Floats, n: Floats, codes: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """For each trial the variance of its group and the degrees of freedom behind it."""
    df = np.bincount(codes, weights=n - 1).astype("float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.bincount(codes, weights=squares) / df
    return variance[codes], df[codes]


def _codes(names: Sequence[object]) -> NDArray[np.int64]:
    places: dict[object, int] = {}
    return np.array([places.setdefault(name, len(places)) for name in names], dtype="int64")
