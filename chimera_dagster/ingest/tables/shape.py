"""Which shape a table has: each gives the records of a row, or those of all rows."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.bench_tests import by_test, tests_among
from chimera_dagster.ingest.metric_names import is_metric, kinds_of
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.tables.corner import Corner, corner_table
from chimera_dagster.ingest.tables.crossed import Crossed, crossed_table
from chimera_dagster.ingest.tables.groups import Groups
from chimera_dagster.ingest.tables.heading import Heading
from chimera_dagster.ingest.tables.long import AGGREGATES, Long, long_table
from chimera_dagster.ingest.tables.parts import UNITS, VALUES, Part, Row, bare_unit, is_known, is_setting
from chimera_dagster.ingest.tables.subjects import is_side
from chimera_dagster.ingest.tables.transposed import LABELS, Transposed, transposed_table
from chimera_dagster.ingest.tables.variants import Wide, splits_among


class Tests(NamedTuple):
    """A table with tests of llama-bench as columns: each is a record of its own."""

    names: tuple[str, ...]
    units: tuple[str | None, ...] | None
    settings: frozenset[str] = frozenset()  # unlisted names that are conditions

    def parts(self, row: Row) -> Iterator[Part]:
        """A record for each test of a row."""
        for place, names, cells, units in by_test(self.names, row, self.units, self.settings):
            yield Part(names, cells, units, place)


def with_settings(shape: "OfRows", settings: frozenset[str]) -> "OfRows":
    """The shape, which may have to know the unlisted names that are conditions."""
    return shape._replace(settings=settings) if isinstance(shape, Tests | Wide) else shape


class UnitsBeside(NamedTuple):
    """A table in which the unit of a column stands in another one, in each row: `ttft`, `ttft_unit`."""

    names: tuple[str, ...]
    units: tuple[str | None, ...] | None
    of: tuple[tuple[int, int], ...]  # the places of a column and of that with its unit

    def parts(self, row: Row) -> Iterator[Part]:
        """The record of a row."""
        units = [*(self.units or [None] * len(self.names))]
        for place, unit in self.of:
            units[place] = bare_unit(row[unit]) or units[place]
        yield Part(self.names, [*row], tuple(units))


OfRows = Groups | Tests | UnitsBeside | Long | Wide | Crossed | Corner  # of which each row gives records


@remembered(maxsize=1_024)
def _units_beside(names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """The places of columns and of those that have their units; none unless the vocabulary knows one of the columns."""
    plain = [name.lower().replace(" ", "_") for name in names]
    found = [
        (plain.index(stem), place)
        for place, name in enumerate(plain)
        if name.endswith("_unit") and (stem := name.removesuffix("_unit")) in plain
    ]
    return tuple(found) if any(kinds_of(names[place]) for place, _ in found) else ()


@remembered(maxsize=1_024)
def _may_be_shaped(names: tuple[str, ...]) -> tuple[bool, bool]:
    """Whether a table with this header can be a long one, and a transposed one."""
    spelled = [name.lower().replace(" ", "_") for name in names]
    is_labelled = spelled[0] in LABELS or is_setting(names[0])
    others = [name for name, lower in zip(names[1:], spelled[1:], strict=True) if lower not in VALUES | UNITS]
    is_transposed = is_labelled and not any(is_known(name) and not is_side(name) for name in others)
    return len(names) > 1 and bool({*spelled} & (LABELS | AGGREGATES)), len(names) > 1 and is_transposed


def _by_columns(names: tuple[str, ...], units: tuple[str | None, ...] | None) -> OfRows | None:
    """The shape of a table that the names of its columns show."""
    if beside := _units_beside(names):
        return UnitsBeside(names, units, beside)
    if tests_among(names):
        return Tests(names, units)
    splits = splits_among(names)
    return Wide(names, units, splits) if splits else None


def _by_metric(found: Heading, plain: list[str], rows: Sequence[Row]) -> OfRows | None:
    """The shape of a table with a row for each metric or aggregate."""
    long = long_table(found.names, plain, rows)
    return long._replace(units=found.units) if long else crossed_table(found.names, plain, rows)


def shape_of(found: Heading, body: Sequence[Row]) -> OfRows | Transposed | None:
    """The shape of a table with this header; `body` are rows below it, as many as there are at hand. None is usual."""
    if found.subjects:
        return Groups(found)
    names = found.names
    if by_columns := _by_columns(names, found.units):
        return by_columns
    is_long, is_transposed = _may_be_shaped(names)
    may_be_corner = len(names) > 2 and is_metric(names[0])
    if not (is_long or is_transposed or may_be_corner):
        return None
    plain = [normal(name)[0] for name in names]
    rows = [row for row in body if len(row) == len(names)]
    if may_be_corner:
        return corner_table(names, found.units, rows)
    if is_long and (shape := _by_metric(found, plain, rows)):
        return shape
    return transposed_table(names, plain, rows) if is_transposed else None
