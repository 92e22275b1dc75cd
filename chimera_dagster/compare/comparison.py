"""The whole comparison of a sweep as one document, computed from its trials and its goals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from chimera_dagster.compare.effects import Effect, effects, together, untested
from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed, Setting, summary, valid
from chimera_dagster.compare.pareto import Margins, axes, maybe_on_front, pareto_front
from chimera_dagster.compare.ranking import LEVEL, margins, pairs_in, ranks, scattered
from chimera_dagster.compare.recommend import Recommendation, recommend
from chimera_dagster.compare.visits import VisitSpread
from chimera_dagster.measure.measured import Interval
from chimera_dagster.spec.goals import Goals, MetricName

SCHEMA_VERSION = 2
_BY_TRIAL = ("model_digest", "default_options", "effective_num_ctx")  # determined by a trial's model and parameters


@dataclass(frozen=True, slots=True)
class Standing:
    """A valid trial's standing by one metric: a summary of its values, and its rank.

    `rank` is 1 + how many trials are detectably better, so trials that can't be told apart share one; None if there are
    no test is possible, or if the metric has one value per trial.
    """

    summary: Interval
    rank: int | None


class Comparison(BaseModel):
    """comparison.json. `standings` by trial and metric, of valid trials alone; `front` has the keys of trials.

    `rounds` is the largest number of rounds in which a valid trial was measured. `comparisons` is the number of pairs
    that were tested for the ranks. `drift` has each metric with enough values: the standard deviation between visits
    beyond their repeats or, in a sweep of one round, between trials beyond what their repeats and the parameters
    explain, on the metric's scale, which the ranks allow for; None if the trials or the repeats are too few to tell it.
    `untested` has the parameters that vary but whose effect can't be tested. `front_maybe` has the trials that are not
    on the front, but can't be told from one that is. `unlike` names what differed between valid trials
    though no parameter set it, with the number of trials for each value. `settings` are those of all trials, by digest.
    The document keeps every value that it was computed from.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: int = SCHEMA_VERSION
    created_at: datetime
    trials: list[Observed]
    settings: dict[str, Setting]
    standings: dict[str, dict[MetricName, Standing]]
    rounds: int = 1
    comparisons: int
    drift: dict[MetricName, float | None]
    effects: list[Effect]
    untested: list[str] = []
    front: list[str]
    front_maybe: list[str] = []
    front_axes: list[MetricName]
    recommendation: Recommendation
    unlike: dict[str, dict[str, int]]


def compare(
    trials: Sequence[Observed], goals: Goals, created_at: datetime, settings: Mapping[str, Setting] | None = None
) -> Comparison:
    """Compare trials. Those that are not valid are kept in the document, but compared with nothing."""
    usable, settings = valid(trials), settings or {}
    having = {metric: [trial for trial in usable if trial.values.get(metric)] for metric in METRICS}
    comparisons = sum(pairs_in(len(having[name])) for name, metric in METRICS.items() if metric.by_round)
    found = effects(usable)
    standings: dict[str, dict[MetricName, Standing]] = {trial.key: {} for trial in usable}
    drift: dict[MetricName, float | None] = {}
    margin_of: dict[MetricName, Margins] = {}
    for name, metric in METRICS.items():
        places = [-1] * len(having[name])
        if metric.by_round and len(having[name]) > 1:
            values = [metric.scaled(trial.values[name]) for trial in having[name]]
            scatter = scattered(having[name], values, together(found, [name]))
            places = ranks(scatter, metric.sign, comparisons).tolist()
            margin_of[name] = partial(margins, scatter, level=LEVEL / comparisons)
            if isinstance(scatter, VisitSpread):
                drift[name] = scatter.drift
            elif max(map(len, values)) > 1:
                drift[name] = None if scatter.between is None else scatter.between.variance**0.5
        for trial, place in zip(having[name], places, strict=True):
            standings[trial.key][name] = Standing(summary=_summary(trial, metric), rank=place if place > 0 else None)
    front = pareto_front(usable)
    return Comparison(
        created_at=created_at,
        trials=list(trials),
        settings=dict(settings),
        standings=standings,
        rounds=max((len(trial.rounds) for trial in usable), default=1),
        comparisons=comparisons,
        drift=drift,
        effects=found,
        untested=untested(usable, found),
        front=[trial.key for trial in front],
        front_maybe=[trial.key for trial in maybe_on_front(usable, front, margin_of)],
        front_axes=list(axes(usable)),
        recommendation=recommend(goals, usable, found, drift),
        unlike=_unlike(usable, settings),
    )


def _summary(trial: Observed, metric: Metric) -> Interval:
    """Of a trial's repeats or, if it was measured in several rounds, of its visits; of accuracy, over questions."""
    values = trial.values[metric.name]
    if metric.by_round and len(trial.rounds) > 1:
        return summary([fmean(visit) for visit in trial.by_round(values)])
    return trial.interval(metric.name) or summary(values)


def _unlike(trials: Sequence[Observed], settings: Mapping[str, Setting]) -> dict[str, dict[str, int]]:
    trials_with = Counter(trial.setting for trial in trials if trial.setting in settings)
    flat = {digest: settings[digest].flat() for digest in trials_with if digest is not None}
    names = dict.fromkeys(name for setting in flat.values() for name in setting if name not in _BY_TRIAL)
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    for digest, setting in flat.items():
        for name in names:
            counts[name][setting.get(name, "none")] += trials_with[digest]
    return {name: dict(count.most_common()) for name, count in counts.items() if len(count) > 1}
