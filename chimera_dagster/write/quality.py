"""Scores a report by checks that code can make; the same report always gets the same score."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel

from chimera_dagster.grounding import Verdict
from chimera_dagster.write.answer import AIMS, Answer, Place

WORDS = range(300, 401)  # what the persona prompt asks for
RISK_ROWS = 2
# Facts by rank that a report must cite: at most the counts (files, runs, unread, failures) and the best model by
# throughput and by TTFT. A summary of model performance can't leave them out, whatever the folder contains.
MANDATORY = 6

_MOST_FOREIGN = 0.05  # of the letters: a name or two, but no paragraph in another script
_LEAST_ENGLISH = 0.12  # of the words; English prose has a third and more, other languages in Latin script next to none
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "the of and to is in for that it as with are be on by at this from can or an not than which more has have was "
        "its should use all will when their they",
    )
)
_MOST_REPEATED = 0.3  # of the words: several statements may contain `mean decode throughput of`
_GOOD, _USABLE = 0.85, 0.5
_LONG_ENOUGH = 0.8  # of the words required: a third of a report is not a good one
_FATAL = ("language", "repetition", "callouts")  # if one is 0, nothing else makes up for it

Rating = Literal["good", "usable with care", "not usable"]


class Component(BaseModel, frozen=True):
    """One part of a score; `value` is 0 to 1, and `reason` says why it is not 1, empty if it is."""

    name: str
    value: float
    weight: float
    reason: str


class Quality(BaseModel, frozen=True):
    """`score` is the weighted mean of the components, 0 to 1; `complaints` are their reasons, the costliest first.

    `words` counts words with a Latin letter, and a citation as one word; if a statement or more than a third of the
    text repeats runs of four words, the repetitions do not count.
    """

    score: float
    verdict: Rating
    words: int
    components: list[Component]
    complaints: list[str]


def score_text(report: Answer, shown: Sequence[str], verdicts: Mapping[Verdict, int], *, cut: bool = False) -> Quality:
    """Score a report. `shown` are the ids of the facts in its prompt, by rank; `cut`: the engine stopped at max_tokens.

    `verdicts` counts its statements. A contradicted one weighs as much as two unsupported ones; one that is not
    checkable does not count either way.
    """
    supported, contradicted, unsupported, not_checkable = (
        verdicts.get(verdict, 0) for verdict in ("supported", "contradicted", "unsupported", "not checkable")
    )
    texts = [_words(statement.text) for statement in report.statements]
    length = sum(map(len, texts))
    total = length + report.repeated * (length / len(texts)) if texts else 0.0
    fresh = _fresh(texts)
    words = round(min(sum(_fresh([text]) for text in texts), fresh / (1 - _MOST_REPEATED)))
    cited = {reference for statement in report.statements for reference in statement.references}
    checked = supported + 2 * contradicted + unsupported
    mandatory = list(shown[:MANDATORY])
    missed = [fact for fact in mandatory if fact not in cited]
    foreign = _foreign_share("".join(statement.text for statement in report.statements))
    english = _english_share(texts)
    components = [
        _component(
            "supported",
            0.3,
            supported / checked if checked else 0.0,
            f"{supported} of its {supported + contradicted + unsupported} statements that can be checked are supported"
            + (f", {contradicted} contradicted" if contradicted else "")
            + (f"; {not_checkable} can't be checked" if not_checkable else ""),
        ),
        _component(
            "mandatory facts",
            0.15,
            1 - len(missed) / len(mandatory) if mandatory else 0.0,
            f"it does not cite {', '.join(missed)}" if mandatory else "its prompt had no facts",
        ),
        *_persona(report, words, bool(cited & set(shown))),
        _component(
            "language",
            0.1,
            min(1 - foreign / _MOST_FOREIGN, english / _LEAST_ENGLISH),
            f"it drifts from English: {foreign:.0%} of its letters are from another script, "
            f"{english:.0%} of its words are among the most common English ones",
        ),
        _component(
            "repetition",
            0.1,
            1 - (1 - fresh / total) / _MOST_REPEATED if total else 0.0,
            f"it repeats itself: {round(total - fresh)} of {round(total)} words, {report.repeated} whole statements",
        ),
        _component("whole", 0.1, 0.0 if cut or not report.complete else 1.0, "it was cut off"),
        _component("schema", 0.05, float(report.by_schema), "it does not follow the schema"),
    ]
    if not any(texts):
        components = [part.model_copy(update={"value": 0.0, "reason": "it is empty"}) for part in components]
    return _weighed(components, words, contradicted, refuted=contradicted >= max(supported, 1))


def _component(name: str, weight: float, value: float, reason: str) -> Component:
    value = min(max(value, 0.0), 1.0)
    return Component(name=name, weight=weight, value=value, reason="" if value == 1.0 else reason)


def _persona(report: Answer, words: int, bold: bool) -> list[Component]:
    """What the persona prompt asks for. Code makes the callouts bold, which needs a citation."""
    sections: tuple[tuple[Place, ...], ...] = (("executive_summary",), AIMS, ("risk",))
    present = sum(report.has(*places) for places in sections)
    advice = sum(report.has(aim) for aim in AIMS)
    rows = sum(statement.place == "mitigation" for statement in report.statements)
    nearest = min(max(words, WORDS.start), WORDS.stop - 1)
    shortfall = f"it has {words} words, not {WORDS.start} to {WORDS.stop - 1}"
    weight = 0.04
    return [
        _component("sections", weight, present / len(sections), f"it has {present} of {len(sections)} sections"),
        _component("recommendations", weight, advice / len(AIMS), f"it has {advice} of {len(AIMS)} recommendations"),
        _component("risk table", weight, rows / RISK_ROWS, f"its risk table has {rows} of {RISK_ROWS} rows"),
        _component("length", weight, min(words / nearest, nearest / words) if words else 0.0, shortfall),
        _component("callouts", weight, float(bold), "it has no metric callout, because it cites no fact"),
    ]


def _weighed(components: list[Component], words: int, contradicted: int, *, refuted: bool) -> Quality:
    score = round(sum(part.weight * part.value for part in components), 3)
    values = {part.name: part.value for part in components}
    hopeless = refuted or not all(values[name] for name in _FATAL)
    flawless = not contradicted and values["whole"] == values["language"] == 1.0 and values["length"] >= _LONG_ENOUGH
    verdict: Rating = (
        "not usable" if hopeless or score < _USABLE else "good" if score >= _GOOD and flawless else "usable with care"
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


def _fresh(texts: list[list[str]]) -> int:
    """How many words of these statements do not end a run of four that occurred before."""
    runs = [tuple(words[n : n + 4]) for words in texts for n in range(len(words) - 3)]
    return sum(map(len, texts)) - (len(runs) - len(set(runs)))


def _english_share(texts: list[list[str]]) -> float:
    words = [word for text in texts for word in text if not word.startswith("{")]
    return sum(word in _COMMON for word in words) / len(words) if words else 0.0


def _foreign_share(text: str) -> float:
    letters = [char for char in text if char.isalpha()]
    foreign = sum(not unicodedata.name(char, "").startswith("LATIN") for char in letters)
    return foreign / len(letters) if letters else 1.0
