"""Which configuration to run, by the goals that the sweep states; and where the data allow no answer, why."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.ranking import LEVEL, margin, pairs_in, spread
from chimera_dagster.goals import Goals, Limit, MetricName
from chimera_dagster.measure.trial import interval

RUNNERS_UP = 3
# Goodput's limits are those that a single call can keep or break.
_OF_CALL: Mapping[MetricName, int] = {"ttft_ms": 0, "tpot_ms": 1}

Kept = Literal["kept", "not kept", "not certain", "not measured"]


class Candidate(BaseModel):
    """A trial that keeps the limits; `behind` is how far its utility is below the best one's, on a log scale.

    `tied`: its utility can't be told from the best one's by a corrected test; None where too few repeats allow a test.
    `goodput_tok_s`: output tokens of the calls that keep the limits that a call can keep, for each second of all calls
    (after Zhong et al., DistServe, OSDI 2024); None without such limits.
    """

    model_config = ConfigDict(frozen=True)

    trial: str
    behind: float
    tied: bool | None
    limits: dict[str, Kept]
    goodput_tok_s: float | None


class Recommendation(BaseModel):
    """`best` is None where nothing can be recommended; `why` says so, or on what the recommendation stands.

    `would_change` are sentences: which weight, and which limit, would make another one the answer.
    """

    model_config = ConfigDict(frozen=True)

    goals: Goals
    best: Candidate | None
    runners_up: list[Candidate]
    tied: int
    why: str
    would_change: list[str]


def recommend(goals: Goals, trials: Sequence[Observed]) -> Recommendation:
    """By valid trials that have a value for every goal; limits first, then the sum of weighted logarithms.

    Utility = sum over `want` of weight * ln(value), less where less is better; a share counts as it is, weight * value.
    So a weight says how many percent of one metric are worth one percent of another.
    """
    refusal = _refusal(goals, trials)
    order = [] if refusal else _in_order(goals, trials)
    if not order:
        return Recommendation(
            goals=goals, best=None, runners_up=[], tied=0, why=refusal or _nobody(goals, trials), would_change=[]
        )
    best, limits = order[0], goals.parsed()
    tied = _tied(order, goals)
    candidates = [
        Candidate(
            trial=trial.key,
            behind=utility(best, goals) - utility(trial, goals),
            tied=tie,
            limits={str(limit): keeps(trial, limit) for limit in limits},
            goodput_tok_s=goodput(trial, limits),
        )
        for trial, tie in zip(order[: 1 + RUNNERS_UP], tied, strict=False)
    ]
    return Recommendation(
        goals=goals,
        best=candidates[0],
        runners_up=candidates[1:],
        tied=sum(tie is True for tie in tied[1:]),
        why=_why(goals, order, tied, trials),
        would_change=[*_weights_that_decide(goals, order), *_limits_that_decide(goals, trials, best)],
    )


def keeps(trial: Observed, limit: Limit) -> Kept:
    """Whether a trial keeps a limit: `not certain` where the 95 % interval of its mean reaches beyond the limit."""
    values = trial.values.get(limit.metric)
    if not values:
        return "not measured"
    if not limit.keeps(float(np.mean(values))):
        return "not kept"
    if len(values) < 3:
        return "kept" if not METRICS[limit.metric].by_round else "not certain"
    around = interval(values)
    assert around.low is not None and around.high is not None
    return "kept" if limit.keeps(around.low) and limit.keeps(around.high) else "not certain"


def utility(trial: Observed, goals: Goals) -> float:
    """The sum that `recommend` orders by, of the trial's means; 0 without weights."""
    return sum(weight * _score(trial, name) for name, weight in goals.want.items())


def goodput(trial: Observed, limits: Sequence[Limit]) -> float | None:
    """Tokens a second of the calls that keep every limit that a call can keep; None where there is no such limit."""
    of_call = [limit for limit in limits if limit.metric in _OF_CALL]
    seconds = sum(e2e_ms for _, _, e2e_ms, _ in trial.call_rows) / 1e3
    if not of_call or not seconds:
        return None
    good = 0
    for row in trial.call_rows:
        values = [row[_OF_CALL[limit.metric]] for limit in of_call]
        kept = all(value is not None and limit.keeps(value) for value, limit in zip(values, of_call, strict=True))
        good += (row[3] or 0) if kept else 0
    return good / seconds


def _refusal(goals: Goals, trials: Sequence[Observed]) -> str:
    """Why nothing can be recommended, whatever the figures are; empty where that is not so."""
    if not goals.is_stated:
        return "No goals are stated: give weights or limits under 'goals' in the sweep file."
    if not trials:
        return "No valid trial was measured."
    named: dict[MetricName, None] = dict.fromkeys([*goals.want, *(limit.metric for limit in goals.parsed())])
    missing = [name for name in named if not any(trial.values.get(name) for trial in trials)]
    if missing:
        return f"No valid trial has a value for {', '.join(missing)}, which the goals name."
    if not goals.want and sum(_keeps_all(trial, goals) for trial in trials) > 1:
        return "More than one trial keeps every limit, and no weights under 'want' say which of them is better."
    return ""


def _nobody(goals: Goals, trials: Sequence[Observed]) -> str:
    """Why no trial is left: how many keep each limit by itself, and how near the nearest comes."""
    parts: list[str] = []
    for limit in goals.parsed():
        means = [mean for trial in trials if (mean := trial.mean(limit.metric)) is not None]
        nearest = max(means) if limit.at_least else min(means)
        parts.append(f"{sum(map(limit.keeps, means))} keep {limit} (nearest: {nearest:.4g})")
    if not parts:
        return "No valid trial has a value for every goal."
    return f"None of {len(trials)} valid trials keeps every limit and has a value for every goal: {'; '.join(parts)}."


def _keeps_all(trial: Observed, goals: Goals) -> bool:
    return all(keeps(trial, limit) in ("kept", "not certain") for limit in goals.parsed())


def _in_order(goals: Goals, trials: Sequence[Observed]) -> list[Observed]:
    """Those that keep every limit and have a value for each weight, the best first."""
    chosen = [
        trial for trial in trials if _keeps_all(trial, goals) and all(trial.values.get(name) for name in goals.want)
    ]
    return sorted(chosen, key=lambda trial: (-utility(trial, goals), trial.key))


def _score(trial: Observed, name: MetricName) -> float:
    metric, mean = METRICS[name], trial.mean(name)
    return 0.0 if mean is None else metric.sign * metric.on_scale(mean)


def _tied(order: Sequence[Observed], goals: Goals) -> list[bool | None]:
    """Whether each trial's utility can't be told from the first one's: t-tests over repeats, corrected for all pairs.

    What has one value a trial shifts all of its repeats alike. None where a trial has too few repeats.
    """
    if not any(METRICS[name].by_round for name in goals.want):
        return [None] * len(order)
    of = spread(order, [_by_repeat(trial, goals) for trial in order])
    level = LEVEL / max(pairs_in(len(order)), 1)
    margins = [margin(of, 0, place, level) for place in range(len(order))]
    return [
        None if np.isnan(apart) else bool(of.mean[0] - of.mean[place] <= apart) for place, apart in enumerate(margins)
    ]


def _by_repeat(trial: Observed, goals: Goals) -> list[float]:
    """The utility of each repeat."""
    metrics = [METRICS[name] for name in goals.want]
    repeats = min(len(trial.values[metric.name]) for metric in metrics if metric.by_round)

    def value(metric: Metric, number: int) -> float:
        return metric.sign * metric.on_scale(trial.values[metric.name][number if metric.by_round else 0])

    return [sum(goals.want[metric.name] * value(metric, number) for metric in metrics) for number in range(repeats)]


def _why(goals: Goals, order: Sequence[Observed], tied: Sequence[bool | None], trials: Sequence[Observed]) -> str:
    kept = f"{len(order)} of {len(trials)} valid trials keep every limit. " if goals.limits else ""
    if len(order) == 1:
        return f"{kept}It is the only one to choose from."
    if tied[1] is None:
        few = "no test can tell how sure that is: too few repeats (set 'repeats' to 3 or more)"
        return f"{kept}It has the best mean, but {few}."
    count = sum(tie is True for tie in tied[1:])
    if count:
        return f"{kept}It has the best mean; {count} of the {len(order) - 1} others can't be told from it."
    return f"{kept}Every other one is detectably worse by these goals."


def _weights_that_decide(goals: Goals, order: Sequence[Observed]) -> Iterator[str]:
    """For each weight the nearest value at which another trial wins; the others' weights stay as they are."""
    best = order[0]
    for name, weight in goals.want.items():
        turning: list[tuple[float, float, str]] = []
        for other in order[1:]:
            ahead = _score(best, name) - _score(other, name)
            if ahead != 0:
                at = weight - (utility(best, goals) - utility(other, goals)) / ahead
                turning.append((abs(at - weight), at, other.key))
        possible = [each for each in turning if each[1] >= 0]
        if possible:
            _, at, winner = min(possible)
            way = "below" if at < weight else "above"
            yield f"With a weight of {name} {way} {at:.3g} (now {weight:g}): {winner}."


def _limits_that_decide(goals: Goals, trials: Sequence[Observed], best: Observed) -> Iterator[str]:
    """Which trial would be the answer without each of the limits."""
    for limit, text in zip(goals.parsed(), goals.limits, strict=True):
        looser = goals.model_copy(update={"limits": [other for other in goals.limits if other != text]})
        winner = next(iter(_in_order(looser, trials)), best)
        if goals.want and winner.key != best.key:
            yield f"Without the limit {text}: {winner.key}, which has {winner.mean(limit.metric):.4g}."
