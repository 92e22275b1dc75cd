"""Advice to keep a model loaded, with what a cold start costs."""

from collections.abc import Iterator

import pandas as pd

from chimera_dagster.evidence.findings.cold import ColdStarts
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, count, listed, model, number, phrase
from chimera_dagster.schemas import TTFT

_WEIGHT = 130.0
_MOST = 2  # models in the reason
_LEAST_MS = 200.0  # nobody feels less


def keep_loaded(data: NoteContext) -> Iterator[Note]:
    """One note, if a load is known to make the first token of some model later."""
    found = [each for each in data.found("cold_starts", ColdStarts) if each.about.slower]
    found = sorted((each for each in found if added(each.about) >= _LEAST_MS), key=lambda each: -added(each.about))
    if not found:
        return
    costs: list[Phrase] = []
    for place, each in enumerate(found[:_MOST]):
        whose = "to that" if place else "to the first token"
        costs.append(phrase(f"{{x}} {whose} of {{m}}", x=number(added(each.about), "ms"), m=model(each.about.model)))
    if len(found) > _MOST:
        costs.append(phrase("less to {n}", n=count(len(found) - _MOST, "other model")))
    rows = pd.concat([part for each in found for part in (each.about.cold, each.about.warm)])
    sources = [source for each in found for source in sources_of(each.about.cold)]
    ids = tuple(each.id for each in found)
    yield recommendation(
        "keep_loaded",
        _WEIGHT,
        phrase(f"keep the {'model' if len(found) == 1 else 'models'} loaded between requests"),
        phrase("a cold start adds {costs}", costs=listed(costs)),
        Basis(scope_of(rows), sources, ids, TTFT, "holds"),
    )


def added(about: ColdStarts) -> float:
    """What a load adds to the median time to first token, in ms."""
    return about.median(TTFT, cold=True) - about.median(TTFT, cold=False)
