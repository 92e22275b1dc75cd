"""The risk of a comparison that rests on few of the settings."""

from collections.abc import Iterator

from chimera_dagster.evidence.setups import canonical
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.naming import models_in_words
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.orders import order_of
from chimera_dagster.notes.phrase import count, number, phrase

_WEIGHT = 109.0
_LEAST = 4  # settings, for their share to say something
_SHARE = 0.5


def few_settings(data: NoteContext) -> Iterator[Note]:
    """One note, of the most important comparison between models that uses less than half of their settings."""
    for measure in QUESTIONS:
        if measure not in data.rankings:
            continue
        order = order_of(*data.rankings[measure][0])
        models = set(order.names)
        every = {canonical(cell.setup) for cell in data.data.cells(measure) if cell.model in models}
        used = len(order.contest.setups)
        if len(every) < _LEAST or used >= _SHARE * len(every):
            continue
        parts = {
            "names": models_in_words(order.names, 3),
            "what": measure.words,
            "used": number(used),
            "every": count(len(every), "setting"),
        }
        yield risk(
            "few_settings",
            _WEIGHT,
            (
                phrase(
                    "The comparison of {names} by {what} rests on {used} of {every}; the others may differ.",
                    **parts,
                ),
                phrase("By {what}, {names} have only {used} of {every} in common; the others may differ.", **parts),
            ),
            phrase("Measure each model under the settings that you will use."),
            Basis(order.scope, order.sources, (order.finding,), measure.metric, order.certainty),
        )
        return
