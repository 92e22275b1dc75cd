"""Single records of a page, from texts such as `58.1 ± 4.4 ms`: a number, its unit, and its standard deviation.

How a page is divided into records is decided elsewhere; here the cells of one get their roles and go to the collector.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.ingest.collector import Added, Collector
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.field_roles import FieldRoles, Number
from chimera_dagster.ingest.markdown_lines import number_of, quantity_of


class Shared(NamedTuple):
    """What the records of a table share: whether they are runs, and its settings that are not in the vocabulary."""

    context: Context
    log: bool = False
    settings: frozenset[str] | None = None


def add_pair(sheet: Collector, where: str, key: str, value: str, context: Context, source: str = "column") -> Added:
    """Add a record of one field; `source` is recorded as the source of a model that it names."""
    return add_record(sheet, where, (key,), [value], None, Shared(context), source)


def add_record(
    sheet: Collector,
    where: str,
    names: tuple[str, ...],
    cells: list[str],
    units: Sequence[str | None] | None,
    shared: Shared,
    source: str = "column",
) -> Added:
    """Add a record with these cells; `units` are those that stand elsewhere than in the cells, if any do.

    The spread of a mean becomes a number of its own, the standard deviation.
    """
    quantities = [quantity_of(cell) for cell in cells]
    written = [quantity and quantity.unit for quantity in quantities]
    units = [said or unit for said, unit in zip(units, written, strict=True)] if units else written
    roles = sheet.roles(names, tuple(units), "", None if shared.log else "reported", shared.settings)
    spreads = {
        place: repr(quantity.spread)
        for place, quantity in enumerate(quantities)
        if quantity and quantity.spread is not None
    }
    if spreads:
        roles, cells = _spread_roles(roles, tuple(spreads)), [*cells, *spreads.values()]
    return sheet.record(where, roles, cells, shared.context, source, number_of, fails=shared.log)


def _spread_roles(roles: FieldRoles, spreads: tuple[int, ...]) -> FieldRoles:
    """The roles of a record whose cells at these places are means; their standard deviations follow the other cells."""
    numbers: list[Number] = []
    width = len(roles.names)
    for number in roles.numbers:
        if number.place in spreads:
            spread = width + spreads.index(number.place)
            numbers.append(number._replace(measured=number.measured._replace(aggregate="mean")))
            numbers.append(number._replace(place=spread, measured=number.measured._replace(aggregate="std")))
        else:
            numbers.append(number)
    return roles._replace(numbers=tuple(numbers), aggregates=frozenset(number.measured.aggregate for number in numbers))
