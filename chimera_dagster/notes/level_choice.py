"""The answer of a folder with one model, named or not: the best value of a condition."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chimera_dagster.evidence.certainty import weakest
from chimera_dagster.evidence.findings.contest_words import Series
from chimera_dagster.evidence.measures import Measure
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.metric_words import words_of
from chimera_dagster.notes.naming import files_of_one
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.orders import Order, order_of
from chimera_dagster.notes.phrase import Phrase, listed, model, phrase, setting
from chimera_dagster.notes.settings import level


def best_levels(data: NoteContext) -> list[Order]:
    """Of a condition with one clear leader: its levels by the first measure, and by a second one if it has one too.

    If there is none: of a condition of a model that is not named, with levels that are ahead of others together.
    """
    every = _telling(
        order_of(each.id, judged, judged.contest.cells[0][1].model)
        for each in data.found("condition_effects", Series)
        for judged in each.about.results
    )
    clear = [order for measure in QUESTIONS for order in every if order.measure == measure and len(order.leaders) == 1]
    if not clear and not data.models:
        ahead = (order for measure in QUESTIONS for order in every if order.measure == measure and order.told)
        return sorted(ahead, key=lambda order: len(order.leaders))[:1]
    first = clear[:1]
    same = {(order.of, _condition(order)) for order in first}
    return first + [order for order in clear[1:] if (order.of, _condition(order)) in same][:1]


def _telling(orders: Iterable[Order]) -> list[Order]:
    """Of the contests of a condition by a measure the one that says most, as the sentences beside the answer do."""
    found: dict[tuple[str, str, Measure], Order] = {}
    for order in sorted(orders, key=lambda order: (order.contest.how == "plain", -order.contest.n)):
        found.setdefault((order.of, _condition(order), order.measure), order)
    return list(found.values())


def of_one_model(name: str, levels: Sequence[Order], weight: float) -> Note:
    first, best = levels[0], [words_of(order.measure).best for order in levels]
    parts = {"a": model(name), "level": setting(first.names[0])}
    if _crossed(levels):
        other = setting(levels[1].names[0])
        wordings = (
            phrase(
                f"Only {{a}} was measured; it {best[0]} with {{level}}, and {best[1]} with {{b}}.", b=other, **parts
            ),
            phrase(f"With {{level}}, {{a}} {best[0]}; with {{b}}, it {best[1]}.", b=other, **parts),
        )
    else:
        both = " and ".join(dict.fromkeys(best))
        wordings = (
            phrase(f"Only {{a}} was measured; it {both} with {{level}}.", **parts),
            phrase(f"With {{level}}, {{a}} {both}; no other model was measured.", **parts),
        )
    return _of_levels(levels, wordings, first.scope, weight)


def of_no_name(data: NoteContext, levels: Sequence[Order], weight: float) -> Note:
    """The best value of a condition for a model that its files don't name."""
    first, words = levels[0], [words_of(order.measure) for order in levels]
    files = data.data.unnamed[first.of]
    parts: dict[str, Phrase] = {"level": _leading_level(first), "f": files_of_one(files)}
    does, it = "does" if len(files) == 1 else "do", "it" if len(first.leaders) == 1 else "them"
    if _crossed(levels):
        other = _leading_level(levels[1])
        wordings = (
            phrase(
                f"Choose {{level}} if {words[0].use}, and {{b}} if {words[1].use}. {{f}} {does} not name the model.",
                b=other,
                **parts,
            ),
        )
    else:
        best = " and ".join(dict.fromkeys(each.best for each in words))
        wordings = (
            phrase(f"Choose {{level}}: the model {best} with {it}. {{f}} {does} not name the model.", **parts),
            phrase(f"The model {best} with {{level}}; {{f}} {does} not say which model that is.", **parts),
        )
    return _of_levels(levels, wordings, replace(first.scope, models=()), weight)


def _of_levels(levels: Sequence[Order], wordings: tuple[Phrase, ...], scope: Scope, weight: float) -> Note:
    return Note(
        "choice",
        "answer",
        weight,
        wordings,
        scope,
        certainty=weakest(order.certainty for order in levels),
        sources=levels[0].sources,
        findings=tuple(dict.fromkeys(order.finding for order in levels)),
    )


def _crossed(levels: Sequence[Order]) -> bool:
    return len({order.names[0] for order in levels}) > 1


def _condition(order: Order) -> str:
    return order.names[0].partition("=")[0]


def _leading_level(order: Order) -> Phrase:
    """The best level, or those that can't be told from it."""
    name, setups = _condition(order), {item: cell.setup for item, cell in order.contest.cells}
    leaders = [level(name, setups[item][name]) for item in order.leaders]
    return leaders[0] if len(leaders) == 1 else phrase("one of {them}", them=listed(leaders))
