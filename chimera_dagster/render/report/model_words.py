"""The judged sentences of a model as parts of a page: its own words where they stand, else those of the note."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.render.blocks import Code, Inline, Inlines, Link, Strong, Text, joined
from chimera_dagster.render.report.note_words import mark, spaced, words
from chimera_dagster.write.answer import Role, Section
from chimera_dagster.write.judge import JudgedAnswer, JudgedSentence

VERIFICATION = "verification"  # anchor of the section that has every sentence
_LEAST_NAME = 2  # letters: a model may be called "a", as an article is
_THIN = "\u2009"  # a space
BY_CODE = "‡"  # behind a sentence that code put in the place of the model's, or beside it


class Said(NamedTuple):
    """One sentence on the page, and whether its words are the model's."""

    words: Inlines
    is_models: bool
    copied: bool = False  # from a note, word for word


def shown(answer: JudgedAnswer) -> list[JudgedSentence]:
    """The sentences that readers get: those that stand, and those that a note replaces."""
    return [sentence for sentence in answer.sentences if sentence.outcome in ("stands", "replaced")]


def conveyed(*answers: JudgedAnswer) -> frozenset[str]:
    """Ids of the notes that the shown sentences say."""
    return frozenset(note for answer in answers for sentence in shown(answer) for note in sentence.notes)


class ModelWords:
    """The sentences of one answer by section, as they are shown."""

    def __init__(self, notes: Iterable[KeptNote], answer: JudgedAnswer) -> None:
        self._notes = {note.id: note for note in notes}
        self._models = {part.text for note in self._notes.values() for part in note.text if part.kind == "model"}
        self._shown = shown(answer)
        self._answer = answer

    def blocks(self, *sections: Section, without: Collection[str] = ()) -> list[list[Said]]:
        """The sentences of each paragraph or list item; cells of the risk table are not among them.

        Nor are those that say nothing but notes `without` which the text is to be.
        """
        found = [
            each
            for each in self._shown
            if each.section in sections and each.role == "text" and not set(each.notes) <= set(without)
        ]
        return [[self._said(each) for each in group] for _, group in groupby(found, key=lambda each: each.block)]

    def risks(self) -> list[tuple[list[Said], list[Said]]]:
        """Each row of the risk table of which the risk is shown, with its mitigation, or else that of its note."""
        rows: dict[int, list[JudgedSentence]] = {}
        for each in self._shown:
            if each.section == "risks":
                rows.setdefault(each.block, []).append(each)
        return [found for row in rows.values() if (found := self._row(row))[0]]

    def views(self, *sections: Section) -> tuple[Inlines, ...]:
        """What the model adds as its own advice or question."""
        return tuple(
            (Text(each.text),) for each in self._answer.sentences if each.section in sections and each.outcome == "view"
        )

    def _row(self, cells: Sequence[JudgedSentence]) -> tuple[list[Said], list[Said]]:
        risks = [each for each in cells if each.role != "mitigation"]
        mitigations = [self._said(each) for each in cells if each.role == "mitigation"]
        notes = [self._notes[id_] for each in risks for id_ in each.notes if id_ in self._notes]
        known = [by_code(words(note.mitigation)) for note in notes if note.mitigation]
        return [self._said(each) for each in risks], mitigations or known[:1]

    def _said(self, sentence: JudgedSentence) -> Said:
        notes = [self._notes[id_] for id_ in sentence.notes if id_ in self._notes]
        marks = (mark(note.id) for note in notes)
        if sentence.outcome == "stands":
            return Said(
                (*_emphasised(sentence.text, self._models, notes), *_apart(marks)),
                is_models=True,
                copied=sentence.copied,
            )
        instead = spaced(_instead(sentence.role, notes))
        return Said((*instead, *_apart([*marks, _sign(sentence)])), is_models=False)


def by_code(parts: Inlines) -> Said:
    """A sentence of code's among the model's."""
    sign = Link(BY_CODE, f"#{VERIFICATION}", hint="Added by code")
    return Said((*parts, *([Text(_THIN)] if isinstance(parts[-1], Link) else []), sign), is_models=False)


def written(sentences: Iterable[Said]) -> Inlines:
    return spaced(each.words for each in sentences)


def anchor(sentence: JudgedSentence) -> str:
    """Of the row of a sentence in the verification."""
    return f"s-{sentence.id.lower()}"


def _sign(sentence: JudgedSentence) -> Link:
    hint = f"Worded by code: {sentence.reason.replace('`', '')}"
    return Link(BY_CODE, f"#{anchor(sentence)}", VERIFICATION, hint)


def _instead(role: Role, notes: Sequence[KeptNote]) -> Iterator[Inlines]:
    for note in notes:
        yield words(note.mitigation) if role == "mitigation" and note.mitigation else words(note.text)


def _apart(marks: Iterable[Link]) -> Iterator[Inline]:
    """Two raised numbers side by side would read as one."""
    for place, each in enumerate(marks):
        if place:
            yield Text(_THIN)
        yield each


def _emphasised(text: str, models: Collection[str], notes: Sequence[KeptNote]) -> Inlines:
    """A standing sentence with every model and the names of its notes in code font, and their figures in bold."""
    looks = _looks(models, notes)
    if not looks:
        return (Text(text),)
    either = "|".join(re.escape(each) for each in sorted(looks, key=lambda each: (-len(each), each)))
    parts = re.split(rf"(?<![\w.:/-])({either})(?![\w/-]|[.:]\w)", text)
    return joined(looks[part](part) if place % 2 else Text(part) for place, part in enumerate(parts))


def _looks(models: Collection[str], notes: Sequence[KeptNote]) -> Mapping[str, type[Code] | type[Strong]]:
    parts = [
        part
        for note in notes
        for phrase in (*note.wordings, note.text, note.action, note.reason, note.mitigation)
        for part in phrase
    ]
    figures = {part.text: Strong for part in parts if part.kind == "figure" and part.unit}
    named = [*models, *(part.text for part in parts if part.is_name)]
    names = [" ".join(name.split()) for name in named]  # as a sentence has them, on one line
    return figures | {name: Code for name in names if len(name) >= _LEAST_NAME}
