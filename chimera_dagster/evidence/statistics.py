"""Statistics of many groups of values at once, with intervals for their means and medians."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

STATISTICS = (
    *("n", "mean", "median", "std", "min", "p05", "p90", "p95", "p99", "max"),
    *("mean_low", "mean_high", "median_low", "median_high"),
)
LEAST_FOR_INTERVAL = 3
RESAMPLES = 5_000
_TAIL = 0.025
_CELLS = 2_000_000  # in one block of bootstrap medians, so that memory stays small


def describe(values: "np.ndarray", groups: "np.ndarray", count: int) -> pd.DataFrame:
    """One row for each group 0 .. `count` - 1, none of them empty, in the columns STATISTICS.

    `groups` holds the group of each value. Quantiles are linear between the nearest two values. From three values on:
    the 95 % t-interval of the mean, `mean ± t(0.975, n-1) · s / √n`, and the 95 % percentile-bootstrap interval of the
    median (Efron, Tibshirani: An Introduction to the Bootstrap, 1993, ch. 13). With too few values, or after an
    overflow, a statistic is NaN. Nothing depends on the order of the values.

    The bootstrap makes RESAMPLES resamples for each n, seeded by n: groups of equal size share them. A median depends
    on ranks alone, so no value is resampled; the middle ranks of n draws are drawn from their distribution.
    """
    order = np.lexsort((values, groups))
    ordered = values[order].astype("float64")
    n = np.bincount(groups, minlength=count)
    starts = np.concatenate(([0], np.cumsum(n)[:-1])).astype("int64")
    if not count:
        return _frame({name: np.empty(0) for name in STATISTICS})
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        mean = np.add.reduceat(ordered, starts) / n
        squares = np.add.reduceat((ordered - mean[groups[order]]) ** 2, starts)
        std = np.sqrt(np.where(n > 1, squares, np.nan) / np.maximum(n - 1, 1))
        half = _t_quantile(n) * std / np.sqrt(n)
        quantiles = {q: _quantile(ordered, starts, n, q) for q in (0.05, 0.5, 0.9, 0.95, 0.99)}
        median_low, median_high = _median_intervals(ordered, starts, n)
        return _frame(
            {
                "n": n,
                "mean": mean,
                "median": quantiles[0.5],
                "std": std,
                "min": ordered[starts],
                "p05": quantiles[0.05],
                "p90": quantiles[0.9],
                "p95": quantiles[0.95],
                "p99": quantiles[0.99],
                "max": ordered[starts + n - 1],
                "mean_low": mean - half,
                "mean_high": mean + half,
                "median_low": median_low,
                "median_high": median_high,
            }
        )


def _frame(columns: dict[str, "np.ndarray"]) -> pd.DataFrame:
    frame = pd.DataFrame(columns).astype(dict.fromkeys(STATISTICS, "float64"))
    return frame.replace([np.inf, -np.inf], np.nan).astype({"n": "int64"})


def _t_quantile(n: "np.ndarray") -> "np.ndarray":
    from scipy.special import stdtrit  # scipy.stats takes a second to import

    sizes, places = np.unique(n, return_inverse=True)
    enough = sizes >= LEAST_FOR_INTERVAL
    return np.where(enough, stdtrit(np.where(enough, sizes - 1, 1), 1 - _TAIL), np.nan)[places]


def _quantile(ordered: "np.ndarray", starts: "np.ndarray", n: "np.ndarray", q: float) -> "np.ndarray":
    """Definition 7 of Hyndman and Fan (1996), which NumPy and pandas call linear."""
    position = q * (n - 1)
    below = np.floor(position).astype("int64")
    low, high = ordered[starts + below], ordered[starts + np.minimum(below + 1, n - 1)]
    return low + (high - low) * (position - below)


def _median_intervals(
    ordered: "np.ndarray", starts: "np.ndarray", n: "np.ndarray"
) -> tuple["np.ndarray", "np.ndarray"]:
    bounds = np.full((2, len(n)), np.nan)
    for size in np.unique(n[n >= LEAST_FOR_INTERVAL]):
        ranks = _middle_ranks(int(size))
        for groups in _blocks(np.flatnonzero(n == size), len(ranks.low)):
            at = starts[groups, np.newaxis]
            low, high = ordered[at + ranks.low], ordered[at + ranks.high]
            medians = low + (high - low) / 2
            by_size = np.argsort(medians, axis=1, kind="stable")
            reached = np.cumsum(ranks.times[by_size], axis=1)
            for side, share in enumerate((_TAIL, 1 - _TAIL)):
                place = np.argmax(reached >= share * RESAMPLES, axis=1)[:, np.newaxis]
                bounds[side, groups] = np.take_along_axis(
                    medians, np.take_along_axis(by_size, place, axis=1), axis=1
                ).ravel()
    return bounds[0], bounds[1]


def _blocks(groups: "np.ndarray", width: int) -> Iterator["np.ndarray"]:
    step = max(1, _CELLS // width)
    yield from (groups[start : start + step] for start in range(0, len(groups), step))


class _Ranks(NamedTuple):
    """Pairs of ranks whose values' mean is a resample's median, and in how many resamples it is."""

    low: "np.ndarray"
    high: "np.ndarray"
    times: "np.ndarray"


def _middle_ranks(n: int) -> _Ranks:
    """The k-th smallest of n uniform draws is Beta(k, n+1-k); given it, the next is the least of the n-k above it."""
    random = np.random.default_rng(n)
    k = (n + 1) // 2
    low = random.beta(k, n + 1 - k, RESAMPLES)
    high = low if n % 2 else 1 - (1 - low) * random.random(RESAMPLES) ** (1 / (n - k))
    pairs = np.minimum(np.stack((low, high)) * n, n - 1).astype("int64")
    unique, times = np.unique(pairs, axis=1, return_counts=True)
    return _Ranks(unique[0], unique[1], times)
