"""Spellings of units: whether a word is one, what it measures, and units at the end of names."""

from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.vocabulary import vocabulary

LONGEST_UNIT = 3  # words: tokens_per_second


def is_unit(text: str) -> bool:
    """Whether a text is the spelling of a unit, in any case."""
    return text.strip().lower() in _units()


def kind_of(unit: str) -> str:
    """The canonical unit of what is measured in `unit`, which is one of the vocabulary."""
    return _units()[unit.strip().lower()]


def without_unit(plain: str) -> tuple[str, str | None]:
    """The name without the longest unit at its end, and the unit."""
    words = plain.split("_")
    for count in range(min(LONGEST_UNIT, len(words)), 0, -1):
        if is_unit(unit := "_".join(words[-count:])):
            return "_".join(words[:-count]), unit
    return plain, None


@remembered()
def _units() -> dict[str, str]:
    return {spelling: unit for unit, spellings in vocabulary().units.items() for spelling in spellings}
