"""Where models were compared, as a reader meets it: at one setting, or at the two ends of a load, not as a mean of all.

A mean over 1 to 32 requests at once is a time that nobody waits.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.cells import Cell
from chimera_dagster.evidence.findings.finding_context import OUTPUT_TOKENS, PROMPT_TOKENS
from chimera_dagster.evidence.measures import Measure
from chimera_dagster.evidence.setups import TRENDS, Setup, canonical, varying
from chimera_dagster.notes.orders import Order
from chimera_dagster.schemas import E2E, TTFT

LOADS = ("concurrency", "request_rate", "batch_size")
_LEAST_RUNS = 3  # of each model, for a setting to stand for all
_LEAST_SHARE = 0.2  # of the runs
_EQUAL = 1.15  # ratio of lengths that are about the same
_UNLIKE = 1.25
# What a time grows with besides the model: the tokens that are read, or written, until it ends
_LENGTHS = {TTFT: PROMPT_TOKENS, E2E: OUTPUT_TOKENS, "latency_ms": OUTPUT_TOKENS}


class Point(NamedTuple):
    """One setup of a contest with the cell of each item there; `name` is the load or length that alone differs."""

    setup: Setup
    cells: Mapping[str, Cell]
    name: str = ""

    @property
    def values(self) -> dict[str, float]:
        return {item: centre(cell) for item, cell in self.cells.items()}

    @property
    def runs(self) -> int:
        return sum(len(cell.places) for cell in self.cells.values())


class Lengths(NamedTuple):
    """Median numbers of tokens of two items at a point, and what they are: of the prompt or of the answer."""

    one: float
    other: float
    of_prompt: bool


def centre(cell: Cell) -> float:
    """What files state; of runs the geometric mean, as contests have it."""
    if cell.stated:
        return cell.centre(cell.kind)
    return _geometric_mean(cell.values)


def points_of(order: Order) -> list[Point]:
    """The setup of a contest, the lowest and the highest level of a load or length, or else the most usual setup.

    Of a server's throughput it is the level with the most of it, instead of the highest. If other conditions vary too,
    the levels are those of the setups with the most runs that are otherwise equal. Only setups that every item was
    measured under; empty if none stands for the others, as none does for a tie over many.
    """
    points = _shared(order)
    setups = order.contest.setups
    if len(setups) == 1:
        return points
    [name, *others] = sorted(varying(setups))
    if not others and name in TRENDS and len(points) == len(setups) and all(_is_level(each, name) for each in points):
        return _ends(order, name, points)
    if not order.tied and (ends := _ends_among(order, points)):
        return ends
    usual = max(points, key=lambda point: point.runs, default=None)
    if order.tied or usual is None or usual.runs < _LEAST_SHARE * order.contest.n:
        return []
    return [usual] if min(len(cell.places) for cell in usual.cells.values()) >= _LEAST_RUNS else []


def _ends(order: Order, name: str, points: Sequence[Point]) -> list[Point]:
    """The lowest level and the highest one, or that with the most throughput."""
    ladder = sorted(points, key=lambda point: float(point.setup[name]))
    best = order.names[0]
    last = max(ladder[1:], key=lambda point: point.values[best]) if order.measure.whole else ladder[-1]
    return [ladder[0]._replace(name=name), last._replace(name=name)]


def _ends_among(order: Order, points: Sequence[Point]) -> list[Point]:
    """The ends of a load among points that differ in other conditions too, if the order is the same at both."""
    for name in LOADS:
        ladders: dict[str, list[Point]] = {}
        for point in points:
            if _is_level(point, name):
                rest = canonical({key: value for key, value in point.setup.items() if key != name})
                ladders.setdefault(rest, []).append(point)
        known = [ladder for ladder in ladders.values() if len(ladder) > 1]
        for ladder in sorted(known, key=lambda each: (-len(each), -sum(point.runs for point in each))):
            ends = _ends(order, name, ladder)
            if all(agrees(order, end.values) for end in (ends[-1:] if order.measure.whole else ends)):
                return ends
    return []


def own_means(order: Order) -> dict[str, float]:
    """Of a contest of which no item has all settings, the geometric mean of each item's runs; empty of another one.

    What a fit gives is a mean over settings that an item was never measured under.
    """
    if order.contest.complete:
        return {}
    found = {name: _geometric_mean(runs_of(order, name)) for name in order.names}
    return found if agrees(order, found) else {}


def between_two(order: Order) -> tuple[Order, list[Setup]] | None:
    """The first and the next that is told from it, with means over the settings that both have, and these settings.

    For a contest of which no setting stands for all: a fit would give values that nobody measured. None if these means
    have the other order.
    """
    others = [name for name in order.names if name not in order.leaders]
    if not others:
        return None
    pair = [order.names[0], others[0]]
    shared = [point for point in _points(order, 2) if set(pair) <= set(point.cells)]
    found = [point.values for point in shared]
    if not found:
        return None
    values = {name: _geometric_mean(np.array([known[name] for known in found])) for name in pair}
    two = order._replace(names=pair, values=values, leaders=pair[:1], near=())
    return (two, [point.setup for point in shared]) if agrees(two, values) else None


def runs_of(order: Order, name: str) -> "np.ndarray":
    """The values of an item over all settings of the contest."""
    return np.concatenate([cell.values for item, cell in order.contest.cells if item == name])


def agrees(order: Order, values: Mapping[str, float]) -> bool:
    """Whether items that a test tells apart stand in the same order by these values."""
    sign = order.measure.sign
    for place, one in enumerate(order.names):
        for other in order.names[place + 1 :]:
            if (
                order.judged.certainty_of(one, other) is not Certainty.TIE
                and sign * values[one] >= sign * values[other]
            ):
                return False
    return True


def lengths_at(measure: Measure, point: Point, one: str, other: str) -> Lengths | None:
    """None if the time does not grow with a length, or if the files do not count its tokens."""
    column = _LENGTHS.get(measure.metric)
    counts = [_tokens(point.cells[item], column) for item in (one, other)] if column else [np.nan]
    return None if np.isnan(counts).any() else Lengths(*counts, of_prompt=column == PROMPT_TOKENS)


def is_unlike(found: Lengths) -> bool:
    """Whether the other one, which is slower, has far more tokens, so that part of the distance is theirs."""
    return found.other >= _UNLIKE * found.one


def equal_length(order: Order, one: str, other: str) -> tuple[Point, Lengths] | None:
    """Of the shared setups the one in which the two have the most alike lengths, if they are about the same there."""
    found = [
        (point, lengths)
        for point in _shared(order)
        if (lengths := lengths_at(order.measure, point, one, other)) and agrees(order, point.values)
    ]
    best = min(found, key=lambda each: (_apart(each[1]), -each[0].runs), default=None)
    return best if best and _apart(best[1]) <= _EQUAL else None


def _shared(order: Order) -> list[Point]:
    """The setups that every item was measured under."""
    return _points(order, len(order.names))


def _points(order: Order, least: int) -> list[Point]:
    """The setups that so many items were measured under."""
    setups = {canonical(setup): setup for setup in order.contest.setups}
    names = set().union(*order.contest.setups)  # without the condition whose levels are compared
    cells: dict[str, dict[str, Cell]] = {}
    for item, cell in order.contest.cells:
        key = canonical({name: value for name, value in cell.setup.items() if name in names})
        cells.setdefault(key, {})[item] = cell
    return [Point(setups[key], known) for key, known in cells.items() if len(known) >= least and key in setups]


def _geometric_mean(values: "np.ndarray") -> float:
    return float(np.exp(np.mean(np.log(values))))


def _is_level(point: Point, name: str) -> bool:
    return isinstance(point.setup.get(name), int | float)


def _apart(found: Lengths) -> float:
    return max(found.one, found.other) / max(min(found.one, found.other), 1.0)


def _tokens(cell: Cell, column: str | None) -> float:
    counts: Sequence[float] = cell.frame[column].to_numpy("float64")[cell.places] if not cell.stated else [np.nan]
    return float(np.nanmedian(counts)) if not np.isnan(counts).all() else np.nan
