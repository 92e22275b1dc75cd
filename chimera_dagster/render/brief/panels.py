"""Charts of a brief with a row for each model: intervals, cold starts, percentiles. Panels stand below each other."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from typing import NamedTuple

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.foreign_text import visible
from chimera_dagster.notes.charted import Compared, Load, Spread
from chimera_dagster.notes.phrase import plain
from chimera_dagster.notes.reading import range_text, reading
from chimera_dagster.render.blocks import Chart, Table
from chimera_dagster.render.brief.tables import short_words
from chimera_dagster.render.scale import Scale, linear, logarithmic
from chimera_dagster.render.svg import Canvas, Margins, wrapped

_LINE_PX = 15  # of a row's label
_ROW_PX = 26  # of the rest of a row
_TITLE_PX = 22
_AXIS_PX = 44
_GAP_PX = 14
_MOST = 10  # rows of a panel; the table has all
_LOG_FROM = 20.0  # ratio of the largest to the smallest value above which an axis is logarithmic


class Bar(NamedTuple):
    """A dot at `value` on a line from `low` to `high`, with a box within it."""

    value: float
    low: float | None = None
    high: float | None = None
    box: tuple[float, float] | None = None
    series: str = "s1"


class Panel(NamedTuple):
    """Rows of a label, its bars and what is written at its end; `legend` says what each series is."""

    title: str
    rows: list[tuple[str, list[Bar], str]]
    unit: str
    legend: Mapping[str, str] = {}


def comparison(compared: Sequence[Compared]) -> Chart | None:
    """Models by the one or two measures that answer first, with intervals."""
    if not compared:
        return None
    panels = [
        Panel(
            each.order.measure.words.capitalize(),
            [
                (it.item, [Bar(it.value, *_interval(it.low, it.high))], reading(it.value, each.order.measure.unit))
                for it in each.order.contest.standings
            ],
            each.order.measure.unit,
        )
        for each in compared
    ]
    rows = [
        (
            short_words(measure),
            it.item,
            reading(it.value, measure.unit),
            "–" if None in _interval(it.low, it.high) else range_text(it.low, it.high, measure.unit),
            "not stated" if isnan(it.n) else f"{it.n:,.0f}",
        )
        for each in compared
        for measure in (each.order.measure,)
        for it in each.order.contest.standings
    ]
    where = {_conditions(each) for each in compared}
    title = f"The models {where.pop() if len(where) == 1 else 'at equal conditions'}"
    described = "Best first; the line is the 95 % interval."
    if any(None in _interval(it.low, it.high) for each in compared for it in each.order.contest.standings):
        described += " An open circle has no interval: there are too few runs, or the files do not state it."
    header = ("measure", "model", "value", "95 % interval", "runs")
    return _drawn(title, described, panels, header, rows, 2)


def cold_starts(loads: Sequence[Load]) -> Chart | None:
    """Time to the first token with and without loading the model."""
    if not loads:
        return None
    rows = [
        (it.model, format_value(it.warm, "ms"), str(it.warm_runs), format_value(it.cold, "ms"), str(it.cold_runs))
        for it in loads
    ]
    panel = Panel(
        "",
        [
            (
                it.model,
                [Bar(it.warm), Bar(it.cold, series="s2")],
                f"{reading(it.warm, 'ms')}, {reading(it.cold, 'ms')}",
            )
            for it in loads
        ],
        "ms",
        {"s1": "warm: the model was loaded", "s2": "cold: the run had to load it"},
    )
    described = "Medians of each model; at the right first that of warm runs, then that of cold starts."
    header = ("model", "warm", "warm runs", "cold", "cold starts")
    return _drawn("Time to first token, warm and cold", described, [panel], header, rows, 1)


def distribution(spread: Sequence[Spread]) -> Chart | None:
    """How far the time to first token scatters over the runs that were compared."""
    if not spread:
        return None
    panel = Panel(
        "",
        [
            (it.model, [Bar(p50, p05, p95, (p25, p75))], f"{reading(p50, 'ms')}, n={it.n:,}")
            for it in spread
            for p05, p25, p50, p75, p95 in (it.percentiles,)
        ],
        "ms",
    )
    rows = [(it.model, *(format_value(value, "ms") for value in it.percentiles), str(it.n)) for it in spread]
    described = (
        "Of the warm runs that are compared above: the circle is the median, the box holds half of the runs, the line "
        "those from the 5th to the 95th percentile."
    )
    header = ("model", "p5", "p25", "median", "p75", "p95", "runs")
    return _drawn("Distribution of the time to first token", described, [panel], header, rows, 1)


def _drawn(
    title: str,
    described: str,
    panels: Sequence[Panel],
    header: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    first: int,
) -> Chart:
    """`first` is the first numeric column of the table."""
    left_out = any(len(panel.rows) > _MOST for panel in panels)
    if left_out:
        described += f" The first {_MOST} models are drawn, the table has all."
    shown = [panel._replace(rows=panel.rows[:_MOST]) for panel in panels]
    heights = [_height(panel) for panel in shown]
    canvas = Canvas(title, described, sum(heights) + _GAP_PX * (len(heights) - 1), Margins(4, 108, 4, 12))
    top = 0.0
    for panel, height in zip(shown, heights, strict=True):
        _panel(canvas, panel, top, height)
        top += height + _GAP_PX
    caption = f"Values of the chart: {title}"
    table = Table(header, tuple(rows), caption, frozenset(range(first, len(header))))
    return Chart(canvas.svg(), title, described, table, on_paper=False)


def _panel(canvas: Canvas, panel: Panel, top: float, height: float) -> None:
    scale, bottom = _scale(panel), top + height - _AXIS_PX
    begin = top
    if panel.title:
        canvas.text(panel.title, (0, top + 12), "label", "start")
        begin += _TITLE_PX
    for series, words in panel.legend.items():
        canvas.dot((0, begin + 8), f"dot {series}{' open' if series == 's1' else ''}")
        canvas.text(words, (0, begin + 12), "label", "start", 12)
        begin += _LINE_PX + 3
    for tick, words in zip(scale.ticks, scale.tick_texts(), strict=True):
        canvas.line((scale.at(tick), begin), (scale.at(tick), bottom), "grid")
        canvas.text(words, (scale.at(tick), bottom + 18), "x-tick")
    canvas.line((0, bottom), (1, bottom), "axis")
    canvas.text(f"{panel.unit}, logarithmic" if scale.is_log else panel.unit, (0.5, bottom + 36))
    for label, bars, words in panel.rows:
        lines = wrapped(visible(label))
        for number, line in enumerate(lines, 1):
            canvas.text(line, (0, begin + _LINE_PX * number), "label", "start")
        middle = begin + _LINE_PX * len(lines) + 11
        for bar in bars:
            _bar(canvas, scale, bar, middle)
        canvas.text(words, (1, middle + 4), "value", "start", 10)
        begin += _ROW_PX + _LINE_PX * len(lines)


def _bar(canvas: Canvas, scale: Scale, bar: Bar, middle: float) -> None:
    if bar.low is not None and bar.high is not None:
        canvas.line((scale.at(bar.low), middle), (scale.at(bar.high), middle), f"whisker {bar.series}")
        for end in (bar.low, bar.high):
            canvas.line((scale.at(end), middle - 4), (scale.at(end), middle + 4), f"whisker {bar.series}")
    if bar.box:
        canvas.rectangle((scale.at(bar.box[0]), middle - 6), (scale.at(bar.box[1]), middle + 6), f"box {bar.series}")
    is_open = bar.box or (bar.low is None and bar.series == "s1")
    canvas.dot((scale.at(bar.value), middle), f"dot {bar.series}{' open' if is_open else ''}")


def _height(panel: Panel) -> float:
    labels = sum(_ROW_PX + _LINE_PX * len(wrapped(visible(label))) for label, _, _ in panel.rows)
    return labels + _AXIS_PX + (_TITLE_PX if panel.title else 0) + (_LINE_PX + 3) * len(panel.legend)


def _scale(panel: Panel) -> Scale:
    values = [
        value
        for _, bars, _ in panel.rows[:_MOST]
        for bar in bars
        for value in bar[:3]
        if isinstance(value, float | int)
    ]
    if min(values) > 0 and max(values) / min(values) > _LOG_FROM:
        return logarithmic(values)
    return linear(values)


def _interval(low: float, high: float) -> tuple[float | None, float | None]:
    return (None, None) if isnan(low) or isnan(high) else (low, high)


def _conditions(each: Compared) -> str:
    if each.setups > 1:
        return f"over {each.setups} {'shared settings' if each.order.contest.complete else 'settings'}"
    return plain(each.conditions).replace("`", "") or "under the same conditions"
