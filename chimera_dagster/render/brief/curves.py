"""Charts of a brief over a load or a length: a line for each model."""

from typing import NamedTuple

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.evidence.setups import value_words
from chimera_dagster.notes.charted import Curve, Curves
from chimera_dagster.notes.reading import range_text
from chimera_dagster.render.blocks import Chart, Table
from chimera_dagster.render.scale import Scale, linear, logarithmic
from chimera_dagster.render.svg import SERIES, Canvas, Margins, Point, wrapped
from chimera_dagster.text.foreign import visible

_PLOT_PX = 220
_LEGEND_PX = 18
_ROOM = 1.4  # of the axis above the highest value, for intervals; what is longer is cut off
_LOG_FROM = 10.0  # ratio of the largest to the smallest value above which an axis is logarithmic
_NAMES = {
    "concurrency": "requests at once",
    "request_rate": "requests a second",
    "batch_size": "batch size",
    "context_depth": "tokens of context",
    "prompt_tokens": "tokens of the prompt",
    "seq_len": "sequence length",
    "prompt_words": "words of the prompt",
}


class _Axes(NamedTuple):
    x: Scale
    y: Scale

    def place(self, x: float, y: float) -> Point:
        return self.x.at(x), _PLOT_PX * (1 - self.y.at(y))


def throughput_against_latency(load: Curves) -> Chart:
    """Up is more throughput, left is less waiting; each dot is a level of the load."""
    assert load.x is not None
    title = f"{load.y.words.capitalize()} against {load.x.words}"
    level = _NAMES.get(load.name, load.name)
    described = f"Each dot is a level of {level}, joined in their order; all else is equal along a line."
    return _drawn(title, described, load, load.x.words, load.x.unit)


def over_length(curves: Curves) -> Chart:
    name = _NAMES.get(curves.name, curves.name)
    title = f"{curves.y.words.capitalize()} over {name}"
    return _drawn(title, "A line for each model; all else is equal along it.", curves, name, "")


def _drawn(title: str, described: str, curves: Curves, x_name: str, x_unit: str) -> Chart:
    x, y = _values(curves)
    bounds = [bound for curve in curves.curves for bound in curve.bounds if bound]
    highest = min(max([*y, *(high for _, high in bounds)]), _ROOM * max(y))
    axes = _Axes(_scale(x), linear([*y, highest], zero=True))
    if bounds:
        described += " The upright lines are 95 % intervals."
    legend = _LEGEND_PX * len(curves.curves)
    canvas = Canvas(title, described, _PLOT_PX, Margins(legend + 34, 24, 44, 60))
    canvas.text(curves.y.unit, (0, -14), "", "end", -8)
    canvas.y_axis(axes.y, 0, _PLOT_PX)
    named = f"{x_name}, {x_unit}" if x_unit else x_name
    canvas.x_axis(axes.x, f"{named}, logarithmic" if axes.x.is_log else named)
    for number, curve in enumerate(curves.curves):
        series = SERIES[number % len(SERIES)]
        height = -34 - legend + _LEGEND_PX * (number + 1)
        canvas.path([[(0.0, height), (0.06, height)]], f"line {series}")
        canvas.text(wrapped(visible(curve.model))[0], (0.06, height + 4), "label", "start", 8)
        points = [axes.place(*point) for point in zip(curve.x, curve.y, strict=True)]
        canvas.path([points], f"line {series}")
        for at, bound in zip(curve.x, curve.bounds, strict=True):
            if bound:
                canvas.line(axes.place(at, bound[0]), axes.place(at, min(bound[1], axes.y.high)), f"thin {series}")
        for point, level in zip(points, curve.levels, strict=True):
            canvas.dot(point, f"dot {series}", f"{curve.model}, {curves.name}={value_words(level)}")
    return Chart(canvas.svg(), title, described, _table(title, curves), on_paper=False)


def _table(title: str, curves: Curves) -> Table:
    x = curves.x
    rows = tuple(
        (
            curve.model,
            value_words(level),
            *((format_value(at, x.unit),) if x else ()),
            format_value(value, curves.y.unit),
            range_text(*bound, curves.y.unit) if bound else "–",
        )
        for curve in curves.curves
        for level, at, value, bound in zip(curve.levels, curve.x, curve.y, curve.bounds, strict=True)
    )
    header = ("model", curves.name, *((x.words,) if x else ()), curves.y.words, "95 % interval")
    return Table(header, rows, f"Values of the chart: {title}", frozenset(range(1, len(header))))


def _values(curves: Curves) -> tuple[list[float], list[float]]:
    every: list[Curve] = curves.curves
    return [x for curve in every for x in curve.x], [y for curve in every for y in curve.y]


def _scale(values: list[float]) -> Scale:
    if min(values) > 0 and max(values) / min(values) > _LOG_FROM:
        return logarithmic(values)
    return linear(values)
