"""The page over all trials: which configuration to run, how sure that is, what it cost, and each trial's report."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.compare.ranking import LEVEL
from chimera_dagster.compare.regression import Regression
from chimera_dagster.render.index.baseline import against_the_baseline
from chimera_dagster.render.index.cells import drift_words, figure, shown_metrics, spoiled_rows
from chimera_dagster.render.index.effects import effect_blocks
from chimera_dagster.render.index.leaderboard import leaderboard
from chimera_dagster.render.index.order import metrics_of, order_of
from chimera_dagster.render.index.pareto_chart import pareto_figure
from chimera_dagster.render.index.recommendation import nothing, recommendation
from chimera_dagster.render.index.trial_tables import NAMED, counted, listed, named
from chimera_dagster.render.page import Block, Bullets, Heading, Inlines, Link, Page, Paragraph, inlines

_VALUES = 5  # of what was not the same for all trials
_KINDS = {"measured": "not valid", "failed": "failed", "missing": "not run yet"}


class Withheld(NamedTuple):
    """A trial whose report is not published, and why."""

    trial: Observed
    why: str


def build_index(comparison: Comparison, withheld: Sequence[Withheld], against: Regression | str | None) -> Page:
    """Everything over all trials, the answer first; `against` a baseline, or why the saved one is of no use."""
    return Page("Which configuration?", "en", tuple(_blocks(comparison, withheld, against)))


def _blocks(comparison: Comparison, withheld: Sequence[Withheld], against: Regression | str | None) -> Iterator[Block]:
    if not comparison.trials:
        yield nothing("There is no trial yet. ", "'chimera sweep' runs those that sweep.yaml asks for.")
        return
    order = order_of(comparison)
    yield Paragraph(inlines(_counts(comparison, withheld)))
    yield Heading(2, "Recommendation", "recommendation")
    yield from recommendation(comparison, order, None if isinstance(against, str) else against)
    if order.trials:
        yield Heading(2, "Leaderboard", "leaderboard")
        yield from leaderboard(comparison, order)
        drawing = pareto_figure(comparison)
        if drawing is not None:
            yield Heading(2, "What nothing beats", "front")
            yield drawing
        yield Heading(2, "Effects of the parameters", "effects")
        yield from effect_blocks(comparison.effects)
    if against is not None:
        yield from against_the_baseline(against, comparison)
    if withheld:
        yield Heading(2, "Not published", "not-published")
        said = "What the evidence does not bear out is not recommended for reading. The trials' measurements stand."
        yield Paragraph(inlines(said))
        rows = tuple((*named(each.trial), inlines(each.why)) for each in withheld)
        yield listed((*NAMED, "why"), rows, "Reports that are not published")
    if len(order.trials) < len(comparison.trials):
        yield Heading(2, "Not ranked", "not-ranked")
        yield from _apart(comparison)
    yield Heading(2, "How this was computed", "method")
    yield Bullets(tuple(_method(comparison)))


def _counts(comparison: Comparison, withheld: Sequence[Withheld]) -> str:
    kinds = Counter("valid" if trial.is_valid else _KINDS[trial.state] for trial in comparison.trials)
    trials, reports = len(comparison.trials), sum(trial.href is not None for trial in comparison.trials)
    said = ", ".join(f"{kinds[kind]:,} {kind}" for kind in ("valid", *_KINDS.values()) if kinds[kind])
    counts = f"{counted(trials, 'trial')}: {said}. {reports - len(withheld):,} of {reports:,} reports are published"
    waiting = trials - reports
    if waiting:
        counts += f"; {counted(waiting, 'trial')} {'has' if waiting == 1 else 'have'} none yet"
    return f"{counts}."


def _apart(comparison: Comparison) -> Iterator[Block]:
    """Trials that are compared with nothing: what they measured all the same, and why it does not count."""
    reasons = spoiled_rows(comparison.trials)
    measured = [(trial, why) for trial, why in reasons if trial.state == "measured"]
    others = [(trial, why) for trial, why in reasons if trial.state != "measured"]
    yield Paragraph(inlines("These stand in no rank, front, effect or recommendation."))
    if measured:
        metrics = metrics_of([trial for trial, _ in measured])
        rows = tuple(
            (*named(trial), inlines(why), *(inlines(figure(of, trial.mean(of.name))) for of in metrics))
            for trial, why in measured
        )
        header = (*NAMED, "why", *(metric.name for metric in metrics))
        said = "Measured, but not valid: the figures are not comparable"
        yield listed(header, rows, said, frozenset(range(4, len(header))))
    if others:
        rows = tuple((*named(trial)[:2], inlines(trial.params.key), inlines(why)) for trial, why in others)
        yield listed(("model", "parameters", "key", "why"), rows, "Without figures")


def _method(comparison: Comparison) -> Iterator[Inlines]:
    names = "; ".join(f"{of.name}: {of.words}{f', {of.unit}' * bool(of.unit)}" for of in shown_metrics(comparison))
    if names:
        yield inlines(f"{names}.")
    yield inlines(
        "Only valid trials are compared: what a cache, a reload, throttling and so on spoiled stands apart, with why."
    )
    if len(valid(comparison.trials)) > 1:
        yield inlines(
            "A trial's rank is 1 + how many trials are detectably better: t-tests of logarithms, variances pooled over "
            f"trials of one model, num_gpu and num_ctx, at {LEVEL:g} divided by all {comparison.comparisons:,} pairs "
            "of all metrics (Bonferroni). A trial's repeats are measured one after the other, so what trials lie apart "
            "beyond repeats and effects is added to their variance."
        )
        yield from map(inlines, drift_words(comparison))
        yield inlines(
            "Effects: F-tests of the additive model of parameter and of all else equal, over the means of trials, "
            "corrected by Holm over all effects and interactions."
        )
    if comparison.front_axes:
        axes = ", ".join(METRICS[name].words for name in comparison.front_axes)
        yield inlines(f"What nothing beats: no other trial is at least as good in all of {axes}, and better in one.")
    for name, values in comparison.unlike.items():
        said = ", ".join(f"{value} ({count})" for value, count in list(values.items())[:_VALUES])
        more = f" and {len(values) - _VALUES} more" if len(values) > _VALUES else ""
        yield inlines(f"Not the same for all valid trials: {name}: {said}{more}.")
    yield inlines(
        *("Every value stands in ", Link("comparison.json", "comparison.json"), ", every mean and rank in "),
        *(Link("comparison.csv", "comparison.csv"), f", both of {comparison.created_at:%Y-%m-%d %H:%M} UTC; "),
        "each report says how its trial was measured.",
    )
