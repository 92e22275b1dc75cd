"""How models compare by one metric within equal conditions: who leads, by how much, and which are tied."""

from collections.abc import Iterator

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.measures import FURTHER, SCORES
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.metric_words import ahead, also, behind, does
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.order_words import sure, where, with_values, would_have_shown
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import Phrase, count, model, number, phrase, subject

_MOST = 6  # contests of one measure
_SHOWN = 6  # models of one sentence
_BETWEEN = 2  # of them, between the first and the last


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
                sure=_sure(order) if order.told else (),
            )


def _sure(order: Order) -> Phrase:
    if order.measure in SCORES and order.certainty is Certainty.IN_SESSION:
        return phrase("That is more than chance for these questions.")
    return sure(order.certainty)


def _difference(order: Order) -> tuple[Phrase, ...]:
    measure, values = order.measure, order.values
    first, last = order.names[0], order.names[-1]
    if len(order.names) > 2:
        return _of_several(order)
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


def _of_several(order: Order) -> tuple[Phrase, ...]:
    """The first, those tied with it and the last; a table has the others."""
    measure, values = order.measure, order.values
    first, last, tied = order.names[0], order.names[-1], order.leaders[1:]
    leads = does(measure, subject(first), values[first])
    ties = phrase("; {names} can't be told from it", names=_named(order, tied)) if tied else ()
    if last in tied:
        return (phrase("{leads}{ties}.", leads=leads, ties=ties),)
    others = [name for name in order.names[1:-1] if name not in tied]
    between: Phrase = ()
    if len(others) > _BETWEEN:
        between = phrase("; {n} lie between", n=count(len(others), "other"))
    elif others:
        between = phrase("; then {names}", names=_named(order, others))
    end = phrase(
        "{a} comes last with {x}, so {first} is {by}",
        a=model(last),
        x=number(values[last], measure.unit),
        first=model(first),
        by=ahead(measure, values[first], values[last]),
    )
    return (
        phrase("{leads}{ties}{between}; {end}.", leads=leads, ties=ties, between=between, end=end),
        phrase("{leads}{ties}{between}, and {end}.", leads=leads, ties=ties, between=between, end=end),
    )


def _named(order: Order, names: list[str]) -> Phrase:
    return with_values(order, names, lambda name: (model(name),), _SHOWN - 2)


def _tie(order: Order) -> tuple[Phrase, ...]:
    words = order.measure.words
    names, least = _named(order, order.names), would_have_shown(order)
    if not order.tested:
        return (
            phrase(f"{words} of {{names}} is nearly the same; values that nobody tested can't tell more.", names=names),
        )
    return (
        phrase(f"{{names}} can't be told apart by {words}{{least}}.", names=names, least=least),
        phrase(f"{words} does not tell {{names}} apart{{least}}.", names=names, least=least),
    )
