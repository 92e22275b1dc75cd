"""What it costs to load the model first, in the time to its first token."""

from collections.abc import Iterator

import pandas as pd

from chimera_dagster.evidence.certainty import Certainty, weakest
from chimera_dagster.evidence.findings.cold import ColdStarts
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Number, Phrase, count, joined, listed, model, number, phrase, subject
from chimera_dagster.schemas import LOAD, TTFT

_SLOWER, _UNTESTED, _OTHERS = 105.0, 60.0, 50.0
_SHOWN = 4  # models of one sentence, those that lose most

_Starts = list[Found[ColdStarts]]


def cold_start(data: NoteContext) -> Iterator[Note]:
    """One note of all models that a load is known to delay, one of those where that isn't tested, and one each else."""
    found = list(data.found("cold_starts", ColdStarts))
    found.sort(key=lambda each: -_ratio(each.about))
    slower = [each for each in found if each.about.slower]
    untested = [each for each in found if each.about.certainty is Certainty.PLAIN and _ratio(each.about) > 1]
    if slower:
        yield _note(slower, _slower(slower), weakest(each.about.certainty for each in slower), _SLOWER)
    if untested:
        yield _note(untested, _untested(untested), Certainty.PLAIN, _UNTESTED)
    for place, each in enumerate(found):
        starts, weight = each.about, _OTHERS - place / 10
        if starts.warm.empty:
            yield _note([each], _only_cold(starts), None, weight)
        elif starts.certainty is Certainty.TIE:
            yield _note([each], _no_slower(starts), Certainty.TIE, weight)


def _note(found: _Starts, wordings: tuple[Phrase, ...], certainty: Certainty | None, weight: float) -> Note:
    rows = pd.concat([side[["file", "record"]] for each in found for side in (each.about.cold, each.about.warm)])
    cold = pd.concat([each.about.cold[["file", "record"]] for each in found])
    models = tuple(each.about.model for each in found)
    return Note(
        "cold_start",
        "performance",
        weight,
        wordings,
        Scope(models, runs="all", n=len(rows), files=rows["file"].astype("str").nunique()),
        TTFT,
        certainty=certainty,
        sources=tuple(sources_of(cold)),
        findings=tuple(each.id for each in found),
    )


def _slower(found: _Starts) -> tuple[Phrase, ...]:
    shown = [each.about for each in found[:_SHOWN]]
    left = len(found) - len(shown)
    more = phrase("; it delays {n} too", n=count(left, "other model")) if left else ()
    name = subject if len(found) == 1 else model
    parts = [(name(each.model), _median(each, cold=True), _median(each, cold=False)) for each in shown]
    made = [phrase("{a} after {slow} instead of {usual}", a=a, slow=slow, usual=usual) for a, slow, usual in parts]
    first, slow, usual = parts[0]
    start = phrase("{a} answer after {slow} instead of {usual}", a=first, slow=slow, usual=usual)
    each = [phrase("{slow} instead of {usual} for {a}", a=a, slow=slow, usual=usual) for a, slow, usual in parts]
    return (
        phrase("A cold start makes {parts}{more}.", parts=listed([start, *made[1:]]), more=more),
        phrase(
            "If the model has to be loaded first, the first token comes after {parts}{more}.",
            parts=listed(each),
            more=more,
        ),
    )


def _untested(found: _Starts) -> tuple[Phrase, ...]:
    loads = listed([(number(each.about.median(LOAD, cold=True), "ms"),) for each in found[:_SHOWN]])
    took = phrase("The load itself took {loads}; whether it explains all of that was not tested.", loads=loads)
    return tuple(joined([said, took]) for said in _slower(found))


def _no_slower(starts: ColdStarts) -> tuple[Phrase, ...]:
    parts = {"a": subject(starts.model), "slow": _median(starts, cold=True), "usual": _median(starts, cold=False)}
    return (
        phrase("Loading {a} first makes no measurable difference to its first token: {slow} against {usual}.", **parts),
        phrase("No delay of the first token by loading {a} can be told from chance: {slow} against {usual}.", **parts),
    )


def _only_cold(starts: ColdStarts) -> tuple[Phrase, ...]:
    runs = count(len(starts.cold), "run")
    parts: dict[str, Phrase] = {"a": (subject(starts.model),), "slow": (_median(starts, cold=True),), "runs": runs}
    return (
        phrase("The time to first token of {a} is known from cold starts only: {slow} over {runs}.", **parts),
        phrase(
            "Every run of {a} had to load it first, so its {slow} to the first token ({runs}) includes that.", **parts
        ),
    )


def _median(starts: ColdStarts, *, cold: bool) -> Number:
    return number(starts.median(TTFT, cold=cold), "ms")


def _ratio(starts: ColdStarts) -> float:
    """How many times as long a cold start takes; 0 without warm runs."""
    return 0.0 if starts.warm.empty else starts.median(TTFT, cold=True) / starts.median(TTFT, cold=False)
