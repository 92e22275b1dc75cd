"""Which configuration to run, by the goals of the sweep; or why the data allow no answer."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from chimera_dagster.compare.effects import Effect, together
from chimera_dagster.compare.host_drift import Together
from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.ranking import LEVEL, margins, pairs_in, scattered
from chimera_dagster.compare.sureness import Drift, bounds_of_the_best, few_rounds, mean_bounds
from chimera_dagster.compare.weighing import behind, score, utility
from chimera_dagster.spec.goals import DEFAULT_WEIGHTS, Goals, Limit, MetricName

RUNNERS_UP = 3
_LEAST_WEIGHT = 1e-6  # at 0 a weight has no effect, and rounding would decide
# The limits that a single call can keep or break, with the metric's position in `Observed.call_rows`; for goodput.
_OF_CALL: Mapping[MetricName, int] = {"ttft_ms": 0, "tpot_ms": 1}

Kept = Literal["kept", "not kept", "not certain", "not measured"]


class Candidate(BaseModel):
    """A trial that keeps the limits; `behind` is how far it is behind the best one, as `weighing.behind` defines.

    `tied`: a corrected test can't tell its utility from the best one's; None if no test is possible.
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
    """`best` is None if nothing can be recommended; `why` gives the reason, in either case.

    `goals` are those that it was made by: with `default_weights`, the default ones, as the sweep states no weights.
    `tied` has the keys of all trials that can't be told from the best one; `expected` has the 95 % interval of the best
    one's mean for each metric with weight, wide enough for the best of all that were to choose from, which owes part of
    its lead to chance; no interval if no test is possible. `would_change` has sentences about the
    weights and limits that would change the answer.
    """

    model_config = ConfigDict(frozen=True)

    goals: Goals
    default_weights: bool = False
    best: Candidate | None
    runners_up: list[Candidate]
    tied: list[str]
    why: str
    expected: dict[MetricName, tuple[float, float]] = {}
    would_change: list[str]


def recommend(
    stated: Goals, trials: Sequence[Observed], effects: Sequence[Effect] = (), drift: Drift | None = None
) -> Recommendation:
    """By valid trials that have a value for every goal; limits first, then the sum of weighted logarithms.

    Utility = sum over `want` of weight * ln(value), negative if less is better; a share counts as weight * value. So a
    weight says how many percent of one metric are worth one percent of another. If no weights are stated, the default
    ones of the metrics that were measured count. `effects` and `drift` are those that were found in the same trials.
    """
    drift = drift or {}
    goals, is_default = _in_force(stated, trials), not stated.want
    refusal = _refusal(goals, trials)
    field = None if refusal else _Field(goals, trials, drift)
    order = [] if field is None else field.order()
    if field is None or not order:
        return Recommendation(
            goals=goals,
            default_weights=is_default,
            best=None,
            runners_up=[],
            tied=[],
            why=refusal or _nobody(goals, trials),
            would_change=[],
        )
    limits, tied = goals.parsed(), tied_with_first(goals, trials, order, together(effects, goals.want))
    gaps = behind({trials[place].key: float(field.utility[place]) for place in order}, goals.want)
    candidates = [
        Candidate(
            trial=trials[place].key,
            behind=gaps[trials[place].key],
            tied=tie,
            limits={str(limit): keeps(trials[place], limit, drift) for limit in limits},
            goodput_tok_s=goodput(trials[place], limits),
        )
        for place, tie in zip(order[: 1 + RUNNERS_UP], tied, strict=False)
    ]
    return Recommendation(
        goals=goals,
        default_weights=is_default,
        best=candidates[0],
        runners_up=candidates[1:],
        tied=[trials[place].key for place, tie in zip(order[1:], tied[1:], strict=True) if tie],
        why=_why(goals, tied, trials),
        expected={
            name: found
            for name in goals.want
            if (found := bounds_of_the_best(trials, order, name, together(effects, [name]))) is not None
        },
        would_change=[*_weights_that_decide(field, order), *_limits_that_decide(field, order[0])],
    )


def keeps(trial: Observed, limit: Limit, drift: Drift) -> Kept:
    """Whether a trial keeps a limit: `not certain` if the 95 % interval of its mean reaches beyond the limit.

    The interval allows for the host's `drift`; if that is not known, no limit is certain.
    """
    values, mean = trial.values.get(limit.metric), trial.mean(limit.metric)
    if not values or mean is None:
        return "not measured"
    if not limit.keeps(mean):
        return "not kept"
    if not METRICS[limit.metric].by_round:
        over_questions = trial.interval(limit.metric)
        around = None if over_questions is None else (over_questions.low, over_questions.high)
        return "kept" if all(end is None or limit.keeps(end) for end in around or ()) else "not certain"
    around = mean_bounds(trial, limit.metric, drift)
    return "kept" if around is not None and all(map(limit.keeps, around)) else "not certain"


def goodput(trial: Observed, limits: Sequence[Limit]) -> float | None:
    """Tokens a second of the calls that keep every limit that a call can keep; None if there is no such limit."""
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


def _in_force(stated: Goals, trials: Sequence[Observed]) -> Goals:
    """The stated goals, with the default weights of what was measured if they have none."""
    if stated.want:
        return stated
    weights = {
        name: weight for name, weight in DEFAULT_WEIGHTS.items() if any(trial.values.get(name) for trial in trials)
    }
    return stated.model_copy(update={"want": weights})


def _refusal(goals: Goals, trials: Sequence[Observed]) -> str:
    """Why nothing can be recommended, whatever the figures are; empty if something can."""
    if not trials:
        return "No valid trial was measured."
    if not goals.want:
        return f"No valid trial has a value for {', '.join(DEFAULT_WEIGHTS)}, which the default goals weigh."
    named: dict[MetricName, None] = dict.fromkeys([*goals.want, *(limit.metric for limit in goals.parsed())])
    missing = [name for name in named if not any(trial.values.get(name) for trial in trials)]
    if missing:
        return f"No valid trial has a value for {', '.join(missing)}, which the goals name."
    return ""


def _nobody(goals: Goals, trials: Sequence[Observed]) -> str:
    """Why no trial is left: how many keep each limit alone, and the value nearest to it."""
    parts: list[str] = []
    for limit in goals.parsed():
        means = [mean for trial in trials if (mean := trial.mean(limit.metric)) is not None]
        nearest = max(means) if limit.at_least else min(means)
        parts.append(f"{sum(map(limit.keeps, means))} keep {limit} (nearest: {nearest:.4g})")
    if not parts:
        return "No valid trial has a value for every goal."
    return f"None of {len(trials)} valid trials keeps every limit and has a value for every goal: {'; '.join(parts)}."


class _Field:
    """All trials by the goals: which limits each keeps, its score in each metric of `want`, and its utility.

    A score is NaN if a trial has no value.
    """

    def __init__(self, goals: Goals, trials: Sequence[Observed], drift: Drift) -> None:
        self.goals, self.trials = goals, trials
        self._keeps = np.array([_keeps(trials, limit, drift) for limit in goals.parsed()], dtype=bool).reshape(
            -1, len(trials)
        )
        self.scores = {name: np.array([score(trial, name) for trial in trials]) for name in goals.want}
        self.utility = np.array([utility(trial, goals.want) for trial in trials])

    def order(self, without: Limit | None = None) -> list[int]:
        """Positions of the trials that keep every limit but `without`, and have a value for each weight; best first."""
        limits = [row for limit, row in zip(self.goals.parsed(), self._keeps, strict=True) if limit != without]
        chosen = np.flatnonzero(np.all([~np.isnan(self.utility), *limits], axis=0))
        return sorted(chosen.tolist(), key=lambda place: (-self.utility[place], self.trials[place].key))


def _keeps(trials: Sequence[Observed], limit: Limit, drift: Drift) -> list[bool]:
    return [keeps(trial, limit, drift) in ("kept", "not certain") for trial in trials]


def tied_with_first(
    goals: Goals, trials: Sequence[Observed], order: Sequence[int], together: Together = ()
) -> list[bool | None]:
    """Whether the utility of each trial in `order` can't be told from the first one's: tests corrected for all pairs.

    A metric with one value per trial shifts all of its repeats equally. None if no test is possible.
    """
    if not any(METRICS[name].by_round for name in goals.want):
        return [None] * len(order)
    having = [place for place, trial in enumerate(trials) if all(trial.values.get(name) for name in goals.want)]
    utilities = [_by_repeat(trials[place], goals) for place in having]
    scatter = scattered([trials[place] for place in having], utilities, together)
    chosen = np.searchsorted(having, order)
    least = margins(scatter, int(chosen[0]), chosen, LEVEL / max(pairs_in(len(order)), 1), len(order))
    behind = scatter.mean[chosen[0]] - scatter.mean[chosen]
    return [
        None if np.isnan(apart) else bool(far <= apart)
        for apart, far in zip(least.tolist(), behind.tolist(), strict=True)
    ]


def _by_repeat(trial: Observed, goals: Goals) -> list[float]:
    """The utility of each repeat."""
    metrics = [METRICS[name] for name in goals.want]
    repeats = min(len(trial.values[metric.name]) for metric in metrics if metric.by_round)

    def value(metric: Metric, number: int) -> float:
        return metric.sign * metric.on_scale(trial.values[metric.name][number if metric.by_round else 0])

    return [sum(goals.want[metric.name] * value(metric, number) for metric in metrics) for number in range(repeats)]


def _why(goals: Goals, tied: Sequence[bool | None], trials: Sequence[Observed]) -> str:
    kept = f"{len(tied)} of {len(trials)} valid trials keep every limit. " if goals.limits else ""
    once = [METRICS[name].words for name in goals.want if not METRICS[name].by_round]
    exact = f" The test takes {' and '.join(once)} as exact: there is one value per trial." if once else ""
    if len(tied) == 1:
        return f"{kept}It is the only one to choose from."
    if tied[1] is None:
        return f"{kept}It has the best mean, but no test can tell how sure that is: {few_rounds(trials)}."
    count = sum(tie is True for tie in tied[1:])
    if count:
        return f"{kept}It has the best mean; {count} of the {len(tied) - 1} others can't be told from it.{exact}"
    return f"{kept}Every other one is detectably worse by these goals.{exact}"


def _weights_that_decide(field: _Field, order: Sequence[int]) -> Iterator[str]:
    """For each weight the nearest value at which another trial wins, the other weights being unchanged."""
    best, others = order[0], np.array(order[1:], dtype="int64")
    for name, weight in field.goals.want.items():
        ahead = field.scores[name][best] - field.scores[name][others]
        with np.errstate(divide="ignore", invalid="ignore"):
            at = weight - (field.utility[best] - field.utility[others]) / ahead
        possible = [
            (abs(turn - weight), turn, field.trials[place].key)
            for turn, place in zip(at.tolist(), others.tolist(), strict=True)
            if _LEAST_WEIGHT < turn < math.inf
        ]
        if possible:
            _, turn, winner = min(possible)
            way = "below" if turn < weight else "above"
            yield f"With a weight of {name} {way} {turn:.3g} (now {weight:g}): {winner}."


def _limits_that_decide(field: _Field, best: int) -> Iterator[str]:
    """For each limit the trial that would win without it, if it is another one."""
    for limit in field.goals.parsed():
        winner = field.trials[field.order(without=limit)[0]]
        if winner.key != field.trials[best].key:
            mean = winner.mean(limit.metric)
            yield f"Without the limit {limit}: {winner.key}, which has {'no value' if mean is None else f'{mean:.4g}'}."
