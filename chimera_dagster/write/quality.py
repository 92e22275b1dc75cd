"""Scores a report by what became of its sentences and by its form; the same report always gets the same score."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Literal

from pydantic import BaseModel

from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.write.answer import Section
from chimera_dagster.write.judge import JudgedAnswer, JudgedSentence

# What the persona prompt asks for
WORDS = range(300, 401)
SECTIONS: tuple[Section, ...] = ("summary", "recommendations", "risks")
ADVICE, RISK_ROWS = 3, 2

_WEIGHTS = {"fidelity": 0.4, "coverage": 0.2, "form": 0.2, "fluency": 0.2}
_GOOD, _USABLE = 0.8, 0.5  # of the score
_FAITHFUL, _HALF_TRUE = 0.8, 0.4  # of the fidelity, for each verdict
LEAST_STANDING = (
    3  # standing sentences of a text that can be used: with fewer, nearly all of the report would be code's
)

_MOST_FOREIGN = 0.05  # of the letters: a name or two, but no paragraph in another script
_LEAST_ENGLISH = 0.12  # of the words; English prose has a third and more, other languages in Latin script next to none
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "the of and to is in for that it as with are be on by at this from can or an not than which more has have was "
        "its should use all will when their they",
    )
)
# Of the words: about one folder, even the notes repeat runs as `the time to first token of` in up to 0.16 of theirs
_ALLOWED, _MOST_REPEATED = 0.15, 0.4
_CUT = 0.5  # of the form, if the end is missing

Rating = Literal["good", "usable with care", "not usable"]


class Component(BaseModel, frozen=True):
    """One part of a score; `value` is 0 to 1, and `reason` says why it is not 1, empty if it is."""

    name: str
    value: float
    weight: float
    reason: str


class Quality(BaseModel, frozen=True):
    """`score` is the weighted mean of the components, 0 to 1; `complaints` are their reasons, the costliest first.

    `words` counts words with a Latin letter or a digit; if a sentence or more than a third of the text repeats runs of
    four words, the repetitions do not count.
    """

    score: float
    verdict: Rating
    words: int
    components: list[Component]
    complaints: list[str]


def score_text(
    report: JudgedAnswer, notes: Sequence[KeptNote], shown: Collection[str], *, cut: bool = False
) -> Quality:
    """Score a report. `shown` are the ids of the notes in its prompt; `cut`: the engine stopped at max_tokens.

    fidelity: of the sentences that claim something, the share that stand.
    coverage: the weight of the notes that standing sentences convey, by that of the heaviest notes that 400 words hold.
    form: the mean of sections, recommendations, rows of the risk table and length, each 0 to 1; half of it if cut.
    fluency: the lower one of no repetition and one language.
    """
    said = [each for each in report.sentences if each.outcome != "filler"]
    texts = [_words(each.text) for each in report.sentences]
    fresh = _fresh(texts)
    words = round(min(sum(_fresh([text]) for text in texts), fresh / (1 - _MOST_REPEATED)))
    if said and words:
        components = [
            _fidelity(report),
            _coverage(report, [note for note in notes if note.id in shown]),
            _form(said, words, is_whole=report.complete and not cut),
            _fluency(report, texts, fresh),
        ]
    else:
        reason = "it is empty" if not report.sentences else "it says nothing about the files"
        components = [_component(name, 0.0, reason) for name in _WEIGHTS]
    return _weighed(components, words, report)


def _component(name: str, value: float, reason: str) -> Component:
    value = min(max(value, 0.0), 1.0)
    return Component(name=name, weight=_WEIGHTS[name], value=value, reason="" if value == 1.0 else reason)


def _fidelity(report: JudgedAnswer) -> Component:
    stands = len(report.standing)
    claiming = stands + len(report.fallen)
    reason = f"{stands} of {claiming} sentences that state something stand" if claiming else "it states nothing"
    return _component("fidelity", stands / claiming if claiming else 0.0, reason)


def _coverage(report: JudgedAnswer, shown: Sequence[KeptNote]) -> Component:
    """No report of 400 words says all notes of a folder, so those count that the notes' own wording says in 400."""
    target, room = 0.0, WORDS.stop - 1
    for note in sorted(shown, key=lambda note: -note.weight):
        room -= len("".join(part.text for part in (*note.text, *note.mitigation)).split())
        if room < 0 and target:
            break
        target += note.weight
    told = {id_ for each in report.sentences if each.outcome == "stands" for id_ in each.notes}
    conveyed = sum(note.weight for note in shown if note.id in told)
    reason = f"it conveys {sum(note.id in told for note in shown)} of {len(shown)} notes, by weight "
    value = conveyed / target if target else 0.0
    return _component("coverage", value, f"{reason}{value:.0%} of what {WORDS.stop - 1} words can say")


def _form(said: Sequence[JudgedSentence], words: int, *, is_whole: bool) -> Component:
    present = {each.section for each in said} & set(SECTIONS)
    advice = len({each.block for each in said if each.section == "recommendations"})
    mitigated = {each.block for each in said if each.role == "mitigation"}
    rows = len(mitigated & {each.block for each in said if each.role == "risk"})
    nearest = min(max(words, WORDS.start), WORDS.stop - 1)
    parts = [
        (len(present) / len(SECTIONS), f"it has {len(present)} of {len(SECTIONS)} sections"),
        (advice / ADVICE, f"{advice} of {ADVICE} recommendations"),
        (rows / RISK_ROWS, f"{rows} of {RISK_ROWS} risks with a mitigation"),
        (min(words / nearest, nearest / words), f"{words} words, not {WORDS.start} to {WORDS.stop - 1}"),
    ]
    reasons = [reason for value, reason in parts if value < 1] + ["no end: it was cut off"] * (not is_whole)
    reason = ", ".join(reasons)
    reason = reason if reason.startswith("it ") else f"it has {reason}"
    value = sum(min(value, 1.0) for value, _ in parts) / len(parts)
    return _component("form", value if is_whole else _CUT * value, reason)


def _fluency(report: JudgedAnswer, texts: list[list[str]], fresh: int) -> Component:
    length = sum(map(len, texts))
    total = length + report.repeated * length / len(texts)
    repeated = 1 - fresh / total
    foreign = _foreign_share("".join(each.text for each in report.sentences))
    english = _english_share(texts)
    parts = [
        (
            1 - (repeated - _ALLOWED) / (_MOST_REPEATED - _ALLOWED),
            f"it repeats itself: {round(total - fresh)} of {round(total)} words, {report.repeated} whole sentences",
        ),
        (
            min(1 - foreign / _MOST_FOREIGN, english / _LEAST_ENGLISH),
            f"it drifts from English: {foreign:.0%} of its letters are from another script, "
            f"{english:.0%} of its words are among the most common English ones",
        ),
    ]
    reason = "; ".join(reason for value, reason in sorted(parts) if value < 1)
    return _component("fluency", min(parts)[0], reason)


def _weighed(components: Sequence[Component], words: int, report: JudgedAnswer) -> Quality:
    score = round(sum(part.weight * part.value for part in components), 3)
    values = {part.name: part.value for part in components}
    few = len(report.standing) < LEAST_STANDING
    hopeless = few or score < _USABLE or values["fidelity"] < _HALF_TRUE or not values["fluency"]
    flawless = score >= _GOOD and values["fidelity"] >= _FAITHFUL and values["fluency"] == 1.0
    costly = sorted((part for part in components if part.reason), key=lambda part: part.weight * (part.value - 1))
    return Quality(
        score=score,
        verdict="not usable" if hopeless else "good" if flawless else "usable with care",
        words=words,
        components=list(components),
        complaints=list(dict.fromkeys([*(part.reason for part in costly), *report.problems])),
    )


def _words(text: str) -> list[str]:
    """Words in lower case that have a Latin letter or a digit; punctuation alone is not a word."""
    return [
        word
        for word in (part.strip(".,;:!?“”\"'()*").casefold() for part in text.split())
        if any(char.isdigit() or unicodedata.name(char, "").startswith("LATIN") for char in word)
    ]


def _fresh(texts: list[list[str]]) -> int:
    """How many words of these statements do not end a run of four that occurred before."""
    runs = [tuple(words[n : n + 4]) for words in texts for n in range(len(words) - 3)]
    return sum(map(len, texts)) - (len(runs) - len(set(runs)))


def _english_share(texts: list[list[str]]) -> float:
    words = [word for text in texts for word in text]
    return sum(word in _COMMON for word in words) / len(words) if words else 0.0


def _foreign_share(text: str) -> float:
    letters = [char for char in text if char.isalpha()]
    foreign = sum(not unicodedata.name(char, "").startswith("LATIN") for char in letters)
    return foreign / len(letters) if letters else 1.0
