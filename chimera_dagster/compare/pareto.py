"""The Pareto front: the trials that no other trial beats in everything at once."""

from collections.abc import Sequence

import numpy as np

from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed
from chimera_dagster.spec.goals import MetricName

ALWAYS: tuple[MetricName, ...] = ("throughput_tok_s", "ttft_ms", "quality")
WHERE_MEASURED: tuple[MetricName, ...] = ("joules_per_token", "accuracy")


def axes(trials: Sequence[Observed]) -> tuple[MetricName, ...]:
    """Throughput, TTFT and quality if any trial has it, and energy and accuracy if every trial has it."""
    always: list[MetricName] = [name for name in ALWAYS if any(trial.values.get(name) for trial in trials)]
    more: list[MetricName] = [
        name for name in WHERE_MEASURED if trials and all(trial.values.get(name) for trial in trials)
    ]
    return (*always, *more)


def pareto_front(trials: Sequence[Observed]) -> list[Observed]:
    """Trials for which no other trial is at least as good in every axis and better in one, by their means.

    Trials that lack a value on an axis are not candidates. In the order given.
    """
    names = axes(trials)
    candidates = [trial for trial in trials if all(trial.values.get(name) for name in names)]
    if not candidates or not names:
        return []
    scores = np.array([[METRICS[name].sign * (trial.mean(name) or 0.0) for name in names] for trial in candidates])
    left = np.lexsort(-scores.T[::-1])  # best first: a trial can be dominated only by an earlier one
    front: list[int] = []
    while len(left):
        best, others = scores[left[0]], scores[left[1:]]
        front.append(int(left[0]))
        left = left[1:][~((best >= others).all(axis=1) & (best > others).any(axis=1))]
    return [candidates[place] for place in sorted(front)]
