"""Sentences that a model kept word for word: a note's own words stand, whatever the reader makes of them."""

import re
from collections.abc import Collection, Iterator, Sequence

from chimera_dagster.align.kept_note import KeptNote, Parts
from chimera_dagster.align.names import Names
from chimera_dagster.align.scan import normal

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[%/=<>+±|]|-(?=\d)")
_SENTENCE = re.compile(r"(?<=[.!?]) (?=\S)")
# What a reason begins with that is only understood with its advice
_REFERS = re.compile(r"(?:they|it|its|this|that|these|those|each|he|such|the (?:slow|far|long|bigg|larg)est)\b", re.I)
_JOINTS = ("", "as", "because", "since")


class OwnWords:
    """The sentences of the notes, and runs of them, without marks and in one spelling of each name."""

    def __init__(self, notes: Sequence[KeptNote], names: Names) -> None:
        self._names = names
        self._alone: dict[str, list[str]] = {}  # ids of notes by words
        self._behind: dict[str, list[str]] = {}  # those that need the sentence before
        for note in notes:
            for words, is_whole in _runs(note):
                found = self._alone if is_whole else self._behind
                ids = found.setdefault(self._fold(normal(words)), [])
                if note.id not in ids:
                    ids.append(note.id)

    def find(self, text: str, before: Collection[str]) -> str | None:
        """The note that has a normal text word for word; one of those of the sentence before if several have it."""
        folded = self._fold(text)
        alone, behind = self._alone.get(folded, []), self._behind.get(folded, [])
        kept = [each for each in (*alone, *behind) if each in before]
        return next(iter((*kept, *alone)), None)

    def _fold(self, text: str) -> str:
        """`Gemma3 270M takes 28%.` is `gemma3:270m takes 28 %`."""
        words: list[str] = []
        place = 0
        for start, end, name in [*self._names.find(text), (len(text), len(text), None)]:
            words += _TOKEN.findall(text[place:start].lower())
            if name is not None:
                words.append(f"\x00{name.kind} {name.key}")
            place = end
        return "\x01".join(words)


def _runs(note: KeptNote) -> Iterator[tuple[str, bool]]:
    """Sentences that follow each other in the note, and whether they are understood without those before."""
    texts = dict.fromkeys(_text(parts) for parts in (note.text, *note.wordings, note.action, note.mitigation))
    for text in (*texts, _text(note.reason)):
        pieces = _SENTENCE.split(text)
        for start in range(len(pieces)):
            for end in range(start + 1, len(pieces) + 1):
                if said := " ".join(pieces[start:end]).strip():
                    yield said, start == 0 and not (text not in texts and _REFERS.match(said))
    for first, second in ((note.action, note.reason), (note.text, note.mitigation)):
        for joint in _JOINTS if first and second else ():
            yield f"{_text(first)} {joint} {_text(second)}", True


def _text(parts: Parts) -> str:
    return "".join(part.text for part in parts)
