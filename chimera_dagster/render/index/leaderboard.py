"""Every valid trial in one table, as a part of the page over all trials: how far behind it is, and how sure that is."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import Metric
from chimera_dagster.compare.observed import Observed
from chimera_dagster.render.index.cells import NOTHING, shown_metrics, standing_cells
from chimera_dagster.render.index.order import Order, limit_words
from chimera_dagster.render.index.trial_tables import NAMED, named
from chimera_dagster.render.page import Block, Inlines, Paragraph, Strong, Table, inlines


class _Column(NamedTuple):
    """`same` is the text of all cells where one sentence says as much as the column, else empty."""

    name: str
    cells: Sequence[Inlines]
    is_numeric: bool = True
    same: str = ""


def leaderboard(comparison: Comparison, order: Order) -> Iterator[Block]:
    """What the columns mean, what is the same for all trials, and the table."""
    columns = _columns(comparison, order)
    shown = [column for column in columns if not column.same]
    same = [f"{column.name} {column.same}" for column in columns if column.same]
    yield Paragraph(inlines(_meaning(comparison, order)))
    if order.behind:
        yield Paragraph(inlines(_reading(comparison) + (f" The same for all: {', '.join(same)}." if same else "")))
    header = (*NAMED, *(column.name for column in shown))
    rows = tuple(
        (*named(trial), *(column.cells[place] for column in shown)) for place, trial in enumerate(order.trials)
    )
    numeric = frozenset(place for place, column in enumerate(shown, len(NAMED)) if column.is_numeric)
    yield Table(header, rows, "Valid trials", numeric, interactive=True)


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


def _columns(comparison: Comparison, order: Order) -> list[_Column]:
    goals = comparison.recommendation.goals
    columns = [_Column("behind the best", [inlines(gap_words(order, trial)) for trial in order.trials])]
    if goals.limits:
        columns.append(_plain("limits", [limit_words(trial, goals) for trial in order.trials], is_numeric=False))
    columns.append(_plain("repeats", [str(trial.repeats) for trial in order.trials]))
    for metric in shown_metrics(comparison):
        if metric.by_round:
            columns.append(_Column(metric.name, [mean_cell(comparison, trial, metric) for trial in order.trials]))
        else:
            columns.append(
                _plain(metric.name, [standing_cells(comparison, trial, metric)[0].text for trial in order.trials])
            )
    columns.append(_plain("model's text", [_text(trial) for trial in order.trials], is_numeric=False))
    return columns


def _plain(name: str, texts: Sequence[str], is_numeric: bool = True) -> _Column:
    same = texts[0] if len(texts) > 1 and len(set(texts)) == 1 else ""
    return _Column(name, [inlines(text) for text in texts], is_numeric, same)


def _meaning(comparison: Comparison, order: Order) -> str:
    answer = comparison.recommendation
    if not order.behind:
        return "No valid trial has a value to be ordered by."
    said = f"'Behind the best' is how much worse a trial is by {order.by}"
    if answer.best is not None and len(answer.goals.want) > 1:
        said += ": as much as if every metric that weighs were that much worse"
    if _is_tested(comparison):
        said += "; 'tie': a test can't tell it from the best"
    if len(order.behind) < len(order.trials):
        said += ". A trial without that figure breaks a limit or lacks a value that is needed for it"
    return f"{said}."


def _reading(comparison: Comparison) -> str:
    better = [metric.name for metric in shown_metrics(comparison) if metric.higher_is_better]
    said = f"More is better in {' and '.join(better)}, less in all else. " if better else "Less is better everywhere. "
    said += "Means over the repeats, ± half of their 95 % interval from 3 repeats on."
    if _is_tested(comparison):
        return f"{said} Bold: no trial is detectably better. Each rank is in comparison.csv."
    return f"{said} No test was possible: it takes two trials or more, and 3 repeats or more of each."


def _is_tested(comparison: Comparison) -> bool:
    return any(standing.rank for of in comparison.standings.values() for standing in of.values())


def _text(trial: Observed) -> str:
    return ", ".join(filter(None, (trial.text, "not published" if trial.withheld else ""))) or NOTHING
