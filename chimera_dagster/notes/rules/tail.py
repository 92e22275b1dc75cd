"""Times whose slowest runs take much longer than the usual ones."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.cells import Cell, files_of, sources_of_cells
from chimera_dagster.evidence.findings.parameters import PARAMETERS
from chimera_dagster.evidence.measures import MEASURES, Measure
from chimera_dagster.evidence.setups import Setup, canonical
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.metric_words import does
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Number, Part, Phrase, capital, count, number, phrase, share, subject
from chimera_dagster.notes.reading import times
from chimera_dagster.notes.settings import in_words
from chimera_dagster.schemas import E2E, TTFT

_METRICS = (TTFT, E2E, "latency_ms")
_LEAST_RUNS = 20  # a p95 of fewer is the slowest run
_LEAST_RATIO = 1.5
_MOST = 6  # notes, those with the longest tails
_WEIGHT, _FURTHER = 70.0, 42.0


class Tail(NamedTuple):
    """The p95 and the median of a time of a model, over settings that differ in parameters alone."""

    model: str
    measure: Measure
    setup: Setup
    settings: int
    n: int
    median: float
    p95: float
    cells: list[Cell]

    @property
    def ratio(self) -> float:
        return self.p95 / self.median


def tail(data: NoteContext) -> Iterator[Note]:
    """A note for each model and time with a p95 of 1.5 times the median and more, of the runs that are the most."""
    found: list[Tail] = []
    for measure in MEASURES:
        if measure.metric in _METRICS:
            largest: dict[str, Tail] = {}
            for each in _tails(data.data.cells(measure), measure):
                if each.model not in largest or each.n > largest[each.model].n:
                    largest[each.model] = each
            found += [each for each in largest.values() if each.ratio >= _LEAST_RATIO]
    found.sort(key=lambda each: (_METRICS.index(each.measure.metric), -each.ratio))
    yield from (_note(data, each, place) for place, each in enumerate(found[:_MOST]))


def _tails(cells: list[Cell], measure: Measure) -> Iterator[Tail]:
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.stated:
            yield from _stated(cell, measure)
        else:
            setup = _without_parameters(cell.setup)
            groups.setdefault((cell.model, canonical(setup)), []).append(cell)
    for (model, _), group in groups.items():
        values = np.concatenate([cell.values for cell in group])
        if len(values) >= _LEAST_RUNS:
            median, p95 = (float(np.percentile(values, q)) for q in (50, 95))
            setup = group[0].setup if len(group) == 1 else _without_parameters(group[0].setup)
            yield Tail(model, measure, setup, len(group), len(values), median, p95, group)


def _stated(cell: Cell, measure: Measure) -> Iterator[Tail]:
    if len(cell.places) != 1:
        return
    row = cell.frame.iloc[int(cell.places[0])]
    n, median, p95 = float(row["n"]), float(row["median"]), float(row["p95"])
    if n >= _LEAST_RUNS and median > 0 and p95 > 0:
        yield Tail(cell.model, measure, cell.setup, 1, int(n), median, p95, [cell])


def _without_parameters(setup: Setup) -> Setup:
    return {name: value for name, value in setup.items() if name not in PARAMETERS}


def _note(data: NoteContext, found: Tail, place: int) -> Note:
    measure, stated = found.measure, found.cells[0].stated
    shown = data.said_of([found.model])
    at = in_words(found.setup, shown if found.settings == 1 else shown - frozenset(PARAMETERS))
    warm = "warm run" if not stated and data.loads_seen([found.model]) else "run"
    over = count(found.n, warm)
    if found.settings > 1:
        over = phrase("{over} in {n}", over=over, n=count(found.settings, "setting"))
    parts: dict[str, Part | Phrase] = {
        "at": phrase("{at}, ", at=at) if at else (),
        "over": over,
        "r": Number(times(found.ratio), found.ratio, ""),
        "median": number(found.median, measure.unit),
    }
    slow = does(measure, subject(found.model), found.p95)
    return Note(
        "tail",
        "performance",
        (_WEIGHT if measure.metric == TTFT else _FURTHER) - place / 10,
        (
            capital(
                phrase(
                    "{at}in the slowest {s} of {over}, {slow} or more, {r} times its median of {median}.",
                    s=share(0.05),
                    slow=slow,
                    **parts,
                )
            ),
            capital(
                phrase(
                    f"{{at}}the p95 of the {measure.words} of {{m}} is {{x}}, {{r}} times its median of {{median}}, "
                    f"over {{over}}.",
                    m=subject(found.model),
                    x=number(found.p95, measure.unit),
                    **parts,
                )
            ),
        ),
        Scope((found.model,), found.setup, "all" if stated else "warm", found.n, len(files_of(found.cells))),
        measure.metric,
        certainty=Certainty.PLAIN,
        sources=tuple(sources_of_cells(found.cells)),
    )
