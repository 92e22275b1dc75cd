"""The risk of a mean or a median that hides slow requests."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from chimera_dagster.evidence.findings.cells import Cell
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.measures import MEASURES, Measure
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Number, model, number, phrase
from chimera_dagster.notes.reading import times

_WEIGHT = 108.0
_LEAST_RUNS = 20  # of fewer, the p95 is the slowest run
_LEAST_RATIO = 2.0
_ALIKE = 1.5  # medians of prompts within that ratio
_TIMES = [measure for measure in MEASURES if measure.unit == "ms"]


class Tail(NamedTuple):
    """The median and the p95 of a time of one model under one setup, and the rows that give them."""

    model: str
    measure: Measure
    median: float
    p95: float
    n: int
    rows: pd.DataFrame

    @property
    def ratio(self) -> float:
        return self.p95 / self.median


def tails(data: NoteContext) -> Iterator[Note]:
    """One note, of the measure and model whose p95 is farthest from its median, of those that matter most."""
    for measure in _TIMES:
        found = [tail for tail in _tails(data, measure) if tail.ratio >= _LEAST_RATIO]
        if not found:
            continue
        worst = max(found, key=lambda tail: (tail.ratio, tail.model))
        parts = {
            "m": model(worst.model),
            "what": measure.words,
            "p95": number(worst.p95, "ms"),
            "median": number(worst.median, "ms"),
        }
        files = int(worst.rows["file"].nunique())
        yield risk(
            "tails",
            _WEIGHT,
            (
                phrase(
                    "An average hides slow requests: the p95 of the {what} of {m} is {p95}, {ratio} times its median "
                    "of {median}.",
                    **parts,
                    ratio=Number(times(worst.ratio), worst.ratio, ""),
                ),
                phrase(
                    "One in twenty requests to {m} is much slower: its {what} is {p95} or more, where the median is "
                    "{median}.",
                    **parts,
                ),
            ),
            phrase("Plan with the p95, not with the mean."),
            Basis(
                Scope((worst.model,), runs="warm" if worst.n else "all", n=worst.n, files=files),
                sources_of(worst.rows),
                metric=measure.metric,
            ),
        )
        return


def _tails(data: NoteContext, measure: Measure) -> Iterator[Tail]:
    for cell in data.data.cells(measure):
        if not cell.stated and len(cell.values) >= _LEAST_RUNS and _is_alike(cell):
            p95 = float(np.percentile(cell.values, 95))
            yield Tail(cell.model, measure, cell.median, p95, len(cell.values), cell.frame.iloc[cell.places])
    stated = data.data.stated
    named = (stated["metric"] == measure.metric) & stated["model"].notna()
    rows = stated[(named & (stated["median"] > 0) & (stated["p95"] > 0)).to_numpy()]
    for place, (name, median, p95) in enumerate(zip(rows["model"], rows["median"], rows["p95"], strict=True)):
        yield Tail(str(name), measure, float(median), float(p95), 0, rows.iloc[[place]])


def _is_alike(cell: Cell) -> bool:
    """Whether its prompts take about the same time: a long prompt among short ones is not a slow request."""
    medians = pd.Series(cell.values).groupby(cell.asked).median()
    return float(medians.max()) < _ALIKE * float(medians.min())
