"""Advice to choose sampling parameters by the quality of the answers, if none of them moved speed."""

from collections.abc import Iterator

import pandas as pd

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.findings.parameters import ParameterEffect
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, count, listed, phrase, setting

_WEIGHT = 95.0
_BLIND = 0.25  # a test that would have missed more of a difference is no ground for advice
_SAMPLING = ("temperature", "top_k", "top_p", "repeat_penalty")


def sampling_parameters(data: NoteContext) -> Iterator[Note]:
    """One note of all sampling parameters of which no test found an effect, if one of the tests is sensitive enough."""
    by_name: dict[str, list[Found[ParameterEffect]]] = {}
    for each in data.found("parameter_effects", ParameterEffect):
        by_name.setdefault(each.about.test.parameter, []).append(each)
    quiet = {
        name: by_name[name]
        for name in _SAMPLING
        if name in by_name and all(each.about.found.certainty is Certainty.TIE for each in by_name[name])
    }
    if not quiet:
        return
    tests = [each for found in quiet.values() for each in found]
    if min((each.about.detectable or 0.0 for each in tests), default=0.0) > _BLIND:
        return
    rows = pd.concat([each.about.test.rows[["file", "record", "model"]] for each in tests]).drop_duplicates()
    names: list[Phrase] = [(setting(name),) for name in quiet]
    none = "none of them" if len(names) > 1 else "it"
    moved = "moved" if len(names) > 1 else "did not move"
    yield recommendation(
        "sampling_parameters",
        _WEIGHT,
        phrase("set {names} for the quality of the answers", names=listed(names)),
        phrase(
            f"{none} {moved} speed in {{runs}} by an amount that they can show",
            runs=count(len(rows), "run"),
        ),
        Basis(scope_of(rows), sources_of(rows), tuple(each.id for each in tests), certainty=Certainty.TIE),
    )
