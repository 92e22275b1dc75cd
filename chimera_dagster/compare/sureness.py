"""How sure a trial's mean is, with the host's drift, and how many rounds a test would take."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, variance

import numpy as np
from scipy import special

from chimera_dagster.compare.host_drift import LEAST_DF, Together
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.ranking import LEVEL, scattered
from chimera_dagster.spec.goals import MetricName

Drift = Mapping[MetricName, float | None]  # a comparison's: standard deviations on each metric's scale

_LEAST = 3  # values; below, an interval is wider than anything that it could exclude


def mean_bounds(trial: Observed, name: MetricName, drift: Drift) -> tuple[float, float] | None:
    """The 95 % t-interval of a trial's mean, by its rounds if it has several; None if there are too few.

    The visits of several rounds are as far apart in time as the drift, which their scatter includes. The repeats of one
    round are not, so that the variance of the drift is added; None if it is not known.
    """
    metric = METRICS[name]
    values = metric.scaled(trial.values[name])
    if len(trial.rounds) > 1:
        values, beyond = [fmean(visit) for visit in trial.by_round(values)], 0.0
    else:
        beyond = drift.get(name)
    if beyond is None or len(values) < _LEAST:
        return None
    half = float(special.stdtrit(len(values) - 1, 1 - LEVEL / 2)) * math.sqrt(
        variance(values) / len(values) + beyond**2
    )
    return _shown(name, fmean(values), half)


def bounds_of_the_best(
    trials: Sequence[Observed], order: Sequence[int], name: MetricName, together: Together
) -> tuple[float, float] | None:
    """The interval of the first trial in `order` that holds for each of them at once with 95 % (Bonferroni).

    The first of many has the largest mean partly by chance, so its own interval would be too high too often. None if
    the metric can't be tested.
    """
    having = [place for place, trial in enumerate(trials) if trial.values.get(name)]
    metric = METRICS[name]
    if not metric.by_round or len(having) < 2 or order[0] not in having:
        return None
    scatter = scattered(
        [trials[place] for place in having], [metric.scaled(trials[place].values[name]) for place in having], together
    )
    squared, df = scatter.errors()
    best = having.index(order[0])
    if np.isnan(scatter.variance[best]) or not df[best] > 0:
        return None
    half = float(special.stdtrit(df[best], 1 - LEVEL / 2 / len(order)) * np.sqrt(squared[best]))
    return _shown(name, float(scatter.mean[best]), half)


def few_rounds(*sides: Sequence[Observed]) -> str:
    """Why the trials of one or two sweeps can't be tested, and what would help; completes 'no test, because: '."""
    fewest = min(map(len, sides))
    if fewest < 2:
        return "a test needs at least two trials, measured in several rounds"
    needed = 1 + math.ceil(LEAST_DF / (fewest - 1))
    if all(len(trial.rounds) == 1 for side in sides for trial in side):
        return f"one round can't tell a difference from a drift of the host (set 'rounds' to {needed} or more)"
    return f"too few rounds (set 'rounds' to {needed} or more)"


def _shown(name: MetricName, mean: float, half: float) -> tuple[float, float]:
    shown = math.exp if METRICS[name].is_log else float
    return shown(mean - half), shown(mean + half)
