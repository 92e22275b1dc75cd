"""Numbers as people write them: `1.234,5`, `1 234.5`, `45.2 tok/s`, `95%`, `1m27s`.

A cell such as `1,234` or `1.234` can be read in two ways. Which one holds is decided for a whole column
(`column_survey.py`) and passed to the functions here as `comma`: whether the decimal mark is a comma.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from chimera_dagster.ingest.cells import MISSING
from chimera_dagster.ingest.units import is_unit

# Possessive throughout: a cell of a million digits or spaces must not be tried in every way
_SPACES = "\\ \u00a0\u202f\u2009"
_NUMBER = re.compile(
    rf"(?P<sign>[+-]?)(?P<whole>[1-9]\d{{0,2}}(?P<group>[.,'’{_SPACES}])\d{{3}}(?:(?P=group)\d{{3}})*+|\d++)?"
    r"(?:(?P<mark>[.,])(?P<part>\d++)|\.)?(?P<power>[eE][+-]?\d{1,4})?",
    re.ASCII,
)
_TWO_WAYS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_TOKEN = rf"[+-]?(?:\d[\d.,'’{_SPACES}]*+|[.,]\d++)(?:(?<=\d)[eE][+-]?\d++)?+"
_SPREAD = r"(?:\s*+(?:±|\+/-)\s*+(?P<spread{n}>\d[\d.,]*+))?+"
_QUANTITY = re.compile(
    rf"[~≈]?\s*+(?P<number>{_TOKEN}){_SPREAD.format(n=1)}\s*+(?P<unit>[^\d\s±+][^\s±+]*+(?:\ [^\d\s±+]++){{0,2}}+)?+"
    rf"{_SPREAD.format(n=2)}(?:\s*+(?P=unit))?+",
    re.ASCII,
)
_FRACTION = r"\d++(?:\.\d++)?+"
_PARTS = re.compile(
    r"(?:(?P<days>\d++)\s*+d(?:ays?+)?+,?+)?+\s*+(?:(?P<hours>\d++)\s*+h(?:ours?+|rs?+)?+)?+\s*+"
    rf"(?:(?P<minutes>\d++)\s*+m(?!s)(?:in(?:ute)?+s?+)?+)?+\s*+(?:(?P<seconds>{_FRACTION})\s*+s(?:ec(?:ond)?+s?+)?+)?+\s*+"
    rf"(?:(?P<milliseconds>{_FRACTION})\s*+ms)?+",
    re.ASCII,
)
_CLOCK = re.compile(
    r"(?:(?P<days>\d++) days?+,? )?+(?:(?P<hours>\d{1,4}):)?(?P<minutes>\d{1,3}):(?P<seconds>[0-5]\d(?:\.\d++)?+)",
    re.ASCII,
)
_DURATION = re.compile(rf"(?P<number>{_FRACTION})(?P<unit>ns|us|µs|μs|ms|s)", re.ASCII)
_SECONDS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1, "milliseconds": 0.001}
_LONGEST = 80  # characters of a cell that may be a quantity


class Quantity(NamedTuple):
    """A finite number, and the unit that follows it as the cell spells it; a duration in parts is in `s`."""

    number: float
    unit: str | None


def is_two_ways(cell: str) -> bool:
    """Whether a cell is a number whose one mark separates decimals or thousands: `1,234`, `1.234`."""
    return _TWO_WAYS.fullmatch(cell.strip()) is not None


def decimal_mark(cell: str) -> str | None:
    """The mark that must be the decimal one in a cell: `,` in 1.234,5 and 0,5; None if the cell does not say."""
    found = _parts_of(cell)
    if found is None or is_two_ways(cell):
        return None
    group = found["group"]
    if found["mark"]:
        return found["mark"]
    return {",": ".", ".": ","}.get(group) if group else None


@lru_cache(maxsize=10_000)
def number_as(cell: str, *, comma: bool) -> float | None:
    """The finite number that a cell consists of; `comma` decides for a cell that can be read in two ways."""
    found = _parts_of(cell)
    if found is None:
        return None
    sign, whole, group, part, power = found.group("sign", "whole", "group", "part", "power")
    if is_two_ways(cell) and group == ("," if comma else "."):
        whole, _, part = whole.partition(group)
    elif group:
        whole = whole.replace(group, "")
    value = float(f"{sign}{whole or 0}.{part or 0}{power or ''}")
    return value if value - value == 0 else None


def _parts_of(cell: str) -> re.Match[str] | None:
    found = _NUMBER.fullmatch(cell.strip())
    if found is None or not (found["whole"] or found["part"]) or (found["mark"] and found["mark"] == found["group"]):
        return None
    return found


@lru_cache(maxsize=10_000)
def quantity_in(cell: str, *, comma: bool = False, clock: bool = False) -> Quantity | None:
    """The number in a cell with a unit of the vocabulary, if it has one: `45.2 tok/s`, `95%`, `99 ± 1 ms`, `1m27s`.

    A spread is left out. With `clock`, 1:27 is a minute and 27 seconds, and 5m are minutes.
    """
    text = cell.strip().replace("\N{MINUS SIGN}", "-")
    if len(text) > _LONGEST or text.lower() in MISSING:
        return None
    found = _QUANTITY.fullmatch(text)
    if found and (not found["unit"] or is_unit(found["unit"])):
        number = number_as(found["number"], comma=comma)
        if number is not None:
            return Quantity(number, found["unit"])
    seconds = seconds_in(text, clock=clock)
    return None if seconds is None else Quantity(seconds, "s")


def number_text(cell: str) -> str | None:
    """The part of a cell that is its number: `1.234,5` of `1.234,5 ms`."""
    text = cell.strip()
    found = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    return found["number"].strip() if found and (not found["unit"] or is_unit(found["unit"])) else None


def duration_in(cell: str) -> Quantity | None:
    """A duration as Go writes it: `35.4ms` in its own unit, one in parts, `1m27.059s`, in `s`."""
    text = cell.strip()
    if found := _DURATION.fullmatch(text):
        return Quantity(float(found["number"]), found["unit"])
    seconds = seconds_in(text)
    return None if seconds is None else Quantity(seconds, "s")


def seconds_in(text: str, *, clock: bool = False) -> float | None:
    """The seconds of a duration in parts: 1m27s, 2h 3m, 1 min 27 s; with `clock` also 1:27, 1:02:03.5, 5m."""
    if not text[:1].isdigit() or len(text) > _LONGEST:
        return None
    text = text.lower()
    found = _PARTS.fullmatch(text)
    if not found and clock:
        found = _CLOCK.fullmatch(text)
    if not found:
        return None
    parts = {name: float(part) for name, part in found.groupdict().items() if part is not None}
    if len(parts) < (1 if clock else 2):
        return None
    return sum(number * _SECONDS[name] for name, number in parts.items())
