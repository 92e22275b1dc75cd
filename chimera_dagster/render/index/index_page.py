"""The index page, in two halves: what the user's benchmarks say, and which model and setting writes about them best."""

from collections import Counter
from collections.abc import Iterator

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import valid
from chimera_dagster.compare.ranking import LEVEL
from chimera_dagster.compare.regression import Regression
from chimera_dagster.evidence.setups import range_words
from chimera_dagster.notes.brief import Brief
from chimera_dagster.render.blocks import Block, Bullets, Content, Heading, Link, Page, Paragraph, Part, inlines
from chimera_dagster.render.index.baseline import baseline_blocks
from chimera_dagster.render.index.brief_part import brief_part
from chimera_dagster.render.index.cells import (
    NAMED,
    counted,
    drift_words,
    figure,
    listed,
    named,
    shown_metrics,
    spoiled_rows,
)
from chimera_dagster.render.index.effects import effect_blocks
from chimera_dagster.render.index.leaderboard import leaderboard_blocks
from chimera_dagster.render.index.order import metrics_of, order_of
from chimera_dagster.render.index.pareto_chart import pareto_chart
from chimera_dagster.render.index.recommendation import info, recommendation_blocks

TITLE = "Your benchmarks, and the models that report on them"
BRIEF = "../brief.html"  # from the folder of the index page
_SWEEP = Heading(2, "Which model and setting writes the report, and how fast", "sweep")
_LEAD = (
    "About the trials of your sweep: in each, a model wrote a report on the benchmarks above, with one set of "
    "parameters. The figures are those of its calls, not of your files."
)
_VALUES = 5  # of a setting that differs between trials
_KINDS = {"measured": "not valid", "failed": "failed", "missing": "not run yet"}


def build_index(brief: Brief | None, comparison: Comparison, against: Regression | str | None) -> Page:
    """The page about everything: the brief, if there is one, then all trials, each with the answer first.

    `against` is the comparison with a baseline, or why the saved baseline can't be used.
    """
    sweep = Part(_SWEEP, _LEAD, tuple(_sweep(comparison, against)))
    return Page(TITLE, "en", (brief_part(brief, BRIEF), sweep))


def _sweep(comparison: Comparison, against: Regression | str | None) -> Iterator[Block]:
    if not comparison.trials:
        yield info("There are no trials yet. ", "'chimera sweep' runs the trials that sweep.yaml defines.")
        return
    order = order_of(comparison)
    yield Paragraph(_counts(comparison))
    yield Heading(3, "Recommendation", "recommendation")
    yield from recommendation_blocks(comparison, order, None if isinstance(against, str) else against)
    if order.trials:
        yield Heading(3, "Leaderboard", "leaderboard")
        yield from leaderboard_blocks(comparison, order)
        chart = pareto_chart(comparison)
        if chart is not None:
            yield Heading(3, "Pareto front", "pareto-front")
            yield chart
        yield Heading(3, "Effects of the parameters", "effects")
        yield from effect_blocks(comparison.effects)
    if against is not None:
        yield from baseline_blocks(against, comparison)
    if len(order.trials) < len(comparison.trials):
        yield Heading(3, "Not ranked", "not-ranked")
        yield from _not_ranked(comparison)
    yield Heading(3, "How this was computed", "method")
    yield Bullets(tuple(_method(comparison)))


def _counts(comparison: Comparison) -> str:
    kinds = Counter("valid" if trial.is_valid else _KINDS[trial.state] for trial in comparison.trials)
    trials, reports = len(comparison.trials), sum(trial.href is not None for trial in comparison.trials)
    states = ", ".join(f"{kinds[kind]:,} {kind}" for kind in ("valid", *_KINDS.values()) if kinds[kind])
    counts = f"{counted(trials, 'trial')}: {states}. {counted(reports, 'report')}"
    if waiting := trials - reports:
        counts += f"; {counted(waiting, 'trial')} {'has' if waiting == 1 else 'have'} no report yet"
    return f"{counts}."


def _not_ranked(comparison: Comparison) -> Iterator[Block]:
    """Trials that are left out of the comparison: why, and what they measured all the same."""
    reasons = spoiled_rows(comparison.trials)
    measured = [(trial, why) for trial, why in reasons if trial.state == "measured"]
    others = [(trial, why) for trial, why in reasons if trial.state != "measured"]
    yield Paragraph(
        "These trials have no rank and count neither for the Pareto front nor for effects or the recommendation."
    )
    if measured:
        metrics = metrics_of([trial for trial, _ in measured])
        rows = tuple(
            (*named(trial), why, *(figure(metric, trial.mean(metric.name)) for metric in metrics))
            for trial, why in measured
        )
        header = (*NAMED, "why", *(metric.name for metric in metrics))
        caption = "Measured, but not valid: these figures are not comparable"
        yield listed(header, rows, caption, frozenset(range(4, len(header))))
    if others:
        rows = tuple((*named(trial)[:2], trial.params.key, why) for trial, why in others)
        yield listed(("model", "parameters", "key", "why"), rows, "Trials without figures")


def _of_accuracy(comparison: Comparison) -> Iterator[Content]:
    asked = [trial.accuracy for trial in valid(comparison.trials) if trial.accuracy is not None]
    if asked:
        counts = range_words([each.asked for each in asked])
        chance = range_words([round(each.chance, 2) for each in asked])
        yield (
            f"accuracy is the share of right answers to {counts} questions, with Wilson's 95 % interval; blind choices "
            f"would get {chance}. Trials whose intervals overlap may be equally good."
        )


def _method(comparison: Comparison) -> Iterator[Content]:
    metrics = [
        f"{metric.name}: {metric.words}{f', {metric.unit}' * bool(metric.unit)}" for metric in shown_metrics(comparison)
    ]
    if metrics:
        yield f"{'; '.join(metrics)}."
    yield from _of_accuracy(comparison)
    yield (
        "Only valid trials are compared. Trials that a cache, a reload, throttling or the like affected are listed "
        "separately, with the reason."
    )
    if len(valid(comparison.trials)) > 1:
        yield _ranks(comparison)
        yield from map(inlines, drift_words(comparison))
        yield _effects(comparison)
    if comparison.front_axes:
        axes = ", ".join(METRICS[name].words for name in comparison.front_axes)
        yield f"Pareto front: no other trial is at least as good in all of {axes} and better in one of them."
    for name, values in comparison.unlike.items():
        shown = ", ".join(f"{value} ({count})" for value, count in list(values.items())[:_VALUES])
        more = f" and {len(values) - _VALUES} more" if len(values) > _VALUES else ""
        yield f"Not the same for all valid trials: {name}: {shown}{more}."
    yield inlines(
        *("Every value is in ", Link("comparison.json", "comparison.json"), ", every mean and rank in "),
        *(Link("comparison.csv", "comparison.csv"), f", both from {comparison.created_at:%Y-%m-%d %H:%M} UTC. "),
        "Each report describes how its trial was measured.",
    )


def _ranks(comparison: Comparison) -> str:
    rank = "A trial's rank is 1 plus the number of trials that are detectably better, by"
    pairs = f"all {comparison.comparisons:,} pairs of all metrics"
    if comparison.rounds > 1:
        return (
            f"{rank} Tukey's test of logarithms, with rounds as blocks, at a level of {LEVEL:g} shared by {pairs}. The "
            "unit is a visit: the mean of a trial's repeats in one round. Trials of one load group are visited close "
            "in time; the scatter of whole groups between rounds counts for trials of different groups."
        )
    return (
        f"{rank} t-tests of logarithms, with variances pooled over trials with the same model, num_gpu and num_ctx, at "
        f"a level of {LEVEL:g} divided by {pairs} (Bonferroni). A trial's repeats are measured one after the other, so "
        "the scatter between trials that repeats and effects do not explain is added to their variance."
    )


def _effects(comparison: Comparison) -> str:
    values = "visits, with each round as a group of its own" if comparison.rounds > 1 else "the means of trials"
    return (
        "Effects are F-tests in an additive model of the parameter and the group with all else equal, over "
        f"{values}, with Holm's correction over all effects and interactions."
    )
