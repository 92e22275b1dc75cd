"""What a condition changes for one model: how its quantizations, GPUs, engines or versions compare."""

from collections.abc import Iterator
from dataclasses import replace

from chimera_dagster.evidence.findings.contest import Judged
from chimera_dagster.evidence.findings.contest_words import Series
from chimera_dagster.evidence.measures import HEADLINES, SERVER, Measure
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.metric_words import behind, does
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
from chimera_dagster.notes.phrase import Phrase, joined, number, phrase, setting
from chimera_dagster.notes.points import Point, agrees, between_two, own_means, points_of
from chimera_dagster.notes.settings import in_words, level

_ALONE, _AMONG, _FURTHER = 140.0, 80.0, 40.0  # weight if there is one model, several, or if it says less
_MOST = 2  # contests of one model, condition and measure
_MOST_NOTES = 12  # the findings have the others
_SHOWN = 4  # levels of one sentence


def condition_effects(data: NoteContext) -> Iterator[Note]:
    """Differences and ties between levels: of each model, condition and measure those with the most runs."""
    found: dict[tuple[str, str, Measure], list[tuple[str, Judged]]] = {}
    for each in data.found("condition_effects", Series):
        for result in each.about.results:
            item, cell = result.contest.cells[0]
            found.setdefault((cell.model, _name(item), result.contest.measure), []).append((each.id, result))
    notes: list[Note] = []
    for (model, name, measure), results in found.items():
        results.sort(key=lambda pair: (pair[1].contest.how == "plain", -pair[1].contest.n))
        for place, (finding, judged) in enumerate(results[:_MOST]):
            first = place == 0 and measure in (*HEADLINES, SERVER)
            base = _FURTHER if not first else _ALONE if len(data.models) < 2 else _AMONG
            weight = base - QUESTIONS.index(measure) - place / 10
            notes.append(_note(data, order_of(finding, judged, model), name, weight))
    yield from sorted(notes, key=lambda note: (-note.weight, -note.scope.n))[:_MOST_NOTES]


def _note(data: NoteContext, order: Order, name: str, weight: float) -> Note:
    is_tie, who = order.tied, data.who(order.of)
    settings = len(order.contest.setups)
    opening, said, second = where(data, order), order, None
    points = [] if is_tie else [point for point in points_of(order) if agrees(order, point.values)]
    if settings > 1 and points:
        one, *more = points[-1:] if order.measure.whole else points
        usual = 0 if one.name else settings
        opening, said = where(data, order, one.setup, usual=usual), order._replace(values=one.values)
        second = more[0] if one.name and more else None
    elif settings > 1 and not order.contest.complete:
        means, two = own_means(order), None if is_tie else between_two(order)
        said = two[0] if two else order._replace(values=means) if means else order
        opening = where_both(data, order, two[1]) if two else opening
    return Note(
        "condition_effect",
        "performance",
        weight,
        _tie(said, name, who) if is_tie else _difference(said, name, who, caution(data, order), second),
        replace(order.scope, models=()) if order.of in data.data.unnamed else order.scope,
        order.measure.metric,
        () if is_tie else tuple(order.names),
        order.certainty,
        sources=order.sources,
        findings=(order.finding,),
        opening=opening,
        sure=(sure_of_settings(order.certainty, settings) if settings > 1 else sure(order.certainty))
        if order.told
        else (),
    )


def _difference(order: Order, name: str, who: Phrase, more: Phrase, second: Point | None = None) -> tuple[Phrase, ...]:
    """`m:7b decodes 57 tok/s with quantization=Q4_K_M and 45 tok/s with quantization=Q8_0, 21 % slower.`

    At the `second` level of a load the best and the worst again.
    """
    more = joined([_again(order, second), more], "") if second and order.told else more
    measure, values = order.measure, order.values
    first, last, tied = order.names[0], order.names[-1], order.leaders[1:]
    said = phrase("{best} {at}", best=does(measure, who, values[first]), at=_at(order, first, name))
    said = phrase("{said}{ties}", said=said, ties=ties_of(order, lambda items: _levels(order, items, name)))
    between = [item for item in order.names[1:-1] if item not in tied]
    if between:
        said = phrase("{said}; then {levels}", said=said, levels=_levels(order, between, name))
    if not order.told:
        return (phrase("{said}{more}.", said=said, more=more),)
    by = behind(measure, values[first], values[last])
    worst, at = number(values[last], measure.unit), _at(order, last, name)
    if len(order.names) > 2:
        return (phrase("{said}; {at} it is {x}, {by}{more}.", said=said, at=at, x=worst, by=by, more=more),)
    return (
        phrase("{said}; {at} it is {x}, {by}{more}.", said=said, at=at, x=worst, by=by, more=more),
        phrase(
            f"{measure.words} of {{m}} is {{best}} {{one}} and {{worst}} {{other}}, {{by}}{{more}}.",
            m=who,
            best=number(values[first], measure.unit),
            one=_at(order, first, name),
            worst=worst,
            other=at,
            by=by,
            more=more,
        ),
    )


def _again(order: Order, second: Point) -> Phrase:
    unit = order.measure.unit
    return phrase(
        "; with {load} it is {x} and {y}",
        load=level(second.name, second.setup[second.name]),
        x=number(second.values[order.names[0]], unit),
        y=number(second.values[order.names[-1]], unit),
    )


def _tie(order: Order, name: str, who: Phrase) -> tuple[Phrase, ...]:
    words = order.measure.words
    levels, least = _levels(order, order.names, name), would_have_shown(order)
    if order.near:
        return (phrase(f"the {words} of {{m}} is nearly the same with {{levels}}.", m=who, levels=levels),)
    if not order.tested:
        return (
            phrase(
                f"the {words} of {{m}} is nearly the same with {{levels}}; values that nobody tested can't tell more.",
                m=who,
                levels=levels,
            ),
        )
    return (
        phrase(
            f"{{name}} makes no measurable difference to the {words} of {{m}}: {{levels}}{{least}}.",
            name=setting(name),
            m=who,
            levels=levels,
            least=least,
        ),
        phrase(
            f"between {{levels}}, the {words} of {{m}} shows no difference{{least}}.",
            levels=levels,
            m=who,
            least=least,
        ),
    )


def _levels(order: Order, items: list[str], name: str) -> Phrase:
    setups = {item: cell.setup for item, cell in order.contest.cells}
    return with_values(order, items, lambda item: level(name, setups[item][name]), _SHOWN)


def _at(order: Order, item: str, name: str) -> Phrase:
    """`with quantization=Q4_K_M`, `on A100`."""
    cell = next(cell for each, cell in order.contest.cells if each == item)
    return in_words({name: cell.setup[name]})


def _name(item: str) -> str:
    return item.split("=", 1)[0]
