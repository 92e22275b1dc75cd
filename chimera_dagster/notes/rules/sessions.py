"""Advice to measure in several sessions and in shuffled order."""

from collections.abc import Iterator

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.findings.parameters import ParameterEffect
from chimera_dagster.evidence.measures import SCORES
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.naming import models_in_words, scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import model, phrase, setting

_WEIGHT = 102.0
_APART = "each has files of its own, and a change of the machine between them would look like a difference"
_FEW = "what so few sessions show need not hold in others"


def sessions(data: NoteContext) -> Iterator[Note]:
    """A note if models, and one if values of a parameter, each ran in one go: time could explain a difference."""
    order = of_few_sessions(data)
    if order is not None:
        yield recommendation(
            "sessions",
            _WEIGHT,
            phrase("measure {models} again in turn, in several sessions", models=models_in_words(order.names, 3)),
            phrase(_APART if order.contest.apart else _FEW),
            Basis(order.scope, order.sources, (order.finding,), order.measure.metric, order.certainty),
        )
    for each in data.found("parameter_effects", ParameterEffect):
        test = each.about.test
        if each.about.found.certainty is Certainty.IN_SESSION and test.in_one_go:
            yield recommendation(
                "sessions",
                _WEIGHT - 1,
                phrase("shuffle the order of the settings"),
                phrase(
                    "the runs of {m} at each value of {name} followed one another, and a drift of the machine would "
                    "look like an effect",
                    name=setting(test.parameter),
                    m=model(test.model),
                ),
                Basis(
                    scope_of(test.rows), sources_of(test.rows), (each.id,), test.measure.metric, Certainty.IN_SESSION
                ),
            )
            return


def of_few_sessions(data: NoteContext) -> Order | None:
    """The first contest, by importance of its measure, whose difference is known of its sessions alone.

    Not of scores: how right the answers are does not drift with the machine.
    """
    asked = [measure for measure in QUESTIONS if measure in data.rankings and measure not in SCORES]
    found = (order_of(*data.rankings[measure][0]) for measure in asked)
    return next((order for order in found if order.certainty is Certainty.IN_SESSION), None)
