"""Tests of llama-bench as names in other tables: `pp512 (t/s)`, `tg128_tps`, `pp4096 @ d8192`.

Such a name says a metric and the length that it was measured at. A table may have several of them in a row, so each
test is a record with its length as a condition.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.ingest.metric_names import kinds_of
from chimera_dagster.ingest.names import stem
from chimera_dagster.ingest.quantities import quantity_in
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.spelling import TEST

_LENGTHS = {"pp": "n_prompt", "tg": "n_gen"}


class TestRecord(NamedTuple):
    """A record of one test: the place of its first number, None for what is of no test; names, cells, and units."""

    place: int | None
    names: tuple[str, ...]
    cells: list[str]
    units: tuple[str | None, ...]


@remembered(maxsize=4_096)
def tests_among(names: tuple[str, ...]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The tests that names say, and the places of each."""
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        plain = stem(name)
        if TEST.fullmatch(plain) and kinds_of(name):
            found.setdefault(plain, []).append(place)
    return tuple((test, tuple(places)) for test, places in found.items())


def by_test(
    names: tuple[str, ...],
    cells: Sequence[str],
    units: Sequence[str | None] | None,
    settings: frozenset[str] = frozenset(),
) -> list[TestRecord]:
    """A record for each test, and one for other numbers; what says how they were measured stands in all of them.

    `settings` are unlisted names that are conditions.
    """
    tests = tests_among(names)
    units = units or [None] * len(names)
    of_tests = {place for _, places in tests for place in places}
    measured = {
        place
        for place, (name, cell) in enumerate(zip(names, cells, strict=True))
        if place not in of_tests
        and name not in settings
        and role_of(name)[0] == "number"
        and (kinds_of(name) or quantity_in(cell.partition("±")[0]))
    }
    about = [place for place in range(len(names)) if place not in of_tests | measured]
    records: list[TestRecord] = []
    if measured:
        places = sorted({*about, *measured})
        records.append(_record(None, places, names, cells, units, ()))
    for test, places in tests:
        records.append(_record(places[0], [*about, *places], names, cells, units, _said(test)))
    return records


def _record(
    place: int | None,
    places: Sequence[int],
    names: Sequence[str],
    cells: Sequence[str],
    units: Sequence[str | None],
    said: Sequence[tuple[str, str]],
) -> TestRecord:
    return TestRecord(
        place,
        (*(names[at] for at in places), *(name for name, _ in said)),
        [*(cells[at] for at in places), *(value for _, value in said)],
        (*(units[at] for at in places), *(None for _ in said)),
    )


def _said(test: str) -> list[tuple[str, str]]:
    found = TEST.fullmatch(test)
    if found is None:
        return []
    depth = [("n_depth", found["depth"])] if found["depth"] else []
    return [(_LENGTHS[found["kind"]], found["tokens"]), *depth]
