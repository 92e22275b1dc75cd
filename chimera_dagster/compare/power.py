"""Which difference between trials a sweep will show, before it runs: its power for given rounds, repeats and scatter.

All standard deviations and differences are on a log scale, so 0.02 is 2 %. A visit to a trial is its repeats of one
round; the mean of a visit varies by the host's drift between visits, and by the scatter of its repeats.

- Several rounds: visit means in complete blocks, pairs by Tukey's test. For two given trials the statistic divided by
  sqrt(2) has a noncentral t distribution with (K-1)(R-1) degrees of freedom and noncentrality d sqrt(R/2) / sd (Hsu,
  Multiple Comparisons, 1996, ch. 5; Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 2, ch. 31).
- One round: pairs by t-tests with pooled variance, with K(n-1) degrees of freedom, corrected for all pairs of all
  metrics that are ranked (Bonferroni). Drift is then part of each trial's mean, and the repeats do not show it.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from scipy.optimize import root_scalar

from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.ranking import LEVEL, pairs_in

POWER = 0.8
_RANKED = sum(metric.by_round for metric in METRICS.values())
_LEAST_SD = 1e-6  # no scatter at all means that it was not measured
_LARGEST = math.log(100)  # a difference beyond this is not worth a test
_NODES = 128  # of each integral; with 64 the third digit is the same
_Power = Callable[[float, "Design", "Scatter"], float]


class Scatter(NamedTuple):
    """Standard deviations of log values: between the repeats of a visit, and between visits beyond that."""

    repeats: float
    drift: float

    def of_visit(self, repeats: int) -> float:
        """Of the mean of a visit with that many repeats."""
        return max(_LEAST_SD, math.hypot(self.drift, self.repeats / math.sqrt(repeats)))


class Design(NamedTuple):
    """How a sweep visits its trials."""

    trials: int
    rounds: int
    repeats: int

    @property
    def df(self) -> int:
        """Degrees of freedom of the error that its tests use; 0: nothing can be tested."""
        one_round = self.trials * (self.repeats - 1)
        return one_round if self.rounds == 1 else (self.trials - 1) * (self.rounds - 1)


def power_of_pair(difference: float, design: Design, scatter: Scatter) -> float:
    """Probability that two given trials whose log values differ by `difference` are told apart; NaN without a test."""
    found = _test(design, scatter)
    if found is None:
        return math.nan
    critical, error, actual = found
    # in units of the difference's own error; a drift that the estimated error misses widens only the former
    shift, bound = abs(difference) / (math.sqrt(2) * actual), critical * error / actual * _relative_error(design.df)
    return float((special.ndtr(shift - bound) + special.ndtr(-shift - bound)).mean())


def power_of_slowest(difference: float, design: Design, scatter: Scatter) -> float:
    """Probability that a trial whose log value is `difference` below all others is told apart from at least one.

    1 - E[Phi(c s + z - d / se)^(K-1)] over the slow trial's own error z and the estimated error s, by quadrature: the
    best of the others has to be above the slow one by the critical value c.
    """
    found = _test(design, scatter)
    if found is None:
        return math.nan
    critical, error, actual = found
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    margin = critical * math.sqrt(2) * error / actual * _relative_error(design.df)
    bound = margin[:, None] + nodes[None, :] - abs(difference) / actual
    return float(1 - (special.ndtr(bound) ** (design.trials - 1)).mean(axis=0) @ weights)


def smallest_slowest(design: Design, scatter: Scatter) -> float | None:
    """The log difference that `power_of_slowest` finds with a probability of POWER; None if none that matters."""
    return _smallest(power_of_slowest, design, scatter)


def smallest_pair(design: Design, scatter: Scatter) -> float | None:
    """The log difference that `power_of_pair` finds with a probability of POWER; None if none that matters."""
    return _smallest(power_of_pair, design, scatter)


def _smallest(power: _Power, design: Design, scatter: Scatter) -> float | None:
    if design.df < 1 or design.trials < 2 or not power(_LARGEST, design, scatter) >= POWER:
        return None
    found = root_scalar(
        lambda difference: power(difference, design, scatter) - POWER, bracket=(1e-9, _LARGEST), method="brentq"
    )
    return float(found.root)


def _test(design: Design, scatter: Scatter) -> tuple[float, float, float] | None:
    """The critical value of a pair's t, the error of a trial's mean as the test estimates it, and as it is."""
    if design.df < 1 or design.trials < 2:
        return None
    actual = scatter.of_visit(design.repeats) / math.sqrt(design.rounds)
    if design.rounds == 1:
        critical = float(special.stdtrit(design.df, 1 - LEVEL / 2 / (_RANKED * pairs_in(design.trials))))
        return critical, scatter._replace(drift=0.0).of_visit(design.repeats), actual
    return _tukey(design.trials, design.df), actual, actual


@cache
def _relative_error(df: int) -> NDArray[np.float64]:
    """Quantiles of an estimated standard deviation over the true one: sqrt(chi2 / df), each as likely as the next."""
    return np.sqrt(special.chdtri(df, (np.arange(_NODES) + 0.5) / _NODES) / df)


@cache
def _tukey(trials: int, df: int) -> float:
    """The critical value of Tukey's test as that of a pair's t; it takes a second for many trials."""
    return float(stats.studentized_range.ppf(1 - LEVEL, trials, df)) / math.sqrt(2)
