"""What a brief draws, as plain data: each series is of one model, all else equal or said."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from chimera_dagster.evidence.findings.cells import Cell
from chimera_dagster.evidence.findings.cold import ColdStarts
from chimera_dagster.evidence.findings.equal_conditions import strata_by_level
from chimera_dagster.evidence.measures import FURTHER, HEADLINES, SERVER, Measure
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.performance import typical
from chimera_dagster.schemas import PREFILL, TTFT

_DECODE, _TTFT = HEADLINES
_LOADS = ("concurrency", "request_rate", "batch_size")
_LENGTHS = ("context_depth", "prompt_tokens", "seq_len", "prompt_words")
_TIMES = (_TTFT, *(measure for measure in FURTHER if measure.unit == "ms"))
_RATES = (_DECODE, *(measure for measure in FURTHER if measure.metric == PREFILL))
_LEAST_LEVELS = 3
_LEAST_RUNS = 20  # for percentiles
_SERIES = 4  # of one chart
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Curve(NamedTuple):
    """One model over the levels of a load or a length: at `levels` it has `x` and `y`.

    `bounds` are 95 % intervals of `y`; None at a level without one.
    """

    model: str
    levels: list[float]
    x: list[float]
    y: list[float]
    bounds: list[tuple[float, float] | None]


class Curves(NamedTuple):
    """Curves of several models by the levels of `name`; `x` is None if the levels themselves are drawn there."""

    name: str
    x: Measure | None
    y: Measure
    curves: list[Curve]


class Spread(NamedTuple):
    """Percentiles 5, 25, 50, 75 and 95 of a model's `n` warm runs."""

    model: str
    percentiles: tuple[float, float, float, float, float]
    n: int


class Load(NamedTuple):
    """Medians of a model's time to first token in ms, of runs that did not load it and of runs that did."""

    model: str
    warm: float
    warm_runs: int
    cold: float
    cold_runs: int


class Charted(NamedTuple):
    """Everything that a brief draws; a part without data is empty or None."""

    load: Curves | None
    lengths: list[Curves]
    loads: list[Load]
    spread: list[Spread]


NOTHING = Charted(None, [], [], [])


def charted(data: NoteContext) -> Charted:
    return Charted(_load(data), list(_lengths(data)), list(_loads(data)), _spread(data))


def _loads(data: NoteContext) -> Iterator[Load]:
    for _, _, about in data.found("cold_starts", ColdStarts):
        if len(about.warm) and len(about.cold):
            warm, cold = (about.median(TTFT, cold=cold) for cold in (False, True))
            yield Load(about.model, warm, len(about.warm), cold, len(about.cold))


def _load(data: NoteContext) -> Curves | None:
    """Throughput against latency over the load, of the first pair of measures that have it."""
    for rate in (SERVER, _DECODE):
        for name in _LOADS:
            of_rate = _strata(data.data.cells(rate), name)
            for time in _TIMES:
                of_time = _strata(data.data.cells(time), name)
                curves = [
                    curve
                    for key, cells in of_rate.items()
                    if key in of_time and (curve := _joined(key[0], name, of_time[key], cells))
                ]
                if curves:
                    return Curves(name, time, rate, _longest(curves))
    return None


def _lengths(data: NoteContext) -> Iterator[Curves]:
    """A rate over the length of the context or the prompt, each by the first name of a length that has it."""
    for rate in _RATES:
        for name in _LENGTHS:
            strata = _strata(data.data.cells(rate), name)
            curves = [_over_levels(model, name, cells) for (model, _), cells in strata.items()]
            if curves:
                yield Curves(name, None, rate, _longest(curves))
                break


def _strata(cells: Iterable[Cell], name: str) -> dict[tuple[str, str], list[Cell]]:
    """Cells by model and by all else, in the order of their levels, if there are three levels or more."""
    by_model: dict[str, list[Cell]] = {}
    for cell in cells:
        if isinstance(cell.setup.get(name), int | float):
            by_model.setdefault(cell.model, []).append(cell)
    return {
        (model, repr(sorted(stratum.setup.items()))): sorted(
            stratum.cells.values(), key=lambda cell: _level(cell, name)
        )
        for model, of_model in by_model.items()
        for stratum in strata_by_level(of_model, name)
        if len(stratum.cells) >= _LEAST_LEVELS
    }


def _joined(model: str, name: str, times: Sequence[Cell], rates: Sequence[Cell]) -> Curve | None:
    x = {_level(cell, name): _centre(cell) for cell in times}
    y = {_level(cell, name): _centre(cell) for cell in rates}
    levels = sorted(x.keys() & y.keys())
    if len(levels) < _LEAST_LEVELS:
        return None
    bounds = {_level(cell, name): _bounds(cell) for cell in rates}
    return Curve(
        model,
        levels,
        [x[level] for level in levels],
        [y[level] for level in levels],
        [bounds[level] for level in levels],
    )


def _over_levels(model: str, name: str, cells: Sequence[Cell]) -> Curve:
    levels = [_level(cell, name) for cell in cells]
    return Curve(model, levels, levels, [_centre(cell) for cell in cells], [_bounds(cell) for cell in cells])


def _longest(curves: Sequence[Curve]) -> list[Curve]:
    """One for each model, that with the most levels; of many models those with the longest."""
    best: dict[str, Curve] = {}
    for curve in curves:
        if curve.model not in best or len(curve.levels) > len(best[curve.model].levels):
            best[curve.model] = curve
    kept = sorted(best.values(), key=lambda curve: (-len(curve.levels), curve.model))[:_SERIES]
    return sorted(kept, key=lambda curve: curve.model)


def _spread(data: NoteContext) -> list[Spread]:
    """Of the models in the most telling contest of the time to first token, over the runs that it compares."""
    results = data.rankings.get(_TTFT, [])
    if not results:
        return []
    contest = results[0][1].contest
    found: list[Spread] = []
    for standing in contest.standings:
        cells = [cell for item, cell in contest.cells if item == standing.item and not cell.stated]
        values = np.concatenate([cell.values for cell in cells]) if cells else np.empty(0)
        if len(values) >= _LEAST_RUNS:
            p05, p25, p50, p75, p95 = np.quantile(values, _QUANTILES).tolist()
            found.append(Spread(standing.item, (p05, p25, p50, p75, p95), len(values)))
    return found


def _level(cell: Cell, name: str) -> float:
    return float(cell.setup[name])


def _centre(cell: Cell) -> float:
    return typical(cell).value


def _bounds(cell: Cell) -> tuple[float, float] | None:
    value = typical(cell)
    return None if value.low is None or value.high is None else (value.low, value.high)
