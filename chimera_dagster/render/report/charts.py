"""The charts of a trial report, each from plain data and with a table of the values that it draws.

Each function returns None if there is nothing to draw. svg.py draws them and not matplotlib, whose drawings are scaled
as a whole: on a phone of 360 px its text is 6 to 7 px high. It would also add a second to the start and seven packages.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import median, quantiles
from typing import NamedTuple

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.render.blocks import Chart, Table
from chimera_dagster.render.scale import Scale, linear, logarithmic
from chimera_dagster.render.svg import SERIES, Canvas, Margins, Point, spread, wrapped
from chimera_dagster.text.foreign import visible

_LINE_PX = 15  # of a row's label
_ROW_PX = 30  # of the rest of a row
_PLOT_PX = 220
_LETTER_PX = 13  # the height of a line of 12 px text
_POINTS = 60  # of a line; its table is read and printed too
_LOG_FROM = 5.0  # ratio of the largest value to the median above which an axis is logarithmic


class Estimate(NamedTuple):
    """The mean over `n` runs of one configuration, with its 95 % interval if `n` is 3 or more."""

    label: str
    n: int
    mean: float
    low: float | None = None
    high: float | None = None

    @property
    def drawn_from(self) -> float | None:
        """`low`, or 0 if the interval, which is symmetric, extends to negative times or rates."""
        return self.low if self.low is None or self.mean < 0 else max(self.low, 0.0)


class Trace(NamedTuple):
    """When each chunk of a call arrived, in ms since the request was sent. Calls of one stage are drawn alike."""

    name: str
    stage: str
    at_ms: Sequence[float]


def throughput_by_configuration(estimates: Sequence[Estimate], limit: int = 15) -> Chart | None:
    """Decode throughput in tok/s, fastest first; `limit` rows are drawn, the table has all."""
    ranked = sorted(estimates, key=lambda estimate: (-estimate.mean, estimate.label))
    return _by_configuration("Throughput by configuration", "tok/s", ranked, limit) if ranked else None


def ttft_by_configuration(estimates: Sequence[Estimate], limit: int = 15) -> Chart | None:
    """Time to the first token in ms, shortest first; `limit` rows are drawn, the table has all."""
    ranked = sorted(estimates, key=lambda estimate: (estimate.mean, estimate.label))
    return _by_configuration("Time to the first token by configuration", "ms", ranked, limit) if ranked else None


def _by_configuration(title: str, unit: str, ranked: Sequence[Estimate], limit: int) -> Chart:
    shown, left_out = ranked[:limit], len(ranked) - limit
    scale = _scale([value for row in shown for value in (row.mean, row.drawn_from, row.high) if value is not None])
    description = f"Mean of each configuration in {unit}, best first; the bar is its 95 % interval."
    if any(row.low is None for row in shown):
        description += " An open circle has fewer than three runs, too few for an interval."
    if any(row.low != row.drawn_from for row in shown):
        description += " A bar that is open at 0 belongs to an interval that extends below 0."
    if left_out > 0:
        description += f" The best {len(shown)} of {len(ranked)} are drawn."
    labels = [wrapped(visible(row.label)) for row in shown]
    tops = [0, *accumulate(_ROW_PX + _LINE_PX * len(label) for label in labels)]
    canvas = Canvas(title, description, tops[-1], Margins(8, 92, 64 if left_out > 0 else 44, 12))
    canvas.x_axis(scale, f"{unit}, logarithmic" if scale.is_log else unit)
    for row, label, top in zip(shown, labels, tops, strict=False):
        _draw_row(canvas, scale, row, label, top)
    if left_out > 0:
        canvas.text(f"and {left_out} more", (0, canvas.height + 54), "label", "start")
    table = Table(
        ("configuration", f"mean, {unit}", "95 % from", "95 % to", "n"),
        tuple((row.label, _value(row.mean), _value(row.low), _value(row.high), str(row.n)) for row in ranked),
        _caption(title),
        frozenset(range(1, 5)),
    )
    return Chart(canvas.svg(), title, description, table)


def _draw_row(canvas: Canvas, scale: Scale, row: Estimate, label: Sequence[str], top: float) -> None:
    for number, line in enumerate(label, 1):
        canvas.text(line, (0, top + _LINE_PX * number), "label", "start")
    middle = top + _LINE_PX * len(label) + 13
    canvas.line((0, middle), (1, middle), "grid")
    if row.drawn_from is not None and row.high is not None:
        canvas.line((scale.at(row.drawn_from), middle), (scale.at(row.high), middle), "whisker s1")
        for end in (row.drawn_from, row.high) if row.low == row.drawn_from else (row.high,):
            canvas.line((scale.at(end), middle - 4), (scale.at(end), middle + 4), "whisker s1")
    canvas.dot((scale.at(row.mean), middle), "dot s1" if row.low is not None else "dot s1 open")
    canvas.text(f"{_value(row.mean)}, n={row.n}", (1, middle + 4), "value", "start", 10)


def token_timeline(traces: Sequence[Trace], limit: int = 12) -> Chart | None:
    """Chunks over time of the first `limit` calls that have any; a dot marks the first chunk, at the call's TTFT.

    A line goes through at most 60 chunks of its call, including the first and the last.
    """
    answered = [trace for trace in traces if trace.at_ms]
    shown = answered[:limit]
    if not shown:
        return None
    points = [[(number + 1, trace.at_ms[number]) for number in _thinned(len(trace.at_ms))] for trace in shown]
    x_scale = linear([trace.at_ms[-1] / 1e3 for trace in shown], zero=True, tight=True)
    y_scale = linear([len(trace.at_ms) for trace in shown], zero=True)
    title = "Chunks received over time"
    description = (
        "Chunks of each call since its request was sent. A dot marks the first chunk; a flat stretch is a pause."
    )
    if len(answered) > limit:
        description += f" The first {limit} of {len(answered)} calls are drawn."
    canvas = Canvas(title, description, _PLOT_PX, Margins(28, 84, 44, 48))
    canvas.text("chunks", (0, -14), "", "start", -40)
    canvas.y_axis(y_scale, 0, _PLOT_PX)
    canvas.x_axis(x_scale, "s since the request was sent")

    def place(chunk: int, at_ms: float) -> Point:
        return x_scale.at(at_ms / 1e3), _PLOT_PX * (1 - y_scale.at(chunk))

    stages = list(dict.fromkeys(trace.stage for trace in shown))
    ends = [place(*line[-1]) for line in points]
    heights = spread([y for _, y in ends], 0, _PLOT_PX, _LETTER_PX)
    for trace, line, end, height in zip(shown, points, ends, heights, strict=True):
        series = SERIES[stages.index(trace.stage) % len(SERIES)]
        canvas.path([[place(*point) for point in line]], f"line {series}")
        canvas.dot(place(*line[0]), f"dot {series}")
        canvas.line(end, (1, height), "leader")
        canvas.text(trace.name, (1, height + 4), "label", "start", 6)
    rows = [
        (trace.name, str(chunk), f"{at_ms:.1f}")
        for trace, line in zip(shown, points, strict=True)
        for chunk, at_ms in line
    ]
    table = Table(("call", "chunk", "ms since its request"), tuple(rows), _caption(title), frozenset({1, 2}))
    return Chart(canvas.svg(), title, description, table)


def latency_distribution(traces: Sequence[Trace]) -> Chart | None:
    """The share of the gaps between the chunks of all calls that were at most so long."""
    gaps = [after - before for trace in traces for before, after in pairwise(trace.at_ms)]
    if len(gaps) < 2:
        return None
    centiles = quantiles(gaps, n=100, method="inclusive")  # as metrics.json has them of each call
    # not from the minimum on: chunks that came in one piece are 0 ms apart and would fill most of a logarithmic axis
    drawn = [(f"p{share}", share, centiles[share - 1]) for share in (1, *range(5, 95, 5), *range(95, 100))]
    drawn += [("maximum", 100, max(gaps))]
    title = "Time between chunks"
    description = (
        f"Share of the {len(gaps)} gaps between chunks that were at most so long, without the shortest 1 %. "
        "A chunk is not always a token."
    )
    scale = _scale([gap for _, _, gap in drawn])
    canvas = Canvas(title, description, _PLOT_PX, Margins(64, 92, 44, 48))
    canvas.text("% of gaps", (0, -52), "", "start", -40)
    canvas.y_axis(linear([0, 100]), 0, _PLOT_PX)
    canvas.x_axis(scale, "ms between chunks, logarithmic" if scale.is_log else "ms between chunks")
    canvas.path([[(scale.at(gap), _PLOT_PX * (1 - share / 100)) for _, share, gap in drawn]], "line s1")
    for number, share in enumerate((50, 95, 99)):
        x, y = scale.at(centiles[share - 1]), -36 + 16 * number
        canvas.line((x, y - 4), (x, _PLOT_PX), "mark")
        canvas.dot((x, _PLOT_PX * (1 - share / 100)), "dot s1")
        words = f"p{share} {format_value(centiles[share - 1], 'ms')}"
        canvas.text(words, (x, y), "label", "start", 6)  # to the right, where the marks begin lower down
    table = Table(
        ("percentile", "% of gaps", "up to, ms"),
        tuple((name, str(share), f"{gap:.2f}") for name, share, gap in drawn),
        _caption(title),
        frozenset({1, 2}),
    )
    return Chart(canvas.svg(), title, description, table)


def _scale(values: Sequence[float]) -> Scale:
    if min(values) > 0 and max(values) / median(values) > _LOG_FROM:
        return logarithmic(values)
    return linear(values)


def _thinned(count: int) -> list[int]:
    """The numbers of at most `_POINTS` of `count` points, evenly spread from the first to the last."""
    if count <= _POINTS:
        return list(range(count))
    return [round(number * (count - 1) / (_POINTS - 1)) for number in range(_POINTS)]


def _caption(title: str) -> str:
    return f"Values of the chart: {title}"


def _value(value: float | None) -> str:
    return "none" if value is None else format_value(value, "")
