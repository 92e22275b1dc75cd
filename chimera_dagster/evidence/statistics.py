"""Statistics of many groups of values at once, with intervals for their means and medians."""

import numpy as np
import pandas as pd

STATISTICS = (
    *("n", "mean", "median", "std", "min", "p05", "p90", "p95", "p99", "max"),
    *("mean_low", "mean_high", "median_low", "median_high"),
)
LEAST_FOR_INTERVAL = 3
LEAST_FOR_MEDIAN = 6  # of fewer, even the smallest and the largest value enclose the median too seldom
_TAIL = 0.025


def describe(values: "np.ndarray", groups: "np.ndarray", count: int) -> pd.DataFrame:
    """One row for each group 0 .. `count` - 1, none of them empty, in the columns STATISTICS.

    `groups` holds the group of each value. Quantiles are linear between the nearest two values. From three values on:
    the 95 % t-interval of the mean, `mean ± t(0.975, n-1) · s / √n`. From six on: an interval of the median that covers
    it in at least 95 % whatever the distribution, from the k-th smallest to the k-th largest value with the largest k
    for which P(Binomial(n, ½) < k) ≤ 0.025 (David, Nagaraja: Order Statistics, 2003, ch. 7). With too few values, or
    after an overflow, a statistic is NaN. Nothing depends on the order of the values.
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
    finite = {name: np.where(np.isinf(column), np.nan, column) for name, column in columns.items()}
    return pd.DataFrame(finite | {"n": columns["n"].astype("int64")}, columns=list(STATISTICS))


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
    known = n >= LEAST_FOR_MEDIAN
    below = _ranks_below(n[known])
    low, high = np.full(len(n), np.nan), np.full(len(n), np.nan)
    low[known] = ordered[starts[known] + below]
    high[known] = ordered[starts[known] + n[known] - 1 - below]
    return low, high


def _ranks_below(n: "np.ndarray") -> "np.ndarray":
    """How many values lie outside of the interval of the median at either end."""
    from scipy.special import bdtr, bdtrik

    sizes, places = np.unique(n, return_inverse=True)
    found = np.floor(bdtrik(_TAIL, sizes, 0.5))
    found = np.where(bdtr(found, sizes, 0.5) > _TAIL, found - 1, found)  # an inverse that was rounded up
    return found.astype("int64")[places]
