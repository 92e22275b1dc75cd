"""Every valid trial in one table, as a part of the page over all trials: how far it is behind, and by how sure means."""

from collections.abc import Iterator

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import Metric
from chimera_dagster.compare.observed import Observed
from chimera_dagster.render.comparison import NOTHING, configuration, shown_metrics, standing_cells
from chimera_dagster.render.order import Order, limit_words
from chimera_dagster.render.page import Block, Inlines, Link, Paragraph, Strong, Table, inlines

NAMED = ("model", "parameters", "report")


def leaderboard(comparison: Comparison, order: Order) -> Iterator[Block]:
    """What the columns mean, and the table."""
    metrics, limits = shown_metrics(comparison), comparison.recommendation.goals.limits
    yield Paragraph(inlines(_meaning(comparison, order)))
    if metrics:
        yield Paragraph(inlines(_reading(comparison, metrics)))
    names = [metric.name for metric in metrics]
    header = (*NAMED, "behind the best", *(["limits"] if limits else []), "repeats", *names, "model's text")
    rows = tuple(
        (
            *named(trial),
            inlines(gap_words(order, trial)),
            *([inlines(limit_words(trial, comparison.recommendation.goals))] if limits else []),
            inlines(str(trial.repeats)),
            *(mean_cell(comparison, trial, metric) for metric in metrics),
            inlines(_text(trial)),
        )
        for trial in order.trials
    )
    words = frozenset({0, 1, 2, len(header) - 1} | ({4} if limits else set()))
    yield Table(header, rows, "Valid trials", frozenset(range(len(header))) - words, interactive=True)


def named(trial: Observed) -> tuple[Inlines, ...]:
    """A trial in the columns of NAMED."""
    key = trial.params.key
    return (
        inlines(trial.model),
        inlines(configuration(trial)),
        inlines(Link(key, trial.href) if trial.href is not None else key),
    )


def gap_words(order: Order, trial: Observed) -> str:
    """`0 %, best`, `1.2 %, tie` or `8.3 %`."""
    gap = order.behind.get(trial.key)
    if gap is None:
        return NOTHING
    if trial is order.trials[0]:
        return "0 %, best"
    words = f"{100 * gap:,.1f} %" if gap < 1 else f"{100 * gap:,.0f} %"
    return f"{words}, tie" if trial.key in order.tied else words


def mean_cell(comparison: Comparison, trial: Observed, metric: Metric) -> Inlines:
    """A mean with half of its interval; strong where no trial is detectably better."""
    mean, rank = standing_cells(comparison, trial, metric)
    return inlines(Strong(mean.text) if rank.number == 1 else mean.text)


def _meaning(comparison: Comparison, order: Order) -> str:
    answer = comparison.recommendation
    if not order.behind:
        return "No valid trial has a value to be ordered by."
    ways = f"'Behind the best' is how much worse a trial is by {order.by}"
    if answer.best is not None and len(answer.goals.want) > 1:
        ways += ": as much as if every metric that weighs were that much worse"
    untested = answer.tied - len(order.tied) if answer.best is not None else 0
    if any(standing.rank for of in comparison.standings.values() for standing in of.values()):
        ways += "; 'tie': a test can't tell it from the best"
        ways += f", nor {untested} more that stand further down" if untested > 0 else ""
    if answer.best is not None and len(order.behind) < len(order.trials):
        ways += f". Without a figure there: it breaks a limit, or lacks a value, that the goals name"
    return f"{ways}."


def _reading(comparison: Comparison, metrics: list[Metric]) -> str:
    better = ", ".join(metric.name for metric in metrics if metric.higher_is_better)
    said = f"More is better in {better}, less in every other. " if better else "Less is better everywhere. "
    said += "Means over the repeats, ± half of their 95 % interval from 3 repeats on."
    if any(standing.rank for of in comparison.standings.values() for standing in of.values()):
        return f"{said} Bold: no trial is detectably better. Each rank is in comparison.csv."
    return f"{said} No test was possible: it takes two trials or more, and 3 repeats or more of each."


def _text(trial: Observed) -> str:
    return ", ".join(filter(None, (trial.text, "not published" if trial.withheld else ""))) or NOTHING
