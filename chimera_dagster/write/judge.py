"""Judges a parsed answer: aligns its sentences with the notes and decides, once, what becomes of each."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from chimera_dagster.align import Aligned, Aligner, Outcome, Passage
from chimera_dagster.align.kept_note import KeptNote, Parts
from chimera_dagster.write.answer import Answer, Sentence, normal
from chimera_dagster.write.sections import Role
from chimera_dagster.write.sentences import split_sentences, visible, without_marks

# What means something of the sentence before
_REFERS = re.compile(
    r"(?:(?:however|but|also|and|so|thus|therefore|still|here|overall|in addition|moreover|as a result),? )?"
    r"(?:it|its|they|their|this|these|that|those|both|such|the (?:former|latter|other|same|difference|gap))\b",
    re.IGNORECASE,
)
_DATA = "-----"  # a line of a prompt before its data, and one behind
_Saying = tuple[str, bool]  # the id of a note, and whether its mitigation is said


class JudgedSentence(Sentence, frozen=True):
    """A sentence with what became of it.

    `notes` are the ids of the notes that a standing sentence restates, or of the one whose wording replaces it.
    `reason` says why it does not stand; it is empty if it does. `copied`: it stands word for word in one of its notes.
    """

    outcome: Outcome
    notes: tuple[str, ...]
    reason: str
    copied: bool = False


class JudgedAnswer(Answer, frozen=True):
    """A parsed answer of which every sentence is judged. Everything after judging reads this."""

    sentences: tuple[JudgedSentence, ...]

    @property
    def standing(self) -> list[JudgedSentence]:
        """The sentences that say what notes say, and nothing else."""
        return [each for each in self.sentences if each.outcome == "stands"]

    @property
    def fallen(self) -> list[JudgedSentence]:
        """The sentences that claim something and do not stand."""
        return [each for each in self.sentences if each.outcome in ("replaced", "withheld")]


def judge_answer(answer: Answer, aligner: Aligner, prompt: str = "") -> JudgedAnswer:
    """Align every sentence of an answer to `prompt` with the notes of `aligner`; never raises.

    A standing sentence behind one that fell is replaced too, if it means something of that one. A note replaces at most
    one sentence, and none if a standing sentence says it: the others are withheld. So is a copy of an instruction of
    the prompt. A mitigation is withheld with its risk, and replaced if it is that of another risk.
    """
    aligned = aligner.align([Passage(each.text, each.block) for each in answer.sentences])
    known = {note.id: note for note in aligner.notes}
    aligned = _without_copies(answer.sentences, _as_read(answer.sentences, aligned, aligner), prompt)
    fates = _each_once(answer.sentences, aligned, known)
    judged = tuple(
        JudgedSentence(
            **each.model_dump(),
            outcome=fate.outcome,
            notes=fate.notes,
            reason=fate.reason,
            copied=fate.outcome == "stands" and any(_is_in(each, known[id_]) for id_ in fate.notes),
        )
        for each, fate in zip(answer.sentences, _by_row(answer.sentences, fates, known), strict=True)
    )
    return JudgedAnswer(
        sentences=judged,
        complete=answer.complete,
        repeated=answer.repeated,
        headings=answer.headings,
        problems=answer.problems,
    )


def _is_in(sentence: Sentence, note: KeptNote) -> bool:
    said = f" {normal(sentence.text)} "
    phrases = (note.text, *note.wordings, note.action, note.reason, note.mitigation)
    return any(said in f" {normal(''.join(part.text for part in phrase))} " for phrase in phrases)


def _as_read(sentences: Sequence[Sentence], aligned: Sequence[Aligned], aligner: Aligner) -> Iterator[Aligned]:
    """A sentence that stood by what "it" means in the model's text does not if readers never see what "it" means.

    Views are read on their own, so none of them may mean a sentence before.
    """
    places = [
        place
        for place in range(1, len(sentences))
        if aligned[place].outcome == "stands"
        and aligned[place - 1].outcome != "stands"
        and sentences[place - 1].block == sentences[place].block
    ]
    alone = aligner.align([Passage(sentences[place].text, place) for place in places]) if places else []
    lost = {
        place
        for place, fate in zip(places, alone, strict=True)
        if fate.outcome != "stands" or _REFERS.match(sentences[place].text)
    }
    for place, fate in enumerate(aligned):
        if place in lost:
            yield Aligned("replaced", fate.notes[:1], "the sentence that it refers to does not stand")
        elif fate.outcome == "view" and _REFERS.match(sentences[place].text):
            yield Aligned("filler", (), "it is its own view of something that is not beside it")
        else:
            yield fate


def _without_copies(sentences: Sequence[Sentence], aligned: Iterable[Aligned], prompt: str) -> Iterator[Aligned]:
    instructions = set(_instructions(prompt))
    for sentence, fate in zip(sentences, aligned, strict=True):
        is_copy = normal(sentence.text) in instructions
        yield Aligned("withheld", (), "it copies its prompt") if is_copy else fate


def _instructions(prompt: str) -> Iterator[str]:
    """The lines and sentences of a prompt outside of its data, as they are compared."""
    lines = prompt.splitlines()
    marks = [place for place, line in enumerate(lines) if line == _DATA]
    for line in [*lines[: marks[0]], *lines[marks[-1] + 1 :]] if len(marks) > 1 else lines:
        text = visible(without_marks(line)).lstrip("#-*•0123456789.) ")
        yield from (words for each in (text, *split_sentences(text)) if " " in (words := normal(each)))


def _each_once(
    sentences: Sequence[Sentence], aligned: Iterator[Aligned], notes: Mapping[str, KeptNote]
) -> list[Aligned]:
    """No note's wording replaces a sentence if the answer says that note already."""
    fates = list(aligned)
    said = {
        _saying(note, each.role, notes)
        for each, fate in zip(sentences, fates, strict=True)
        if fate.outcome == "stands"
        for note in fate.notes
    }
    for place, (each, fate) in enumerate(zip(sentences, fates, strict=True)):
        if fate.outcome != "replaced":
            continue
        saying = {_saying(note, each.role, notes) for note in fate.notes}
        if saying <= said:
            fates[place] = Aligned("withheld", (), f"{fate.reason}; what it should say is said already")
        said |= saying
    return fates


def _saying(note: str, role: Role, notes: Mapping[str, KeptNote]) -> _Saying:
    return note, role == "mitigation" and note in notes and bool(notes[note].mitigation)


def _by_row(
    sentences: Sequence[Sentence], fates: Sequence[Aligned], notes: Mapping[str, KeptNote]
) -> Iterator[Aligned]:
    """A mitigation is shown beside its risk: that of its own note if the model's fell, else it is withheld too."""
    pairs = list(zip(sentences, fates, strict=True))
    said = {
        note
        for sentence, fate in pairs
        if sentence.role != "mitigation" and fate.outcome in ("stands", "replaced")
        for note in fate.notes
    }
    for _, row in groupby(pairs, key=lambda pair: pair[0].block):
        yield from _row(list(row), notes, said)


def _row(
    row: Sequence[tuple[Sentence, Aligned]], notes: Mapping[str, KeptNote], said: Collection[str]
) -> Iterator[Aligned]:
    risks = [fate for sentence, fate in row if sentence.role == "risk"]
    shown = [note for fate in risks if fate.outcome in ("stands", "replaced") for note in fate.notes]
    mitigated = [note for note in shown if note in notes and notes[note].mitigation]
    own = [
        note
        for sentence, fate in row
        if risks and not shown and sentence.role == "mitigation" and fate.outcome == "stands"
        for note in fate.notes
        if note not in said and note in notes and notes[note].mitigation
    ]
    has_risk = not risks or shown or own
    for sentence, fate in row:
        is_mitigation = sentence.role == "mitigation" and fate.outcome in ("stands", "replaced")
        if own and sentence.role == "risk":
            yield Aligned("replaced", (own[0],), fate.reason)
            own = []
        elif is_mitigation and not has_risk:
            yield Aligned("withheld", (), "its risk is not shown")
        elif is_mitigation and mitigated and not set(fate.notes) & set(shown) and _mitigates(fate, notes):
            yield Aligned("replaced", (mitigated[0],), "it is what to do about another risk")
        elif is_mitigation and fate.outcome == "stands" and _repeats_risk(sentence.text, notes.get(fate.notes[0])):
            yield Aligned("replaced", fate.notes[:1], "it says the risk, not what to do about it")
        else:
            yield fate


def _repeats_risk(text: str, note: KeptNote | None) -> bool:
    """Whether more words of a mitigation are those of its note's risk, or of the reason for its advice."""
    if note is None or not (note.mitigation or note.action):
        return False
    risk, remedy = (note.text, note.mitigation) if note.mitigation else (note.reason, note.action)
    said = set(normal(text).split())
    return len(said & _words(risk)) > len(said & _words(remedy))


def _words(parts: Parts) -> set[str]:
    return set(normal("".join(part.text for part in parts)).split())


def _mitigates(fate: Aligned, notes: Mapping[str, KeptNote]) -> bool:
    return all(note in notes and notes[note].mitigation for note in fate.notes)
