"""A comparison in words and cells: what the page over all trials, the UI and `chimera compare` show alike."""

from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.effects import Effect
from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.recommend import Candidate, Recommendation
from chimera_dagster.compare.regression import Change, Regression
from chimera_dagster.evidence.figures import named_params

NOTHING = "–"


class Cell(NamedTuple):
    """What stands in a table's cell, and the number that it is sorted by; None sorts last."""

    text: str
    number: float | None = None


def configuration(trial: Observed) -> str:
    return named_params(trial.params.canonical()) or "the engine's own"


def shown_metrics(comparison: Comparison) -> list[Metric]:
    """Those that any trial has."""
    return [metric for name, metric in METRICS.items() if any(trial.values.get(name) for trial in comparison.trials)]


def figure(metric: Metric, value: float | None) -> str:
    """A value of a metric without its unit: three or more significant digits."""
    if value is None:
        return NOTHING
    if not metric.is_log:
        return f"{value:.2f}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}" if abs(value) >= 1 else f"{value:.3g}"


def standing_cells(comparison: Comparison, trial: Observed, metric: Metric) -> tuple[Cell, Cell]:
    """A trial's mean with its interval, and its rank, of one metric."""
    mean, standing = trial.mean(metric.name), comparison.standings.get(trial.key, {}).get(metric.name)
    words = figure(metric, mean)
    if standing is not None and standing.summary.low is not None:
        words += f" ({figure(metric, standing.summary.low)} to {figure(metric, standing.summary.high)})"
    rank = standing.rank if standing is not None else None
    return Cell(words, mean), Cell(NOTHING if rank is None else str(rank), rank)


def by_rank(comparison: Comparison) -> list[Observed]:
    """Valid trials: the recommended ones first, then by the rank and mean of the first metric that there is."""
    order = {key: place for place, key in enumerate(_recommended(comparison.recommendation))}
    metrics = shown_metrics(comparison)

    def place(trial: Observed) -> tuple[int, int, float, str]:
        first = metrics[0] if metrics else None
        standing = comparison.standings[trial.key].get(first.name) if first else None
        rank = standing.rank if standing and standing.rank is not None else len(comparison.trials)
        mean = (trial.mean(first.name) or 0.0) * first.sign if first else 0.0
        return order.get(trial.key, len(order)), rank, -mean, trial.key

    return sorted((trial for trial in comparison.trials if trial.is_valid), key=place)


def effect_words(effect: Effect) -> str:
    """A sentence about a parameter's effect: how large it is, or that none was detected, and what would have been."""
    metric = METRICS[effect.metric]
    name = effect.parameter if effect.interaction is None else f"{effect.parameter} together with {effect.interaction}"
    share = _change(metric, effect.range)
    on = f"{effect.n} {effect.unit} in {effect.blocks} {'group' if effect.blocks == 1 else 'groups'} of all else equal"
    if not effect.detected:
        least = "" if effect.detectable is None else f"; one of {_change(metric, effect.detectable)} would have been"
        return f"{name} has no detectable effect on {metric.words}{least} (p = {effect.p:.2g}, {on})."
    if effect.interaction is not None:
        return (
            f"What {effect.parameter} does to {metric.words} depends on {effect.interaction}: up to {share} beyond "
            f"both by themselves (p = {effect.p:.2g}, {on})."
        )
    return f"{name} changes {metric.words} by {share} between its values (p = {effect.p:.2g}, {on})."


def level_words(metric: Metric, effect: Effect) -> list[str]:
    """Each value of a parameter against the mean over all of them."""
    return [
        f"{level.value}: {_signed(metric, level.effect)}"
        + (
            ""
            if level.low is None or level.high is None
            else f" ({_signed(metric, level.low)} to {_signed(metric, level.high)})"
        )
        for level in effect.levels
    ]


def candidate_words(candidate: Candidate) -> str:
    """Whether it can be told from the best one, the limits that it keeps, and its goodput."""
    parts = {None: ["not tested"], True: ["can't be told from the best"], False: ["detectably worse"]}[candidate.tied]
    if candidate.behind == 0:
        parts = ["the best mean"]
    parts += [f"{limit}: {kept}" for limit, kept in candidate.limits.items()]
    if candidate.goodput_tok_s is not None:
        parts.append(f"goodput {candidate.goodput_tok_s:.4g} tok/s")
    return ", ".join(parts)


def change_row(change: Change) -> tuple[str, ...]:
    """Trial, metric, before, after, change, p with n, verdict: as benchstat lays it out."""
    metric = METRICS[change.metric]
    tested = "" if change.p is None else f"p={change.p:.3f} n={change.n_before}+{change.n_after}"
    changed = _signed(metric, change.change) if change.verdict in ("better", "worse") else "~"
    verdict = change.verdict if change.p is not None else change.why
    return (
        change.trial,
        f"{metric.name} {metric.unit}".strip(),
        figure(metric, change.before),
        figure(metric, change.after),
        changed,
        tested,
        verdict,
    )


def regression_words(found: Regression) -> str:
    """One line: how many of what."""
    tested = [change for change in found.changes if change.p is not None]
    kinds = ", ".join(f"{found.count(verdict)} {verdict}" for verdict in ("better", "worse", "no difference detected"))
    apart = f" {len(found.apart)} trials can't be compared." if found.apart else ""
    return f"Against {found.baseline}: of {len(tested)} tests {kinds}.{apart}"


def _recommended(recommendation: Recommendation) -> list[str]:
    return [each.trial for each in (recommendation.best, *recommendation.runners_up) if each is not None]


def _change(metric: Metric, size: float) -> str:
    return f"{size:.1%}".replace("%", " %") if metric.is_log else f"{size:.3f}"


def _signed(metric: Metric, size: float) -> str:
    return f"{size:+.1%}".replace("%", " %") if metric.is_log else f"{size:+.3f}"


def spoiled_rows(trials: Sequence[Observed]) -> list[tuple[Observed, str]]:
    """Trials that are compared with nothing, each with why."""
    return [(trial, _why_apart(trial)) for trial in trials if not trial.is_valid]


def _why_apart(trial: Observed) -> str:
    if trial.state == "failed":
        return f"failed: {trial.error}"
    if trial.state == "missing":
        return trial.error or "has not run"
    return "; ".join(map(": ".join, trial.spoiled_by.items()))


def drift_words(comparison: Comparison) -> list[str]:
    """How far the host drifts between trials, for which the ranks allow, and where nobody can tell."""
    lines: list[str] = []
    known = [f"{METRICS[name].words} {drift:.1%}" for name, drift in comparison.drift.items() if drift is not None]
    if known:
        said = ", ".join(known).replace("%", " %")
        lines.append(
            f"Beyond what their repeats and parameters explain, trials scatter (standard deviation): {said}. "
            "Ranks allow for it."
        )
    if blind := [METRICS[name].words for name, drift in comparison.drift.items() if drift is None]:
        lines.append(
            "The trials are too few for their parameters to tell how far the host drifts from one to the next: ranks "
            f"by {', '.join(blind)} take such a drift for a difference."
        )
    return lines
