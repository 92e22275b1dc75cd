"""Notes as paragraphs: a subject, the conditions and how sure it is are said once where the next note has the same.

A word that joins two notes claims something too: `but` stands only between two opposite orders of the same models.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from chimera_dagster.notes.note import Note
from chimera_dagster.notes.order_words import all_sure
from chimera_dagster.notes.phrase import Name, Phrase, Words, capital, tidy

_MOST = 5  # notes of one paragraph


class Numbered(NamedTuple):
    """A note and its id, such as N1."""

    id: str
    note: Note


class Sentence(NamedTuple):
    """`note` is the id of the note that it says; empty if it says how sure those before it are."""

    words: Phrase
    note: str = ""


Sentences = tuple[Sentence, ...]


def paragraphs(notes: Iterable[Numbered]) -> list[Sentences]:
    """Notes of one section in their order, those about one metric, or else of one kind, together."""
    groups: dict[str, list[Numbered]] = {}
    for each in notes:
        groups.setdefault(each.note.metric or each.note.kind, []).append(each)
    return [
        paragraph(group[start : start + _MOST]) for group in groups.values() for start in range(0, len(group), _MOST)
    ]


def paragraph(notes: Sequence[Numbered], *, sure: bool = True) -> Sentences:
    """One paragraph; notes that are equally sure stand together, so that it is said once.

    Not `sure`: it is said elsewhere.
    """
    certainties = list(dict.fromkeys(each.note.certainty for each in notes))
    ordered = sorted(notes, key=lambda each: certainties.index(each.note.certainty))
    return tuple(each for each in _sentences(ordered) if sure or each.note)


def _sentences(notes: Sequence[Numbered]) -> Iterator[Sentence]:
    last: Note | None = None
    for certainty, alike in groupby(notes, key=lambda each: each.note.certainty):
        sure: list[Phrase] = []
        for each in alike:
            said_between = last is not None and last.certainty != certainty
            yield Sentence(_after(last, each.note, said_between=said_between), each.id)
            last = each.note
            sure += [each.note.sure] if each.note.sure else []
        if sure and certainty is not None:
            yield Sentence(all_sure(certainty) or sure[0] if len(sure) > 1 else sure[0])


def _after(last: Note | None, note: Note, *, said_between: bool) -> Phrase:
    """The note as it is said behind `last`; `said_between` is how sure that one was."""
    if last is None:
        return note.sentence(note.wording)
    words = note.wording
    if last.order and last.order == note.order[::-1]:
        return tidy((Words("But "), *note.opening, *words))
    name = _only_subject(last)
    if (
        name
        and not said_between
        and words
        and isinstance(words[0], Name)
        and words[0].subject
        and words[0].text == name
    ):
        words = (Words("it"), *words[1:])
    opening = () if note.opening == last.opening and note.scope.setup == last.scope.setup else note.opening
    return capital(tidy((*opening, *words)))


def _only_subject(note: Note) -> str | None:
    """The model that a note is about, if it names no other and begins with it."""
    models = {part.text for part in note.wording if isinstance(part, Name) and part.kind == "model"}
    subjects = {part.text for part in note.wording if isinstance(part, Name) and part.subject}
    return subjects.pop() if len(models) == 1 and models == subjects else None
