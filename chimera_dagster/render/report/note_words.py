"""Notes on a page: names in code font, figures in bold, and a mark behind each that leads to its evidence."""

from collections.abc import Iterable, Iterator

from chimera_dagster.align.kept_note import KeptNote, Part, Parts
from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.paragraphs import Numbered, Sentences, paragraphs
from chimera_dagster.notes.phrase import Name, Number, Phrase, Words
from chimera_dagster.render.blocks import Code, Inline, Inlines, Link, Strong, Target, Text, joined

NOTES = "statements-by-code"  # anchor of the section that has every note
_SURE = {
    Certainty.HOLDS: "holds over sessions",
    Certainty.IN_SESSION: "within these sessions",
    Certainty.TIE: "no difference shown",
    Certainty.PLAIN: "not tested",
}
_SMALL = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def sentence(note: KeptNote) -> Inlines:
    """The note with its mark."""
    return (*words(note.text), mark(note.id))


def code_paragraphs(notes: Iterable[KeptNote]) -> Iterator[Inlines]:
    """Notes of one section as the brief has them: what two of them share is said once."""
    for sentences in paragraphs([Numbered(note.id, _note(note)) for note in notes]):
        yield _paragraph(sentences)


def words(parts: Iterable[Part]) -> Inlines:
    return joined(_inline(part) for part in parts)


def how_sure(note: KeptNote) -> str:
    return "counted" if note.certainty is None else _SURE[Certainty(note.certainty)]


def mark(note: str) -> Link:
    """A small number that leads to the evidence of the note with this id."""
    return Link(_number(note).translate(_SMALL), f"#{note.lower()}", NOTES)


def marked(note: KeptNote) -> Target:
    """The same number where that evidence is."""
    return Target(_number(note.id), note.id.lower())


def spaced(parts: Iterable[Inlines]) -> Inlines:
    """Sentences one after the other."""
    found: list[Inline] = []
    for part in parts:
        found += [Text(" "), *part] if found else part
    return joined(found)


def _number(note: str) -> str:
    return note.removeprefix("N")


def _inline(part: Part) -> Inline:
    match part.kind:
        case "words":
            return Text(part.text)
        case "figure":  # counts and ratios stay quiet
            return Strong(part.text) if part.unit else Text(part.text)
        case _:
            return Code(part.text)


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
