"""What a sweep will take and what it can show, before anything runs: from earlier trials, or from stated guesses."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.compare.power import (
    POWER,
    Design,
    Scatter,
    power_of_slowest,
    smallest_pair,
    smallest_slowest,
)
from chimera_dagster.spec.sweep import TrialPlan

_METRIC = METRICS["throughput_tok_s"]
_GUESS = Scatter(repeats=0.02, drift=0.01)
_GUESSED_TOK_S, _GUESSED_LOAD_S = 30.0, 5.0
_LEAST_DF = 5  # of a standard deviation from earlier trials; below it a guess says more
_CALLS = 2  # of a repeat: analysis and report
_MOST_ROUNDS = 60
_REPEATS = (1, 2, 3, 5, 10)  # that a proposal chooses from


class Estimate(BaseModel):
    """A number and where it is from: how many earlier trials, or 0 if it is a guess."""

    model_config = ConfigDict(frozen=True)

    value: float
    trials: int


class Plan(BaseModel):
    """A sweep before it runs. Differences are shares: 0.05 is 5 %; None if no difference will be shown.

    `slowest`: of one trial that is slower than all others, `pair`: of two given trials, both found with 80 % power.
    """

    model_config = ConfigDict(frozen=True)

    trials: int
    to_run: int
    rounds: int
    repeats: int
    calls: int
    loads: int
    minutes: float
    call_s: Estimate
    load_s: Estimate
    scatter: Estimate
    drift: Estimate
    slowest: float | None
    pair: float | None


class Known(NamedTuple):
    """What earlier trials of a data folder say about the next."""

    call_s: dict[str, Estimate]  # by model
    load_s: dict[str, Estimate]
    scatter: Estimate
    drift: Estimate


def known_from(comparison: Comparison | None, loads: dict[str, list[float]]) -> Known:
    """From all valid trials of a comparison; `loads` has the seconds that loading took, by model."""
    trials = [] if comparison is None else valid(comparison.trials)
    drift = None if comparison is None else comparison.drift.get(_METRIC.name)
    calls: dict[str, list[float]] = {}
    for trial in trials:
        calls.setdefault(trial.model, []).append(fmean(row[2] for row in trial.call_rows) / 1e3)
    return Known(
        {model: Estimate(value=fmean(times), trials=len(times)) for model, times in calls.items()},
        {model: Estimate(value=fmean(times), trials=len(times)) for model, times in loads.items() if times},
        _scatter(trials),
        Estimate(value=_GUESS.drift, trials=0) if drift is None else Estimate(value=drift, trials=len(trials)),
    )


def plan(plans: Sequence[TrialPlan], to_run: Sequence[TrialPlan], known: Known, design: Design) -> Plan:
    """What running `to_run` of the trials `plans` takes with `design`, and what all of them will show together."""
    call_s, load_s = _mean_call(to_run, known), _mean_load(to_run, known)
    calls = len(to_run) * design.rounds * design.repeats * _CALLS
    loads = _loads(to_run, design)
    scatter = Scatter(known.scatter.value, known.drift.value)
    return Plan(
        trials=design.trials,
        to_run=len(to_run),
        rounds=design.rounds,
        repeats=design.repeats,
        calls=calls,
        loads=loads,
        minutes=(calls * call_s.value + loads * load_s.value) / 60,
        call_s=call_s,
        load_s=load_s,
        scatter=known.scatter,
        drift=known.drift,
        slowest=_share(smallest_slowest(design, scatter)),
        pair=_share(smallest_pair(design, scatter)),
    )


def propose(plans: Sequence[TrialPlan], to_run: Sequence[TrialPlan], known: Known, detect: float) -> Plan | None:
    """The quickest rounds and repeats with which a trial that is slower by the share `detect` is found; None: not so.

    At least two rounds: one can't tell a difference from the host's drift.
    """
    scatter = Scatter(known.scatter.value, known.drift.value)
    found: list[Plan] = []
    for repeats in _REPEATS:
        fitting = _fewest_rounds(len(plans), repeats, scatter, -math.log1p(-detect))
        if fitting is not None:
            found.append(plan(plans, to_run, known, fitting))
    return min(found, key=lambda each: each.minutes, default=None)


def design_of(plans: Sequence[TrialPlan]) -> Design:
    """As the sweep file says."""
    spec = plans[0].spec
    return Design(len(plans), spec.rounds, spec.repeats)


def _fewest_rounds(trials: int, repeats: int, scatter: Scatter, difference: float) -> Design | None:
    low, high = 2, _MOST_ROUNDS

    def finds(rounds: int) -> bool:
        return power_of_slowest(difference, Design(trials, rounds, repeats), scatter) >= POWER

    if not finds(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if finds(middle) else (middle + 1, high)
    return Design(trials, low, repeats)


def _loads(plans: Sequence[TrialPlan], design: Design) -> int:
    """Each round loads each model with each context and number of layers once; a cold sweep, for each repeat."""
    if not plans:
        return 0
    if plans[0].spec.cold:
        return len(plans) * design.rounds * design.repeats
    return design.rounds * len({plan.load_group for plan in plans})


def _mean_call(plans: Sequence[TrialPlan], known: Known) -> Estimate:
    guess = plans[0].spec.max_tokens / _GUESSED_TOK_S if plans else 0.0
    return _mean([known.call_s.get(plan.model) for plan in plans], guess)


def _mean_load(plans: Sequence[TrialPlan], known: Known) -> Estimate:
    return _mean([known.load_s.get(plan.model) for plan in plans], _GUESSED_LOAD_S)


def _mean(found: Sequence[Estimate | None], guess: float) -> Estimate:
    """Over all trials, with a guess for those of an unknown model; its source is a guess if most of them are."""
    known = [each for each in found if each is not None]
    mean = fmean([guess if each is None else each.value for each in found]) if found else guess
    return Estimate(
        value=mean, trials=max((each.trials for each in known), default=0) if 2 * len(known) > len(found) else 0
    )


def _scatter(trials: Sequence[Observed]) -> Estimate:
    """The pooled standard deviation of the log values of a trial's repeats."""
    squares, df, used = 0.0, 0, 0
    for trial in trials:
        values = _METRIC.scaled(trial.values.get(_METRIC.name, []))
        if len(values) > 1:
            squares += sum((value - fmean(values)) ** 2 for value in values)
            df, used = df + len(values) - 1, used + 1
    if df < _LEAST_DF or squares == 0:
        return Estimate(value=_GUESS.repeats, trials=0)
    return Estimate(value=math.sqrt(squares / df), trials=used)


def _share(difference: float | None) -> float | None:
    """How much slower, as a share, a trial of that log difference is."""
    return None if difference is None else -math.expm1(-difference)
