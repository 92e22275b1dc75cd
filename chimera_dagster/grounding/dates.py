"""Dates as prose writes them: a day, a month, two months, a year."""

import re
from datetime import date
from typing import NamedTuple

from chimera_dagster.grounding.mention import Mention

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH = "|".join([*_MONTHS, *(name[:3] for name in _MONTHS if name != "may"), "sept"])
DATES = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d{2})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[T ](?P<t>\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?)?(?:\s*UTC|Z)?(?!\d)"
    rf"|(?<!\w)(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m2>{_MONTH})\.?,?\s+(?P<y2>(?:19|20)\d{{2}})(?!\d)"
    rf"|(?<!\w)(?P<m3>{_MONTH})\.?\s+(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y3>(?:19|20)\d{{2}})(?!\d)"
    rf"|(?<!\w)(?:(?P<part>early|mid|late)[\s-]+)?(?P<m4>{_MONTH})\.?"
    rf"(?:/(?:early |late |mid[ -])?(?P<m5>{_MONTH}))?\s+(?P<y4>(?:19|20)\d{{2}})(?!\d)"
    r"|(?<=\b(?:in|of|by)\s)(?P<y6>20[12]\d)(?![\w%:]|[.-]\d|\s+\w*(?:tok|ms\b|s\b))",
    re.IGNORECASE,
)


class Day(NamedTuple):
    """A date as precisely as it was written."""

    year: int
    month: int | None
    day: int | None
    time: str | None


def day_parts(match: re.Match[str]) -> tuple[str, ...]:
    """Year, month, day and time as text, empty where they are not said; two months as `10/11`."""
    for year, month, day in (("y", "m", "d"), ("y2", "m2", "d2"), ("y3", "m3", "d3")):
        if match[year]:
            time = match["t"] or "" if year == "y" else ""
            return match[year], _month(match[month]), str(int(match[day])), time
    if match["y4"]:
        months = "/".join(_month(match[name]) for name in ("m4", "m5") if match[name])
        return match["y4"], months, "", ""
    return match["y6"], "", "", ""


def _month(text: str) -> str:
    if text.isdigit():
        return str(int(text))
    return str(next(place for place, name in enumerate(_MONTHS, start=1) if name.startswith(text.lower()[:3])))


def day_of(mention: Mention) -> tuple[Day, ...]:
    """What a date mention says; two days where it names two months."""
    year, months, day, time = mention.many
    return tuple(
        Day(int(year), int(month) if month else None, int(day) if day else None, time or None)
        for month in (months.split("/") if months else [""])
    )


def is_valid(day: Day) -> bool:
    """Whether the calendar has such a day."""
    try:
        date(day.year, day.month or 1, day.day or 1)
    except ValueError:
        return False
    return True
