"""Values of which a mean says little, as its interval covers what would come of more runs far too seldom."""

import numpy as np
from numpy.typing import NDArray

from chimera_dagster.evidence.statistics import LEAST_FOR_MEDIAN

TWO_SPEEDS = "the runs have two speeds"
SKEWED = "the runs are skewed"
_GAP = 5.0  # between two groups of values, in standard deviations within them
_LEAST_GAP = np.log(1.05)
_ERRORS = 2.5  # of the skewness of normal values
_COCHRAN = 25.0  # a mean of n values is about normal from this many times their squared skewness


def why_not_mean(values: NDArray[np.float64]) -> str | None:
    """Why the median is to be shown in place of a mean with its t-interval, None if the mean will do.

    Either positive values lie in two groups that are far from each other, as those of a machine that throttles. Or
    their skewness G1 is beyond what normal values have, and n is below 25 G1² (Cochran, Sampling Techniques, 1977,
    2.15). Of normal values some 2 % are called so. Below 6 values neither can be told.
    """
    if len(values) >= LEAST_FOR_MEDIAN and values.min() > 0 and _in_two_groups(np.sort(np.log(values))):
        return TWO_SPEEDS
    return SKEWED if _is_skewed(values) else None


def why_not_geometric_mean(values: NDArray[np.float64]) -> str | None:
    """`why_not_mean` of positive values whose logarithms are averaged."""
    logs = np.log(values)
    if len(logs) >= LEAST_FOR_MEDIAN and _in_two_groups(np.sort(logs)):
        return TWO_SPEEDS
    return SKEWED if _is_skewed(logs) else None


def _is_skewed(values: NDArray[np.float64]) -> bool:
    n, largest = len(values), float(np.abs(values).max(initial=0))
    if n < LEAST_FOR_MEDIAN or largest == 0:
        return False
    scaled = values / largest  # so that no square is beyond a float
    centred = scaled - scaled.mean()
    variance = float(np.mean(centred**2))
    if variance <= 1e-24:
        return False
    skewness = float(np.mean(centred**3) / variance**1.5 * np.sqrt(n * (n - 1)) / (n - 2))
    error = np.sqrt(6 * n * (n - 1) / ((n - 2) * (n + 1) * (n + 3)))
    return bool(abs(skewness) > _ERRORS * error and n < _COCHRAN * skewness**2)


def _in_two_groups(ordered: NDArray[np.float64]) -> bool:
    """Whether the widest gap between two values or more on either side is far wider than both sides' scatter."""
    gaps = np.diff(ordered)[1:-1]
    place = int(np.argmax(gaps)) + 2
    low, high = ordered[:place], ordered[place:]
    within = float(np.sqrt((np.sum((low - low.mean()) ** 2) + np.sum((high - high.mean()) ** 2)) / (len(ordered) - 2)))
    return bool(gaps[place - 2] > max(_GAP * within, _LEAST_GAP))
