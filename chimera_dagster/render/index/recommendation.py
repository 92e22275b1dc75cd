"""The first section of the index page: which configuration to run, how certain that is, and what it cost."""

from collections.abc import Iterator

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.regression import Regression
from chimera_dagster.compare.sureness import few_rounds
from chimera_dagster.render.blocks import Block, Bullets, Code, Inlines, Note, Paragraph, Strong, Table, inlines
from chimera_dagster.render.index.baseline import baseline_summary
from chimera_dagster.render.index.cells import (
    NAMED,
    NOTHING,
    configuration,
    counted,
    expected_words,
    figure,
    goals_listed,
    named,
    shown_metrics,
)
from chimera_dagster.render.index.cost import cost_of, cost_words
from chimera_dagster.render.index.leaderboard import gap_words, mean_cell
from chimera_dagster.render.index.order import Order, leading_metric, limit_words
from chimera_dagster.spec.goals import MetricName

_COST: tuple[MetricName, ...] = ("total_ms", "joules_per_token")


def recommendation_blocks(comparison: Comparison, order: Order, regression: Regression | None) -> Iterator[Block]:
    """The answer, or why there is none and which trial leads; how certain it is, its cost, and the runners-up."""
    answer = comparison.recommendation
    points: list[Inlines] = []
    if not order.trials:
        yield info("No recommendation. ", "No trial is valid; the reasons are listed below.")
    elif answer.best is None:
        yield info("No recommendation. ", answer.why)
        yield Paragraph(_leader(comparison, order))
    else:
        best = order.trials[0]
        name = Strong(f"{best.model}, {configuration(best)}")
        by_default = ("By the default goals, ", name, " comes first.")
        yield Paragraph(inlines(*by_default) if answer.default_weights else inlines("Run ", name, "."))
        points.append(inlines(Strong("Goals: "), *_goals(comparison)))
        points.append(inlines(Strong("Confidence: "), answer.why))
        if answer.expected:
            points.append(inlines(Strong("Expect: "), expected_words(answer)))
        if cost := cost_words([cost_of(best)]):
            calls = f"the calls of its {counted(best.repeats, 'repeat')}"
            points.append(inlines(Strong("Cost: "), f"{calls} took {cost}."))
    if cost := cost_words(cost_of(trial) for trial in comparison.trials if trial.state == "measured"):
        points.append(inlines(Strong("Cost of the whole sweep: "), f"all calls of measured trials took {cost}."))
    if regression is not None:
        points.append(inlines(Strong("Compared with the baseline: "), *baseline_summary(regression)))
    if points:
        yield Bullets(tuple(points))
    if answer.best is not None:
        yield from _candidates(comparison, order)


def _leader(comparison: Comparison, order: Order) -> str:
    """Which trial leads, if nothing can be recommended by the goals."""
    first, metric = order.trials[0], leading_metric(comparison)
    if len(order.trials) == 1:
        return "Only one trial is valid, so there is nothing to compare it with."
    if metric is None or first.key not in order.behind:
        return "No valid trial has a value to rank by."
    value = f"{figure(metric, first.mean(metric.name))} {metric.unit}".strip()
    leader = f"By {metric.words} alone, {first.model}, {configuration(first)} comes first with {value}"
    if not metric.by_round:
        return f"{leader}; this can't be tested, as there is only one value per trial."
    if comparison.standings[first.key][metric.name].rank is None:
        return f"{leader}; this can't be tested: {few_rounds(order.trials)}."
    others = f"{len(order.tied):,} of the {len(order.behind) - 1:,} others"
    return f"{leader}; {others} can't be distinguished from it."


def _candidates(comparison: Comparison, order: Order) -> Iterator[Block]:
    """The best trial and the runners-up: the metrics that the goals name, and the cost."""
    answer, trials = comparison.recommendation, {trial.key: trial for trial in order.trials}
    names = {*answer.goals.want, *(limit.metric for limit in answer.goals.parsed()), *_COST}
    metrics = [metric for metric in shown_metrics(comparison) if metric.name in names]
    metrics.sort(key=lambda metric: metric.name not in answer.goals.want)  # those first, in their order
    shown = [candidate for candidate in (answer.best, *answer.runners_up) if candidate is not None]
    limits = {candidate.trial: limit_words(trials[candidate.trial], comparison) for candidate in shown}
    has_limits = set(limits.values()) != {"kept"}
    has_goodput = any(candidate.goodput_tok_s is not None for candidate in shown)
    rows = tuple(
        (
            *named(trials[candidate.trial])[:-1],
            gap_words(order, trials[candidate.trial]) + {None: "", True: "", False: ", worse"}[candidate.tied],
            *([limits[candidate.trial]] * has_limits),
            *(mean_cell(comparison, trials[candidate.trial], metric) for metric in metrics),
            *([NOTHING if candidate.goodput_tok_s is None else f"{candidate.goodput_tok_s:.4g}"] * has_goodput),
            named(trials[candidate.trial])[-1],
        )
        for candidate in shown
    )
    header = (*NAMED[:-1], "behind the best", *(["limits"] * has_limits), *(metric.name for metric in metrics))
    header = (*header, *(["goodput_tok_s"] * has_goodput), NAMED[-1])
    numeric = frozenset(place for place, name in enumerate(header) if name not in (*NAMED, "limits"))
    yield Table(header, rows, "The recommended configuration and the runners-up", numeric)
    if answer.would_change:
        yield Paragraph("What would change the answer:")
        yield Bullets(tuple(answer.would_change))


def _goals(comparison: Comparison) -> Inlines:
    """What the recommendation was made by, and how to state other goals."""
    answer = comparison.recommendation
    given = f"{goals_listed(answer.goals)}. "
    if not answer.default_weights:
        return inlines(given, "They are from ", Code("goals"), " in sweep.yaml.")
    kind = "The limits are from sweep.yaml, the weights are" if answer.goals.limits else "These are"
    return inlines(
        *(
            given,
            f"{kind} the default ones: state your own under ",
            Code("goals"),
            " in sweep.yaml, or try others with ",
        ),
        "the sliders at the leaderboard of the HTML page.",
    )


def info(statement: str, reason: str) -> Note:
    """A note with a statement in bold and its reason."""
    return Note("info", (Paragraph(inlines(Strong(statement), reason)),))
