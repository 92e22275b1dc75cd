"""Kept notes as paragraphs, put together by the code of the brief."""

from collections.abc import Iterable, Iterator

from chimera_dagster.align.kept_note import KeptNote, Part, Parts
from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.paragraphs import Numbered, Sentences, paragraphs
from chimera_dagster.notes.phrase import Name, Number, Phrase, Words
from chimera_dagster.render.blocks import Inlines
from chimera_dagster.render.report.note_words import mark, spaced, words


def code_paragraphs(notes: Iterable[KeptNote]) -> Iterator[Inlines]:
    """Notes of one section as the brief has them: what two of them share is said once."""
    for sentences in paragraphs([Numbered(note.id, _note(note)) for note in notes]):
        yield _paragraph(sentences)


def _paragraph(sentences: Sentences) -> Inlines:
    return spaced((*words(map(_part, each.words)), *([mark(each.note)] if each.note else [])) for each in sentences)


def _note(kept: KeptNote) -> Note:
    """The note as the rules made it, as far as a paragraph needs it."""
    return Note(
        kept.kind,
        "performance",  # of which a paragraph depends on nothing
        kept.weight,
        (_phrase(kept.wording or kept.text),),
        Scope(kept.models, dict(kept.conditions)),
        kept.metric,
        kept.order,
        None if kept.certainty is None else Certainty(kept.certainty),
        opening=_phrase(kept.opening),
        sure=_phrase(kept.sure),
    )


def _phrase(parts: Parts) -> Phrase:
    found: list[Words | Name | Number] = []
    for part in parts:
        match part.kind:
            case "words":
                found.append(Words(part.text))
            case "figure":
                found.append(Number(part.text, part.value or 0.0, part.unit))
            case _:
                found.append(Name(part.text, part.kind))
    return tuple(found)


def _part(part: Words | Name | Number) -> Part:
    match part:
        case Words():
            return Part(part.text)
        case Name():
            return Part(part.text, part.kind)
        case Number():
            return Part(part.text, "figure", part.value, part.unit)
