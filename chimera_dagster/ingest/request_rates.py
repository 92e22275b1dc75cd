"""Whether `rps` and `qps` are the load that was offered, a condition, or the rate that was reached, a result."""

import re
from collections.abc import Sequence
from itertools import pairwise

from chimera_dagster.ingest.cells import number_in, plain_number
from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.vocabulary import vocabulary

OFFERED = "request_rate"
_REACHED = "requests_per_s"
_SET = re.compile(r"target|offered|request|arrival|input|configured|setting", re.IGNORECASE)  # rps (target)
_MEASURED = re.compile(r"achiev|actual|measur|observ|reach|effective", re.IGNORECASE)
_FEWEST_LEVELS = 3  # of a load that one model was given


def is_offered(names: tuple[str, ...], place: int) -> bool:
    """Whether such a rate was set: its name says so, or another field has the rate that was reached."""
    return is_either(names[place]) and (_SET.search(names[place]) is not None or _is_beside_reached(names, place))


@remembered(maxsize=4_096)  # not of each field: a key with 100,000 names takes a millisecond to look up
def _is_beside_reached(names: tuple[str, ...], place: int) -> bool:
    others = (name for at, name in enumerate(names) if at != place and not is_either(name))
    return any(role_of(name)[0] == "number" and meaning(name).metric == _REACHED for name in others)


@remembered(maxsize=10_000)
def is_either(name: str) -> bool:
    """Whether a name says neither that a rate was offered nor that it was reached."""
    return normal(name)[0] in vocabulary().request_rates and not _MEASURED.search(name)


@remembered(maxsize=4_096)
def may_be_offered(names: tuple[str, ...]) -> tuple[int, ...]:
    """The places of such rates, unless the records say how many requests there were at once."""
    if any(role_of(name) in (("condition", "concurrency"), ("condition", OFFERED)) for name in names):
        return ()
    return tuple(place for place, name in enumerate(names) if is_either(name))


def offered_rates(names: tuple[str, ...], records: Sequence[Sequence[object]]) -> frozenset[str]:
    """The names of rates that were set: round values that several records share, or that rise as levels of a load."""
    places = may_be_offered(names)
    return frozenset(names[place] for place in places if _are_levels([record[place] for record in records]))


def _are_levels(cells: Sequence[object]) -> bool:
    texts = [cell.strip().lower() if isinstance(cell, str) else cell for cell in cells]
    values = [number_in(text) if isinstance(text, str) else plain_number(text) for text in texts]
    numbers = [value for value in values if value is not None]
    if not numbers or any(value is None and text != "inf" for value, text in zip(values, texts, strict=True)):
        return False
    if not all((4 * value).is_integer() or (value < 1 and (10 * value).is_integer()) for value in numbers):
        return False
    different = {*numbers}
    if 2 * len(different) <= len(numbers) and len(different) > 1:
        return True
    is_rising = all(one < other for one, other in pairwise(numbers))
    return is_rising and len(different) >= _FEWEST_LEVELS and all(map(_is_usual, numbers))


def _is_usual(rate: float) -> bool:
    """Whether people set such a rate: up to 10, in fives, or a power of two."""
    return rate <= 10 or rate % 5 == 0 or (rate.is_integer() and int(rate) & (int(rate) - 1) == 0)
