"""A canvas to draw a chart on as SVG: lines stretch with the page, text keeps its size.

Horizontal positions are shares of the plot from 0 to 1, written in percent; vertical ones are pixels. So a chart is as
readable on a phone of 360 px as on paper, which a drawing that is scaled as a whole is not. Colours and strokes are
classes of templates/page.css, which defines them for light, dark and print.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple
from xml.etree import ElementTree

from chimera_dagster.render.blocks import Svg
from chimera_dagster.render.scale import Scale
from chimera_dagster.text.foreign import visible

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]  # share of the plot's width, pixels from its top
SERIES = ("s1", "s2", "s3", "s4")  # classes, each with its own colour and dashes

_LABEL_CHARS = 44  # of a line; more do not fit on a phone
_UNITS = 1000  # width of the plot in a path's own units


class Margins(NamedTuple):
    """Pixels around the plot, where axes and labels are written."""

    top: int
    right: int
    bottom: int
    left: int


class Canvas:
    """A plot of `height` pixels, as wide as the page, with `margins` around it.

    A `kind` is the class, or several, that templates/page.css styles a mark by.
    """

    def __init__(self, title: str, description: str, height: float, margins: Margins) -> None:
        self.height = height
        sides = margins.left + margins.right
        self._root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "class": "chart",
                "role": "img",
                # the margins are padding, as percentages refer to the plot alone
                "style": f"box-sizing:content-box;display:block;overflow:visible;width:calc(100% - {sides}px);"
                f"height:{_number(height)}px;padding:{' '.join(f'{margin}px' for margin in margins)}",
            },
        )
        ElementTree.SubElement(self._root, "title").text = visible(title)
        ElementTree.SubElement(self._root, "desc").text = visible(description)

    def line(self, begin: Point, end: Point, kind: str) -> None:
        self._add("line", kind, x1=_percent(begin[0]), y1=begin[1], x2=_percent(end[0]), y2=end[1])

    def rectangle(self, begin: Point, end: Point, kind: str) -> None:
        """From `begin`, the upper left corner, to `end`, the lower right one."""
        size = {"width": _percent(end[0] - begin[0]), "height": end[1] - begin[1]}
        self._add("rect", kind, x=_percent(begin[0]), y=begin[1], **size)

    def dot(self, at: Point, kind: str, tooltip: str = "") -> None:
        circle = self._add("circle", kind, cx=_percent(at[0]), cy=at[1], r=4)
        if tooltip:
            ElementTree.SubElement(circle, "title").text = visible(tooltip)

    def text(self, words: str, at: Point, kind: str = "", anchor: Anchor = "middle", shift: float = 0) -> None:
        """One line of text; `shift` moves it by pixels to the right."""
        places = {"x": _percent(at[0]), "y": at[1], "dx": shift, "text-anchor": anchor}
        self._add("text", kind, **places).text = visible(words)

    def path(self, runs: Iterable[Sequence[Point]], kind: str) -> None:
        """One line through the points of each run, with gaps between the runs."""
        drawn = "".join("M" + "L".join(f"{_number(x * _UNITS)} {_number(y)}" for x, y in run) for run in runs if run)
        box = {"width": "100%", "height": self.height, "viewBox": f"0 0 {_UNITS} {_number(self.height)}"}
        frame = self._add("svg", "", role="none", preserveAspectRatio="none", overflow="visible", **box)
        ElementTree.SubElement(frame, "path", {"class": kind, "d": drawn, "vector-effect": "non-scaling-stroke"})

    def x_axis(self, scale: Scale, name: str, panels: Sequence[tuple[float, float]] = ()) -> None:
        """The axis below the plot with its name; the grid covers each panel, from top to bottom, or the whole plot."""
        for tick, words in zip(scale.ticks, scale.tick_texts(), strict=True):
            for top, bottom in panels or [(0, self.height)]:
                self.line((scale.at(tick), top), (scale.at(tick), bottom), "grid")
            self.text(words, (scale.at(tick), self.height + 18), "x-tick")
        self.line((0, self.height), (1, self.height), "axis")
        self.text(name, (0.5, self.height + 36))

    def y_axis(self, scale: Scale, top: float, bottom: float) -> None:
        """The axis at the left, from `top` to `bottom`, with its grid."""
        for tick, words in zip(scale.ticks, scale.tick_texts(), strict=True):
            y = bottom - scale.at(tick) * (bottom - top)
            self.line((0, y), (1, y), "grid")
            self.text(words, (0, y + 4), "y-tick", "end", -8)

    def svg(self) -> Svg:
        """The markup; the same calls give the same text."""
        return Svg(ElementTree.tostring(self._root, encoding="unicode"))

    def _add(self, tag: str, kind: str, **attributes: str | float) -> ElementTree.Element:
        written = {name: value if isinstance(value, str) else _number(value) for name, value in attributes.items()}
        return ElementTree.SubElement(self._root, tag, ({"class": kind} if kind else {}) | written)


def wrapped(label: str) -> list[str]:
    """A label as one or two lines that fit on a phone; a longer label loses its middle."""
    if len(label) <= _LABEL_CHARS:
        return [label]
    end = label.rfind(" ", 0, _LABEL_CHARS + 1)
    first, rest = (label[:end], label[end + 1 :]) if end > 0 else (label[:_LABEL_CHARS], label[_LABEL_CHARS:])
    half = (_LABEL_CHARS - 1) // 2
    return [first, rest if len(rest) <= _LABEL_CHARS else f"{rest[:half]}…{rest[-half:]}"]


def spread(wanted: Sequence[float], low: float, high: float, gap: float) -> list[float]:
    """Heights from `low` to `high` in the order of the wanted ones, as near to them as a distance of `gap` allows."""
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    placed = list(wanted)
    floor = low
    for number in order:
        placed[number] = floor = max(wanted[number], floor)
        floor += gap
    ceiling = high
    for number in reversed(order):
        placed[number] = ceiling = min(placed[number], ceiling)
        ceiling -= gap
    return placed


def _percent(share: float) -> str:
    return f"{_number(100 * share)}%"


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if value else "0"
