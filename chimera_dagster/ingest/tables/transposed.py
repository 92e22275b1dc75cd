"""Transposed tables: a column for each record, the metrics on the left."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.bench_tests import by_test, tests_among
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
from chimera_dagster.ingest.tables.subjects import is_change, is_run, subject_of

LABELS = METRICS | {
    *("", "key", "name", "parameter", "property", "field", "quantity", "item", "statistic", "stat", "test")
}  # what a column of names may be called
_MOST_TRANSPOSED = 1_000  # rows: a table of records is not read as one of columns because its first rows look like it


class Transposed(NamedTuple):
    """A table with a column for each record: the metrics' names on the left, what the record is about at the top."""

    names: tuple[str, ...]
    unit: int | None
    columns: tuple[int, ...]

    def parts(self, rows: Sequence[Row]) -> Iterator[Part]:
        """A record for each column."""
        labels = tuple(row[0].strip() for row in rows)
        units = tuple(bare_unit(row[self.unit]) if self.unit is not None else None for row in rows)
        says_model = any(role_of(label) == ("context", "model") for label in labels)
        for place in self.columns:
            cells = [row[place] for row in rows]
            header, aggregate = _aggregate_apart(self.names[place])
            names = tuple(f"{label} {aggregate}" if aggregate else label for label in labels)
            if is_change(header):
                yield Part(told_apart(tuple(f"{label} {header}" for label in labels)), cells, units, place)
                continue
            about, subject = (self.names[0], header) if is_setting(self.names[0]) else subject_of(header)
            plain = normal(header)[0] in VALUES or not header
            if plain or (says_model and about == "model"):
                yield Part(told_apart(names), cells, units, place)
            else:
                yield Part((*told_apart(names), about), [*cells, subject], (*units, None), place)


def _aggregate_apart(header: str) -> tuple[str, str]:
    """`alpha:7b mean` is about alpha:7b, and a mean."""
    stem, _, last = header.rpartition(" ")
    return (stem.strip(), last) if stem and is_aggregate(last) else (header, "")


def transposed_table(names: tuple[str, ...], plain: list[str], rows: Sequence[Row]) -> Transposed | None:
    """The shape of a transposed table; `plain` are its names in their normal form. None if it is another one."""
    if not (plain[0] in LABELS or is_setting(names[0])) or not rows or len(rows) > _MOST_TRANSPOSED:
        return None
    unit = next((place for place, name in enumerate(plain) if name in UNITS), None)
    columns = tuple(place for place in range(1, len(names)) if place != unit)
    others = [name for place, name in enumerate(names) if place in columns and plain[place] not in VALUES]
    if not columns or any(is_known(name) and not is_run(name) for name in others):
        return None
    labels = [row[0].strip() for row in rows if row[0].strip()]
    measured = sum(map(is_measured, labels))
    if not measured or 2 * sum(map(is_known, labels)) < len(labels):
        return None
    return Transposed(names, unit, columns)


def places_of(parts: Iterable[Part], settings: frozenset[str]) -> Iterator[tuple[str, Part]]:
    """The records of a transposed table with their places: `column 2`; of several tests `row 3 column 2` each."""
    for part in parts:
        column = f"column {(part.column or 0) + 1}"
        if not tests_among(part.names):
            yield column, part
            continue
        for place, names, cells, units in by_test(part.names, part.cells, part.units, settings):
            yield (column if place is None else f"row {place + 1} {column}"), Part(names, cells, units, part.column)
