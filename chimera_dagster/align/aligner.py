"""Aligns each sentence of a text with the notes that it restates."""

from collections.abc import Sequence

from chimera_dagster.align.claims import read
from chimera_dagster.align.direction_check import turned_round
from chimera_dagster.align.entailment import gaps
from chimera_dagster.align.gap import Gap, senses_of
from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.align.known import Known, Statement
from chimera_dagster.align.lexicon import role
from chimera_dagster.align.outcome import Aligned, Passage
from chimera_dagster.align.reading import Clause, Context, Reading
from chimera_dagster.align.scan import MOST, normal
from chimera_dagster.align.scopes import concludes, takes_up
from chimera_dagster.align.slips import slip
from chimera_dagster.align.unaligned import unaligned

_TOO_MANY = Aligned("withheld", reason="it says more than three notes do")
_MANNERS = frozenset({"certainty", "causes", "quantifiers"})
_RESULT = ("causes", "result")
_CAUSES = frozenset({_RESULT, ("causes", "reason")})
MOST_NOTES = 3  # that one sentence may restate


class Aligner:
    """Aligns texts with the notes of one folder, which it reads once: that takes as long as some twenty sentences."""

    def __init__(self, notes: Sequence[KeptNote]) -> None:
        self.notes = notes
        self._known = Known(notes)

    def align(self, passages: Sequence[Passage]) -> list[Aligned]:
        """What becomes of each passage, in their order."""
        found: list[Aligned] = []
        block: int | None = None
        context = Context(self._known.models)
        for passage in passages:
            if passage.block != block:
                context = Context(self._known.models)
                block = passage.block
            judged = _align(passage.text, self._known, context)
            context.notes = judged.notes if judged.outcome == "stands" else ()
            found.append(judged)
        return found


def _align(raw: str, known: Known, context: Context) -> Aligned:
    if len(raw) > MOST:
        return Aligned("withheld", reason="it is too long to be read as one sentence")
    text = normal(raw)
    reading = read(text, known.names, context)
    own = known.own_words.find(text, context.notes)
    if (unread := slip(text, reading) if own is None else Aligned("stands", (own,))) is not None:
        return unread
    judged = [(clause, _by_statement(clause, reading, known)) for clause in reading.clauses if _says(clause, reading)]
    if not judged:
        return unaligned(text, reading, [])
    clauses = [clause for clause, _ in judged]
    options = [{each.note.id for each, missing in of if not missing} for _, of in judged]
    advice = [any(_is_advice(each) for each, missing in of if not missing) for _, of in judged]
    if concludes(text) and not any(item.kind == "name" for item in reading.items):
        return Aligned("withheld", reason="it draws a conclusion that no note draws")
    if not _caused(clauses, options, advice):
        return Aligned("withheld", reason="the notes give no such cause")
    if _needs_before(text, clauses, reading):
        options = [each & set(context.notes) for each in options]
    _attach(clauses, reading, options, set(context.notes))
    chosen = _cover(options)
    return unaligned(text, reading, judged) if chosen is None else _standing(chosen)


def _standing(chosen: set[str]) -> Aligned:
    names = {name for each in chosen for name in each.split("+")}
    return Aligned("stands", tuple(sorted(names, key=_number))) if len(names) <= MOST_NOTES else _TOO_MANY


def _needs_before(text: str, clauses: list[Clause], reading: Reading) -> bool:
    """Whether the sentence names no model, and takes up the one before or only says how sure it is."""
    vague = not any(clause.metrics or _states(clause, reading) for clause in clauses)
    return not any(clause.models or clause.settings for clause in clauses) and (vague or takes_up(text))


def _is_advice(statement: Statement) -> bool:
    return statement.part in ("action", "mitigation") or statement.note.kind == "choice"


def _caused(clauses: list[Clause], options: list[set[str]], advice: list[bool]) -> bool:
    """Whether a cause and its effect are of one note, or what follows is advice; narrows the options to that."""
    for place, clause in enumerate(clauses):
        causes = {sense for sense in senses_of(clause) & (clause.claims | _CAUSES) if sense[0] == "causes"}
        if not causes:
            continue
        other = place - 1 if place else 1
        if other >= len(options) or not options[place] or not options[other]:
            continue
        both = options[place] & options[other]
        effect = place if _RESULT in causes else other
        if both:
            options[place] = options[other] = both
        elif not advice[effect]:
            return False
    return True


def _predicates(clause: Clause, reading: Reading) -> bool:
    """Whether the clause claims something, and is not just the condition under which another one holds."""
    return (
        any(bound.kind != "axis" or clause.models for bound in reading.figures_of(clause))
        or clause.negative
        or any(kind != "quantifiers" and key not in role("scopes") for kind, key in clause.claims)
    )


def _states(clause: Clause, reading: Reading) -> bool:
    """Whether the clause says more than how sure, how many or why."""
    return (
        clause.negative
        or bool(reading.figures_of(clause))
        or any(kind not in _MANNERS for kind, _ in clause.claims | clause.optional)
    )


def _contents(clause: Clause, reading: Reading) -> int:
    """How many kinds of content the clause has."""
    acts = {sense for sense in clause.claims if sense[0] == "acts"}
    things = clause.things - role("free_things")
    every = (things, clause.states, clause.stats, clause.metrics, clause.settings, clause.models, clause.names, acts)
    return sum(bool(each) for each in every) + bool(reading.figures_of(clause))


def _is_own(clause: Clause, reading: Reading) -> bool:
    """Whether the clause names what it is about."""
    things = clause.things - role("free_things")
    figures = any(bound.kind in ("ms", "tok/s", "count", "") for bound in reading.figures_of(clause))
    uses = any(kind == "uses" for kind, _ in clause.claims)
    acts = any(kind == "acts" and key in role("own_acts") for kind, key in clause.claims)
    return bool(
        clause.models
        or clause.metrics
        or clause.settings
        or clause.names
        or clause.states
        or things
        or figures
        or uses
        or acts
    )


def _attach(clauses: list[Clause], reading: Reading, options: list[set[str]], before: set[str]) -> None:
    """A clause that names nothing of its own must be of the note of the clause beside it, or of the sentence before."""
    if not any(_is_own(clause, reading) or _contents(clause, reading) > 1 for clause in clauses):
        options[:] = [each & before for each in options]
        return
    for place, clause in enumerate(clauses):
        says = _predicates(clause, reading) or (len(options) == 1 and _contents(clause, reading) > 1)
        if says and len(options) == 1 and _contents(clause, reading) > 1:
            continue
        if says and _is_own(clause, reading):
            continue
        ahead = place + 1 if place + 1 < len(options) else place - 1
        other = (place - 1 if place else 1) if says else ahead
        if len(options) == 1:
            options[place] &= before
        elif other < len(options):
            options[place] &= options[other]
            options[other] &= options[place]


def _says(clause: Clause, reading: Reading) -> bool:
    """Whether the clause holds anything that could be wrong."""
    parts = (
        clause.claims,
        clause.things,
        clause.models,
        clause.settings,
        clause.names,
        clause.metrics,
        clause.states,
        clause.stats,
    )
    return bool(reading.figures_of(clause)) or bool(clause.unknown) or clause.negative or any(parts)


def _by_statement(clause: Clause, reading: Reading, known: Known) -> list[tuple[Statement, list[Gap]]]:
    turned = turned_round(clause, reading)
    found = [(statement, turned + gaps(clause, reading, statement, known)) for statement in known.statements]
    whole = known.joined(clause.metrics) if len(clause.metrics) > 1 else None
    return found if whole is None else [(whole, turned + gaps(clause, reading, whole, known)), *found]


def _number(name: str) -> int:
    """Of the id of a note, or of the first of several."""
    return int(name.partition("+")[0][1:])


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
        best = max(sorted(counts, key=_number), key=lambda name: counts[name])
        chosen.add(best)
        left = [each for each in left if best not in each]
        if len(chosen) > MOST_NOTES:
            return None
    return chosen
