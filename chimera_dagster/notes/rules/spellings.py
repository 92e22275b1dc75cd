"""Models that the files spell in several ways and that are taken for one."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.plausibility import Spellings
from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import models_in_words
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Phrase, count, joined, model, phrase

_WEIGHT = 10.0
_MOST = 3


def spellings(data: NoteContext) -> Iterator[Note]:
    """One note of all of them."""
    found = list(data.found("model_spellings", Spellings))
    if not found:
        return
    pairs: list[Phrase] = [
        phrase("{others} as {chosen}", others=models_in_words(each.about.others), chosen=model(each.about.chosen))
        for each in found[:_MOST]
    ]
    if len(found) > _MOST:
        pairs.append(count(len(found) - _MOST, "more", "more"))
    said = joined(pairs, ", ")
    sources = tuple(dict.fromkeys(source for each in found for source in each.finding.sources))[:MOST_SOURCES]
    yield Note(
        "spellings",
        "findings",
        _WEIGHT,
        (
            phrase("Names that differ only in their spelling are taken for one model: {said}.", said=said),
            phrase("Spelling alone does not tell models apart, so these count as one: {said}.", said=said),
        ),
        Scope(
            tuple(each.about.chosen for each in found),
            n=sum(each.about.n for each in found),
            files=len({name for name, _ in sources}),
        ),
        sources=sources,
        findings=tuple(each.id for each in found),
    )
