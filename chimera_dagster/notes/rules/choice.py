"""The answer: which model to choose, and for what."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

import pandas as pd

from chimera_dagster.evidence.certainty import weakest
from chimera_dagster.evidence.findings.stretches import SlowStretches
from chimera_dagster.evidence.measures import MEASURES, SCORES
from chimera_dagster.evidence.spellings import alike
from chimera_dagster.notes.better_answers import better_answers, in_words
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.crossings import Crossing, crossing_of
from chimera_dagster.notes.level_choice import best_levels, of_no_name, of_one_model
from chimera_dagster.notes.metric_words import MetricWords, words_of
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import Phrase, Words, count, joined, listed, model, number, phrase
from chimera_dagster.notes.turns import turn_in_words

_WEIGHT = 200.0
_READ = 0.5  # of the numbers, for an answer without a reserve
_SHOWN = 4  # names in one sentence


def choice(data: NoteContext) -> Iterator[Note]:
    """One note, from the most telling contest of a first measure, and one of the same models by a second measure.

    It names a model only if a test, or at least an order of stated values, puts it first. If a score of answers puts
    another model before it, that is said too.
    """
    found = contests_of_answer(data)
    if not found:
        if len(data.models) < 2 and (levels := best_levels(data)):
            yield of_one_model(data.models[0], levels, _WEIGHT) if data.models else of_no_name(data, levels, _WEIGHT)
        else:
            beside = _side_by_side(data)
            wordings = tuple(joined([said, beside]) for said in _without_contest(data))
            yield Note("choice", "answer", _WEIGHT, wordings, Scope(tuple(data.models)))
        return
    first = found[0]
    others = _others(data, first)
    chosen = [name for order in found if not order.tied for name in order.leaders]
    for order in found:
        crossing = crossing_of(data, order.measure)
        if crossing:
            yield _with_scores(data, _by_level(first, crossing, others), [crossing.low, crossing.high], first.names)
            return
    turns = [turn_in_words(data, order) for order in found]
    turn = joined([words for words, _ in turns])
    every = [*found, *(behind for _, behind in turns if behind)]
    note = Note(
        "choice",
        "answer",
        _WEIGHT,
        tuple(joined([_limited(data, first, said), turn, others]) for said in _said(data, found)),
        first.scope,
        certainty=weakest(order.certainty for order in every),
        sources=first.sources,
        findings=tuple(dict.fromkeys(order.finding for order in every)),
    )
    yield _with_scores(data, note, chosen, first.names)


def _limited(data: NoteContext, order: Order, said: Phrase) -> Phrase:
    """With the models that it is about in front, if most others were run in another way, or most could not be read."""
    left = sum(group.isdisjoint(order.names) for group in alike(data.models))
    files = data.data.files
    unread = _numbers(files, "covered") < _READ * _numbers(files, "numbers")
    if left <= len(order.names) and not unread:
        return said
    first = said[0]
    lower = (Words(first.text[:1].lower() + first.text[1:]), *said[1:]) if isinstance(first, Words) else said
    if unread:
        return phrase("As far as these files could be read: {said}", said=lower)
    return phrase("Of the {n} that were run alike: {said}", n=count(len(order.names), "model"), said=lower)


def _numbers(files: pd.DataFrame, column: str) -> int:
    return int(files.loc[(files["status"] != "left_out").to_numpy(), column].sum()) if len(files) else 0


def _said(data: NoteContext, found: Sequence[Order]) -> tuple[Phrase, ...]:
    slowed = {each.about.model for each in data.found("slow_stretches", SlowStretches)}
    if len(found) == 1:
        return _by_one(found[0])
    leaders = {name for order in found for name in order.leaders}
    if len(leaders) == 1 and not _scored(data, found[0].names):
        return _by_speed(leaders.pop(), *found)
    return _by_two(*found, slowed=slowed)


def _scored(data: NoteContext, names: Sequence[str]) -> bool:
    """Whether the answers of all of them have a score, or the contests are of scores themselves."""
    scored = {cell.model for measure in SCORES for cell in data.data.cells(measure)}
    return set(names) <= scored


def _by_speed(leader: str, first: Order, second: Order) -> tuple[Phrase, ...]:
    """One model leads by both metrics, and nothing says how good its answers are."""
    best, also = words_of(first.measure).best, words_of(second.measure).best
    return (
        phrase(f"By speed, choose {{a}}: it {best} and {also}.", a=model(leader)),
        phrase(f"If speed is what counts, choose {{a}}: it {best}, and it {also}.", a=model(leader)),
    )


def _with_scores(data: NoteContext, note: Note, chosen: Sequence[str], ranked: Sequence[str]) -> Note:
    """The note with what the scores of answers say against the models that it chooses."""
    found = better_answers(data, chosen, ranked)
    if not found:
        return note
    certainties = [each.certainty for each in found]
    return replace(
        note,
        wordings=tuple(joined([said, in_words(found)]) for said in note.wordings),
        certainty=weakest([*certainties, *([note.certainty] if note.certainty else [])]),
        sources=tuple(dict.fromkeys([*note.sources, *(source for each in found for source in each.order.sources)])),
        findings=tuple(dict.fromkeys([*note.findings, *(each.order.finding for each in found)])),
    )


def _by_level(first: Order, crossing: Crossing, others: Phrase) -> Note:
    """The answer if the leader changes with a load or length; it comes after what a clear first contest says."""
    measure = crossing.orders[0].measure
    words = words_of(measure)
    if measure == first.measure or first.tied:
        orders = crossing.orders
        said = (
            phrase("Choose {them}.", them=crossing.words),
            phrase(f"If {words.use}, choose {{them}}.", them=crossing.words),
        )
    else:
        orders = (first, *crossing.orders)
        use, leaders = words_of(first.measure).use, _names(first.leaders)
        template = f"Choose {{a}} if {use}; if {words.use}, choose {{them}}."
        said = (phrase(template, a=leaders, them=crossing.words),)
    every = orders[0].scope
    files = {source[0] for order in orders for source in order.sources}
    return Note(
        "choice",
        "answer",
        _WEIGHT,
        tuple(joined([each, others]) for each in said),
        replace(
            every,
            setup={name: value for name, value in every.setup.items() if name != crossing.name},
            n=sum(order.scope.n for order in orders),
            files=len(files),
        ),
        certainty=weakest(order.certainty for order in orders),
        sources=tuple(dict.fromkeys(source for order in orders for source in order.sources)),
        findings=tuple(dict.fromkeys(order.finding for order in orders)),
    )


def contests_of_answer(data: NoteContext) -> list[Order]:
    """The contests that the answer rests on, one or two; none if no models were compared."""
    found: list[Order] = []
    for measure in QUESTIONS:
        for finding, judged in data.rankings.get(measure, []):
            order = order_of(finding, judged)
            if not found or set(order.names) == set(found[0].names):
                found.append(order)
                break
        if len(found) > 1:
            break
    return found


def _side_by_side(data: NoteContext) -> Phrase:
    """Values of a few models that can't be ranked, by the first measure that all of them have."""
    if not 1 < len(data.models) <= _SHOWN:
        return ()
    for measure in QUESTIONS:
        cells = {cell.model: cell for cell in sorted(data.data.cells(measure), key=lambda cell: len(cell.places))}
        if set(cells) == set(data.models):
            values = {name: cells[name].centre(cells[name].kind if cells[name].stated else "mean") for name in cells}
            order = sorted(values, key=lambda name: measure.sign * values[name])
            said = [phrase("{a} {x}", a=model(name), x=number(values[name], measure.unit)) for name in order]
            return phrase(
                "Each under its own conditions, the {what} is: {values}.", what=measure.words, values=listed(said)
            )
    return ()


def _others(data: NoteContext, order: Order) -> Phrase:
    """How many models the answer does not cover, if there are any; names that may mean one model count as one."""
    left = sum(group.isdisjoint(order.names) for group in alike(data.models))
    if not left:
        return ()
    were = "was" if left == 1 else "were"
    if left > len(order.names):
        return phrase(f"{{others}} {were} not, or not often enough.", others=count(left, "other"))
    return phrase(
        f"This covers {{n}}; {{others}} {were} not measured under the same conditions, or not often enough.",
        n=count(len(order.names), "model"),
        others=count(left, "other"),
    )


def _by_one(order: Order) -> tuple[Phrase, ...]:
    words, names = words_of(order.measure), _names(order.leaders)
    if order.tied:
        return _nothing_between(names)
    if len(order.leaders) > 1:
        return (
            phrase(f"Choose one of {{a}} if {words.use}.", a=names),
            phrase(f"If {words.use}, choose one of {{a}}.", a=names),
        )
    if order.measure in SCORES:
        return (phrase(f"Choose {{a}} if {words.use}.", a=names), phrase(f"Choose {{a}}: it {words.best}.", a=names))
    return (
        phrase(f"Choose {{a}} if {words.use}.", a=names),
        phrase(f"By speed, choose {{a}}: it {words.best}.", a=names),
    )


def _by_two(first: Order, second: Order, *, slowed: Set[str]) -> tuple[Phrase, ...]:
    """`slowed` are models of which something slowed down some runs, so a tie of theirs does not mean equal."""
    if first.tied and second.tied:
        return _nothing_between(_names(first.leaders))
    if len(first.leaders) == len(second.leaders) == 1:
        return _by_two_leaders(first, second)
    clear, other = (first, second) if len(first.leaders) == 1 else (second, first)
    words, also = words_of(clear.measure), words_of(other.measure)
    if len(clear.leaders) > 1:
        return _by_ties(clear, other)
    leader = clear.leaders[0]
    if other.tied and len(other.names) == 2:
        return _either(leader, words, also, weak=other.weak or bool(slowed & {*other.names}))
    if leader in other.leaders:
        what, rest = other.measure.words, _names([name for name in other.leaders if name != leader])
        return (
            phrase(
                f"Choose {{a}}: it {words.best}; by {what}, nothing tells it from {{rest}}.", a=model(leader), rest=rest
            ),
            phrase(f"{{a}} {words.best}; by {what}, it can't be told from {{rest}}.", a=model(leader), rest=rest),
        )
    return (phrase(f"Choose {{a}} if {words.use}, and {{b}} if {also.use}.", a=model(leader), b=_names(other.leaders)),)


def _by_ties(one: Order, other: Order) -> tuple[Phrase, ...]:
    """Neither metric has a single leader."""
    words, also, names = words_of(one.measure), words_of(other.measure), _names(one.leaders)
    if set(one.leaders) == set(other.leaders):
        return (
            phrase("Choose one of {a}: nothing here tells these apart.", a=names),
            phrase("{a} are ahead of the others, and nothing here tells these apart.", a=names),
        )
    return (
        phrase(f"If {words.use}, choose one of {{a}}; if {also.use}, one of {{b}}.", a=names, b=_names(other.leaders)),
    )


def _either(leader: str, words: MetricWords, also: MetricWords, *, weak: bool) -> tuple[Phrase, ...]:
    """One leads by the first metric, and the second does not tell them apart: `weak` if it hardly could have."""
    one, two = (
        ("these runs don't tell which is better", "these runs can't tell")
        if weak
        else ("either will do", "it does not matter which")
    )
    return (
        phrase(f"Choose {{a}} if {words.use}; if {also.use}, {one}.", a=model(leader)),
        phrase(f"If {words.use}, choose {{a}}; if {also.use}, {two}.", a=model(leader)),
    )


def _by_two_leaders(first: Order, second: Order) -> tuple[Phrase, ...]:
    one, other = model(first.leaders[0]), model(second.leaders[0])
    words, also = words_of(first.measure), words_of(second.measure)
    if one == other:
        return (
            phrase(f"Choose {{a}}: it {words.best} and {also.best}.", a=one),
            phrase(f"{{a}} is the one to choose: it {words.best}, and it {also.best}.", a=one),
        )
    return (
        phrase(f"Choose {{a}} if {words.use}, and {{b}} if {also.use}.", a=one, b=other),
        phrase(f"It depends on the use: {{a}} {words.best}, and {{b}} {also.best}.", a=one, b=other),
    )


def _nothing_between(names: Phrase) -> tuple[Phrase, ...]:
    return (
        phrase("Nothing here tells {a} apart.", a=names),
        phrase("These results do not tell {a} apart.", a=names),
    )


def _without_contest(data: NoteContext) -> tuple[Phrase, ...]:
    models = data.models
    if not models:
        return _without_models(data)
    if len(models) == 1 and len(data.named) > 1:
        return (
            phrase("Only {a} has values that can be compared, so there is nothing to choose yet.", a=model(models[0])),
            phrase("No choice can be made yet: only {a} has values that can be compared.", a=model(models[0])),
        )
    if len(models) == 1:
        return (
            phrase("Only {a} was measured, so there is nothing to choose between yet.", a=model(models[0])),
            phrase("There is one model here, {a}, and nothing to compare it with.", a=model(models[0])),
        )
    names = _names(models)
    return (
        phrase("No choice can be made yet: no two of {a} were measured under the same conditions.", a=names),
        phrase("These results do not say which model to choose: no two of {a} share their conditions.", a=names),
    )


def _without_models(data: NoteContext) -> tuple[Phrase, ...]:
    """Why no model has a value of a measure: nothing names one, or what was read of those that are named won't do."""
    if not data.named:
        return (
            phrase("There is nothing to choose between: no file names a model together with a known metric."),
            phrase("No model can be recommended: no file names one together with a known metric."),
        )
    rows = data.data.measured
    named = rows[(rows["model"].notna() & rows["unit"].notna()).to_numpy()]
    if named["metric"].isin([measure.metric for measure in MEASURES]).any():
        why = "no value that models are compared by can be used, as it is doubtful, failed, or stated in several ways"
    else:
        why = "no metric that models are compared by was read of them"
    names = _names(data.named)
    return (
        phrase(f"No model can be recommended: the files name {{a}}, but {why}.", a=names),
        phrase(f"There is nothing to choose by: the files name {{a}}, but {why}.", a=names),
    )


def _names(names: Sequence[str]) -> Phrase:
    shown: list[Phrase] = [(model(name),) for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        shown.append(count(len(names) - _SHOWN, "other"))
    return listed(shown)
