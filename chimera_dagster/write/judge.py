"""Judges a parsed answer: aligns its sentences with the notes, once, and decides what a reader gets of each."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from chimera_dagster.align import Aligned, Outcome, Passage, align
from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.write.answer import Answer, Sentence
from chimera_dagster.write.sentences import split_sentences

_OF_PROMPT = re.compile(r"\b(?:these|the|true|provided|given)(?: \w+)? (?:statements|instructions)\b", re.I)
_DATA = "-----"  # a line before and after the data of a prompt
_BY_WORD = re.compile(r"\W+")
_LEAST_WORDS = 3  # of a sentence of the prompt that can be recognised


class JudgedSentence(Sentence, frozen=True):
    """A sentence and what became of it; `notes` and `reason` as in `align.Aligned`."""

    outcome: Outcome
    notes: tuple[str, ...]
    reason: str


class JudgedAnswer(Answer, frozen=True):
    """A parsed answer of which every sentence is judged. Everything after judging reads this."""

    sentences: tuple[JudgedSentence, ...]

    @property
    def standing(self) -> list[JudgedSentence]:
        """The sentences that stand as the model wrote them."""
        return [it for it in self.sentences if it.outcome == "stands"]

    @property
    def fallen(self) -> list[JudgedSentence]:
        """The sentences that claim something and do not stand."""
        return [it for it in self.sentences if it.outcome in ("replaced", "withheld")]


def judge_answer(answer: Answer, notes: Sequence[KeptNote], prompt: str = "") -> JudgedAnswer:
    """Align every sentence of `answer`, which replied to `prompt`, with the notes.

    A sentence that copies an instruction of the prompt is withheld, and one that speaks of the prompt is dropped. Also
    withheld is one that a note would replace which the answer says already. A mitigation of a risk that is not shown is
    dropped, and one of another risk gives way to the right one.
    """
    aligned = align([Passage(it.text, it.block) for it in answer.sentences], notes)
    instructions = _instructions(prompt)
    found = [
        _judged(it, _about_prompt(it.text, instructions) or result)
        for it, result in zip(answer.sentences, aligned, strict=True)
    ]
    found = _without_mispaired(_without_said_already(found), {note.id for note in notes if note.mitigation})
    return JudgedAnswer(sentences=tuple(found), **answer.model_dump(exclude={"sentences"}))


def _about_prompt(text: str, instructions: Collection[str]) -> Aligned | None:
    if _key(text) in instructions:
        return Aligned("withheld", (), "it copies its prompt")
    return Aligned("filler", (), "it speaks of its prompt") if _OF_PROMPT.search(text) else None


def _judged(sentence: Sentence, result: Aligned) -> JudgedSentence:
    fields = sentence.model_dump(include=set(Sentence.model_fields))
    return JudgedSentence(**fields, outcome=result.outcome, notes=result.notes, reason=result.reason)


def _without_said_already(found: Iterable[JudgedSentence]) -> list[JudgedSentence]:
    sentences = list(found)
    said = {(it.role == "mitigation", note) for it in sentences if it.outcome == "stands" for note in it.notes}
    left: list[JudgedSentence] = []
    for it in sentences:
        if it.outcome == "replaced":
            keys = {(it.role == "mitigation", note) for note in it.notes}
            if keys <= said:
                reason = f"{it.reason}; what it should say is said already"
                left.append(_judged(it, Aligned("withheld", (), reason)))
                continue
            said |= keys
        left.append(it)
    return left


def _without_mispaired(found: Sequence[JudgedSentence], risks: Collection[str]) -> list[JudgedSentence]:
    """`risks` are the notes that have a mitigation."""
    shown: dict[int, set[str]] = {}
    for it in found:
        if it.section == "risks" and it.role != "mitigation" and it.outcome in ("stands", "replaced"):
            shown.setdefault(it.block, set()).update(it.notes)
    return [_paired(it, shown, risks) if it.role == "mitigation" else it for it in found]


def _paired(mitigation: JudgedSentence, shown: Mapping[int, set[str]], risks: Collection[str]) -> JudgedSentence:
    if mitigation.outcome not in ("stands", "replaced"):
        return mitigation
    if mitigation.block not in shown:
        return _judged(mitigation, Aligned("filler", (), "its risk is not shown"))
    of_row, own = shown[mitigation.block], set(mitigation.notes)
    if own <= set(risks) and not own & of_row and (instead := sorted(of_row & set(risks))):
        return _judged(mitigation, Aligned("replaced", (instead[0],), "it is what to do about another risk"))
    return mitigation


def _instructions(prompt: str) -> frozenset[str]:
    """The sentences of a prompt outside its data, as they are compared."""
    lines = prompt.splitlines()
    marks = [place for place, line in enumerate(lines) if line == _DATA]
    outside = [*lines[: marks[0]], *lines[marks[-1] + 1 :]] if len(marks) > 1 else lines
    keys = (_key(sentence) for line in outside for sentence in split_sentences(line.lstrip("#-*0123456789. ")))
    return frozenset(key for key in keys if len(key.split()) >= _LEAST_WORDS)


def _key(text: str) -> str:
    return _BY_WORD.sub(" ", text).strip().casefold()
