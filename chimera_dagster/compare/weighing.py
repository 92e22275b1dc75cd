"""The score of a trial by weights, and how far each is behind the best.

templates/page.js has the same formulas for the weights that a reader gives.
"""

import math
from collections.abc import Mapping

from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed
from chimera_dagster.spec.goals import MetricName

Weights = Mapping[MetricName, float]


def score(trial: Observed, name: MetricName) -> float:
    """ln(mean), or the mean of a share; negative if less is better, so that more is better. NaN if it is missing."""
    metric, mean = METRICS[name], trial.mean(name)
    return math.nan if mean is None else metric.sign * metric.on_scale(mean)


def utility(trial: Observed, weights: Weights) -> float:
    """Sum of weight * score, in the order of `weights`; NaN if the trial lacks a mean."""
    return sum(weight * score(trial, name) for name, weight in weights.items())


def behind(utilities: Mapping[str, float], weights: Weights) -> dict[str, float]:
    """How far behind the best each is, by their utilities.

    By one metric: the share of the best value that a trial is worse by, or the difference of shares. By several: the
    share by which every weighted metric would have to be worse.
    """
    best, total = max(utilities.values(), default=0.0), sum(weights.values())
    apart = {key: (best - one) / total for key, one in utilities.items()}
    only = METRICS[next(iter(weights))] if len(weights) == 1 else None
    if only is not None and not only.is_log:
        return apart
    if only is not None and not only.higher_is_better:
        return {key: math.expm1(far) for key, far in apart.items()}
    return {key: -math.expm1(-far) for key, far in apart.items()}
