"""Columns that say what came out of a run and not how it was made: `below_10` is true if a rate is below 10.

Such a flag is a function of a number beside it. A setting that happens to divide the same numbers is told from it by
two signs: it is crossed with the others, so that one model was run with both of its values, or it opens a gap.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import log

from chimera_dagster.ingest.cells import number_in, plain_number
from chimera_dagster.ingest.metric_names import is_metric
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of

_FEWEST = 8  # records of a flag; of fewer, any two values may lie apart
_FEWEST_OF_ONE = 2
_WIDER = 1.5  # times the widest other gap, on a log scale: more than that is what a setting does

Record = Sequence[object]


def outcomes_among(names: tuple[str, ...], places: Iterable[int], records: Sequence[Record]) -> frozenset[int]:
    """Those of `places` whose two values are told by a threshold in a column of measured numbers."""
    if len(records) < _FEWEST:
        return frozenset()
    measured = _measured(names)
    flags = {place: values for place in places if (values := _two_values(records, place))}
    if not measured or not flags:
        return frozenset()
    numbers = [[_number(record[place]) for record in records] for place in measured]
    others = [
        place
        for place in range(len(names))
        if place not in flags and place not in measured and (_is_setting(names[place]) or _repeats(records, place))
    ]
    found = set[int]()
    for place, values in flags.items():
        if not _is_crossed(values, others, records) and any(_is_threshold(values, column) for column in numbers):
            found.add(place)
    return frozenset(found)


@remembered(maxsize=4_096)
def _measured(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(names) if is_metric(name))


@remembered(maxsize=4_096)
def _is_setting(name: str) -> bool:
    role, which = role_of(name)
    return role in ("condition", "parameter") or (role == "context" and which not in ("prompt", "timestamp"))


def _repeats(records: Sequence[Record], place: int) -> bool:
    """Whether each value of a column stands twice in the mean: times and ids tell every record apart."""
    return 2 * len({str(record[place]) for record in records}) <= len(records)


def _two_values(records: Sequence[Record], place: int) -> list[str] | None:
    """The texts of a column in lower case, if there are two of them and each stands several times."""
    values = [str(record[place]).strip().lower() for record in records]
    counts = dict.fromkeys(values[:_FEWEST], 0)
    for value in values:
        if value not in counts and len(counts) == 2:
            return None
        counts[value] = counts.get(value, 0) + 1
    return values if len(counts) == 2 and min(counts.values()) >= _FEWEST_OF_ONE else None


def _is_crossed(values: Sequence[str], others: Sequence[int], records: Sequence[Record]) -> bool:
    """Whether records that are otherwise the same have both values."""
    seen = dict[tuple[str, ...], str]()
    return any(
        seen.setdefault(tuple([str(record[place]) for place in others]), value) != value
        for record, value in zip(records, values, strict=True)
    )


def _is_threshold(values: Sequence[str], numbers: Sequence[float | None]) -> bool:
    """Whether all numbers of one value are below those of the other, and the gap between them is one of many."""
    both = sorted((number, value) for number, value in zip(numbers, values, strict=True) if number and number > 0)
    if len(both) < _FEWEST:
        return False
    cuts = [place for place, (one, other) in enumerate(pairwise(both)) if one[1] != other[1]]
    gaps = [log(other[0] / one[0]) for one, other in pairwise(both)]
    if len(cuts) != 1:
        return False
    gap = gaps.pop(cuts[0])
    return 0 < gap <= _WIDER * max(gaps)


def _number(cell: object) -> float | None:
    if isinstance(cell, bool):
        return None
    return number_in(cell) if isinstance(cell, str) else plain_number(cell)
