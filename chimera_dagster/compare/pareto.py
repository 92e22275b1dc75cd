"""The Pareto front: the trials that no other trial beats in everything at once."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from chimera_dagster.compare.factors import Ints
from chimera_dagster.compare.host_drift import Floats
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed
from chimera_dagster.spec.goals import MetricName

# How far the means of some trials must be from that of one, on the metric's scale, to differ; of those with the metric.
Margins = Callable[[int, Ints], Floats]

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


def maybe_on_front(
    trials: Sequence[Observed], front: Sequence[Observed], margin_of: Mapping[MetricName, Margins]
) -> list[Observed]:
    """The trials off the front that no trial on it surely beats: in the order given.

    One surely beats another if it is at least as good in every axis by their means, and in one of them by so much that
    a test tells them apart. A metric with one value per trial is taken as exact.
    """
    names = axes(trials)
    candidates = [trial for trial in trials if all(trial.values.get(name) for name in names)]
    if not front:
        return []
    on_front = {trial.key for trial in front}
    scores = {
        name: np.array([METRICS[name].sign * _scaled_mean(trial, name) for trial in candidates]) for name in names
    }
    places = {name: _places(trials, candidates, name) for name in names}
    beaten = np.zeros(len(candidates), dtype="bool")
    for one in np.flatnonzero([trial.key in on_front for trial in candidates]).tolist():
        ahead = {name: scores[name][one] - scores[name] for name in names}
        surely = np.zeros(len(candidates), dtype="bool")
        for name in names:
            if name not in margin_of:
                surely |= (ahead[name] > 0) & (not METRICS[name].by_round)
                continue
            least = margin_of[name](int(places[name][one]), places[name])
            surely |= ahead[name] > np.where(np.isnan(least), np.inf, least)
        beaten |= surely & np.all([ahead[name] >= 0 for name in names], axis=0)
    return [
        trial
        for trial, is_beaten in zip(candidates, beaten, strict=True)
        if trial.key not in on_front and not is_beaten
    ]


def _scaled_mean(trial: Observed, name: MetricName) -> float:
    """The mean of the values on the scale on which they are compared."""
    values = METRICS[name].scaled(trial.values[name])
    return sum(values) / len(values)


def _places(trials: Sequence[Observed], candidates: Sequence[Observed], name: MetricName) -> Ints:
    """The positions of the candidates among the trials that have the metric."""
    having = {trial.key: place for place, trial in enumerate(each for each in trials if each.values.get(name))}
    return np.array([having[trial.key] for trial in candidates], dtype="int64")
