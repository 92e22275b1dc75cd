"""How models compare by one metric within equal conditions: who leads, by how much, and which are tied."""

from collections.abc import Iterator

from chimera_dagster.evidence.measures import FURTHER
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.metric_words import ahead, also, behind, does
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.order_words import sure, where, with_values, would_have_shown
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import Phrase, model, number, phrase, subject

_MOST = 6  # contests of one measure
_SHOWN = 6  # models of one sentence


def orders(data: NoteContext) -> Iterator[Note]:
    """Differences and ties, from the contests behind the findings; the first of each measure on the first screen."""
    for measure, results in data.rankings.items():
        for place, (finding, judged) in enumerate(results[:_MOST]):
            order = order_of(finding, judged)
            is_tie = order.tied
            base = 150.0 if place == 0 and measure not in FURTHER else 50.0
            yield Note(
                "tie" if is_tie else "difference",
                "performance",
                base - QUESTIONS.index(measure) - place / 10,
                _tie(order) if is_tie else _difference(order),
                order.scope,
                measure.metric,
                () if is_tie else tuple(order.names),
                order.certainty,
                sources=order.sources,
                findings=(finding,),
                opening=where(data, order),
                sure=sure(order.certainty) if order.told else (),
            )


def _difference(order: Order) -> tuple[Phrase, ...]:
    measure, values = order.measure, order.values
    first, last = order.names[0], order.names[-1]
    if len(order.names) > 2:
        return (_of_several(order),)
    one, two = does(measure, subject(first), values[first]), also(measure, model(last), values[last])
    return (
        phrase("{one} and {two}, {by}.", one=one, two=two, by=behind(measure, values[first], values[last])),
        phrase(
            "{one}, {two}: {a} is {by}.",
            one=one,
            two=two,
            a=model(first),
            by=ahead(measure, values[first], values[last]),
        ),
    )


def _of_several(order: Order) -> Phrase:
    measure, values = order.measure, order.values
    first, last, tied = order.names[0], order.names[-1], order.leaders[1:]
    said = does(measure, subject(first), values[first])
    if tied:
        said = phrase("{said}; {names} can't be told from it", said=said, names=_named(order, tied))
    between = [name for name in order.names[1:-1] if name not in tied]
    if between:
        said = phrase("{said}; then {names}", said=said, names=_named(order, between))
    if last not in tied:
        said = phrase(
            "{said}; {a} comes last with {x}, so {first} is {by}",
            said=said,
            a=model(last),
            x=number(values[last], measure.unit),
            first=model(first),
            by=ahead(measure, values[first], values[last]),
        )
    return phrase("{said}.", said=said)


def _named(order: Order, names: list[str]) -> Phrase:
    return with_values(order, names, lambda name: (model(name),), _SHOWN - 2)


def _tie(order: Order) -> tuple[Phrase, ...]:
    words = order.measure.words
    names, least = _named(order, order.names), would_have_shown(order)
    return (
        phrase(f"{{names}} can't be told apart by {words}{{least}}.", names=names, least=least),
        phrase(f"{words} does not tell {{names}} apart{{least}}.", names=names, least=least),
    )
