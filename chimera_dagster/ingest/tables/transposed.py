"""Transposed tables: a column for each record, the metrics on the left."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.bench_tests import by_test, tests_among
from chimera_dagster.ingest.engine_names import is_engine_alone
from chimera_dagster.ingest.names import is_aggregate, normal
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.tables.long import METRICS
from chimera_dagster.ingest.tables.parts import (
    UNITS,
    VALUES,
    Part,
    Row,
    bare_unit,
    is_known,
    is_measured,
    is_setting,
    told_apart,
)
from chimera_dagster.ingest.tables.subjects import (
    SIDE,
    is_change,
    is_side,
    names_model,
    numbered_in,
    subject_of,
    subjects_of,
)

LABELS = METRICS | {
    *("", "key", "name", "parameter", "property", "field", "quantity", "item", "statistic", "stat", "test")
}  # what a column of names may be called
_SPREAD = re.compile(r" *\u00b1.*")
_AGAIN = re.compile(r" \(\d{1,3}\)$")
_MOST_TRANSPOSED = 1_000  # rows: a table of records is not read as one of columns because its first rows look like it


class Transposed(NamedTuple):
    """A table with a column for each record: the metrics' names on the left, what the record is about at the top."""

    names: tuple[str, ...]
    unit: int | None
    columns: tuple[int, ...]

    def parts(self, rows: Sequence[Row], *, has_model: bool) -> Iterator[Part]:
        """A record for each column; `has_model` says whether a model is known that all of them may be about."""
        labels = tuple(row[0].strip() for row in rows)
        units = tuple(bare_unit(row[self.unit]) if self.unit is not None else None for row in rows)
        says_model = any(role_of(label) == ("context", "model") for label in labels)
        headers = [_aggregate_apart(self.names[place])[0] for place in self.columns]
        are_joined = _are_joined([header for header in headers if not is_change(header)])
        are_runs = _count_up(headers)
        for place in self.columns:
            cells = [row[place] for row in rows]
            header, aggregate = _aggregate_apart(self.names[place])
            names = tuple(f"{label} {aggregate}" if aggregate else label for label in labels)
            if is_change(header):
                yield Part(told_apart(tuple(f"{label} {header}" for label in labels)), cells, units, place)
                continue
            header, is_twice = self._once(header)
            if is_setting(self.names[0]):
                said = [(self.names[0], header)]
            else:
                said = [*subjects_of(header)] if are_joined else [subject_of(header)]
            if is_twice:  # which column is which, the table does not say
                said = [*(pair for pair in said if pair[0] != SIDE), (SIDE, f"column {place + 1}")]
            elif said[0][0] == "run" and not are_runs:
                said = [(SIDE, header)]
            if has_model:  # then a name that nothing knows is what was done with it
                said = [(SIDE if kind == "model" and _is_unknown(name) else kind, name) for kind, name in said]
            plain = normal(header)[0] in VALUES or not header
            said = [] if plain else [pair for pair in said if not (says_model and pair[0] == "model")]
            abouts, subjects = [name for name, _ in said], [value for _, value in said]
            yield Part((*told_apart(names), *abouts), [*cells, *subjects], (*units, *[None] * len(said)), place)

    def _once(self, header: str) -> tuple[str, bool]:
        """A header without the number by which it is told from others of its name, and whether there are others."""
        first = _AGAIN.sub("", header)
        return (first, True) if f"{first} (2)" in self.names and first in self.names else (header, False)


def _is_unknown(name: str) -> bool:
    """Whether a header is neither a model's name nor an engine's, which stands where models do."""
    return not names_model(name) and not is_engine_alone(name)


def _are_joined(headers: Sequence[str]) -> bool:
    """Whether headers join numbers to names, and give one name several of them: `8-lynx:7b`, `16-lynx:7b`."""
    found = [numbered_in(header) for header in headers]
    names = {each[0] for each in found if each}
    return all(found) and len(names) < len(found)


def _count_up(headers: Sequence[str]) -> bool:
    """Whether headers that only number runs count up: 1, 2, 4 and 8 are levels of something."""
    numbers = [int(value) for kind, value in map(subject_of, headers) if kind == "run"]
    return len(numbers) < 3 or max(numbers) - min(numbers) + 1 == len(numbers)


def _aggregate_apart(header: str) -> tuple[str, str]:
    """`alpha:7b mean` is about alpha:7b, and a mean; `Mean ± SD` is one of what all columns are about."""
    if is_aggregate(alone := _SPREAD.sub("", header)):
        return "", alone
    stem, _, last = header.rpartition(" ")
    return (stem.strip(), last) if stem and is_aggregate(last) else (header, "")


def transposed_table(names: tuple[str, ...], plain: list[str], rows: Sequence[Row]) -> Transposed | None:
    """The shape of a transposed table; `plain` are its names in their normal form. None if it is another one."""
    if not (plain[0] in LABELS or is_setting(names[0])) or not rows or len(rows) > _MOST_TRANSPOSED:
        return None
    unit = next((place for place, name in enumerate(plain) if name in UNITS), None)
    columns = tuple(place for place in range(1, len(names)) if place != unit)
    others = [name for place, name in enumerate(names) if place in columns and plain[place] not in VALUES]
    if not columns or any(is_known(name) and not is_side(name) for name in others):
        return None
    labels = [row[0].strip() for row in rows if row[0].strip()]
    measured = sum(map(is_measured, labels))
    if not measured or (2 * sum(map(is_known, labels)) < len(labels) and not _are_runs(names[0], others)):
        return None
    return Transposed(names, unit, columns)


def _are_runs(first: str, others: Sequence[str]) -> bool:
    """Whether a table has the metrics on its left, and runs of them with their mean at its top, and nothing else."""
    aggregates = [name for name in others if is_aggregate(_SPREAD.sub("", name))]
    runs = [name for name in others if subject_of(name)[0] == "run"]
    return normal(first)[0] in METRICS and bool(runs) and len(runs) + len(aggregates) == len(others)


def places_of(parts: Iterable[Part], settings: frozenset[str]) -> Iterator[tuple[str, Part]]:
    """The records of a transposed table with their places: `column 2`; of several tests `row 3 column 2` each."""
    for part in parts:
        column = f"column {(part.column or 0) + 1}"
        if not tests_among(part.names):
            yield column, part
            continue
        for place, names, cells, units in by_test(part.names, part.cells, part.units, settings):
            yield (column if place is None else f"row {place + 1} {column}"), Part(names, cells, units, part.column)
