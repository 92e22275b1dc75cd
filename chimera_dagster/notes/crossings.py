"""Two models of which one leads up to some load or length, and the other one from there."""

from typing import NamedTuple

from chimera_dagster.evidence.measures import Measure
from chimera_dagster.evidence.setups import TRENDS, varying
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import Phrase, model, number, phrase
from chimera_dagster.notes.settings import level


class Crossing(NamedTuple):
    """`low` leads up to the level `until` of the setting `name`, and `high` from the level `since`."""

    name: str
    low: str
    until: float
    high: str
    since: float
    orders: tuple[Order, ...]

    @property
    def words(self) -> Phrase:
        """`alpha up to 8 requests at once, and beta from 16`."""
        until, since = level(self.name, self.until), number(self.since)
        return phrase(
            "{a} up to {until}, and {b} from {since}", a=model(self.low), until=until, b=model(self.high), since=since
        )


def crossing_of(data: NoteContext, measure: Measure) -> Crossing | None:
    """The one change of the leader between contests of the first two models that differ in one load or length alone.

    Levels at which the two are tied have no leader.
    """
    orders = [order_of(*found) for found in data.rankings.get(measure, [])]
    if not orders or len(orders[0].names) != 2:
        return None
    alike = [order for order in orders if set(order.names) == set(orders[0].names)]
    if any(len(order.contest.setups) > 1 for order in alike):
        return None
    names = varying(order.contest.setups[0] for order in alike)
    if len(names) != 1 or not names <= set(TRENDS):
        return None
    [name] = names
    levels = [(order.contest.setups[0].get(name), order) for order in alike]
    known = sorted(
        ((float(value), order) for value, order in levels if isinstance(value, int | float)), key=lambda pair: pair[0]
    )
    told = [(value, order.names[0]) for value, order in known if not order.tied]
    changes = [place for place in range(1, len(told)) if told[place][1] != told[place - 1][1]]
    if len(known) < len(alike) or len(changes) != 1:
        return None
    (until, low), (since, high) = told[changes[0] - 1 : changes[0] + 1]
    return Crossing(name, low, until, high, since, tuple(order for _, order in known))
