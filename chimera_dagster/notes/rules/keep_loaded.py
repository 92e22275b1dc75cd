"""Advice to keep a model loaded, with what a cold start costs."""

from collections.abc import Iterator

import pandas as pd

from chimera_dagster.evidence.certainty import Certainty, weakest
from chimera_dagster.evidence.findings.cold import ColdStarts
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, count, listed, model, number, phrase
from chimera_dagster.schemas import LOAD, TTFT

_WEIGHT = 130.0
_MOST = 2  # models in the reason
_LEAST_MS = 200.0  # nobody feels less


def keep_loaded(data: NoteContext) -> Iterator[Note]:
    """One note: of what a load is known to add to the first token, or else of how long the loads took."""
    every = [each for each in data.found("cold_starts", ColdStarts) if cost(each.about) >= _LEAST_MS]
    found = [each for each in every if each.about.slower] or [
        each for each in every if each.about.certainty is Certainty.PLAIN and len(each.about.warm)
    ]
    if not found:
        return
    found.sort(key=lambda each: (-cost(each.about), each.about.model))
    tested = found[0].about.slower
    costs: list[Phrase] = []
    for place, each in enumerate(found[:_MOST]):
        whose = "with" if not tested else "to that of" if place else "to the first token of"
        costs.append(phrase(f"{{x}} {whose} {{m}}", x=number(cost(each.about), "ms"), m=model(each.about.model)))
    if len(found) > _MOST:
        costs.append(phrase(f"less {'to' if tested else 'with'} {{n}}", n=count(len(found) - _MOST, "other model")))
    rows = pd.concat([part for each in found for part in (each.about.cold, each.about.warm)])
    yield recommendation(
        "keep_loaded",
        _WEIGHT,
        phrase(f"keep the {'model' if len(found) == 1 else 'models'} loaded between requests"),
        phrase(f"{'a cold start adds' if tested else 'loading took'} {{costs}}", costs=listed(costs)),
        Basis(
            scope_of(rows),
            [source for each in found for source in sources_of(each.about.cold)],
            tuple(each.id for each in found),
            TTFT,
            weakest(each.about.certainty for each in found),
        ),
    )


def cost(about: ColdStarts) -> float:
    """What a load is known to add to the median time to first token, or else the median of the loads, in ms."""
    if about.slower:
        return about.median(TTFT, cold=True) - about.median(TTFT, cold=False)
    return about.median(LOAD, cold=True)
