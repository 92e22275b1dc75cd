"""Notes on a page: names in code font, figures in bold, and a mark behind each that leads to its evidence."""

from collections.abc import Iterable

from chimera_dagster.align.kept_note import KeptNote, Part
from chimera_dagster.evidence.certainty import Certainty
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
