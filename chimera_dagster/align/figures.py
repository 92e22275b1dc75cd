"""Figures as sentences write them: a value in a base unit, and whether another value may be written like that."""

import math
import re
from typing import Literal, NamedTuple

Bound = Literal["", "about", "nearly", "over", "most", "least", "fraction"]

# To ms, MiB, tok/s; a count's unit is its noun
_SCALES: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), ("ms", 1.0)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), ("ms", 1_000.0)),
    **dict.fromkeys(("min", "minute", "minutes"), ("ms", 60_000.0)),
    **dict.fromkeys(("h", "hour", "hours"), ("ms", 3_600_000.0)),
    **dict.fromkeys(("tok/s", "tokens/s", "token/s", "tps", "t/s", "tokens/second", "tokens/sec"), ("tok/s", 1.0)),
    **dict.fromkeys(("%", "percent", "pct", "per cent"), ("%", 1.0)),
    **dict.fromkeys(("x", "times", "×", "fold", "-fold"), ("times", 1.0)),
    **dict.fromkeys(("gib", "gb"), ("MiB", 1_024.0)),
    **dict.fromkeys(("mib", "mb"), ("MiB", 1.0)),
    **dict.fromkeys(("points", "point", "pp"), ("points", 1.0)),
    **dict.fromkeys(("w", "watt", "watts"), ("W", 1.0)),
}
WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "sixteen": 16, "eighteen": 18, "twenty": 20, "thirty": 30,
    "thirty-one": 31, "thirty-two": 32, "hundred": 100,
}  # fmt: skip
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_UNIT = (
    r"tokens?\s*(?:/|per)\s*(?:second|sec|s)\b|tok\s*/\s*s(?:ec)?\b|t/s\b|tps\b|milliseconds?\b|msecs?\b|ms\b"
    r"|seconds?\b|secs?\b|s\b|minutes?\b|min\b|hours?\b|h\b|%|percentage\s+points?\b|percent\b|per\s+cent\b|points?\b"
    r"|times\b|x\b|×|-?fold\b|[GM]i?B\b|watts?\b|W\b"
)
FIGURE = re.compile(rf"(?<![\w.])(?P<number>{_NUMBER})(?:(?P<gap>\s?-?)(?P<unit>{_UNIT}))?(?![\w]|\.\d)", re.IGNORECASE)
_EXACT, _ROUNDED, _LOOSE, _NEAR = 0.001, 0.03, 0.06, 0.1


class Figure(NamedTuple):
    """`value` in `unit`; `step` is how far apart two values are that differ in the last digit that is written.

    `unit` is empty for a bare number. `bound` is what a word in front of it says: about, nearly, over, at most.
    """

    value: float
    unit: str = ""
    step: float = 0.0
    bound: Bound = ""

    @property
    def is_measured(self) -> bool:
        return self.unit in ("ms", "tok/s", "MiB", "W")


def parse_figure(number: str, unit: str = "") -> Figure:
    """Of the groups of `FIGURE`."""
    plain = number.replace(",", "")
    value = float(plain)
    decimals = len(plain.partition(".")[2])
    step = 10.0**-decimals
    base, scale = scale_of(unit)
    return Figure(value * scale, base, step * scale)


def scale_of(unit: str) -> tuple[str, float]:
    key = re.sub(r"\s+", " ", unit.lower()).strip()
    if key.startswith("percentage"):
        key = "points"
    key = re.sub(r"^(tokens?|tok) ?(?:/|per) ?(?:second|sec|s)$", "tok/s", key)
    return _SCALES.get(key, (key, 1.0))


def is_same(said: Figure, value: float, shown: float | None = None) -> bool:
    """Whether `said` may be written for a value, or for what a note shows of it: it is a rounding of one of them."""
    return any(_fits(said, each) for each in {value, value if shown is None else shown})


def _fits(said: Figure, value: float) -> bool:
    if math.isclose(said.value, value, rel_tol=_EXACT) or 0 in (value, said.value):
        return said.value == value or (said.bound != "nearly" and 0 not in (value, said.value))
    gap, above = abs(said.value - value) / abs(value), said.value > value
    match said.bound:
        case "fraction" | "about":
            return gap <= (_LOOSE if said.bound == "about" else _NEAR)
        case "nearly" | "most":
            return above and gap <= _NEAR
        case "over" | "least":
            return not above and gap <= _NEAR
        case _:
            rounded = said.step > 0 and abs(said.value - value) <= said.step / 2 * (1 + 1e-9)
            return rounded and gap <= _ROUNDED
