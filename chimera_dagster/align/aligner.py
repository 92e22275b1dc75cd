"""Aligns each sentence of a text with the notes that it restates."""

from collections.abc import Sequence

from chimera_dagster.align.claims import read
from chimera_dagster.align.entailment import FREE_THINGS, OWN_ACTS, Gap, gaps
from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.align.known import Known, Statement
from chimera_dagster.align.outcome import Aligned, Passage
from chimera_dagster.align.reading import Clause, Context, Reading
from chimera_dagster.align.scan import MOST, normal
from chimera_dagster.align.unaligned import unaligned

MOST_NOTES = 3  # that one sentence may restate


def align(passages: Sequence[Passage], notes: Sequence[KeptNote]) -> list[Aligned]:
    """What becomes of each passage, in their order."""
    known = Known(notes)
    found: list[Aligned] = []
    block: int | None = None
    context = Context(known.models)
    for passage in passages:
        if passage.block != block:
            context = Context(known.models)
            block = passage.block
        judged = _align(passage.text, known, context)
        context.notes = judged.notes if judged.outcome == "stands" else ()
        found.append(judged)
    return found


def _align(raw: str, known: Known, context: Context) -> Aligned:
    if len(raw) > MOST:
        return Aligned("withheld", reason="it is too long to be read as one sentence")
    text = normal(raw)
    reading = read(text, known.names, context)
    judged = [(clause, _by_statement(clause, reading, known)) for clause in reading.clauses if _says(clause, reading)]
    if not judged:
        return unaligned(text, reading, [], known)
    options = [{each.note.id for each, missing in of if not missing} for _, of in judged]
    if not _caused([clause for clause, _ in judged], options, known):
        return Aligned("withheld", reason="the notes give no such cause")
    _attach([clause for clause, _ in judged], reading, options, set(context.notes))
    chosen = _cover(options)
    if chosen is not None:
        return Aligned("stands", tuple(sorted(chosen, key=lambda name: int(name[1:]))))
    return unaligned(text, reading, judged, known)


def _caused(clauses: list[Clause], options: list[set[str]], known: Known) -> bool:
    """Whether a cause and its effect are of one note, or what follows is advice; narrows the options to that."""
    for place, clause in enumerate(clauses):
        if not any(kind == "cause" or (kind == "any" and "cause." in key) for kind, key in clause.claims):
            continue
        other = place - 1 if place else 1
        if other >= len(options) or not options[place] or not options[other]:
            continue
        both = options[place] & options[other]
        if both:
            options[place] = options[other] = both
        elif not any(known.notes[name].action or known.notes[name].kind == "choice" or known.notes[name].mitigation for name in options[place] | options[other]):
            return False
    return True


def _is_own(clause: Clause, reading: Reading) -> bool:
    """Whether the clause names what it is about."""
    things = clause.things - FREE_THINGS
    figures = any(bound.clause == clause.number and bound.kind in ("ms", "tok/s", "count", "") for bound in reading.figures)
    uses = any(kind == "uses" for kind, _ in clause.claims)
    acts = any(kind == "acts" and key in OWN_ACTS for kind, key in clause.claims)
    return bool(clause.models or clause.metrics or clause.settings or clause.names or clause.states or things or figures or uses or acts)


def _attach(clauses: list[Clause], reading: Reading, options: list[set[str]], before: set[str]) -> None:
    """A clause that names nothing of its own must be of the note of the clause beside it, or of the sentence before."""
    for place, clause in enumerate(clauses):
        if _is_own(clause, reading):
            continue
        other = place - 1 if place else 1
        if len(options) == 1:
            options[place] &= before
        elif other < len(options):
            options[place] &= options[other]
            options[other] &= options[place]


def _says(clause: Clause, reading: Reading) -> bool:
    """Whether the clause holds anything that could be wrong."""
    figures = any(bound.clause == clause.number for bound in reading.figures)
    parts = (clause.claims, clause.things, clause.models, clause.settings, clause.names, clause.metrics, clause.states, clause.stats)
    return figures or bool(clause.unknown) or clause.negative or any(parts)


def _by_statement(clause: Clause, reading: Reading, known: Known) -> list[tuple[Statement, list[Gap]]]:
    return [(statement, gaps(clause, reading, statement, known)) for statement in known.statements]


def _cover(options: list[set[str]]) -> set[str] | None:
    """The fewest notes of which each clause has one; None if no three do."""
    if not all(options):
        return None
    chosen: set[str] = set()
    left = list(options)
    while left:
        counts: dict[str, int] = {}
        for each in left:
            for name in each:
                counts[name] = counts.get(name, 0) + 1
        best = max(sorted(counts, key=lambda name: int(name[1:])), key=lambda name: counts[name])
        chosen.add(best)
        left = [each for each in left if best not in each]
        if len(chosen) > MOST_NOTES:
            return None
    return chosen
