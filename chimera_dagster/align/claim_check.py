"""Whether a note claims what a clause claims: predicates with their polarity, certainty, cause and quantifiers."""

from collections.abc import Callable, Iterator

from chimera_dagster.align.gap import TIES, Gap, senses_of, split
from chimera_dagster.align.known import Statement
from chimera_dagster.align.lexicon import kind_words, role
from chimera_dagster.align.reading import ORDERING, SIGNS, Clause, Sense

_REASONED = frozenset({"one_session", "hidden_failures"})  # kinds whose sentence is a reason
_CERTAINTY = {"tie": "a tie", "plain": "untested", "in_session": "known of these sessions only"}
_RELATIONS = {
    "up": "that it grows",
    "down": "that it falls",
    "tie": "that they are tied",
    "noeffect": "that there is no effect",
    "flat": "that it stays the same",
    "same": "that they are the same",
}
_JUDGED = frozenset({"score", "quality", "own_prompts", "memory", "power", "gpu_use", "fits", "cost", "load"})
_RECORDING = frozenset({"unknown_machine", "record_missing"})
_OF_MEANS = frozenset({"slow_hidden", "work", "share_beside", "mislead", "exclude"})
_CHANGING = frozenset({"trend", "parameter_effect", "condition_effect", "below_the_knee"})
_LOOSE = frozenset({"flat", "turn", "same"})
_MEASURE = ("acts", "measure")
_CHOOSING = frozenset({("choose", "")})
_UNTESTED, _SESSION, _CLEAR = (("certainty", key) for key in ("untested", "session", "clear"))


def claim_gaps(clause: Clause, statement: Statement, proved: set[str]) -> Iterator[Gap]:
    """Claims of the clause that the statement does not make; `proved` are orders that were checked already."""
    for sense in sorted(clause.claims):
        senses = sorted(split(sense))
        if any(kind == "relations" and key in proved and key in ORDERING for kind, key in senses):
            continue
        found = [_claim(each, clause, statement) for each in senses]
        if found[0] is not None and all(found):
            yield found[0]
    if statement.note.kind in role("denying_kinds") and not clause.negative and not clause.claims & TIES:
        turned = (statement.denied - statement.claims) & clause.optional
        if any(kind == "acts" and key not in role("either_way") for kind, key in turned):
            yield Gap("polarity", "it turns round what the note says")
    if clause.negative and not clause.has_axis and senses_of(clause) & statement.advised & clause.claims:
        yield Gap("advice", "it advises against what the note advises")
    if over := _generalized(clause, statement):
        yield Gap("quantifier", f"no note says that of every {over}")
    if clause.advises and not clause.claims & _CHOOSING and not _advises(clause, statement):
        yield Gap("advice", "no note advises that")
    if _is_done(clause, statement):
        yield Gap("advice", "the note only advises that")
    if statement.part in ("action", "mitigation") and statement.note.kind in _RECORDING and not clause.advises:
        yield Gap("advice", "the note only advises that")
    if _lacks(clause, statement):
        yield Gap("predicate", "it turns round what the note says")
    if clause.negative and not proved and not _may_deny(clause, statement):
        yield Gap("polarity", "it denies what the note says")


def _claim(sense: Sense, clause: Clause, statement: Statement) -> Gap | None:
    check = _CHECKS.get(sense[0], _predicate)
    return check(sense, clause, statement)


def _certainty(sense: Sense, clause: Clause, statement: Statement) -> Gap | None:
    key, certainty = sense[1], statement.note.certainty
    either = sense in statement.claims | statement.denied
    match key:
        case "random":
            sure = certainty in ("holds", "in_session")
            allowed, reason = (
                clause.negative if sure else certainty in ("tie", "plain"),
                "the notes say otherwise of chance",
            )
        case "holds" | "chance":
            allowed = (
                (certainty == "holds" and not clause.negative)
                or (key == "chance" and certainty in ("tie", "plain") and (clause.negative or clause.claims & TIES))
                or (key == "holds" and certainty == "in_session" and _SESSION in clause.claims)
                or (certainty == "plain" and _UNTESTED in clause.claims)
            )
            reason = f"it calls certain what the notes call {_CERTAINTY.get(certainty or '', 'a count')}"
        case "clear":
            allowed = clause.negative or certainty in ("holds", "in_session", "tie") or sense in statement.claims
            reason = "it is more certain than the notes"
        case "session":
            allowed, reason = certainty == "in_session" or either, "the notes do not limit this to these sessions"
        case "others":
            allowed = certainty == "in_session" and (clause.negative or clause.hedged or _SESSION in clause.claims)
            reason = "the notes do not say that of other sessions"
        case "untested":
            allowed, reason = certainty == "plain" or either, "the notes do not call this untested"
        case _:
            allowed = sense in (statement.denied if clause.negative else statement.claims)
            reason = "it claims more than the notes prove"
    return None if allowed else Gap("certainty", reason)


def _cause(sense: Sense, clause: Clause, statement: Statement) -> Gap | None:
    """A word such as "because" at the beginning of a clause is checked with the clause that it explains."""
    if clause.explains:
        return None
    given = sense in statement.claims | statement.denied or statement.note.action or statement.note.kind in _REASONED
    return None if given or sense[1] == "result" else Gap("cause", "the notes give no such cause")


def _quantifier(sense: Sense, clause: Clause, statement: Statement) -> Gap | None:
    key = sense[1]
    if key in ("some", "both") or sense in statement.claims | statement.denied:
        return None
    of_failures = statement.note.kind == "failures" and clause.models and not clause.names
    if key == "all" and (of_failures or clause.groups or clause.negative or clause.claims & TIES):
        return None
    if key == "regardless" and (clause.claims & TIES or (clause.negative and ("certainty", "chance") in clause.claims)):
        return None
    if key == "only" and ("detectable" in clause.stats or _SESSION in clause.claims):
        return None
    return Gap("quantifier", f"it says {key} of what the notes limit")


def _choice(sense: Sense, clause: Clause, statement: Statement) -> Gap | None:
    said = statement.denied if clause.negative else statement.claims
    return None if sense in said or not clause.models else Gap("choice", "no note says to choose it")


def _relation(sense: Sense, clause: Clause, statement: Statement) -> Gap | None:
    said, key = statement.denied if clause.negative else statement.claims, sense[1]
    either = statement.claims | statement.denied
    if key == "differ":
        orders = bool(statement.note.order) and statement.note.certainty != "tie"
        return None if orders else Gap("relation", "no note tells them apart by that")
    if key in ("worsens", "improves"):
        sign = SIGNS.get(statement.note.metric or "", 0) * (1 if key == "worsens" else -1)
        goes = ("relations", "up" if sign > 0 else "down")
        changes = statement.note.kind in _CHANGING
        return (
            None
            if (sign and changes and goes in said) or sense in said
            else Gap("relation", "no note says that it changes so")
        )
    if sense in TIES and (statement.note.certainty == "tie" or statement.note.kind == "choice") and either & TIES:
        return None
    if sense in said or (sense in either and key in _LOOSE):
        return None
    return Gap("relation", f"no note says {_RELATIONS.get(key, 'that')} here")


def _predicate(sense: Sense, clause: Clause, statement: Statement) -> Gap | None:
    kind, key = sense
    if key == "affects" and not clause.negative and clause.settings and statement.note.kind == "trend":
        return Gap("relation", "no note says that a parameter has an effect here")
    if sense in (statement.denied if clause.negative else statement.claims):
        return None
    if clause.negative and sense in statement.claims and (clause.claims | clause.optional) & statement.denied:
        return None
    if kind == "acts" and sense in statement.claims | statement.denied:
        return None if key in role("either_way") else Gap("polarity", "it turns round what the note says")
    return Gap("predicate", "the note does not say that")


_CHECKS: dict[str, Callable[[Sense, Clause, Statement], Gap | None]] = {
    "certainty": _certainty,
    "causes": _cause,
    "quantifiers": _quantifier,
    "choose": _choice,
    "relations": _relation,
}


def _generalized(clause: Clause, statement: Statement) -> str:
    """Over what the clause generalizes and the note does not; a tie may be one for all."""
    if clause.negative or clause.claims & TIES:
        return ""
    said = {each for other in statement.clauses for each in other.everywhere}
    return min(clause.everywhere - said, default="")


def _advises(clause: Clause, statement: Statement) -> bool:
    """Whether the note gives advice, and that on what the clause names."""
    note = statement.note
    advice = note.action or note.mitigation or note.kind in role("advice_kinds")
    said = {metric for other in statement.clauses for metric in other.metrics}
    return bool(advice) and (clause.metrics <= said or not clause.metrics or bool(clause.models))


def _lacks(clause: Clause, statement: Statement) -> bool:
    """Whether the clause speaks of things of the note without the predicate that the note joins them by."""
    words = kind_words(statement.note.kind)
    if statement.note.kind == "hidden_failures" and "mean" in clause.stats and not clause.negative:
        return not {key for _, key in senses_of(clause)} & _OF_MEANS
    if not words.needs or clause.negative or len(clause.things & _JUDGED) < words.least:
        return False
    return not {key for _, key in senses_of(clause)} & set(words.needs.split())


def _is_done(clause: Clause, statement: Statement) -> bool:
    """Whether the clause says that something was done which the note only advises, or does not say."""
    measured = any(_MEASURE in senses_of(other) and not other.negative for other in statement.clauses)
    note = statement.note
    only_advised = bool(note.action or note.mitigation or note.kind in role("missing_kinds")) and not measured
    if clause.is_past and not clause.negative and _MEASURE in clause.claims and only_advised:
        return True
    return clause.is_past and not clause.negative and bool(senses_of(clause) & statement.advised)


def _may_deny(clause: Clause, statement: Statement) -> bool:
    """Whether the note denies something that the clause is about."""
    every = senses_of(clause)
    if every & statement.denied or (every | statement.claims) & TIES & (statement.claims | statement.denied):
        return True
    if any(kind == "certainty" and key in ("session", "others", "untested", "chance") for kind, key in every):
        return True
    denied = {
        thing for other in statement.clauses if other.negative for thing in other.things | other.names | other.settings
    }
    return bool((clause.things | clause.names | clause.settings) & denied - {"model_word"})
