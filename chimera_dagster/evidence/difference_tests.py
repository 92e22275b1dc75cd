"""Tests whether groups of runs differ, corrected for the number of comparisons.

All of it works on logarithms: effects are ratios, and times and rates are skewed to the right on their own scale.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import root_scalar

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POWER = 0.8
_FEW = 8  # values whose own variance decides over Welch's degrees of freedom
_LEAST_DF = 3  # a variance from fewer degrees of freedom says little, and nothing about its own error
_QUANTILES = 40  # of an estimated error
_NULL = 1e-10  # relative to the largest eigenvalue: smaller ones are zero but for rounding, which grows with the runs


def holm(p_values: Floats) -> Floats:
    """Adjusted p-values, in the order given (Holm, Scand. J. Statist. 6, 1979); valid under any dependence."""
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(steps) else steps
    return adjusted


class Groups(NamedTuple):
    """Moments of the logarithms of each group's values: counts, means, sample variances (NaN below 2 values)."""

    n: Floats
    mean: Floats
    variance: Floats

    def interval(self, group: int) -> tuple[float, float, float]:
        """Geometric mean and its 95 % t-interval; the interval is NaN below 2 values."""
        n, mean = self.n[group], self.mean[group]
        if n < 2:
            return float(np.exp(mean)), np.nan, np.nan
        half = special.stdtrit(n - 1, 0.975) * np.sqrt(self.variance[group] / n)
        return float(np.exp(mean)), float(np.exp(mean - half)), float(np.exp(mean + half))

    def bounds(self) -> tuple[Floats, Floats]:
        """95 % t-intervals of the means as they are."""
        half = special.stdtrit(self.n - 1, 0.975) * np.sqrt(self.variance / self.n)
        return self.mean - half, self.mean + half


def log_moments(values: Floats, codes: Ints, size: int) -> Groups:
    """Groups of positive `values` by `codes` in 0..size-1."""
    return moments(np.log(values), codes, size)


def moments(logs: Floats, codes: Ints, size: int) -> Groups:
    """`log_moments` of values that are logarithms."""
    n = np.bincount(codes, minlength=size).astype("float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(codes, weights=logs, minlength=size) / n
        squares = np.bincount(codes, weights=(logs - mean[codes]) ** 2, minlength=size)
        # What is left over from equal values is rounding.
        variance = np.where(squares < 1e-24 * n, 0, squares) / np.where(n > 1, n - 1, np.nan)
    return Groups(n, mean, variance)


class Pairs(NamedTuple):
    """All pairs of groups: their positions, difference of log means (first minus second), its error, df and p-value."""

    first: Ints
    second: Ints
    difference: Floats
    error: Floats
    df: Floats
    p: Floats

    def detectable(self, pair: int, level: float) -> float:
        """Smallest ratio minus 1 that the pair's t-test at `level` finds with 80 % power; NaN without variance.

        The power is averaged over what the error may be, of which `error` is an estimate: few degrees of freedom take
        a larger difference.
        """
        if not self.error[pair] > 0:
            return np.nan
        needed = _shift_of_t(float(self.df[pair]), level)
        return float(np.expm1(needed * self.error[pair]))

    def largest_detectable(self, places: Sequence[int], level: float) -> float | None:
        """The largest `detectable` of the pairs in `places`; None if there is no pair or no variance."""
        if not len(places):
            return None
        hidden = self.error[places] * special.stdtrit(self.df[places], 1 - level / 2)
        found = np.nan if np.isnan(hidden).any() else self.detectable(int(places[int(np.argmax(hidden))]), level)
        return None if np.isnan(found) else found


def welch_pairs(groups: Groups) -> Pairs:
    """Welch's t-test (Biometrika 34, 1947) of log values, every pair; groups need 2 values each.

    Chosen because models differ in spread as well as in mean, and because a permutation test of 3 against 3 runs can't
    reach p = 0.05 at all. If neither group varies, t is undefined: p is that of a permutation test. A few values
    against many give far too small a p in the tail, by ten times at 3 against 50: with fewer than 8 against over twice
    as many, the degrees of freedom are at most the smaller n - 1 (Hsu, Statist. Res. Mem. 2, 1938). Not by scipy.stats,
    whose import takes 0.3 s, more than reading a folder.
    """
    first, second = (side.astype("int64") for side in np.triu_indices(len(groups.n), 1))
    n1, n2 = groups.n[first], groups.n[second]
    part1, part2 = groups.variance[first] / n1, groups.variance[second] / n2
    difference = groups.mean[first] - groups.mean[second]
    squared = part1 + part2
    fewer = np.minimum(n1, n2)
    with np.errstate(invalid="ignore", divide="ignore"):
        df = squared**2 / (part1**2 / (n1 - 1) + part2**2 / (n2 - 1))
        df = np.where((fewer < _FEW) & (np.maximum(n1, n2) > 2 * fewer), np.minimum(df, fewer - 1), df)
        p = 2 * special.stdtr(df, -np.abs(difference) / np.sqrt(squared))
    rigid = np.where(np.abs(difference) < 1e-12, 1.0, np.minimum(1, 2 / special.binom(n1 + n2, n1)))
    return Pairs(first, second, difference, np.sqrt(squared), df, np.where(squared > 0, p, rigid))


class Blocked(NamedTuple):
    """Levels of a factor compared within blocks: log effects (mean 0), the level Gram matrix, and the F-test."""

    effects: Floats
    gram: NDArray[np.float64]
    sigma: float
    df_effect: int
    df: int
    p: float
    n: int
    blocks: int

    def bounds(self) -> tuple[Floats, Floats]:
        """95 % t-intervals of the effects, each that of a level against the mean of all."""
        spread = np.sqrt(np.maximum(np.diag(inverse_of(self.gram)), 0))
        half = float(special.stdtrit(self.df, 0.975)) * self.sigma * spread
        return self.effects - half, self.effects + half

    def pairs(self) -> Pairs:
        """t-tests of all pairs of levels with the variance of all blocks together."""
        inverse = inverse_of(self.gram)
        first, second = (side.astype("int64") for side in np.triu_indices(len(self.effects), 1))
        spread = np.diag(inverse)
        error = self.sigma * np.sqrt(np.maximum(spread[first] + spread[second] - 2 * inverse[first, second], 0))
        difference = self.effects[first] - self.effects[second]
        df = np.full(len(first), float(self.df))
        with np.errstate(invalid="ignore", divide="ignore"):
            p = 2 * special.stdtr(df, -np.abs(difference) / error)
        p = np.where(error > 0, p, np.where(np.abs(difference) > 1e-12, 0.0, 1.0))
        return Pairs(first, second, difference, error, df, p)

    def detectable(self, level: float) -> float:
        """`detectable_shift` as a ratio minus 1."""
        return float(np.expm1(self.detectable_shift(level)))

    def detectable_shift(self, level: float) -> float:
        """Smallest difference between two levels that the F-test at `level` finds with 80 % power at least.

        The noncentrality of effects t is t' G t / sigma² (Searle, Linear Models, 1971). Of all t with a difference of
        d between two levels, the least visible has d² / (e' G⁺ e sigma²), e being 1 for the one and -1 for the other;
        the pair that is hardest to tell apart is taken.
        """
        if not self.sigma > 0:
            return np.nan
        inverse = inverse_of(self.gram)
        spread = np.diag(inverse)
        widest = float((spread[:, None] + spread[None, :] - 2 * inverse).max())
        needed = _noncentrality_of_f(self.df_effect, self.df, level)
        return float(self.sigma * np.sqrt(needed * widest))


def inverse_of(gram: Floats) -> Floats:
    """The generalised inverse of a `Blocked.gram`, which is singular: an equal shift of all levels is not an effect."""
    return np.linalg.pinv(gram, rtol=_NULL, hermitian=True).astype("float64")


def blocked(values: Floats, levels: Ints, blocks: Ints) -> Blocked | None:
    """Positive `values` by level within block: F-test of the additive model log value = block + level.

    It is the paired t-test for two levels and once-filled blocks and the classical randomised-block analysis for more
    (Fisher; Montgomery, Design and Analysis of Experiments, ch. 4), and holds for unequal and missing cells. Blocks
    with one level say nothing about a difference and are left out. None if less than 3 degrees of freedom are left.
    Friedman's test was not chosen: with two levels and few blocks it is a sign test and finds next to nothing.
    """
    return additive(np.log(values), levels, blocks)


def additive(values: Floats, levels: Ints, blocks: Ints, least_df: int = _LEAST_DF) -> Blocked | None:
    """`blocked` of values as they are: value = block + level; None below `least_df` degrees of freedom."""
    if not len(levels):
        return None
    first = np.zeros(int(blocks.max()) + 1, dtype="int64")
    first[blocks] = levels  # an arbitrary one of each block
    several = np.zeros(len(first), dtype=bool)
    several[blocks[levels != first[blocks]]] = True
    kept = several[blocks]
    if not kept.any():
        return None
    (level, width), (block, size) = _packed(levels[kept]), _packed(blocks[kept])
    logs = values[kept]
    sizes = np.bincount(block).astype("float64")
    centred = logs - (np.bincount(block, weights=logs) / sizes)[block]
    counts = np.bincount(block * width + level, minlength=size * width).reshape(size, width)
    gram = np.diag(counts.sum(axis=0)) - counts.T @ (counts / sizes[:, None])
    sums = np.bincount(level, weights=centred, minlength=width)
    rank = int(np.linalg.matrix_rank(gram, hermitian=True, rtol=_NULL))
    df = len(logs) - size - rank
    if df < least_df or rank < width - 1:  # a lower rank means levels that no chain of blocks connects
        return None
    effects = inverse_of(gram) @ sums
    explained = max(float(sums @ effects), 0.0)  # equal levels can be below by rounding, and a negative F has no p
    total = float(centred @ centred)
    rest = max(total - explained, 0.0)
    if rest <= 1e-12 * total or total < 1e-24 * len(logs):  # what is left is rounding
        p = 1.0 if total < 1e-24 * len(logs) else 0.0
        return Blocked(effects, gram, 0.0, rank, df, p, len(logs), size)
    p = float(special.fdtrc(rank, df, explained / rank / (rest / df)))
    return Blocked(effects, gram, float(np.sqrt(rest / df)), rank, df, p, len(logs), size)


def reversal(values: Floats, levels: Ints, blocks: Ints) -> float | None:
    """p-value of the hypothesis that no two levels change places from one block to another; None without repeats.

    The test of Gail and Simon (Biometrics 41, 1985) for each two levels, with the scatter within the cells of level
    and block, or a cell's own where that is larger, times the number of pairs. A distance that changes while the order
    stays is not evidence.
    """
    sizes = np.zeros((int(levels.max()) + 1, int(blocks.max()) + 1))
    np.add.at(sizes, (levels, blocks), 1)
    sums = np.zeros_like(sizes)
    np.add.at(sums, (levels, blocks), values)
    with np.errstate(invalid="ignore"):
        means = sums / sizes
    df = len(values) - int((sizes > 0).sum())
    if df < _LEAST_DF:
        return None
    squares = np.zeros_like(sizes)
    np.add.at(squares, (levels, blocks), (values - means[levels, blocks]) ** 2)
    with np.errstate(divide="ignore"):
        own = squares / np.maximum(sizes - 1, 1)
        variances = np.maximum(own, max(float(squares.sum()) / df, 1e-24)) / sizes
    pairs = [(one, other) for other in range(len(sizes)) for one in range(other)]
    found = [_change_of_places(means[[one, other]], variances[[one, other]], df) for one, other in pairs]
    return min(1.0, len(pairs) * min(found, default=1.0))


def _change_of_places(means: Floats, variances: Floats, df: int) -> float:
    """p-value of the test of Gail and Simon for two levels (rows) over the blocks (columns) that have both."""
    differences = means[0] - means[1]
    differences, error = differences[~np.isnan(differences)], variances.sum(axis=0)[~np.isnan(differences)]
    squares = differences**2 / error
    less = min(float(squares[differences > 0].sum()), float(squares[differences < 0].sum()))
    if less == 0:
        return 1.0
    steps = np.arange(1, len(differences))
    chances = special.binom(len(steps), steps) * 0.5 ** len(steps)
    return float(chances @ special.fdtrc(steps, df, less / steps))


def _packed(codes: Ints) -> tuple[Ints, int]:
    """Codes without gaps, in their order, and how many there are; `np.unique` would sort them."""
    present = np.bincount(codes) > 0
    return (np.cumsum(present) - 1)[codes], int(present.sum())


@lru_cache(maxsize=10_000)
def _shift_of_t(df: float, level: float) -> float:
    """The distance, in estimated errors, that a t-test at `level` finds with POWER."""
    critical, scatter = float(special.stdtrit(df, 1 - level / 2)), _scatter(df)
    # The lower tail adds less than 1e-6 to that power, and SciPy's is NaN for many shifts.
    return _noncentrality(lambda shift: _mean(special.nctdtr(df, shift * scatter, critical)))


@lru_cache(maxsize=10_000)
def _noncentrality_of_f(df_effect: int, df: int, level: float) -> float:
    """The noncentrality, by the estimated variance, that an F-test at `level` finds with POWER."""
    critical, scatter = float(special.fdtri(df_effect, df, 1 - level)), _scatter(df) ** 2
    return _noncentrality(lambda shift: _mean(special.ncfdtr(df_effect, df, shift * scatter, critical)))


def _scatter(df: float) -> Floats:
    """Equally likely ratios of an estimated standard deviation to the true one: chi with `df`, over its root."""
    middles = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return np.sqrt(2 * special.gammaincinv(df / 2, middles) / df)


def _mean(missed: Floats) -> float:
    """Of probabilities, NaN if SciPy can't tell most of them, as with one degree of freedom at a tiny level."""
    known = ~np.isnan(missed)
    return float(missed[known].mean()) if known.mean() > 0.5 else np.nan


def _noncentrality(missed: Callable[[float], float]) -> float:
    """The noncentrality at which a test finds the effect with POWER: `missed` is the probability that it does not."""
    high = 1.0
    while (chance := missed(high)) > 1 - POWER:
        high *= 2
    if np.isnan(chance):
        return np.nan
    return float(root_scalar(lambda x: missed(x) - (1 - POWER), bracket=(0, high), method="brentq").root)
