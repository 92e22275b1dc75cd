"""How far repeats of one setting lie apart, if it is so far that a single run says little."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from chimera_dagster.evidence.findings.cells import Cell, files_of, sources_of_cells
from chimera_dagster.evidence.measures import HEADLINES, Measure
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.order_words import rest
from chimera_dagster.notes.phrase import Phrase, joined, listed, model, phrase, share

_LEAST_DF = 5  # of fewer the figure says nothing about itself
_LEAST = 0.1
_SHOWN = 4  # models of one metric
_WEIGHT = 55.0


class Scatter(NamedTuple):
    """The coefficient of variation of repeats of one setting and prompt, pooled over all of them."""

    model: str
    measure: Measure
    ratio: float
    cells: list[Cell]


def scatter(data: NoteContext) -> Iterator[Note]:
    """One note of all models and metrics whose repeats scatter by 10 % and more."""
    found = [
        each
        for measure in HEADLINES
        for each in sorted(_scatters(data.data.cells(measure), measure), key=lambda each: -each.ratio)
        if each.ratio >= _LEAST
    ]
    if not found:
        return
    measures = list(dict.fromkeys(each.measure for each in found))
    parts = joined([_of_measure([each for each in found if each.measure == measure]) for measure in measures], ", and ")
    cells = [cell for each in found for cell in each.cells]
    yield Note(
        "scatter",
        "findings",
        _WEIGHT,
        (
            phrase("Runs of one setting have a standard deviation {parts}, so a single run says little.", parts=parts),
            phrase(
                "A single run says little here: runs of one setting have a standard deviation {parts}.", parts=parts
            ),
        ),
        Scope(
            tuple(sorted({each.model for each in found})), runs="warm", n=_records(cells), files=len(files_of(cells))
        ),
        measures[0].metric if len(measures) == 1 else None,
        sources=tuple(sources_of_cells(cells)),
    )


def _of_measure(found: list[Scatter]) -> Phrase:
    """`of 34 % of the mean for a and 12 % for b in decode throughput`."""
    shown = [
        phrase("{x} of the mean for {m}" if not place else "{x} for {m}", x=share(each.ratio), m=model(each.model))
        for place, each in enumerate(found[:_SHOWN])
    ]
    left = rest(len(found) - len(shown), "other model")
    return phrase(f"of {{shown}} in {found[0].measure.words}", shown=listed([*shown, *left]))


def _scatters(cells: list[Cell], measure: Measure) -> Iterator[Scatter]:
    measured = [cell for cell in cells if not cell.stated]
    if not measured:
        return
    sizes = [len(cell.values) for cell in measured]
    number, prompt = np.repeat(np.arange(len(measured)), sizes), np.concatenate([cell.asked for cell in measured])
    values = pd.Series(np.concatenate([cell.values for cell in measured]))
    repeats = values.groupby([number, prompt]).agg(["size", "mean", "var"])
    repeats = repeats[repeats["size"] > 1]
    of_cell = repeats.index.get_level_values(0).to_numpy()
    dfs = repeats["size"].to_numpy() - 1
    squares = dfs * repeats["var"].to_numpy() / repeats["mean"].to_numpy() ** 2
    starts = np.searchsorted(of_cell, np.arange(len(measured) + 1)).tolist()
    by_model: dict[str, list[int]] = {}
    for place, cell in enumerate(measured):
        by_model.setdefault(cell.model, []).append(place)
    for name, places in by_model.items():
        parts = [slice(starts[place], starts[place + 1]) for place in places]
        df = sum(int(dfs[part].sum()) for part in parts)
        if df >= _LEAST_DF:
            total = sum(float(squares[part].sum()) for part in parts)
            repeated = [measured[place] for place, part in zip(places, parts, strict=True) if part.stop > part.start]
            yield Scatter(name, measure, float(np.sqrt(total / df)), repeated)


def _records(cells: list[Cell]) -> int:
    rows = pd.concat([cell.frame[["file", "record"]].iloc[cell.places] for cell in cells])
    return len(rows.astype("str").drop_duplicates())
