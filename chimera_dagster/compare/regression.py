"""A comparison against an earlier one: what is better, worse or not detectably different, and what else changed."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import special

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.effects import together
from chimera_dagster.compare.host_drift import Floats, Together
from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.ranking import LEVEL, scattered
from chimera_dagster.compare.sureness import few_rounds
from chimera_dagster.evidence.difference_tests import holm
from chimera_dagster.spec.goals import MetricName

Verdict = Literal["better", "worse", "no difference detected", "not tested"]


class Change(BaseModel):
    """One metric of one trial, before and after; `change` is after / before - 1, or a share's difference.

    Both are means on the scale on which the metric is compared: geometric means, and those of a share arithmetic. `p`
    is corrected by Holm over all tests of the comparison; `why` says why there was no test.
    """

    model_config = ConfigDict(frozen=True)

    trial: str
    metric: MetricName
    before: float
    after: float
    n_before: int
    n_after: int
    change: float
    p: float | None
    verdict: Verdict
    why: str


class EnvironmentChange(BaseModel):
    """A setting that changed for `trials` of the trials that are in both comparisons."""

    model_config = ConfigDict(frozen=True)

    name: str
    before: str
    after: str
    trials: int


class Regression(BaseModel):
    """`apart` says why a trial can't be compared: it is new, gone, or not valid on one side."""

    model_config = ConfigDict(frozen=True)

    baseline: str
    changes: list[Change]
    environment: list[EnvironmentChange]
    apart: dict[str, str]

    def count(self, verdict: Verdict) -> int:
        return sum(change.verdict == verdict for change in self.changes)


def regress(before: Comparison, after: Comparison, baseline: str) -> Regression:
    """Compare trial by trial: t-tests with variances as for the ranks, pooled on each side separately."""
    old, new = ({trial.key: trial for trial in side.trials} for side in (before, after))
    apart = {key: why for key in dict.fromkeys([*old, *new]) if (why := _apart(old.get(key), new.get(key)))}
    both = [(old[key], new[key]) for key in new if key in old and key not in apart]
    found = [
        _Shifts.of(metric, pairs, [together(side.effects, [metric.name]) for side in (before, after)])
        for metric in METRICS.values()
        if (pairs := [pair for pair in both if all(trial.values.get(metric.name) for trial in pair)])
    ]
    p_values = np.concatenate([shifts.p for shifts in found]) if found else np.zeros(0)
    tested = ~np.isnan(p_values)
    p_values[tested] = holm(p_values[tested])
    corrected = iter(p_values.tolist())
    changes = [change for shifts in found for change in shifts.changes(corrected)]
    return Regression(baseline=baseline, changes=changes, environment=_environment(both, before, after), apart=apart)


class _Shifts(NamedTuple):
    """By how much a metric changed in each pair of trials, on its scale, and the p-value; NaN without a test."""

    metric: Metric
    pairs: Sequence[tuple[Observed, Observed]]
    shift: Floats
    p: Floats

    @classmethod
    def of(cls, metric: Metric, pairs: Sequence[tuple[Observed, Observed]], explained: Sequence[Together]) -> "_Shifts":
        scaled = [[metric.scaled(trial.values[metric.name]) for trial in trials] for trials in zip(*pairs, strict=True)]
        if not metric.by_round:
            shift = [fmean(after) - fmean(before) for before, after in zip(*scaled, strict=True)]
            return cls(metric, pairs, np.array(shift), np.full(len(pairs), np.nan))
        was, now = (
            scattered(trials, values, pairs_of)
            for trials, values, pairs_of in zip(zip(*pairs, strict=True), scaled, explained, strict=True)
        )
        shift = now.mean - was.mean
        (part, df), (other, other_df) = was.errors(), now.errors()
        both = part + other
        welch = both**2 / (part**2 / df + other**2 / other_df)
        return cls(metric, pairs, shift, 2 * special.stdtr(welch, -np.abs(shift) / np.sqrt(both)))

    def changes(self, corrected: Iterator[float]) -> Iterator[Change]:
        """One change per pair, by the next of the corrected p-values."""
        name = self.metric.name
        few = few_rounds([trial for trial, _ in self.pairs], [trial for _, trial in self.pairs])
        untested = few if self.metric.by_round else "one value per trial: chance can't be told from a change"
        changed = np.expm1(self.shift) if self.metric.is_log else self.shift
        for (was, now), change, p in zip(self.pairs, changed.tolist(), corrected, strict=False):
            verdict: Verdict = "not tested"
            if not math.isnan(p):
                way: Verdict = "better" if change * self.metric.sign > 0 else "worse"
                verdict = way if p < LEVEL else "no difference detected"
            yield Change(
                trial=now.key,
                metric=name,
                before=self.metric.mean(was.values[name]),
                after=self.metric.mean(now.values[name]),
                n_before=len(was.values[name]),
                n_after=len(now.values[name]),
                change=change,
                p=None if math.isnan(p) else p,
                verdict=verdict,
                why=untested if math.isnan(p) else "",
            )


def _apart(old: Observed | None, new: Observed | None) -> str:
    if old is None or new is None:
        return "not in the baseline" if old is None else "only in the baseline"
    for side, trial in (("before", old), ("now", new)):
        if trial.state != "measured":
            return f"{trial.state} {side}"
        if not trial.is_valid:
            return f"not valid {side}: {', '.join(trial.spoiled_by)}"
    return ""


def _environment(
    pairs: Sequence[tuple[Observed, Observed]], before: Comparison, after: Comparison
) -> list[EnvironmentChange]:
    found: Counter[tuple[str, str, str]] = Counter()
    for (was, now), trials in Counter((was.setting, now.setting) for was, now in pairs).items():
        first, second = before.settings.get(was or ""), after.settings.get(now or "")
        if first is None or second is None:
            continue
        old, new = first.flat(), second.flat()
        for name in dict.fromkeys([*old, *new]):
            values = old.get(name, "none"), new.get(name, "none")
            if values[0] != values[1]:
                found[(name, *values)] += trials
    return [
        EnvironmentChange(name=name, before=before, after=after, trials=trials)
        for (name, before, after), trials in sorted(found.items())
    ]
