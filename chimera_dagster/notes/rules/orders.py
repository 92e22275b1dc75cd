"""How models compare by one metric within equal conditions: who leads, by how much, and which are tied."""

from collections.abc import Iterator

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.measures import FURTHER
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.metric_words import ahead, also, behind, does
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import (
    Number,
    Phrase,
    capital,
    count,
    joined,
    listed,
    model,
    number,
    phrase,
    share,
    subject,
)
from chimera_dagster.notes.reading import times
from chimera_dagster.notes.settings import in_words

_MOST = 6  # contests of one measure
_SHOWN = 6  # models of one sentence
_FEW = 1.0  # a test that would only have shown a larger difference has too few runs
_SURE = {
    Certainty.HOLDS: "That difference holds.",
    Certainty.IN_SESSION: "That holds within these sessions; in others it may not.",
    Certainty.PLAIN: "Whether that is more than chance was not tested.",
}


def orders(data: NoteContext) -> Iterator[Note]:
    """Differences and ties, from the contests behind the findings; the first of each measure on the first screen."""
    for measure, results in data.rankings.items():
        for place, (finding, judged) in enumerate(results[:_MOST]):
            order = order_of(finding, judged)
            is_tie = order.tied
            base = 150.0 if place == 0 and measure not in FURTHER else 50.0
            where = _where(data, order)
            yield Note(
                "tie" if is_tie else "difference",
                "performance",
                base - QUESTIONS.index(measure) - place / 10,
                tuple(
                    joined([capital(phrase("{where}{said}", where=where, said=said)), _sure(order)])
                    for said in (_tie(order) if is_tie else _difference(order))
                ),
                order.scope,
                measure.metric,
                () if is_tie else tuple(order.names),
                order.certainty,
                sources=order.sources,
                findings=(finding,),
            )


def _where(data: NoteContext, order: Order) -> Phrase:
    """What has to be said of the conditions: `once loaded, with 8 requests at once, `."""
    setups = order.contest.setups
    words = count(len(setups), "equal setting") if len(setups) > 1 else in_words(setups[0], data.said)
    parts = [phrase("over {n}", n=words) if len(setups) > 1 else words]
    if order.scope.runs == "warm" and order.measure.unit == "ms" and data.loads_seen(order.names):
        parts.insert(0, phrase("once loaded"))
    return phrase("{parts}, ", parts=joined(parts, ", ")) if any(parts) else ()


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
        said = phrase("{said}; {names} can't be told from it", said=said, names=_with_values(order, tied))
    between = [name for name in order.names[1:-1] if name not in tied]
    if between:
        said = phrase("{said}; then {names}", said=said, names=_with_values(order, between))
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


def _with_values(order: Order, names: list[str]) -> Phrase:
    unit = order.measure.unit
    shown = [phrase("{a} ({x})", a=model(name), x=number(order.values[name], unit)) for name in names[: _SHOWN - 2]]
    if len(names) > len(shown):
        shown.append(count(len(names) - len(shown), "more", "more"))
    return listed(shown)


def _tie(order: Order) -> tuple[Phrase, ...]:
    words = order.measure.words
    names, least = _with_values(order, order.names), _would_have_shown(order)
    return (
        phrase(f"{{names}} can't be told apart by {words}{{least}}.", names=names, least=least),
        phrase(f"{words} does not tell {{names}} apart{{least}}.", names=names, least=least),
    )


def _would_have_shown(order: Order) -> Phrase:
    least = order.judged.detectable()
    if least is None or not least > 0:
        return ()
    if least > _FEW:
        ratio = Number(times(1 + least), 1 + least, "")
        return phrase(": with so few runs, only a difference of {r} times would have shown", r=ratio)
    return phrase("; a difference of {d} would have shown", d=share(least))


def _sure(order: Order) -> Phrase:
    return phrase(_SURE[order.certainty]) if order.certainty in _SURE else ()
