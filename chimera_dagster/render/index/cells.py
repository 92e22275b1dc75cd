"""A comparison in words and cells: what the page over all trials, the UI and `chimera compare` show alike."""

from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.effects import Effect
from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.compare.recommend import Candidate
from chimera_dagster.compare.regression import Change, Regression
from chimera_dagster.evidence.figures import named_params
from chimera_dagster.render.index.order import metrics_of

NOTHING = "–"
_REASON_CHARS = 400  # of why a trial is not ranked; a server's error may be a page


class Cell(NamedTuple):
    """What stands in a table's cell, and the number that it is sorted by; None sorts last."""

    text: str
    number: float | None = None


def configuration(trial: Observed) -> str:
    return named_params(trial.params.canonical()) or "the engine's own"


def shown_metrics(comparison: Comparison) -> list[Metric]:
    """Those that any valid trial has."""
    return metrics_of(valid(comparison.trials))


def figure(metric: Metric, value: float | None) -> str:
    """A value of a metric without its unit: three or more significant digits."""
    if value is None:
        return NOTHING
    if not metric.is_log:
        return f"{value:.2f}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}" if abs(value) >= 1 else f"{value:.3g}"


def standing_cells(comparison: Comparison, trial: Observed, metric: Metric) -> tuple[Cell, Cell]:
    """A trial's mean with half of its interval, and its rank, of one metric."""
    mean, standing = trial.mean(metric.name), comparison.standings.get(trial.key, {}).get(metric.name)
    words = figure(metric, mean)
    if standing is not None and standing.summary.high is not None:
        words += f" ± {_two_digits(standing.summary.high - standing.summary.mean)}"
    rank = standing.rank if standing is not None else None
    return Cell(words, mean), Cell(NOTHING if rank is None else str(rank), rank)


def effect_words(effect: Effect) -> str:
    """A sentence about a parameter's effect: how large it is, or that none was detected, and what would have been."""
    metric = METRICS[effect.metric]
    name = effect.parameter if effect.interaction is None else f"{effect.parameter} together with {effect.interaction}"
    share = change_words(metric, effect.range)
    on = f"{effect.n} {effect.unit} in {effect.blocks} {'group' if effect.blocks == 1 else 'groups'} of all else equal"
    if not effect.detected:
        least = (
            "" if effect.detectable is None else f"; one of {change_words(metric, effect.detectable)} would have been"
        )
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
        metric.name,
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


def spoiled_rows(trials: Sequence[Observed]) -> list[tuple[Observed, str]]:
    """Trials that are compared with nothing, each with why."""
    return [(trial, _shortened(_reason(trial))) for trial in trials if not trial.is_valid]


def _reason(trial: Observed) -> str:
    if trial.state == "missing":
        return trial.error or "has not run"
    return f"failed: {trial.error}" if trial.state == "failed" else "; ".join(map(": ".join, trial.spoiled_by.items()))


def _shortened(text: str) -> str:
    return text if len(text) <= _REASON_CHARS else f"{text[:_REASON_CHARS]} […]"


def _two_digits(value: float) -> str:
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def change_words(metric: Metric, size: float) -> str:
    return f"{size:.1%}".replace("%", " %") if metric.is_log else f"{size:.3f}"


def _signed(metric: Metric, size: float) -> str:
    return f"{size:+.1%}".replace("%", " %") if metric.is_log else f"{size:+.3f}"


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
            f"by {', '.join(blind)}, and effects tested over repeats, take such a drift for a difference."
        )
    return lines
