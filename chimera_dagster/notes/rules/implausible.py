"""Values that can't be true, why, and that nothing here uses them."""

from collections.abc import Iterator

import pandas as pd

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.findings.plausibility import Implausible
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import files_in_words, metric_in_words, scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, count, file, listed, number, phrase

_WEIGHT = 95.0
_OF_FAILED = "zeros of runs that failed"
# The end or a part of the reason in the measurements table, and what the values are: one, several
_WHY = (
    ("of a run that failed", "a zero of a run that failed", _OF_FAILED),
    ("is negative", "negative", "negative"),
    ("is zero", "zero", "zero"),
    ("more than 100 %", "more than 100 %", "more than 100 %"),
    ("point in time", "a point in time, not a duration", "points in time, not durations"),
    ("longer than a month", "longer than a month", "longer than a month"),
    ("is too short", "too short for any machine", "too short for any machine"),
    ("faster than any machine", "faster than any machine", "faster than any machine"),
    ("is above", "a percentile above a higher one", "percentiles above higher ones"),
    ("is longer than", "a part that takes longer than the whole", "parts that take longer than the whole"),
    ("can't be in", "in a unit that can't be right", "in a unit that can't be right"),
)
_OTHERWISE = ("contradicted by the numbers beside it", "contradicted by the numbers beside them")


def implausible(data: NoteContext) -> Iterator[Note]:
    """One note with the number of values for each kind of reason, and an example of one that no failure explains."""
    for found in data.found("implausible", Implausible):
        groups: dict[tuple[str, str], list[pd.DataFrame]] = {}
        for reason, rows in found.about.groups:
            groups.setdefault(_why(reason), []).append(rows)
        by_reason = sorted(
            ((words, pd.concat(parts)) for words, parts in groups.items()), key=lambda item: (-len(item[1]), item[0])
        )
        rows = pd.concat([part for _, part in by_reason])
        yield Note(
            "implausible",
            "findings",
            # zeros of failed runs are expected
            _WEIGHT if any(words[1] != _OF_FAILED for words, _ in by_reason) else _WEIGHT / 2,
            _wordings(by_reason, rows),
            scope_of(rows),
            sources=tuple(sources_of(rows)),
            findings=(found.id,),
        )


def _why(reason: str) -> tuple[str, str]:
    return next(((one, many) for part, one, many in _WHY if part in reason), _OTHERWISE)


def _wordings(by_reason: list[tuple[tuple[str, str], pd.DataFrame]], rows: pd.DataFrame) -> tuple[Phrase, ...]:
    total = len(rows)
    are = "is" if total == 1 else "are"
    if len(by_reason) == 1:
        one, many = by_reason[0][0]
        why = phrase(f"it is {one}" if total == 1 else f"they are {many}")
    else:
        why = listed(
            [
                phrase(f"{{n}} {'is ' + one if len(part) == 1 else 'are ' + many}", n=number(len(part)))
                for (one, many), part in by_reason
            ]
        )
    files = [str(name) for name in rows["file"].value_counts(sort=True).index if name in set(rows["file"])]
    where = files_in_words(files) if len(files) < 3 else count(len(files), "file")
    parts = {"values": count(total, "value"), "where": where, "why": why, "example": _example(by_reason)}
    return (
        phrase(f"{{values}} in {{where}} can't be true and {are} left out: {{why}}{{example}}.", **parts),
        phrase("No figure here uses {values} in {where} that can't be true: {why}{example}.", **parts),
    )


def _example(by_reason: list[tuple[tuple[str, str], pd.DataFrame]]) -> Phrase:
    for (_, many), part in by_reason:
        if many != _OF_FAILED:
            row = part.iloc[0]
            unit = row["unit"] if isinstance(row["unit"], str) else ""
            return phrase(
                ", such as a {what} of {x} in {name}",
                what=metric_in_words(str(row["metric"])),
                x=number(float(row["value"]), unit),
                name=file(str(row["file"])),
            )
    return ()
