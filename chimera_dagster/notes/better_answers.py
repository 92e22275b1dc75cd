"""What the scores of answers say against the models that are chosen by their speed."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.measures import SCORES
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import Phrase, joined, model, number, phrase

_SURE = {
    Certainty.HOLDS: ", and that difference holds",
    Certainty.IN_SESSION: ", a difference that is more than chance",
    Certainty.PLAIN: "; whether that is more than chance was not tested",
}


class Better(NamedTuple):
    """`better` has a better score than `chosen`, which leads by speed; `certainty` is that of their difference."""

    order: Order
    chosen: str
    better: str
    certainty: Certainty


def better_answers(data: NoteContext, chosen: Iterable[str], ranked: Sequence[str]) -> list[Better]:
    """For each of the chosen models, the first score by which another model is known, or at least stated, to be better.

    Of several models with the best score it is the first in `ranked`, the order by speed.
    """
    found = [each for name in dict.fromkeys(chosen) if (each := _of_model(data, name, ranked))]
    found.sort(key=lambda each: SCORES.index(each.order.measure))
    return found


def in_words(found: Sequence[Better]) -> Phrase:
    """`If the quality of answers counts more, choose b: its accuracy is 74 % and that of a 55 %, ...`."""
    if not found:
        return ()
    return joined([_sentence(each, also=place > 0) for place, each in enumerate(found)])


def _of_model(data: NoteContext, name: str, ranked: Sequence[str]) -> Better | None:
    for measure in SCORES:
        for finding, judged in data.rankings.get(measure, []):
            order = order_of(finding, judged)
            if name in order.names and name not in order.leaders:
                apart = {
                    other: judged.certainty_of(other, name)
                    for other in sorted(order.leaders, key=lambda each: _place(each, ranked))
                }
                better = [other for other, certainty in apart.items() if certainty is not Certainty.TIE]
                if better:
                    return Better(order, name, better[0], apart[better[0]])
    return None


def _place(name: str, ranked: Sequence[str]) -> int:
    return ranked.index(name) if name in ranked else len(ranked)


def _sentence(each: Better, *, also: bool) -> Phrase:
    values, unit = each.order.values, each.order.measure.unit
    parts = {
        "a": model(each.chosen),
        "b": model(each.better),
        "x": number(values[each.chosen], unit),
        "y": number(values[each.better], unit),
    }
    words, sure = each.order.measure.words, _SURE[each.certainty]
    if also:
        return phrase(f"The {words} of {{a}} is {{x}}, and that of {{b}} is {{y}}{sure}.", **parts)
    return phrase(
        f"If good answers count more, choose {{b}}: its {words} is {{y}}, and that of {{a}} is {{x}}{sure}.", **parts
    )
