"""The chart of a trial's telemetry: what the GPU did over time, or the host if no GPU was measured."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from math import ceil
from statistics import fmean
from typing import NamedTuple

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.measure.samples import GpuSample, HostSample, Sample
from chimera_dagster.render.blocks import Chart, Svg, Table
from chimera_dagster.render.scale import Scale, linear
from chimera_dagster.render.svg import SERIES, Canvas, Margins, spread

_POINTS = 120  # of a line; more samples are drawn as means of neighbours
_PANEL_PX, _BETWEEN_PX = 90, 44
_LETTER_PX, _PHONE_PX, _DESK_PX = 7, 210, 550  # widths of a letter and of the plot, to see which names fit


class Span(NamedTuple):
    """A call, from its request to its last chunk, in ms since the trial began."""

    name: str
    start_ms: float
    end_ms: float


class _Panel(NamedTuple):
    field: str
    name: str
    unit: str
    note: str = ""


_GPU = (
    _Panel("gpu_util_pct", "GPU utilisation", "%", " of the time with a kernel running"),
    _Panel("memory_used_mib", "GPU memory in use", "MiB"),
    _Panel("power_w", "GPU power", "W"),
)
_HOST = (
    _Panel("cpu_pct", "host CPU", "%", " of all cores"),
    _Panel("engine_rss_mib", "engine resident memory", "MiB"),
)


class _Point(NamedTuple):
    """The mean of some neighbouring samples; None for a value that none of them has."""

    source: str
    at_s: float
    values: tuple[float | None, ...]


def telemetry_over_time(samples: Sequence[Sample], spans: Sequence[Span]) -> Chart | None:
    """Utilisation, memory and power of each GPU with the calls shaded, or CPU and memory of the host without a GPU.

    A quantity that was never measured is left out; None if nothing was measured.
    """
    gpu = [sample for sample in samples if isinstance(sample, GpuSample)]
    panels = _measured(gpu, _GPU)
    if panels:
        gpus = {name: f"GPU {number}" for number, name in enumerate(dict.fromkeys(sample.gpu for sample in gpu))}
        lines = {name: [sample for sample in gpu if sample.gpu == key] for key, name in gpus.items()}
    else:
        host = [sample for sample in samples if isinstance(sample, HostSample)]
        panels, lines = _measured(host, _HOST), {"host": host}
    if not panels:
        return None
    every = ceil(max(map(len, lines.values())) / _POINTS)
    points = {name: _means(name, line, every, panels) for name, line in lines.items()}
    device = "The GPU" if len(lines) == 1 and gpu else "Each GPU" if gpu else "The host"
    title = f"{device} during the trial"
    names = " and ".join(filter(None, [", ".join(panel.name for panel in panels[:-1]), panels[-1].name]))
    description = f"{_capitalised(names)} over time; calls are shaded."
    if every > 1:
        description += f" Each point is the mean of {every} samples."
    return Chart(
        _drawn(title, description, panels, points, spans), title, description, _table(title, panels, points, spans)
    )


def _measured(samples: Sequence[Sample], panels: Sequence[_Panel]) -> list[_Panel]:
    return [panel for panel in panels if any(getattr(sample, panel.field) is not None for sample in samples)]


def _means(source: str, samples: Sequence[Sample], every: int, panels: Sequence[_Panel]) -> list[_Point]:
    parts = [samples[first : first + every] for first in range(0, len(samples), every)]
    return [
        _Point(
            source,
            fmean(sample.at_ms for sample in part) / 1e3,
            tuple(_mean([getattr(sample, panel.field) for sample in part]) for panel in panels),
        )
        for part in parts
    ]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _drawn(
    title: str, description: str, panels: Sequence[_Panel], points: Mapping[str, list[_Point]], spans: Sequence[Span]
) -> Svg:
    height = len(panels) * _PANEL_PX + (len(panels) - 1) * _BETWEEN_PX
    canvas = Canvas(title, description, height, Margins(44, 64 if len(points) > 1 else 20, 44, 52))
    ends = [point.at_s for line in points.values() for point in line] + [span.end_ms / 1e3 for span in spans]
    x_scale = linear(ends, zero=True, tight=True)
    tops = [number * (_PANEL_PX + _BETWEEN_PX) for number in range(len(panels))]
    for top in tops:
        for span in spans:
            _shade(canvas, x_scale, span, top, named=top == 0)
    canvas.x_axis(x_scale, "s since the trial began", [(top, top + _PANEL_PX) for top in tops])
    for number, (panel, top) in enumerate(zip(panels, tops, strict=True)):
        known = [value for line in points.values() for point in line if (value := point.values[number]) is not None]
        y_scale = linear([0, 100], 2) if panel.unit == "%" else linear(known, 3, zero=True)
        canvas.text(
            f"{_capitalised(panel.name)}, {panel.unit}{panel.note}",
            (0, top - (26 if top == 0 else 10)),
            "label",
            "start",
            -44,
        )
        canvas.y_axis(y_scale, top, top + _PANEL_PX)
        _draw_lines(canvas, x_scale, y_scale, number, top, points)
    return canvas.svg()


def _shade(canvas: Canvas, x_scale: Scale, span: Span, top: float, named: bool) -> None:
    begin, end = x_scale.at(span.start_ms / 1e3), x_scale.at(span.end_ms / 1e3)
    canvas.rectangle((begin, top), (end, top + _PANEL_PX), "span")
    for edge in (begin, end):
        canvas.line((edge, top), (edge, top + _PANEL_PX), "mark")
    needed = _LETTER_PX * len(span.name) + 4
    if named and (end - begin) * _DESK_PX >= needed:
        canvas.text(span.name, ((begin + end) / 2, top - 6), "" if (end - begin) * _PHONE_PX >= needed else "roomy")


def _draw_lines(
    canvas: Canvas, x_scale: Scale, y_scale: Scale, field: int, top: float, points: Mapping[str, list[_Point]]
) -> None:
    """Each source's line, interrupted where a value is missing; if there are several, each with its name at its end."""
    ends: dict[str, tuple[float, float]] = {}
    for number, (name, line) in enumerate(points.items()):
        runs = [
            [
                (x_scale.at(point.at_s), top + _PANEL_PX * (1 - y_scale.at(value)))
                for point in run
                if (value := point.values[field]) is not None
            ]
            for _, run in groupby(line, key=lambda point: point.values[field] is None)
        ]
        canvas.path(runs, f"line {SERIES[number % len(SERIES)]}")
        if drawn := [run for run in runs if run]:
            ends[name] = drawn[-1][-1]
    if len(points) > 1:
        heights = spread([y for _, y in ends.values()], top, top + _PANEL_PX, 13)
        for (name, end), height in zip(ends.items(), heights, strict=True):
            canvas.line(end, (1, height), "leader")
            canvas.text(name, (1, height + 4), "label", "start", 6)


def _table(title: str, panels: Sequence[_Panel], points: Mapping[str, list[_Point]], spans: Sequence[Span]) -> Table:
    rows = [
        (
            f"{point.at_s:.2f}",
            point.source,
            *("none" if value is None else format_value(value, "") for value in point.values),
            next((span.name for span in spans if span.start_ms <= point.at_s * 1e3 <= span.end_ms), "between calls"),
        )
        for point in sorted((point for line in points.values() for point in line), key=lambda point: point.at_s)
    ]
    return Table(
        ("s since the trial began", "source", *(f"{panel.name}, {panel.unit}" for panel in panels), "call"),
        tuple(rows),
        f"Values of the chart: {title}",
        frozenset({0, *range(2, 2 + len(panels))}),
    )


def _capitalised(text: str) -> str:
    return text[0].upper() + text[1:]
