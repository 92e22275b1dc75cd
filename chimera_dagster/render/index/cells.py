"""The words and table cells of a comparison that the index page, the UI and `chimera compare` share."""

from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.effects import Effect
from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.compare.recommend import Candidate, Recommendation
from chimera_dagster.compare.regression import Change, Regression
from chimera_dagster.evidence.figures import named_params
from chimera_dagster.render.blocks import Content, Link, Table, inlines
from chimera_dagster.render.index.order import metrics_of
from chimera_dagster.spec.goals import Goals

NOTHING = "–"
NAMED = ("model", "parameters", "report")
_FEW = 10  # rows, too few to need sorting and filtering
_REASON_CHARS = 400  # of the reason why a trial is not ranked; a server's error may fill a page


class Cell(NamedTuple):
    """The text of a table's cell and the number that it is sorted by; None sorts last."""

    text: str
    number: float | None = None


def configuration(trial: Observed) -> str:
    return named_params(trial.params.canonical()) or "the engine's defaults"


def named(trial: Observed) -> tuple[Content, ...]:
    """A trial's cells in the columns of NAMED."""
    key = trial.params.key
    return (trial.model, configuration(trial), key if trial.href is None else inlines(Link(key, trial.href)))


def listed(
    header: tuple[str, ...], rows: tuple[tuple[Content, ...], ...], caption: str, numeric: frozenset[int] = frozenset()
) -> Table:
    """A table that can be sorted and filtered if it is long."""
    return Table(header, rows, caption, numeric, interactive=len(rows) > _FEW)


def counted(count: int, noun: str) -> str:
    """`1 trial`, `1,000 trials`."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


def shown_metrics(comparison: Comparison) -> list[Metric]:
    """The metrics that any valid trial has."""
    return metrics_of(valid(comparison.trials))


def figure(metric: Metric, value: float | None) -> str:
    """A value of a metric without its unit, with three or more significant digits."""
    if value is None:
        return NOTHING
    if not metric.is_log:
        return f"{value:.2f}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}" if abs(value) >= 1 else f"{value:.3g}"


def standing_cells(comparison: Comparison, trial: Observed, metric: Metric) -> tuple[Cell, Cell]:
    """A trial's mean of a metric with half of its interval, and its rank by it."""
    mean, standing = trial.mean(metric.name), comparison.standings.get(trial.key, {}).get(metric.name)
    text = figure(metric, mean)
    if metric.name == "accuracy" and trial.accuracy is not None:
        text += f" ({trial.accuracy.low:.2f} to {trial.accuracy.high:.2f})"
    elif standing is not None and standing.summary.high is not None:
        text += f" ± {_two_digits(standing.summary.high - standing.summary.mean)}"
    rank = standing.rank if standing is not None else None
    return Cell(text, mean), Cell(NOTHING if rank is None else str(rank), rank)


def effect_words(effect: Effect) -> str:
    """A sentence about a parameter's effect: its size, or the size that would have been detected."""
    metric = METRICS[effect.metric]
    name = effect.parameter if effect.interaction is None else f"{effect.parameter} together with {effect.interaction}"
    size = change_words(metric, effect.range)
    groups = f"{effect.blocks} {'group' if effect.blocks == 1 else 'groups'}"
    test = f"(p = {effect.p:.2g}, {effect.n} {effect.unit} in {groups} with all else equal)"
    if not effect.detected:
        least = "" if effect.detectable is None else change_words(metric, effect.detectable)
        missed = least and f"; an effect of {least} would have been detected"
        return f"{name} has no detectable effect on {metric.words}{missed} {test}."
    if effect.interaction is not None:
        return (
            f"The effect of {effect.parameter} on {metric.words} depends on {effect.interaction}: up to {size} beyond "
            f"their separate effects {test}."
        )
    return f"{name} changes {metric.words} by {size} between its values {test}."


def level_words(metric: Metric, effect: Effect) -> list[str]:
    """Each value of a parameter, compared with the mean over all of its values."""
    lines: list[str] = []
    for level in effect.levels:
        interval = ""
        if level.low is not None and level.high is not None:
            interval = f" ({_signed(metric, level.low)} to {_signed(metric, level.high)})"
        lines.append(f"{level.value}: {_signed(metric, level.effect)}{interval}")
    return lines


def goals_words(answer: Recommendation) -> str:
    """Whose goals the recommendation was made by."""
    if not answer.default_weights:
        return "the goals of the sweep"
    return "the limits of the sweep and the default weights" if answer.goals.limits else "the default goals"


def goals_listed(goals: Goals) -> str:
    """`throughput_tok_s (weight 1); ttft_ms <= 500`."""
    return "; ".join([*(f"{name} (weight {weight:g})" for name, weight in goals.want.items()), *goals.limits])


def expected_words(answer: Recommendation) -> str:
    """In which interval each weighted metric of the best one lies."""
    intervals = [
        f"{metric.words} {figure(metric, low)} to {figure(metric, high)} {metric.unit}"
        for metric, (low, high) in ((METRICS[name], bounds) for name, bounds in answer.expected.items())
    ]
    return f"{', '.join(intervals)} (95 % intervals, wide enough for the best of all: part of a lead is chance)."


def candidate_words(candidate: Candidate) -> str:
    """Whether a test distinguishes it from the best, which limits it keeps, and its goodput."""
    tied = "can't be distinguished from the best"
    parts = [{None: "not tested", True: tied, False: "detectably worse"}[candidate.tied]]
    if candidate.behind == 0:
        parts = ["best mean"]
    parts += [f"{limit}: {kept}" for limit, kept in candidate.limits.items()]
    if candidate.goodput_tok_s is not None:
        parts.append(f"goodput {candidate.goodput_tok_s:.4g} tok/s")
    return ", ".join(parts)


def change_row(change: Change) -> tuple[str, ...]:
    """Trial, metric, before, after, change, p with n, and verdict, laid out as benchstat does."""
    metric = METRICS[change.metric]
    tested = "" if change.p is None else f"p={change.p:.3f} n={change.n_before}+{change.n_after}"
    changed = _signed(metric, change.change) if change.verdict in ("better", "worse") else "~"
    verdict = change.verdict if change.p is not None else change.why
    before, after = figure(metric, change.before), figure(metric, change.after)
    return (change.trial, metric.name, before, after, changed, tested, verdict)


def regression_words(found: Regression) -> str:
    """One line that counts the verdicts."""
    tested = [change for change in found.changes if change.p is not None]
    kinds = ", ".join(f"{found.count(verdict)} {verdict}" for verdict in ("better", "worse", "no difference detected"))
    apart = f" {len(found.apart)} trials can't be compared." if found.apart else ""
    return f"Compared with {found.baseline}: of {len(tested)} tests, {kinds}.{apart}"


def spoiled_rows(trials: Sequence[Observed]) -> list[tuple[Observed, str]]:
    """Trials that are left out of the comparison, each with the reason."""
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
    """By how much trials scatter beyond their repeats, and what can't be told because of it."""
    lines: list[str] = []
    known = [f"{METRICS[name].words} {drift:.1%}" for name, drift in comparison.drift.items() if drift is not None]
    if known:
        scatter = (
            "Scatter between the visits of a trial beyond that of their repeats"
            if comparison.rounds > 1
            else "Scatter between trials beyond what repeats and parameters explain"
        )
        figures = ", ".join(known).replace("%", " %")
        lines.append(f"{scatter} (standard deviation): {figures}. Ranks allow for it.")
    unknown = [METRICS[name].words for name, drift in comparison.drift.items() if drift is None]
    if unknown and comparison.rounds == 1:
        lines.append(
            "There are too few trials to estimate how much the host drifts from one to the next, so that "
            f"{', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not tested."
        )
    if comparison.rounds == 1 and len(valid(comparison.trials)) > 1:
        lines.append(
            "All trials were measured in one round: a drift of the host that lasts as long as a loaded model can't be "
            "told from an effect of the model, num_gpu or num_ctx. 'rounds: 3' in the sweep file visits each trial "
            "three times, far apart."
        )
    if comparison.untested:
        lines.append(
            f"No effect of {' and '.join(comparison.untested)} is tested: one round and too few trials can't tell it "
            "from a drift of the host."
            if comparison.rounds == 1
            else f"No effect of {' and '.join(comparison.untested)} is tested: there are too few rounds or trials."
        )
    return lines
