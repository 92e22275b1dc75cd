"""A chart read back: its places turned into values by the ticks of its axes."""

import re
from collections.abc import Callable
from math import log10
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


class Drawing:
    """A chart's drawing, its places turned back into values by the ticks of its axes."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)

    def all(self, tag: str, kind: str) -> list[ElementTree.Element]:
        return [each for each in self.root.iter(SVG + tag) if set(kind.split()) <= set(each.get("class", "").split())]

    def across(self) -> Callable[[float], float]:
        ticks = [(share(each.attrib["x"]), number(each.text)) for each in self.all("text", "x-tick")]
        if any("logarithmic" in (each.text or "") for each in self.root.iter(f"{SVG}text")):
            power_at = self._axis([(place, log10(value)) for place, value in ticks])
            return lambda place: 10 ** power_at(place)
        return self._axis(ticks)

    def down(self, first: int, count: int) -> Callable[[float], float]:
        """The axis of the panel that has `count` ticks from the `first` on."""
        ticks = self.all("text", "y-tick")[first : first + count]
        return self._axis([(float(each.attrib["y"]) - 4, number(each.text)) for each in ticks])

    def runs(self, path: ElementTree.Element) -> list[list[tuple[float, float]]]:
        """Points of each run of a line: share of the width, pixels from the top."""
        return [
            [(float(x) / 1000, float(y)) for x, y in re.findall(r"(\S+) (\S+?)(?:L|$)", run)]
            for run in path.attrib["d"].split("M")[1:]
        ]

    @staticmethod
    def _axis(ticks: list[tuple[float, float]]) -> Callable[[float], float]:
        (start, low), (end, high) = ticks[0], ticks[-1]
        return lambda place: low + (place - start) / (end - start) * (high - low)


def share(percent: str) -> float:
    return float(percent.removesuffix("%")) / 100


def number(text: str | None) -> float:
    assert text is not None
    return float(text.replace(",", ""))
