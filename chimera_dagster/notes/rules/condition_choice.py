"""Advice to use the quantization, engine or other condition that is faster, if the difference was tested."""

from collections.abc import Iterator

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.contest_words import Series
from chimera_dagster.evidence.measures import HEADLINES, SERVER
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import number, phrase
from chimera_dagster.notes.settings import level

_WEIGHT = 118.0
_MOST = 2
_WORTH = 1.1  # ratio: for less nobody changes a setting
_MEASURES = (HEADLINES[0], SERVER, HEADLINES[1])
_PRECISION = ("quantization", "dtype", "kv_cache_type")
_CHOSEN = (
    *_PRECISION,
    *("backend", "engine_version", "flash_attention", "prefix_caching", "speculative_decoding"),
    *("tensor_parallel", "data_parallel", "threads"),
)


def condition_choice(data: NoteContext) -> Iterator[Note]:
    """A note for each model and condition of which one value is a tenth faster than every other, the largest ratios
    first.
    """
    found: dict[tuple[str, str], Order] = {}
    for measure in _MEASURES:
        for each in data.found("condition_effects", Series):
            for judged in each.about.results:
                order = order_of(each.id, judged)
                contest = order.contest
                name, whose = order.names[0].partition("=")[0], contest.cells[0][1].model
                clear = order.certainty in (Certainty.HOLDS, Certainty.IN_SESSION) and len(order.leaders) == 1
                if contest.measure == measure and name in _CHOSEN and clear:
                    found.setdefault((whose, name), order)
    worth = [item for item in found.items() if _ratio(item[1]) >= _WORTH]
    orders = sorted(worth, key=lambda item: -_ratio(item[1]))
    for place, ((whose, name), order) in enumerate(orders[:_MOST]):
        yield _note(data, whose, name, order, _WEIGHT - place / 10)


def _ratio(order: Order) -> float:
    values = [order.values[name] for name in order.names]
    return max(values[0], values[1]) / min(values[0], values[1])


def _note(data: NoteContext, whose: str, name: str, order: Order, weight: float) -> Note:
    measure = order.measure
    best, second = order.names[0], order.names[1]
    values = {item: cell.setup[name] for item, cell in order.contest.cells}
    condition = " if its answers are good enough" if name in _PRECISION else ""
    several = len(order.names) > 2
    scope = order.scope
    return recommendation(
        "condition_choice",
        weight,
        phrase(f"run {{m}} with {{best}}{condition}", m=data.who(whose), best=level(name, values[best])),
        phrase(
            f"its {{what}} is {{x}} then and {{y}} with {{second}}{', the next best' if several else ''}",
            what=measure.words,
            x=number(order.values[best], measure.unit),
            y=number(order.values[second], measure.unit),
            second=level(name, values[second]),
        ),
        Basis(
            Scope(() if whose in data.data.unnamed else (whose,), scope.setup, scope.runs, scope.n, scope.files),
            order.sources,
            (order.finding,),
            measure.metric,
            order.certainty,
        ),
    )
