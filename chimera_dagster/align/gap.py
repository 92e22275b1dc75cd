"""In which respect a statement of a note does not say what a clause claims."""

from typing import NamedTuple

from chimera_dagster.align.reading import Clause, Sense

TIES = frozenset({("relations", "tie"), ("relations", "noeffect")})
TRENDS = frozenset({"up", "down", "peak", "flat", "worsens", "improves"})
STATS = {
    "sd": "standard deviation",
    "worst": "worst run",
    "delta": "added amount",
    "usual": "usual value",
    "detectable": "smallest difference",
}


class Gap(NamedTuple):
    """What a statement does not say. `weight` is how far that is from a statement that says all."""

    slot: str
    reason: str
    weight: float = 1.0


def senses_of(clause: Clause) -> set[Sense]:
    """All that the clause may claim, each meaning of a phrase by itself."""
    found = clause.claims | clause.optional
    return found | {each for sense in clause.claims for each in split(sense)}


def split(sense: Sense) -> set[Sense]:
    """The meanings of a phrase that has several."""
    kind, key = sense
    if kind != "any":
        return {sense}
    return {(of, name) for each in key.split("|") for of, _, name in [each.partition(".")]}


def is_trend(clause: Clause) -> bool:
    return any(kind == "relations" and key in TRENDS for kind, key in senses_of(clause))


def listed(names: frozenset[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names))
