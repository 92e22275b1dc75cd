"""How models compare by one metric within equal conditions: who leads, by how much, and which are tied."""

from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.measures import FURTHER, SCORES
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.metric_words import ahead, also, behind, does
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.order_words import (
    caution,
    sure,
    sure_of_settings,
    ties_of,
    where,
    where_both,
    with_values,
    would_have_shown,
)
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import Phrase, count, joined, listed, model, number, phrase, subject
from chimera_dagster.notes.points import (
    Lengths,
    Point,
    agrees,
    between_two,
    equal_length,
    is_unlike,
    lengths_at,
    own_means,
    points_of,
)
from chimera_dagster.notes.settings import level

_MOST = 4  # contests of one measure
_SHOWN = 6  # models of one sentence
_BETWEEN = 2  # of them, between the first and the last
_ALL_NAMED = 4  # models that a sentence gives the values of at a second level


class _Said(NamedTuple):
    """What a sentence about a difference says: `order` with the values of one point, and of another one beside it."""

    order: Order
    opening: Phrase
    second: Point | None = None
    lengths: Lengths | None = None  # if the slower model has far more tokens at the point
    equal: Lengths | None = None  # if it is a point of about equal lengths, and `second` one of unlike ones
    caution: Phrase = ()


def orders(data: NoteContext) -> Iterator[Note]:
    """Differences and ties, from the contests behind the findings; the first of each measure on the first screen."""
    for measure, results in data.rankings.items():
        for place, (finding, judged) in enumerate(results[:_MOST]):
            order = order_of(finding, judged)
            is_tie = order.tied
            base = 150.0 if place == 0 and measure not in FURTHER else 50.0
            said = _Said(_by_own_runs(order), where(data, order)) if is_tie else _said(data, order)
            yield Note(
                "tie" if is_tie else "difference",
                "performance",
                base - QUESTIONS.index(measure) - place / 10,
                _tie(said.order) if is_tie else _difference(said),
                order.scope,
                measure.metric,
                () if is_tie else tuple(order.names),
                order.certainty,
                sources=order.sources,
                findings=(finding,),
                opening=said.opening,
                sure=_sure(order) if order.told else (),
            )


def _said(data: NoteContext, order: Order) -> _Said:
    """Where to compare the models: at equal lengths if the usual ones are unlike, else at a setting people meet."""
    first, last = order.names[0], order.names[-1]
    points = [point for point in points_of(order) if agrees(order, point.values)]
    many = len(order.contest.setups) > 1
    lengths = lengths_at(order.measure, points[0], first, last) if points else None
    if lengths and is_unlike(lengths):
        found = equal_length(order, first, last) if many and len(order.names) == 2 else None
        if found:
            equal, alike = found
            return _Said(_at(order, equal), where(data, order, equal.setup), points[0], lengths, alike)
    else:
        lengths = None
    warned = caution(data, order)
    if not points:
        two = None if order.contest.complete else between_two(order)
        if two:
            opening = where_both(data, order, two[1])
            return _Said(two[0], opening, caution=warned)
        return _Said(_by_own_runs(order), where(data, order), caution=warned)
    one, *more = points[-1:] if order.measure.whole else points
    is_ladder = bool(one.name) and bool(more)
    usual = many and not one.name
    opening = where(data, order, one.setup, usual=len(order.contest.setups) if usual else 0)
    return _Said(_at(order, one), opening, more[0] if is_ladder else None, lengths, None, warned)


def _by_own_runs(order: Order) -> Order:
    """With means of each one's own runs, if the items do not share their settings: a fit is nothing measured."""
    means = own_means(order)
    return order._replace(values=means) if means else order


def _at(order: Order, point: Point) -> Order:
    return order._replace(values=point.values)


def _sure(order: Order) -> Phrase:
    if order.measure in SCORES and order.certainty is Certainty.IN_SESSION:
        return phrase("That is more than chance for these questions.")
    settings = len(order.contest.setups)
    return sure_of_settings(order.certainty, settings) if settings > 1 else sure(order.certainty)


def _difference(said: _Said) -> tuple[Phrase, ...]:
    order = said.order
    measure, values = order.measure, order.values
    first, last = order.names[0], order.names[-1]
    if len(order.names) > 2:
        return _of_several(said)
    more = _besides(said)
    one, two = does(measure, subject(first), values[first]), also(measure, model(last), values[last])
    return (
        phrase(
            "{one} and {two}, {by}{more}.",
            one=one,
            two=two,
            by=behind(measure, values[first], values[last]),
            more=more,
        ),
        phrase(
            "{one}, {two}: {a} is {by}{more}.",
            one=one,
            two=two,
            a=model(first),
            by=ahead(measure, values[first], values[last]),
            more=more,
        ),
    )


def _besides(said: _Said) -> Phrase:
    """Behind a comparison: the lengths that it depends on, and the values at a second level or setting."""
    order, second = said.order, said.second
    first, last = order.names[0], order.names[-1]
    if said.equal and said.lengths and second:
        return phrase(
            " with about as many tokens ({x} and {y}); {that} {few} tokens and {b} {many}, it is {u} and {v}",
            x=number(round(said.equal.one)),
            y=number(round(said.equal.other)),
            that=phrase("where {a} has", a=model(first)),
            few=number(round(said.lengths.one)),
            b=model(last),
            many=number(round(said.lengths.other)),
            u=number(second.values[first], order.measure.unit),
            v=number(second.values[last], order.measure.unit),
        )
    tokens = joined([_tokens(said.lengths) if said.lengths else (), said.caution], "")
    if second is None or len(order.names) > _ALL_NAMED:
        return tokens
    values: list[Phrase] = [(number(second.values[name], order.measure.unit),) for name in order.names]
    at = level(second.name, second.setup[second.name])
    return phrase("{tokens}; with {at} it is {values}", tokens=tokens, at=at, values=listed(values))


def _tokens(found: Lengths) -> Phrase:
    does = "to read" if found.of_prompt else "to write"
    return phrase(
        f", but with {{many}} {does} instead of {{few}}",
        many=count(round(found.other), "token"),
        few=number(round(found.one)),
    )


def _of_several(said: _Said) -> tuple[Phrase, ...]:
    """The first, those tied with it and the last; a table has the others."""
    order = said.order
    measure, values = order.measure, order.values
    first, last, tied = order.names[0], order.names[-1], order.leaders[1:]
    leads = does(measure, subject(first), values[first])
    ties = ties_of(order, lambda names: _named(order, names) if len(names) <= _BETWEEN else count(len(names), "other"))
    if last in tied:
        return (phrase("{leads}{ties}.", leads=leads, ties=ties),)
    others = [name for name in order.names[1:-1] if name not in tied]
    next_best = others[0] if others else last
    by = phrase("so {first} is {by}", first=model(first), by=ahead(measure, values[first], values[next_best]))
    x = number(values[last], measure.unit)
    if not others:
        end = phrase("{a} comes last with {x}, {by}{more}", a=model(last), x=x, by=by, more=_besides(said))
        return (
            phrase("{leads}{ties}; {end}.", leads=leads, ties=ties, end=end),
            phrase("{leads}{ties}, and {end}.", leads=leads, ties=ties, end=end),
        )
    parts = {
        "leads": phrase("{leads}{ties}", leads=leads, ties=ties),
        "next": phrase("{b} with {y}", b=model(next_best), y=number(values[next_best], measure.unit)),
        "by": by,
        "end": phrase("{a} comes last with {x}{more}", a=model(last), x=x, more=_besides(said)),
    }
    return (
        phrase("{leads}; next is {next}, {by}; {end}.", **parts),
        phrase("{leads}; then comes {next}, {by}; {end}.", **parts),
    )


def _named(order: Order, names: list[str]) -> Phrase:
    return with_values(order, names, lambda name: (model(name),), _SHOWN - 2)


def _tie(order: Order) -> tuple[Phrase, ...]:
    words = order.measure.words
    names, least = _named(order, order.names), would_have_shown(order)
    if order.near:
        return (phrase(f"{words} of {{names}} is nearly the same.", names=names),)
    if not order.tested:
        return (
            phrase(f"{words} of {{names}} is nearly the same; values that nobody tested can't tell more.", names=names),
        )
    return (
        phrase(f"{{names}} can't be told apart by {words}{{least}}.", names=names, least=least),
        phrase(f"{words} does not tell {{names}} apart{{least}}.", names=names, least=least),
    )
