"""One quantity that a record states in two units: `ttft_seconds` is 0.8 and `ttft_minutes` 0.01."""

from collections.abc import Iterable, Sequence

from chimera_dagster.ingest.cells import ToNumber
from chimera_dagster.ingest.field_roles import Number


def stated_again(pairs: Iterable[tuple[Number, Number]], cells: Sequence[object], number: ToNumber) -> frozenset[int]:
    """The places of fields that say with fewer digits what another one says; of fields that disagree, none."""
    found = set[int]()
    for one, other in pairs:
        first, second = number(cells[one.place]), number(cells[other.place])
        if first is None or second is None:
            continue
        halves = _half_digit(first) * one.factor, _half_digit(second) * other.factor
        if abs(first * one.factor - second * other.factor) <= 1.001 * sum(halves):
            found.add((one if halves[0] > halves[1] else other).place)
    return frozenset(found)


def _half_digit(value: float) -> float:
    """Half of the last decimal place that a number is written with."""
    _, point, decimals = f"{value:.12g}".partition(".")
    return 0.5 * 10 ** -(len(decimals) if point and "e" not in decimals else 0)
