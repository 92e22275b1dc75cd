"""Scores a report by what code can count; the same report always gets the same score."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Literal

from pydantic import BaseModel

from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.write.judge import JudgedAnswer

WORDS = range(300, 401)  # what the persona prompt asks for
ADVICE, RISK_ROWS = 3, 2
SECTIONS = ("summary", "recommendations", "risks")

# Part of the score; set, with the limits below, on one set of texts and tested on another
# (benchmarks/bench_writing_scores.py).
FIDELITY, COVERAGE, FORM, FLUENCY = 0.4, 0.2, 0.2, 0.2
GOOD, USABLE = 0.8, 0.5  # of the score
GOOD_FIDELITY, USABLE_FIDELITY = 0.8, 0.4
LEAST_STANDING = 3  # sentences of a text that can be used: with fewer, nearly all of the report would be code's

_MOST_FOREIGN = 0.05  # of the letters: a name or two, but no paragraph in another script
_LEAST_ENGLISH = 0.12  # of the words; English prose has a third and more, other languages in Latin script next to none
_MOST_REPEATED = 0.3  # of the words: several sentences may contain "the time to first token of"
_RUN = 4  # words that are repeated
_CUT = 0.5  # of the form, if the end is missing
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "the of and to is in for that it as with are be on by at this from can or an not than which more has have was "
        "its should use all will when their they",
    )
)

Rating = Literal["good", "usable with care", "not usable"]


class Component(BaseModel, frozen=True):
    """One part of a score; `value` is 0 to 1, and `reason` says why it is not 1, empty if it is."""

    name: str
    value: float
    weight: float
    reason: str


class Quality(BaseModel, frozen=True):
    """`score` is the weighted mean of the components, 0 to 1; `complaints` are their reasons, the costliest first.

    `words` counts words with a Latin letter or a digit; those that repeat earlier ones do not count if they are more
    than a third.
    """

    score: float
    verdict: Rating
    words: int
    components: list[Component]
    complaints: list[str]


def score_text(
    report: JudgedAnswer, notes: Sequence[KeptNote], shown: Collection[str], *, cut: bool = False
) -> Quality:
    """Score a report. `shown` are the ids of the notes in its prompt; `cut`: the engine stopped at max_tokens."""
    texts = [_words(sentence.text) for sentence in report.sentences]
    fresh, total = _fresh(texts), _total(texts, report.repeated)
    words = round(min(sum(_fresh([text]) for text in texts), fresh / (1 - _MOST_REPEATED)))
    components = [
        _fidelity(report),
        _coverage(report, notes, shown),
        _form(report, words, cut=cut or not report.complete),
        _fluency(report, texts, fresh, total),
    ]
    if not any(texts):
        components = [part.model_copy(update={"value": 0.0, "reason": "it is empty"}) for part in components]
    return _weighed(components, words, len(report.standing))


def _fidelity(report: JudgedAnswer) -> Component:
    counts = Counter(sentence.outcome for sentence in report.sentences)
    claiming = counts["stands"] + counts["replaced"] + counts["withheld"]
    said = f"{counts['stands']} of {claiming} sentences that state something stand" if claiming else "it states nothing"
    return _component("fidelity", FIDELITY, counts["stands"] / claiming if claiming else 0.0, said)


def _coverage(report: JudgedAnswer, notes: Sequence[KeptNote], shown: Collection[str]) -> Component:
    weights = {note.id: note.weight for note in notes if note.id in set(shown)}
    conveyed = {note for sentence in report.standing for note in sentence.notes} & weights.keys()
    value = sum(weights[note] for note in conveyed) / sum(weights.values()) if weights else 0.0
    said = f"it says {len(conveyed)} of the {len(weights)} notes that it was given"
    return _component("coverage", COVERAGE, value, said)


def _form(report: JudgedAnswer, words: int, *, cut: bool) -> Component:
    """What the persona prompt asks for: sections, recommendations, a risk table, and a length."""
    sections = sum(any(it.section == name for it in report.sentences) for name in SECTIONS)
    advice = len({it.block for it in report.sentences if it.section == "recommendations"})
    rows = len({it.block for it in report.sentences if it.role == "mitigation"})
    nearest = min(max(words, WORDS.start), WORDS.stop - 1)
    parts = {
        f"it has {sections} of {len(SECTIONS)} sections": sections / len(SECTIONS),
        f"it has {advice} of {ADVICE} recommendations": min(advice / ADVICE, 1.0),
        f"its risk table has {rows} of {RISK_ROWS} rows": min(rows / RISK_ROWS, 1.0),
        f"it has {words} words, not {WORDS.start} to {WORDS.stop - 1}": min(words / nearest, nearest / words)
        if words
        else 0.0,
    }
    value = sum(parts.values()) / len(parts) * (_CUT if cut else 1.0)
    reasons = ["it was cut off"] * cut + [reason for reason, part in parts.items() if part < 1.0]
    return _component("form", FORM, value, "; ".join(reasons))


def _fluency(report: JudgedAnswer, texts: list[list[str]], fresh: int, total: float) -> Component:
    foreign = _foreign_share("".join(sentence.text for sentence in report.sentences))
    english = _english_share(texts)
    language = min(1 - foreign / _MOST_FOREIGN, english / _LEAST_ENGLISH)
    repetition = 1 - (1 - fresh / total) / _MOST_REPEATED if total else 0.0
    reasons = [*report.problems]
    if language < 1.0:
        reasons.append(
            f"it drifts from English: {foreign:.0%} of its letters are from another script, "
            f"{english:.0%} of its words are among the most common English ones"
        )
    if repetition < 1.0:
        reasons.append(
            f"it repeats itself: {round(total - fresh)} of {round(total)} words, {report.repeated} whole sentences"
        )
    return _component("fluency", FLUENCY, min(language, repetition), "; ".join(reasons))


def _component(name: str, weight: float, value: float, reason: str) -> Component:
    value = min(max(value, 0.0), 1.0)
    return Component(name=name, weight=weight, value=value, reason="" if value == 1.0 else reason)


def _weighed(components: list[Component], words: int, standing: int) -> Quality:
    score = round(sum(part.weight * part.value for part in components), 3)
    values = {part.name: part.value for part in components}
    hopeless = not values["fluency"] or standing < LEAST_STANDING or values["fidelity"] < USABLE_FIDELITY
    verdict: Rating = (
        "not usable"
        if hopeless or score < USABLE
        else "good"
        if score >= GOOD and values["fidelity"] >= GOOD_FIDELITY
        else "usable with care"
    )
    costly = sorted((part for part in components if part.reason), key=lambda part: part.weight * (part.value - 1))
    return Quality(
        score=score,
        verdict=verdict,
        words=words,
        components=components,
        complaints=list(dict.fromkeys(part.reason for part in costly)),
    )


def _words(text: str) -> list[str]:
    """Words in lower case that have a Latin letter or a digit; punctuation alone is not a word."""
    return [
        word
        for word in (part.strip(".,;:!?“”\"'()*").casefold() for part in text.split())
        if any(char.isdigit() or unicodedata.name(char, "").startswith("LATIN") for char in word)
    ]


def _total(texts: list[list[str]], repeated: int) -> float:
    """Words with those of the repeated sentences, of which only the number is known."""
    length = sum(map(len, texts))
    return length + repeated * (length / len(texts)) if texts else 0.0


def _fresh(texts: list[list[str]]) -> int:
    """How many words of these sentences do not end a run that occurred before."""
    runs = [tuple(words[n : n + _RUN]) for words in texts for n in range(len(words) - _RUN + 1)]
    return sum(map(len, texts)) - (len(runs) - len(set(runs)))


def _english_share(texts: list[list[str]]) -> float:
    words = [word for text in texts for word in text]
    return sum(word in _COMMON for word in words) / len(words) if words else 0.0


def _foreign_share(text: str) -> float:
    letters = [char for char in text if char.isalpha()]
    foreign = sum(not unicodedata.name(char, "").startswith("LATIN") for char in letters)
    return foreign / len(letters) if letters else 1.0
