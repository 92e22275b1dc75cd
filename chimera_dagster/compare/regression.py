"""A comparison against an earlier one: what is better, worse or not detectably different, and what else changed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import special

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.ranking import LEVEL, spread
from chimera_dagster.evidence.comparisons import holm
from chimera_dagster.goals import MetricName

Verdict = Literal["better", "worse", "no difference detected", "not tested"]


class Change(BaseModel):
    """One metric of one trial, before and after, as means; `change` is after / before - 1, or a share's difference.

    `p` is corrected by Holm over all tests of the comparison; `why` says why there was none.
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
    """Something that was not the same for `trials` of those that are in both."""

    model_config = ConfigDict(frozen=True)

    name: str
    before: str
    after: str
    trials: int


class Regression(BaseModel):
    """`apart` says of each trial that can't be compared why: it is new, gone, or not valid on one side."""

    model_config = ConfigDict(frozen=True)

    baseline: str
    changes: list[Change]
    environment: list[EnvironmentChange]
    apart: dict[str, str]

    def count(self, verdict: Verdict) -> int:
        return sum(change.verdict == verdict for change in self.changes)


def regress(before: Comparison, after: Comparison, baseline: str) -> Regression:
    """Compare trial by trial: t-tests with variances pooled as for the ranks, of each side by itself.

    Raises nothing for what is missing: that is told in `apart`.
    """
    old, new = ({trial.key: trial for trial in each.trials} for each in (before, after))
    apart = {key: why for key in dict.fromkeys([*old, *new]) if (why := _apart(old.get(key), new.get(key)))}
    both = [key for key in new if key in old and key not in apart]
    changes = [change for metric in METRICS.values() for change in _changes(metric, both, old, new)]
    tested = [place for place, change in enumerate(changes) if change.p is not None]
    adjusted = holm(np.array([changes[place].p for place in tested], dtype="float64"))
    for place, p in zip(tested, adjusted.tolist(), strict=True):
        changes[place] = _judged(changes[place], p)
    return Regression(baseline=baseline, changes=changes, environment=_environment(both, old, new), apart=apart)


def _changes(
    metric: Metric, keys: Sequence[str], old: dict[str, Observed], new: dict[str, Observed]
) -> Iterator[Change]:
    pairs = [
        (old[key], new[key]) for key in keys if old[key].values.get(metric.name) and new[key].values.get(metric.name)
    ]
    if not pairs:
        return
    sides = [
        spread(trials, [[metric.on_scale(value) for value in trial.values[metric.name]] for trial in trials])
        for trials in zip(*pairs, strict=True)
    ]
    for place, (was, now) in enumerate(pairs):
        shift = float(sides[1].mean[place] - sides[0].mean[place])
        p, why = None, ""
        if not metric.by_round:
            why = "one value a trial: nothing tells chance from a change"
        elif any(np.isnan(side.variance[place]) for side in sides):
            why = "too few repeats: set 'repeats' to 3 or more"
        else:
            parts = [side.variance[place] / side.n[place] for side in sides]
            df = sum(parts) ** 2 / sum(part**2 / side.df[place] for part, side in zip(parts, sides, strict=True))
            p = float(2 * special.stdtr(df, -abs(shift) / np.sqrt(sum(parts))))
        before, after = was.mean(metric.name) or 0.0, now.mean(metric.name) or 0.0
        yield Change(
            trial=now.key,
            metric=metric.name,
            before=before,
            after=after,
            n_before=int(sides[0].n[place]),
            n_after=int(sides[1].n[place]),
            change=float(np.expm1(shift)) if metric.is_log else shift,
            p=p,
            verdict="not tested",
            why=why,
        )


def _judged(change: Change, p: float) -> Change:
    verdict: Verdict = "no difference detected"
    if p < LEVEL:
        verdict = "better" if change.change * METRICS[change.metric].sign > 0 else "worse"
    return change.model_copy(update={"p": p, "verdict": verdict})


def _apart(old: Observed | None, new: Observed | None) -> str:
    if old is None or new is None:
        return "not in the baseline" if old is None else "only in the baseline"
    for side, trial in (("before", old), ("now", new)):
        if trial.state != "measured":
            return f"{trial.state} {side}"
        if not trial.is_valid:
            return f"not valid {side}: {', '.join(trial.spoiled_by)}"
    return ""


def _environment(keys: Sequence[str], old: dict[str, Observed], new: dict[str, Observed]) -> list[EnvironmentChange]:
    found: Counter[tuple[str, str, str]] = Counter()
    for key in keys:
        was, now = old[key].setting, new[key].setting
        if was is None or now is None:
            continue
        before, after = was.flat(), now.flat()
        for name in dict.fromkeys([*before, *after]):
            values = before.get(name, "none"), after.get(name, "none")
            if values[0] != values[1]:
                found[(name, *values)] += 1
    return [
        EnvironmentChange(name=name, before=before, after=after, trials=trials)
        for (name, before, after), trials in sorted(found.items())
    ]
