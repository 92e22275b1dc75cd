"""The risk of means that mix cold and warm runs."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from chimera_dagster.evidence.findings.cold import ColdStarts
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import count, model, number, phrase
from chimera_dagster.schemas import TTFT

_WEIGHT = 120.0


def mixed_means(data: NoteContext) -> Iterator[Note]:
    """One note of all models with cold and warm runs; the example is the one with the largest share of cold runs."""
    found = [each for each in data.found("cold_starts", ColdStarts) if len(each.about.warm)]
    if not found:
        return
    rows = pd.concat([part for each in found for part in (each.about.cold, each.about.warm)])
    cold, total = sum(len(each.about.cold) for each in found), sum(each.about.total for each in found)
    several = len(found) > 1
    parts = {
        "n": phrase("{n} of {m}", n=number(cold), m=count(total, "run")),
        "of": count(len(found), "model") if several else phrase("{m}", m=model(found[0].about.model)),
        "it": "their" if several else "the",
    }
    yield risk(
        "mixed_means",
        _WEIGHT,
        (
            phrase("Means that mix cold and warm runs: {n} of {of} loaded {it} model first.", **parts),
            phrase("A mean over all runs mixes cold and warm ones: {n} of {of} loaded {it} model first.", **parts),
        ),
        phrase("Report the median of warm runs, and the cold start apart."),
        Basis(
            replace(scope_of(rows), n=total),
            [source for each in found for source in sources_of(each.about.cold)],
            tuple(each.id for each in found),
            TTFT,
        ),
    )
