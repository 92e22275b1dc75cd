"""The figures of a report, each from plain data, with the values that it draws as its table. None: nothing to draw.

They are drawn by render/chart.py and not by matplotlib, whose drawings are scaled as a whole: on a phone of 360 px its
words are 6 to 7 px high. It would also add a second to the start and seven packages.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import median, quantiles
from typing import NamedTuple

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.render.page import Figure, Inlines, Table, Text, visible
from chimera_dagster.render.svg import SERIES, Chart, Margins, Point, Scale, linear, logarithmic, spread, wrapped

_LINE_PX = 15  # of a row's label
_ROW_PX = 30  # of the rest of a row
_PLOT_PX = 220
_LETTER_PX = 13  # the height of a line of 12 px text
_POINTS = 60  # of a line; its table is read and printed too
_LOG_FROM = 5.0  # largest value over the middle one above which a linear axis has most values in a corner


class Estimate(NamedTuple):
    """A mean over `n` runs of one configuration, with its 95 % interval where there is one (n of 3 or more)."""

    label: str
    n: int
    mean: float
    low: float | None = None
    high: float | None = None

    @property
    def drawn_from(self) -> float | None:
        """`low`, but 0 where an interval, as wide on both sides, reaches to times or rates that can't be."""
        return self.low if self.low is None or self.mean < 0 else max(self.low, 0.0)


class Trace(NamedTuple):
    """One call: when each chunk arrived, in ms since its request was sent. Calls of one stage are drawn alike."""

    name: str
    stage: str
    at_ms: Sequence[float]


def throughput_by_configuration(estimates: Sequence[Estimate], limit: int = 15) -> Figure | None:
    """Decode throughput in tok/s, the fastest first; `limit` rows are drawn, the table has all."""
    ranked = sorted(estimates, key=lambda each: (-each.mean, each.label))
    return _by_configuration("Throughput by configuration", "tok/s", ranked, limit) if ranked else None


def ttft_by_configuration(estimates: Sequence[Estimate], limit: int = 15) -> Figure | None:
    """Time to the first token in ms, the shortest first; `limit` rows are drawn, the table has all."""
    ranked = sorted(estimates, key=lambda each: (each.mean, each.label))
    return _by_configuration("Time to the first token by configuration", "ms", ranked, limit) if ranked else None


def _by_configuration(title: str, unit: str, ranked: Sequence[Estimate], limit: int) -> Figure:
    shown, left = ranked[:limit], len(ranked) - limit
    values = [value for each in shown for value in (each.mean, each.drawn_from, each.high) if value is not None]
    scale = _scale(values)
    description = f"Mean of each configuration in {unit}, the best first, its 95 % interval as a bar."
    if any(each.low is None for each in shown):
        description += " An open circle has no interval, as it stands for fewer than three runs."
    if any(each.low != each.drawn_from for each in shown):
        description += " A bar without an end at 0 is of an interval that reaches below it."
    if left > 0:
        description += f" The best {len(shown)} of {len(ranked)} are drawn."
    labels = [wrapped(visible(each.label)) for each in shown]
    tops = [0, *accumulate(_ROW_PX + _LINE_PX * len(label) for label in labels)]
    chart = Chart(title, description, tops[-1], Margins(8, 92, 64 if left > 0 else 44, 12))
    chart.across(scale, f"{unit}, logarithmic" if scale.is_log else unit)
    for each, label, top in zip(shown, labels, tops, strict=False):
        _row(chart, scale, each, label, top)
    if left > 0:
        chart.text(f"and {left} more", (0, chart.height + 54), "label", "start")
    table = Table(
        ("configuration", f"mean, {unit}", "95 % from", "95 % to", "n"),
        tuple(
            _texts(each.label, _value(each.mean), _value(each.low), _value(each.high), str(each.n)) for each in ranked
        ),
        f"Values of: {title}",
        frozenset(range(1, 5)),
    )
    return Figure(chart.svg(), title, description, table)


def _row(chart: Chart, scale: Scale, each: Estimate, label: Sequence[str], top: float) -> None:
    for number, line in enumerate(label, 1):
        chart.text(line, (0, top + _LINE_PX * number), "label", "start")
    middle = top + _LINE_PX * len(label) + 13
    chart.line((0, middle), (1, middle), "grid")
    if each.drawn_from is not None and each.high is not None:
        chart.line((scale.at(each.drawn_from), middle), (scale.at(each.high), middle), "whisker s1")
        for end in (each.drawn_from, each.high) if each.low == each.drawn_from else (each.high,):
            chart.line((scale.at(end), middle - 4), (scale.at(end), middle + 4), "whisker s1")
    chart.dot((scale.at(each.mean), middle), "dot s1" if each.low is not None else "dot s1 open")
    chart.text(f"{_value(each.mean)}, n={each.n}", (1, middle + 4), "value", "start", 10)


def token_timeline(traces: Sequence[Trace], limit: int = 12) -> Figure | None:
    """Chunks over time of each call that has any, each from its own request; a dot marks the first, which is its TTFT.

    `limit` calls are drawn. A line goes through 60 of a call's chunks at most, its first and last among them.
    """
    spoken = [trace for trace in traces if trace.at_ms]
    shown, left = spoken[:limit], len(spoken) - limit
    if not shown:
        return None
    points = [[(number + 1, trace.at_ms[number]) for number in _thinned(len(trace.at_ms))] for trace in shown]
    across = linear([trace.at_ms[-1] / 1e3 for trace in shown], zero=True, tight=True)
    upwards = linear([len(trace.at_ms) for trace in shown], zero=True)
    title = "Chunks received over time"
    description = (
        "Chunks of each call since its request was sent; a dot marks the first one, a flat stretch is a pause."
    )
    if left > 0:
        description += f" The first {limit} of {len(spoken)} calls are drawn."
    chart = Chart(title, description, _PLOT_PX, Margins(28, 84, 44, 48))
    chart.text("chunks", (0, -14), "", "start", -40)
    chart.down(upwards, 0, _PLOT_PX)
    chart.across(across, "s since the request was sent")

    def place(chunk: int, at_ms: float) -> Point:
        return across.at(at_ms / 1e3), _PLOT_PX * (1 - upwards.at(chunk))

    stages = list(dict.fromkeys(trace.stage for trace in shown))
    ends = [place(*line[-1]) for line in points]
    heights = spread([y for _, y in ends], 0, _PLOT_PX, _LETTER_PX)
    for trace, line, end, height in zip(shown, points, ends, heights, strict=True):
        series = SERIES[stages.index(trace.stage) % len(SERIES)]
        chart.path([[place(*point) for point in line]], f"line {series}")
        chart.dot(place(*line[0]), f"dot {series}")
        chart.line(end, (1, height), "leader")
        chart.text(trace.name, (1, height + 4), "label", "start", 6)
    rows = [
        _texts(trace.name, str(chunk), f"{at:.1f}")
        for trace, line in zip(shown, points, strict=True)
        for chunk, at in line
    ]
    table = Table(("call", "chunk", "ms since its request"), tuple(rows), f"Values of: {title}", frozenset({1, 2}))
    return Figure(chart.svg(), title, description, table)


def latency_distribution(traces: Sequence[Trace]) -> Figure | None:
    """How long the gaps between the chunks of all calls were, as the share of gaps that were no longer."""
    gaps = [after - before for trace in traces for before, after in pairwise(trace.at_ms)]
    if len(gaps) < 2:
        return None
    centiles = quantiles(gaps, n=100, method="inclusive")  # as metrics.json has them of each call
    # not from the lowest on: what came in one piece is 0 ms apart, and would take up most of a logarithmic axis
    drawn = [(f"p{share}", share, centiles[share - 1]) for share in (1, *range(5, 95, 5), *range(95, 100))]
    drawn += [("highest", 100, max(gaps))]
    title = "Time between chunks"
    description = (
        f"Share of the {len(gaps)} gaps between chunks that were no longer than a time, but for the shortest 1 %; "
        "a chunk is not always a token."
    )
    scale = _scale([gap for _, _, gap in drawn])
    chart = Chart(title, description, _PLOT_PX, Margins(64, 92, 44, 48))
    chart.text("% of gaps", (0, -52), "", "start", -40)
    chart.down(linear([0, 100]), 0, _PLOT_PX)
    chart.across(scale, "ms between chunks, logarithmic" if scale.is_log else "ms between chunks")
    chart.path([[(scale.at(gap), _PLOT_PX * (1 - share / 100)) for _, share, gap in drawn]], "line s1")
    for number, share in enumerate((50, 95, 99)):
        x, y = scale.at(centiles[share - 1]), -36 + 16 * number
        chart.line((x, y - 4), (x, _PLOT_PX), "mark")
        chart.dot((x, _PLOT_PX * (1 - share / 100)), "dot s1")
        words = f"p{share} {format_value(centiles[share - 1], 'ms')}"
        chart.text(words, (x, y), "label", "start", 6)  # to the right, as the marks there begin lower down
    table = Table(
        ("gaps", "% no longer", "ms"),
        tuple(_texts(name, str(share), f"{gap:.2f}") for name, share, gap in drawn),
        f"Values of: {title}",
        frozenset({1, 2}),
    )
    return Figure(chart.svg(), title, description, table)


def _scale(values: Sequence[float]) -> Scale:
    if min(values) > 0 and max(values) / median(values) > _LOG_FROM:
        return logarithmic(values)
    return linear(values)


def _thinned(count: int) -> list[int]:
    """Numbers of at most `_POINTS` of `count` points, evenly spread, the first and the last among them."""
    if count <= _POINTS:
        return list(range(count))
    return [round(number * (count - 1) / (_POINTS - 1)) for number in range(_POINTS)]


def _value(value: float | None) -> str:
    return "none" if value is None else format_value(value, "")


def _texts(*cells: str) -> tuple[Inlines, ...]:
    return tuple((Text(cell),) for cell in cells)
