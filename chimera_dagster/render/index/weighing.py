"""What the leaderboard needs to be ordered in the browser by the weights that a reader gives."""

import math
from collections.abc import Sequence

from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.recommend import Recommendation
from chimera_dagster.compare.weighing import score
from chimera_dagster.render.blocks import Criterion, Weighed, Weighing
from chimera_dagster.render.index.cells import goals_words
from chimera_dagster.render.index.order import keeps_limits
from chimera_dagster.spec.goals import DEFAULT_WEIGHTS, MetricName


def weighing_of(answer: Recommendation, trials: Sequence[Observed], column: int) -> Weighing | None:
    """None if nothing is recommended, or only one trial is valid.

    Criteria are the metrics of the goals, in their order, as the sum of scores depends on it in the last digit; then
    those that only sliders are for.
    """
    if answer.best is None or len(trials) < 2:
        return None
    names: list[MetricName] = [*answer.goals.want, *(name for name in DEFAULT_WEIGHTS if name not in answer.goals.want)]
    names = [name for name in names if any(trial.values.get(name) for trial in trials)]
    places = {key: place for place, key in enumerate(sorted(trial.key for trial in trials))}
    rows = tuple(
        Weighed(places[trial.key], tuple(_score(trial, name) for name in names))
        if keeps_limits(trial, answer.goals)
        else None
        for trial in trials
    )
    criteria = tuple(_criterion(METRICS[name], answer.goals.want.get(name, 0.0)) for name in names)
    return Weighing(goals_words(answer), criteria, rows, column)


def _criterion(metric: Metric, weight: float) -> Criterion:
    has_slider = metric.name in DEFAULT_WEIGHTS
    return Criterion(metric.name, metric.words, weight, has_slider, metric.higher_is_better, metric.is_log)


def _score(trial: Observed, name: MetricName) -> float | None:
    found = score(trial, name)
    return None if math.isnan(found) else found
