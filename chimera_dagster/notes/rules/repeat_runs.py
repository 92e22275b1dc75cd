"""Advice to repeat runs: how many would show which difference."""

from collections.abc import Iterator

import numpy as np

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.cells import Cell, files_of, sources_of_cells
from chimera_dagster.evidence.findings.equal_conditions import LEAST_RUNS
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.findings.parameters import ParameterEffect
from chimera_dagster.evidence.measures import Measure
from chimera_dagster.notes.advice import Basis, difference, recommendation, repeats_for
from chimera_dagster.notes.context import QUESTIONS, Found, NoteContext
from chimera_dagster.notes.naming import every, models_in_words, scope_of
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import Phrase, count, model, number, phrase, setting

_WEIGHT = 104.0
_LEAST = 0.1  # nobody asks for more than that
_FIRST_REPEATS = 5  # of what ran once: enough for a test and for a median


def repeat_runs(data: NoteContext) -> Iterator[Note]:
    """One note: of tied models, else of a parameter without a visible effect, else of what ran once or twice."""
    note = _of_models(data) or _of_parameters(data) or _of_single_runs(data)
    if note:
        yield note


def _of_models(data: NoteContext) -> Note | None:
    found = (order_of(*data.rankings[measure][0]) for measure in QUESTIONS[:3] if measure in data.rankings)
    return next((note for order in found if (note := _of_tie(order))), None)


def _of_tie(order: Order) -> Note | None:
    contest = order.contest
    least = order.judged.detectable() if order.tied else None
    if least is None or not least > _LEAST:
        return None
    runs = round(min(standing.n for standing in contest.standings))  # known, as the difference is
    better = repeats_for(runs, least)
    if better is None:
        return None
    return recommendation(
        "repeat_runs",
        _WEIGHT,
        phrase("run {models} {n} each", models=models_in_words(order.names, 3), n=count(better.runs, "time")),
        phrase(
            "{runs} of each can only show {now} in {what}, {more} would show {then}",
            runs=count(runs, "run"),
            now=difference(least),
            what=order.measure.words,
            more=number(better.runs),
            then=difference(better.difference),
        ),
        Basis(order.scope, order.sources, (order.finding,), order.measure.metric, Certainty.TIE),
    )


def _of_parameters(data: NoteContext) -> Note | None:
    found = [
        each for each in data.found("parameter_effects", ParameterEffect) if each.about.found.certainty is Certainty.TIE
    ]
    found.sort(key=lambda each: each.about.detectable or np.inf)  # first the test that a few more runs help most
    return next((note for each in found if (note := _of_parameter(each))), None)


def _of_parameter(found: Found[ParameterEffect]) -> Note | None:
    test, least = found.about.test, found.about.detectable
    if least is None or not least > _LEAST:
        return None
    runs = max(1, round(test.fitted.n / test.fitted.blocks / len(test.levels)))
    better = repeats_for(runs, least)
    if better is None:
        return None
    return recommendation(
        "repeat_runs",
        _WEIGHT,
        phrase("run each setting {n} where it matters to you", n=count(better.runs, "time")),
        phrase(
            "{runs} can only show {now} between values of {name} ({what} of {m}), {more} would show {then}",
            runs=count(runs, "run"),
            now=difference(least),
            name=setting(test.parameter),
            what=test.measure.words,
            m=model(test.model),
            more=number(better.runs),
            then=difference(better.difference),
        ),
        Basis(scope_of(test.rows), sources_of(test.rows), (found.id,), test.measure.metric, Certainty.TIE),
    )


def _of_single_runs(data: NoteContext) -> Note | None:
    for measure in QUESTIONS:
        cells = [] if measure.whole else data.data.cells(measure)  # one value of a server is over many requests
        few = [cell for cell in cells if known_runs(cell, measure) < LEAST_RUNS]
        if few and 2 * len(few) > len(cells):
            scope = Scope(
                tuple(sorted({cell.model for cell in few})),
                n=sum(len(cell.places) for cell in few),
                files=len(files_of(few)),
            )
            return recommendation(
                "repeat_runs",
                _WEIGHT,
                phrase("run each setting at least {n} and keep every run", n=count(_FIRST_REPEATS, "time")),
                phrase(
                    f"{{values}} of {{what}} {'rests' if len(few) == 1 else 'rest'} on fewer than {{least}}",
                    values=_values(len(few), len(cells)),
                    what=measure.words,
                    least=count(LEAST_RUNS, "known run"),
                ),
                Basis(scope, sources_of_cells(few), metric=measure.metric),
            )
    return None


def _values(few: int, total: int) -> Phrase:
    if few == total:
        return every(total, "value")
    return phrase("{n} of {m}", n=number(few), m=count(total, "value"))


def known_runs(cell: Cell, measure: Measure) -> float:
    """Runs behind a value, as the files list or count them; 1 of a value of which they say nothing."""
    stated = cell.moments[0]
    return max(float(len(cell.values)), 0.0 if np.isnan(stated) or measure.whole else stated)
