"""SVG of a chart from a few helpers: its lines stretch with the page while its words keep their size.

Across, a place is a share of the plot from 0 to 1 and is written in percent; downwards it is pixels. So a chart is as
readable on a phone of 360 px as on paper, which a drawing that is scaled as a whole is not. Colours and strokes are
classes of templates/page.css, which has them for light, dark and print.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple
from xml.etree import ElementTree

from chimera_dagster.render.page import Svg, visible

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]  # share of the width, pixels from the top
SERIES = ("s1", "s2", "s3", "s4")  # each has its colour and its dashes

_LABEL_CHARS = 44  # of a line, as many as a phone has room for
_UNITS = 1000  # a path's own units across the plot


class Scale(NamedTuple):
    """Values from `low` to `high` on an axis, with ticks at round numbers."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def at(self, value: float) -> float:
        """Where `value` lies: 0 at the low end, 1 at the high end."""
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def tick_texts(self) -> list[str]:
        """The ticks as they are written, all with the decimals that the finest of them needs."""
        if self.is_log:
            return [f"{tick:,.0f}" if tick >= 1 else f"{tick:g}" for tick in self.ticks]
        decimals = max(_decimals(tick) for tick in self.ticks)
        return [f"{tick:,.{decimals}f}" for tick in self.ticks]


def linear(values: Iterable[float], count: int = 5, zero: bool = False, tight: bool = False) -> Scale:
    """A scale of about `count` steps around `values`, from 0 where that is asked for or costs no more than half of it.

    `tight`: it ends at the last value and not at a tick. Raises ValueError where a value is not finite.
    """
    low, high = _range(values)
    if zero or 0 <= low <= high / 2:
        low = min(low, 0.0)
    if high <= low:
        low, high = (low, low + 1) if low == 0 else (low - abs(low) / 10, high + abs(high) / 10)
    step = _round_up((high - low) / count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    if tight:
        return Scale(ticks[0], high, tuple(tick for tick in ticks if tick <= high))
    return Scale(ticks[0], ticks[-1], ticks)


def logarithmic(values: Iterable[float]) -> Scale:
    """A logarithmic scale around positive `values`, its ticks at 1, 2 and 5 or, over some range, at powers of ten.

    Raises ValueError for other values.
    """
    low, high = _range(values)
    if low <= 0:
        raise ValueError(f"{low} has no place on a logarithmic axis.")
    first, last = math.floor(math.log10(low)), math.floor(math.log10(high)) + 1
    fine = [factor * 10.0**power for power in range(first, last + 1) for factor in (1, 2, 5)]
    begin = max(tick for tick in fine if tick <= low * (1 + 1e-9))
    end = min(tick for tick in fine if tick >= high * (1 - 1e-9) and tick > begin)
    if end / begin <= 50:
        return Scale(begin, end, tuple(tick for tick in fine if begin <= tick <= end), is_log=True)
    last = math.ceil(math.log10(high))
    ticks = tuple(10.0**power for power in range(first, last + 1, math.ceil((last - first) / 5)))
    return Scale(10.0**first, 10.0**last, ticks, is_log=True)


class Margins(NamedTuple):
    """Pixels around the plot, for what is written beside it."""

    top: int
    right: int
    bottom: int
    left: int


class Chart:
    """A plot of `height` pixels, as wide as the page, with `margins` around it."""

    def __init__(self, title: str, description: str, height: float, margins: Margins) -> None:
        self.height = height
        sides = margins.left + margins.right
        self._root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "class": "chart",
                "role": "img",
                # the margins are padding, as the plot alone is what percents refer to
                "style": f"box-sizing:content-box;display:block;overflow:visible;width:calc(100% - {sides}px);"
                f"height:{_number(height)}px;padding:{' '.join(f'{margin}px' for margin in margins)}",
            },
        )
        ElementTree.SubElement(self._root, "title").text = visible(title)
        ElementTree.SubElement(self._root, "desc").text = visible(description)

    def line(self, begin: Point, end: Point, kind: str) -> None:
        self._add("line", kind, x1=_percent(begin[0]), y1=begin[1], x2=_percent(end[0]), y2=end[1])

    def rectangle(self, begin: Point, end: Point, kind: str) -> None:
        """From its upper left to its lower right corner."""
        size = {"width": _percent(end[0] - begin[0]), "height": end[1] - begin[1]}
        self._add("rect", kind, x=_percent(begin[0]), y=begin[1], **size)

    def dot(self, at: Point, kind: str, said: str = "") -> None:
        """With what is `said` to whoever points at it."""
        circle = self._add("circle", kind, cx=_percent(at[0]), cy=at[1], r=4)
        if said:
            ElementTree.SubElement(circle, "title").text = visible(said)

    def text(self, words: str, at: Point, kind: str = "", anchor: Anchor = "middle", shift: float = 0) -> None:
        """Words on one line; `shift` moves them by pixels to the right."""
        places = {"x": _percent(at[0]), "y": at[1], "dx": shift, "text-anchor": anchor}
        self._add("text", kind, **places).text = visible(words)

    def path(self, runs: Iterable[Sequence[Point]], kind: str) -> None:
        """Lines through the points of each run."""
        drawn = "".join("M" + "L".join(f"{_number(x * _UNITS)} {_number(y)}" for x, y in run) for run in runs if run)
        box = {"width": "100%", "height": self.height, "viewBox": f"0 0 {_UNITS} {_number(self.height)}"}
        frame = self._add("svg", "", role="none", preserveAspectRatio="none", overflow="visible", **box)
        ElementTree.SubElement(frame, "path", {"class": kind, "d": drawn, "vector-effect": "non-scaling-stroke"})

    def across(self, scale: Scale, name: str, panels: Sequence[tuple[float, float]] = ()) -> None:
        """The axis below the plot and its name, with its grid between the heights of each panel (none: all of it)."""
        for tick, words in zip(scale.ticks, scale.tick_texts(), strict=True):
            for top, bottom in panels or [(0, self.height)]:
                self.line((scale.at(tick), top), (scale.at(tick), bottom), "grid")
            self.text(words, (scale.at(tick), self.height + 18), "x-tick")
        self.line((0, self.height), (1, self.height), "axis")
        self.text(name, (0.5, self.height + 36))

    def down(self, scale: Scale, top: float, bottom: float) -> None:
        """The axis at the left, between two heights, with its grid."""
        for tick, words in zip(scale.ticks, scale.tick_texts(), strict=True):
            y = bottom - scale.at(tick) * (bottom - top)
            self.line((0, y), (1, y), "grid")
            self.text(words, (0, y + 4), "y-tick", "end", -8)

    def svg(self) -> Svg:
        """The markup; the same calls give the same bytes."""
        return Svg(ElementTree.tostring(self._root, encoding="unicode"))

    def _add(self, tag: str, kind: str, **attributes: str | float) -> ElementTree.Element:
        written = {name: value if isinstance(value, str) else _number(value) for name, value in attributes.items()}
        return ElementTree.SubElement(self._root, tag, ({"class": kind} if kind else {}) | written)


def wrapped(label: str) -> list[str]:
    """A label as one or two lines that fit the width of a phone; the middle of a longer one is left out."""
    if len(label) <= _LABEL_CHARS:
        return [label]
    end = label.rfind(" ", 0, _LABEL_CHARS + 1)
    first, rest = (label[:end], label[end + 1 :]) if end > 0 else (label[:_LABEL_CHARS], label[_LABEL_CHARS:])
    half = (_LABEL_CHARS - 1) // 2
    return [first, rest if len(rest) <= _LABEL_CHARS else f"{rest[:half]}…{rest[-half:]}"]


def spread(wanted: Sequence[float], low: float, high: float, apart: float) -> list[float]:
    """Heights for labels as near to the wanted ones as they can be without touching, in the same order."""
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    placed = list(wanted)
    floor = low
    for number in order:
        placed[number] = floor = max(wanted[number], floor)
        floor += apart
    ceiling = high
    for number in reversed(order):
        placed[number] = ceiling = min(placed[number], ceiling)
        ceiling -= apart
    return placed


def _range(values: Iterable[float]) -> tuple[float, float]:
    listed = list(values)
    if not listed or not all(map(math.isfinite, listed)):
        raise ValueError("An axis needs values, and all of them finite.")
    return min(listed), max(listed)


def _round_up(step: float) -> float:
    """The next of 1, 2, 2.5, 5 and 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * (1 - 1e-9))


def _decimals(value: float) -> int:
    digits = f"{value:.10f}".rstrip("0")
    return len(digits) - digits.index(".") - 1


def _percent(share: float) -> str:
    return f"{_number(100 * share)}%"


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if value else "0"
