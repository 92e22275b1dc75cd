"""The section of the index page with every valid trial: how far behind the best it is, and how certain that is."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import Metric
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.compare.sureness import few_rounds
from chimera_dagster.render.blocks import Block, Content, Paragraph, Strong, Table, inlines
from chimera_dagster.render.index.cells import NAMED, NOTHING, named, shown_metrics, standing_cells
from chimera_dagster.render.index.order import Order, limit_words
from chimera_dagster.render.index.weighing import weighing_of

_GAP = "behind the best"


class _Column(NamedTuple):
    """`same` is the text of every cell if one sentence says as much as the column, else empty."""

    name: str
    cells: Sequence[Content]
    is_numeric: bool = True
    same: str = ""


def leaderboard_blocks(comparison: Comparison, order: Order) -> Iterator[Block]:
    """What the columns mean, what all trials have in common, and the table, most important columns first."""
    columns = _columns(comparison, order)
    shown = [column for column in columns if not column.same]
    same = [f"{column.name} {column.same}" for column in columns if column.same]
    yield Paragraph(_meaning(comparison, order))
    if order.behind:
        yield Paragraph(_reading(comparison) + (f" The same for all trials: {', '.join(same)}." if same else ""))
    header = tuple(column.name for column in shown)
    rows = tuple(tuple(column.cells[place] for column in shown) for place in range(len(order.trials)))
    numeric = frozenset(place for place, column in enumerate(shown) if column.is_numeric)
    weighing = weighing_of(comparison.recommendation, order.trials, header.index(_GAP))
    yield Table(header, rows, "Valid trials", numeric, interactive=True, weighing=weighing)


def gap_words(order: Order, trial: Observed) -> str:
    """How far behind the best the trial is: `0 %, best`, `1.2 %, tie` or `8.3 %`."""
    gap = order.behind.get(trial.key)
    if gap is None:
        return NOTHING
    if trial is order.trials[0]:
        return "0 %, best"
    words = f"{100 * gap:,.1f} %" if gap < 1 else f"{100 * gap:,.0f} %"
    return f"{words}, tie" if trial.key in order.tied else words


def mean_cell(comparison: Comparison, trial: Observed, metric: Metric) -> Content:
    """A mean with half of its interval; bold if no trial is detectably better."""
    mean, rank = standing_cells(comparison, trial, metric)
    return inlines(Strong(mean.text)) if rank.number == 1 else mean.text


def _columns(comparison: Comparison, order: Order) -> list[_Column]:
    trials, goals = order.trials, comparison.recommendation.goals
    of_name = list(zip(*map(named, trials), strict=True))
    model, parameters, report = (
        _Column(name, cells, is_numeric=False) for name, cells in zip(NAMED, of_name, strict=True)
    )
    columns = [model, parameters, _Column(_GAP, [gap_words(order, trial) for trial in trials])]
    if goals.limits:
        columns.append(_plain("limits", [limit_words(trial, comparison) for trial in trials], is_numeric=False))
    metrics = shown_metrics(comparison)
    columns += [_of(metric, comparison, trials) for metric in metrics if metric.name in goals.want]
    columns.append(report)
    columns += [_of(metric, comparison, trials) for metric in metrics if metric.name not in goals.want]
    columns.append(_plain("rounds", [str(len(trial.rounds)) for trial in trials]))
    columns.append(_plain("repeats", [str(trial.repeats // len(trial.rounds)) for trial in trials]))
    columns.append(_plain("model's text", [trial.text or NOTHING for trial in trials], is_numeric=False))
    return columns


def _of(metric: Metric, comparison: Comparison, trials: Sequence[Observed]) -> _Column:
    if metric.by_round:
        return _Column(metric.name, [mean_cell(comparison, trial, metric) for trial in trials])
    return _plain(metric.name, [standing_cells(comparison, trial, metric)[0].text for trial in trials])


def _plain(name: str, texts: Sequence[str], is_numeric: bool = True) -> _Column:
    same = texts[0] if len(texts) > 1 and len(set(texts)) == 1 else ""
    return _Column(name, texts, is_numeric, same)


def _meaning(comparison: Comparison, order: Order) -> str:
    answer = comparison.recommendation
    if not order.behind:
        return "No valid trial has a value to rank by."
    sentences = [f"'Behind the best' is how much worse a trial is by {order.by}"]
    if answer.best is not None and len(answer.goals.want) > 1:
        sentences[0] += ", as if every weighted metric were that much worse"
    if _is_tested(comparison):
        sentences.append("'tie' means that a test can't distinguish the trial from the best")
    if len(order.behind) < len(order.trials):
        sentences.append("A trial without this figure breaks a limit or lacks a value that is needed for it")
    return f"{'. '.join(sentences)}."


def _reading(comparison: Comparison) -> str:
    better = [metric.name for metric in shown_metrics(comparison) if metric.higher_is_better]
    direction = (
        f"Higher is better for {' and '.join(better)}, lower for all other metrics." if better else "Lower is better."
    )
    parts = "rounds" if comparison.rounds > 1 else "repeats"
    values = f"Values are means over the {parts}, ± half of their 95 % interval if there are 3 {parts} or more."
    if _is_tested(comparison):
        return f"{direction} {values} Bold: no trial is detectably better. All ranks are in comparison.csv."
    return f"{direction} {values} No test was possible: {few_rounds(valid(comparison.trials))}."


def _is_tested(comparison: Comparison) -> bool:
    return any(standing.rank for standings in comparison.standings.values() for standing in standings.values())
