"""Memory and power that files have beside the runs: what a model takes of the machine, by model and configuration."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from chimera_dagster.evidence.findings.cells import placed
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.measures import USED, Measure
from chimera_dagster.evidence.setups import Setup
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Source


class Used(NamedTuple):
    """The mean and the highest value of a measure over the `n` records of a model under one setup."""

    measure: Measure
    model: str
    setup: Setup
    mean: float
    highest: float
    n: int
    sources: tuple[Source, ...]


def used(data: NoteContext) -> Iterator[Used]:
    """Of records that name a model; aggregates that a file states are left out."""
    raw = data.data.raw
    for measure in USED:
        chosen = (raw["metric"] == measure.metric) & (raw["unit"] == measure.unit) & (raw["value"] > 0)
        rows = placed(raw[chosen.to_numpy()])
        values = rows.frame["value"].to_numpy("float64")
        for model, setup, places in rows.groups():
            found = values[places]
            sources = tuple(sources_of(rows.frame, np.sort(places)))
            yield Used(measure, model, rows.setups[setup], float(found.mean()), float(found.max()), len(found), sources)
