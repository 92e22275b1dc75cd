"""Dates on which something is said to have been measured, or a file to have been changed."""

import re
from collections.abc import Iterator

from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.dates import Day, day_of, is_valid
from chimera_dagster.grounding.rules.terms import Within

_MEASURED = re.compile(
    r"\b(?:measured|ran|run|runs|recorded|taken|made|benchmarked|tested|benchmarks?)\b", re.IGNORECASE
)
_CHANGED = re.compile(r"\b(?:modif\w+|changed|written|saved|mtime|newest|oldest)\b", re.IGNORECASE)


def day_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """A date must be one of the folder's timestamps, or one on which a file was changed, as the words say."""
    for mention in clause.all_of("date"):
        days = day_of(mention)
        changed = _CHANGED.search(clause.text) is not None
        if not all(is_valid(day) for day in days):
            yield contradicted("date", mention.text, "the calendar has no such day")
            continue
        if not changed and not _MEASURED.search(clause.text):
            yield unsupported("date", mention.text, "what was on that day is not said")
            continue
        stamps = within.folder.changed if changed else within.folder.stamps
        if not stamps:
            yield unsupported("date", mention.text, "the folder has no such dates")
            continue
        says = f"{stamps[0][:10]} to {stamps[-1][:10]}"
        if re.search(r"\b(?:latest|last|newest|most recent)\b", clause.text, re.IGNORECASE):
            stamps = stamps[-1:]
        if all(any(_is_on(stamp, day) for stamp in stamps) for day in days):
            yield supported("date", mention.text, says)
        else:
            yield contradicted("date", mention.text, "the folder has other dates", says)


def _is_on(stamp: str, day: Day) -> bool:
    if int(stamp[:4]) != day.year or (day.month is not None and int(stamp[5:7]) != day.month):
        return False
    return day.day is None or int(stamp[8:10]) == day.day
