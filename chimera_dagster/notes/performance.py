"""What each model did by each measure: at equal conditions, and by configuration, with where every value comes from."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.difference_tests import log_moments
from chimera_dagster.evidence.findings.cells import Cell
from chimera_dagster.evidence.findings.equal_conditions import Standing
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.measures import HEADLINES, USED, Measure
from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.evidence.setups import Setup, by_value, canonical, setups_of
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.failed_runs import failed_at
from chimera_dagster.notes.note import Source
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import Phrase, Words, plain
from chimera_dagster.notes.points import Point, own_means, points_of, runs_of
from chimera_dagster.notes.reading import reading
from chimera_dagster.notes.rules.choice import contests_of_answer
from chimera_dagster.notes.settings import in_words, level
from chimera_dagster.notes.usage import Used, used
from chimera_dagster.schemas import TTFT

_LEAST = 3  # runs, for an interval
_FIRST = HEADLINES[1]


class Column(NamedTuple):
    """A measure of warm runs, the time to the first token of runs that had to load the model, or memory or power.

    `at` says in words at which level of a load or length, or over how many settings, if a table has it of one.
    """

    measure: Measure
    cold: bool = False
    at: str = ""


class Value(NamedTuple):
    """A typical value with its 95 % interval (None without one), and the records it is from.

    `kind` is `geometric mean` or `median` of runs, of memory and power `mean` or `highest`, else what a file states.
    `n` is None if no file says it.
    """

    unit: str
    value: float
    low: float | None
    high: float | None
    n: int | None
    kind: str
    stated: bool
    sources: tuple[Source, ...]

    @property
    def text(self) -> str:
        """Rounded for reading."""
        return reading(self.value, self.unit)


class Row(NamedTuple):
    """One model under one setup, of which `named` is what differs within the folder or is always said.

    `failed` counts the runs of this setup that the values leave out because they failed.
    """

    model: str
    setup: Setup
    named: Setup
    values: dict[Column, Value]
    failed: int = 0

    @property
    def runs(self) -> int:
        return max((value.n or 1 for value in self.values.values()), default=0)


def columns_of(rows: Iterable[Row]) -> list[Column]:
    """Those that some row has, in the order in which they answer which model to choose; then memory and power."""
    order = (*QUESTIONS, *USED)
    found = dict.fromkeys(column for row in rows for column in row.values)
    return sorted(found, key=lambda column: (order.index(column.measure), column.cold))


def by_model(data: NoteContext) -> list[Row]:
    """Models at equal conditions, by the contests that the answer rests on, of other measures by the most telling one.

    Their values at the setting, or at the ends of the load, that stands for the contest (`points_of`): of a time both
    ends, of the rate of one request the lower and of a server's rate its best level. Without one, the means of the
    contest. The best by the first measure come first. Cold starts are beside them.
    """
    found: dict[str, dict[Column, Value]] = {}
    sources = _Sources()
    answered = {order.measure: order for order in contests_of_answer(data)}
    for measure in (measure for measure in QUESTIONS if measure in data.rankings):
        order = answered.get(measure) or order_of(*data.rankings[measure][0])
        for name in order.names:
            found.setdefault(name, {})
        for column, name, value in _at_points(order, sources) or _over_settings(order, sources):
            found[name][column] = value
    for model, value in _cold_by_model(data):
        if model in found:
            found[model][Column(_FIRST, cold=True)] = value
    for each in used(data):
        if each.model in found:
            column, known = found[each.model], found[each.model].get(Column(each.measure))
            column[Column(each.measure)] = _highest(each, known)
    return [Row(model, {}, {}, values) for model, values in found.items()]


def _at_points(order: Order, sources: "_Sources") -> list[tuple[Column, str, Value]]:
    points, measure = points_of(order), order.measure
    if len(points) > 1 and measure.unit != "ms":
        points = points[-1:] if measure.whole else points[:1]
    return [
        (Column(measure, at=_level_words(point)), name, typical(cell, measure.unit, sources.of(cell)))
        for point in points
        for name, cell in point.cells.items()
    ]


def _over_settings(order: Order, sources: "_Sources") -> Iterator[tuple[Column, str, Value]]:
    """Means over all settings; of each item's own runs if they do not share them, or none if these mislead."""
    contest, means = order.contest, own_means(order)
    if not contest.complete and not means:
        return
    at = f"{len(contest.setups)} settings" if len(contest.setups) > 1 else ""
    at = "own settings" if means else at
    for standing in contest.standings:
        if means:
            values = runs_of(order, standing.item)
            mean, low, high = log_moments(values, np.zeros(len(values), dtype="int64"), 1).interval(0)
            standing = Standing(standing.item, mean, low, high, len(values))  # noqa: PLW2901
        cells = [cell for item, cell in contest.cells if item == standing.item]
        kind = f"{contest.kind} over sessions" if contest.by_session and not means else contest.kind
        yield (
            Column(order.measure, at=at),
            standing.item,
            _standing(order.measure.unit, standing, kind, cells, sources),
        )


def _level_words(point: Point) -> str:
    """`1 request`, `32 requests at once`, as a table has room for it."""
    if not point.name:
        return ""
    words = plain(level(point.name, point.setup[point.name])).replace("`", "")
    return "1 request" if words == "one request at a time" else words


def by_configuration(data: NoteContext) -> list[Row]:
    """Every model and setup with a value, equal setups side by side, those with the most runs first."""
    rows: dict[tuple[str, str], Row] = {}
    sources, failed = _Sources(), failed_at(data)

    def add(model: str, setup: Setup, column: Column, value: Value) -> None:
        key = canonical(setup), model
        if key not in rows:
            named = {name: value for name, value in setup.items() if name in data.said}
            broken = failed.get((model, key[0]))
            rows[key] = Row(model, setup, named, {}, broken.failed if broken else 0)
        rows[key].values[column] = value

    for measure in QUESTIONS:
        for cell in data.data.cells(measure):
            add(cell.model, cell.setup, Column(measure), typical(cell, measure.unit, sources.of(cell)))
    for model, setup, value in _cold_by_setup(data):
        add(model, setup, Column(_FIRST, cold=True), value)
    for each in used(data):
        value = Value(each.measure.unit, each.mean, None, None, each.n, "mean", False, each.sources)
        if (canonical(each.setup), each.model) in rows:
            add(each.model, each.setup, Column(each.measure), value)
    runs: dict[str, int] = {}
    for (setup, _), row in rows.items():
        runs[setup] = runs.get(setup, 0) + row.runs
    order = sorted(rows, key=lambda key: (-runs[key[0]], by_value(rows[key].setup), key))
    return [rows[key] for key in order]


class _Sources:
    """Records of cells, whose frames are turned into arrays once: there may be thousands of cells."""

    def __init__(self) -> None:
        self._frames: dict[int, tuple[pd.DataFrame, NDArray[np.object_], NDArray[np.object_]]] = {}

    def of(self, cell: Cell) -> tuple[Source, ...]:
        frame = cell.frame
        if id(frame) not in self._frames:
            names = (frame[name].to_numpy("object") for name in ("file", "record"))
            self._frames[id(frame)] = (frame, *names)
        _, files, records = self._frames[id(frame)]
        found = dict.fromkeys(zip(files[cell.places].tolist(), records[cell.places].tolist(), strict=True))
        return tuple(found)[:MOST_SOURCES]


def _standing(unit: str, standing: Standing, kind: str, cells: Sequence[Cell], sources: _Sources) -> Value:
    return Value(
        unit,
        standing.value,
        _known(standing.low),
        _known(standing.high),
        None if np.isnan(standing.n) else int(standing.n),
        kind,
        any(cell.stated for cell in cells),
        tuple(source for cell in cells for source in sources.of(cell))[:MOST_SOURCES],
    )


def typical(cell: Cell, unit: str = "", sources: tuple[Source, ...] = ()) -> Value:
    """What files state; of runs the geometric mean, as contests have it, with its interval from three runs on."""
    if cell.stated:
        n = cell.moments[0]
        return Value(
            unit, cell.centre(cell.kind), None, None, None if np.isnan(n) else int(n), cell.kind, True, sources
        )
    count = len(cell.values)
    mean, low, high = log_moments(cell.values, np.zeros(count, dtype="int64"), 1).interval(0)
    bounds = (low, high) if count >= _LEAST else (None, None)
    return Value(unit, mean, *bounds, count, "geometric mean", False, sources)


def _highest(each: Used, known: Value | None) -> Value:
    """Of a model, from one setup and those before it."""
    n = each.n + (known.n or 0 if known else 0)
    sources = (*(known.sources if known else ()), *each.sources)[:MOST_SOURCES]
    highest = max(each.highest, known.value if known else each.highest)
    return Value(each.measure.unit, highest, None, None, n, "highest", False, sources)


def _cold_by_model(data: NoteContext) -> Iterator[tuple[str, Value]]:
    rows = data.cold
    for model, group in rows.groupby("model", observed=True):
        yield str(model), _median(group)


def _cold_by_setup(data: NoteContext) -> Iterator[tuple[str, Setup, Value]]:
    rows = data.cold
    places, setups = setups_of(rows)
    parts: dict[Any, Any] = rows.groupby([rows["model"], places], observed=True).indices
    for (model, place), chosen in parts.items():
        yield str(model), setups[int(place)], _median(rows.iloc[chosen])


def _median(runs: pd.DataFrame) -> Value:
    value = float(runs[TTFT].median())
    return Value(_FIRST.unit, value, None, None, len(runs), "median", False, tuple(sources_of(runs)))


def conditions(setup: Setup, shown: Iterable[str] | None = None) -> Phrase:
    """As a cell of a table: all of it, without the word that joins it to a sentence."""
    words = in_words(setup, shown, len(setup))
    if words and isinstance(words[0], Words) and words[0].text.startswith("with "):
        rest = words[0].text.removeprefix("with ")
        return (Words(rest), *words[1:]) if rest else words[1:]
    return words


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
