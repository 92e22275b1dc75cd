"""The order of valid trials, and how far each is behind the best, by the goals or by the first measured metric."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.compare.recommend import keeps
from chimera_dagster.compare.weighing import behind, utility
from chimera_dagster.spec.goals import Goals


class Order(NamedTuple):
    """Valid trials, best first.

    `by` is `the goals` or the name of a metric; empty if nothing was measured. `behind` has each trial's distance from
    the best, whose distance is 0, as a share of the best value or as a difference of shares. Trials that lack a value
    or break a limit are last and not in it. `tied` has the trials that a test can't distinguish from the best.
    """

    by: str
    trials: list[Observed]
    behind: dict[str, float]
    tied: frozenset[str]


def order_of(comparison: Comparison) -> Order:
    """The order by the goals if they recommend a trial, else by the first measured metric.

    With several weights, 0.2 behind means as much as if every weighted metric were 20 % worse than the best trial's.
    """
    trials, metric, answer = valid(comparison.trials), leading_metric(comparison), comparison.recommendation
    if metric is None:
        return Order("", trials, {}, frozenset())
    goals = answer.goals if answer.best is not None else Goals(want={metric.name: 1})
    by = "the goals" if len(goals.want) > 1 else metric.words
    utilities = {trial.key: utility(trial, goals.want) for trial in trials if _is_eligible(trial, goals)}
    gaps = behind(utilities, goals.want)

    def place(trial: Observed) -> tuple[float, float, str]:
        mean = trial.mean(metric.name)
        lacking = math.inf if mean is None else -metric.sign * mean
        return -utilities.get(trial.key, -math.inf), 0.0 if trial.key in utilities else lacking, trial.key

    ordered = sorted(trials, key=place)
    if answer.best is not None:
        tied = set(answer.tied)
    else:
        standings = comparison.standings
        tied = {trial.key for trial in ordered[1:] if trial.key in gaps and standings[trial.key][metric.name].rank == 1}
    return Order(by, ordered, gaps, frozenset(tied))


def leading_metric(comparison: Comparison) -> Metric | None:
    """The only weighted metric, if goals with one weight recommend a trial; else the first one that was measured."""
    answer = comparison.recommendation
    if answer.best is not None and len(answer.goals.want) == 1:
        return METRICS[next(iter(answer.goals.want))]
    return next(iter(metrics_of(valid(comparison.trials))), None)


def metrics_of(trials: Sequence[Observed]) -> list[Metric]:
    """The metrics that any of the trials has a value of."""
    return [metric for name, metric in METRICS.items() if any(trial.values.get(name) for trial in trials)]


def limit_words(trial: Observed, comparison: Comparison) -> str:
    """`kept`, or the state of each limit that is not certainly kept."""
    goals = comparison.recommendation.goals
    found = {str(limit): keeps(trial, limit, comparison.drift) for limit in goals.parsed()}
    return "; ".join(f"{limit}: {kept}" for limit, kept in found.items() if kept != "kept") or "kept"


def keeps_limits(trial: Observed, goals: Goals) -> bool:
    """Whether the trial keeps every limit, for certain or not, as the recommendation requires."""
    return all(keeps(trial, limit, {}) in ("kept", "not certain") for limit in goals.parsed())


def _is_eligible(trial: Observed, goals: Goals) -> bool:
    return all(trial.values.get(name) for name in goals.want) and keeps_limits(trial, goals)
