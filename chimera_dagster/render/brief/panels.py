"""Charts of a brief with a row for each model: intervals, cold starts, percentiles. Panels stand below each other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.evidence.measures import USED, Measure
from chimera_dagster.notes.charted import Load, Spread
from chimera_dagster.notes.performance import Column, Row, Value, columns_of
from chimera_dagster.notes.reading import range_text, reading
from chimera_dagster.render.blocks import Chart, Table
from chimera_dagster.render.brief.tables import column_words
from chimera_dagster.render.scale import Scale, linear, logarithmic
from chimera_dagster.render.svg import Canvas, Margins, wrapped
from chimera_dagster.text.foreign import visible

_LINE_PX = 15  # of a row's label
_ROW_PX = 26  # of the rest of a row
_TITLE_PX = 22
_AXIS_PX = 44
_GAP_PX = 14
_MEASURES = 2  # of the first chart
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


def comparison(rows: Sequence[Row]) -> Chart | None:
    """Models by the one or two measures that answer first, as the table beside it has them, with intervals."""
    columns: dict[Measure, Column] = {}
    for column in columns_of(rows):
        if not column.cold and column.measure not in USED:
            columns.setdefault(column.measure, column)
    shown = list(columns.values())[:_MEASURES]
    if not shown:
        return None
    parts = {column: _best_first(rows, column) for column in shown}
    panels = [
        Panel(
            column_words(column).capitalize(),
            [(name, [Bar(value.value, value.low, value.high)], value.text) for name, value in part],
            column.measure.unit,
        )
        for column, part in parts.items()
    ]
    table = [
        (
            column_words(column),
            name,
            value.text,
            _interval_words(value),
            "not stated" if not value.n else f"{value.n:,}",
        )
        for column, part in parts.items()
        for name, value in part
    ]
    described = "Best first; the line is the 95 % interval."
    if any(value.low is None for part in parts.values() for _, value in part):
        described += " An open circle has no interval: there are too few runs, or the files do not state it."
    header = ("measure", "model", "value", "95 % interval", "runs")
    return _drawn("The models", described, panels, header, table, 2, in_table=True)


def _best_first(rows: Sequence[Row], column: Column) -> list[tuple[str, Value]]:
    known = [(row.model, row.values[column]) for row in rows if column in row.values]
    return sorted(known, key=lambda each: column.measure.sign * each[1].value)


def _interval_words(value: Value) -> str:
    return "–" if value.low is None or value.high is None else range_text(value.low, value.high, value.unit)


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
    *,
    in_table: bool = False,
) -> Chart:
    """`first` is the first numeric column of the table; `in_table`: a table of the page has the values too."""
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
    return Chart(canvas.svg(), title, described, table, on_paper=False, in_table=in_table)


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
