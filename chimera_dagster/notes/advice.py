"""Notes that advise: a recommendation with its reason, and a risk with what to do about it."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.evidence.certainty import BLIND, Certainty
from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.notes.note import Note, Scope, Source
from chimera_dagster.notes.phrase import Number, Phrase, capital, phrase, share
from chimera_dagster.notes.reading import times

_WANTED = (0.05, 0.1, 0.2, 0.5, 1.0)  # differences that one would want to see, as a ratio minus 1
_GAIN = 0.5  # of what can be seen now: for less gain than that, nobody repeats runs
_FEW, _MANY = 30, 100  # runs that can be asked for; the larger number only of those who did a quarter of them


class Basis(NamedTuple):
    """What a note rests on."""

    scope: Scope
    sources: Sequence[Source] = ()
    findings: tuple[str, ...] = ()
    metric: str | None = None
    certainty: Certainty | None = None


def recommendation(kind: str, weight: float, action: Phrase, reason: Phrase, basis: Basis) -> Note:
    """`action` is an imperative and `reason` a clause, both as they stand within a sentence."""
    return Note(
        kind,
        "recommendations",
        weight,
        (
            phrase("{action}: {reason}.", action=capital(action), reason=reason),
            phrase("{action}, as {reason}.", action=capital(action), reason=reason),
        ),
        basis.scope,
        basis.metric,
        certainty=basis.certainty,
        action=capital(action),
        reason=phrase("{reason}.", reason=capital(reason)),
        sources=tuple(basis.sources)[:MOST_SOURCES],
        findings=basis.findings,
    )


def risk(kind: str, weight: float, wordings: tuple[Phrase, ...], mitigation: Phrase, basis: Basis) -> Note:
    """The wordings say what could mislead, `mitigation` what to do about it; all are sentences."""
    return Note(
        kind,
        "risks",
        weight,
        wordings,
        basis.scope,
        basis.metric,
        certainty=basis.certainty,
        mitigation=mitigation,
        sources=tuple(basis.sources)[:MOST_SOURCES],
        findings=basis.findings,
    )


class Repeats(NamedTuple):
    """With `runs` runs instead, a difference of `difference` (a ratio minus 1) would show."""

    runs: int
    difference: float


def repeats_for(runs: float, detectable: float) -> Repeats | None:
    """How often to repeat what ran `runs` times, when a difference of `detectable` at least can be seen.

    The error of a mean of logarithms falls with the root of their number, so the runs grow with the square of the ratio
    of the logarithms. For the smallest usual difference that takes a sensible number, and that is at most half of what
    can be seen now; None if there is none.
    """
    for wanted in _WANTED:
        if wanted > _GAIN * detectable:
            return None
        needed = math.ceil(runs * (math.log1p(detectable) / math.log1p(wanted)) ** 2)
        if needed <= max(_FEW, min(_MANY, 4 * runs)):
            return Repeats(needed, wanted)
    return None


def difference(ratio: float) -> Phrase:
    """A ratio minus 1 as `a difference of 20 %` or `a difference of 2.1 times`."""
    if ratio > BLIND:
        return phrase("a difference of more than ten times")
    if ratio >= 1:
        return phrase("a difference of {x} times", x=Number(times(1 + ratio), 1 + ratio, ""))
    return phrase("a difference of {x}", x=share(ratio))
