"""Phrases of notes as inlines: names in code, figures strong if they answer, and a mark that links to the evidence."""

from collections.abc import Iterable
from typing import Literal

from chimera_dagster.notes.paragraphs import Numbered, Sentences
from chimera_dagster.notes.phrase import Name, Number, Phrase, Words, numbers_of, tidy
from chimera_dagster.render.blocks import Code, Inline, Inlines, Link, Strong, Text, joined

EVIDENCE = "evidence"  # the anchor of its heading
Emphasis = Literal["none", "figures", "words"]
_SENTENCE_END = ". "
_FEW = 3  # figures of a sentence that may be strong
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def written(phrase: Phrase, emphasis: Emphasis = "none") -> Inlines:
    return joined(_inline(part, emphasis) for part in phrase)


def mark(note: str) -> Link:
    """A small raised number behind a sentence: that of its note, whose entry in the evidence it links to."""
    return Link(raised(note), f"#{anchor(note)}", EVIDENCE)


def marked(phrase: Phrase, note: str, emphasis: Emphasis = "none") -> Inlines:
    return (*written(phrase, emphasis), mark(note))


def answer(each: Numbered) -> Inlines:
    """Its first sentence strong: what follows it limits it."""
    parts = each.note.text
    for place, part in enumerate(parts):
        if isinstance(part, Words) and _SENTENCE_END in part.text:
            first, _, rest = part.text.partition(_SENTENCE_END)
            strong = (*parts[:place], Words(first + _SENTENCE_END.rstrip()))
            return (*written(strong, "words"), *marked((Words(" " + rest), *parts[place + 1 :]), each.id))
    return marked(parts, each.id, "words")


def paragraph(sentences: Sentences, emphasis: Emphasis = "none") -> Inlines:
    """The sentences with a space between them; one with many figures is not made strong."""
    parts: list[Inlines] = []
    for each in sentences:
        many = sum(bool(figure.unit) for figure in numbers_of(each.words)) > _FEW
        words = written(each.words, "none" if many else emphasis)
        parts.append((*words, mark(each.note)) if each.note else words)
    return spaced(parts)


def ended(phrase: Phrase) -> Phrase:
    """The phrase as a sentence: an action may come without its full stop."""
    return phrase if not phrase or phrase[-1].text.endswith((".", "!", "?")) else tidy((*phrase, Words(".")))


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def spaced(parts: Iterable[Inlines]) -> Inlines:
    found: list[Inline] = []
    for part in parts:
        found += [Text(" "), *part] if found else part
    return joined(found)


def raised(note: str) -> str:
    return note[1:].translate(_RAISED)


def anchor(note: str) -> str:
    return note.lower()


def _inline(part: object, emphasis: Emphasis) -> Inline:
    match part:
        case Name():
            return Code(part.text)
        case Number() if emphasis == "words" or (emphasis == "figures" and part.unit):  # counts and ratios stay quiet
            return Strong(part.text)
        case _:
            text = str(getattr(part, "text", ""))
            return Strong(text) if emphasis == "words" else Text(text)
