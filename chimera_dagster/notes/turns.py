"""Where along a load or a length the model that leads at one level is behind another one."""

from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.evidence.setups import TRENDS, Setup
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.metric_words import words_of
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import Phrase, model, phrase
from chimera_dagster.notes.settings import level

_CLEAR = 1.1  # ratio of the other one's value, for a lead that matters


class _Turn(NamedTuple):
    value: float
    name: str
    order: Order


def turn_in_words(data: NoteContext, order: Order) -> tuple[Phrase, Order | None]:
    """`With a context of 102,400 tokens, b decodes fastest.`, and the contest behind it; empty if none turns.

    Of a leader at one level, the nearest other level at which another model is ahead by a tenth or more.
    """
    if len(order.leaders) != 1 or len(order.contest.setups) != 1:
        return (), None
    here = order.contest.setups[0]
    turns = sorted(_turns(data, order, here), key=lambda turn: abs(turn.value - float(here.get(turn.name, 0))))
    if not turns:
        return (), None
    turn = turns[0]
    value = int(turn.value) if turn.value == int(turn.value) else turn.value
    best = words_of(order.measure).best
    words = phrase(f"With {{at}}, {{b}} {best}.", at=level(turn.name, value), b=model(turn.order.names[0]))
    return words, turn.order


def _turns(data: NoteContext, order: Order, here: Setup) -> Iterator[_Turn]:
    leader = order.leaders[0]
    for finding, judged in data.rankings.get(order.measure, []):
        other = order_of(finding, judged)
        if len(other.contest.setups) != 1 or leader not in other.names or leader in other.leaders:
            continue
        there = other.contest.setups[0]
        apart = [name for name in here.keys() | there.keys() if here.get(name) != there.get(name)]
        low, high = sorted((other.values[leader], other.values[other.names[0]]))
        is_level = len(apart) == 1 and apart[0] in TRENDS and isinstance(there.get(apart[0]), int | float)
        if is_level and high >= _CLEAR * low:
            yield _Turn(float(there[apart[0]]), apart[0], other)
