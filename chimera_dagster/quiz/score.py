"""Whether an answer is right, and what a number of right answers is worth."""

import json
import math
import re
from collections.abc import Sequence
from contextlib import suppress
from statistics import NormalDist, fmean

from pydantic import BaseModel

from chimera_dagster.quiz.question import Answered, Question
from chimera_dagster.spec.tasks import LETTERS, Expected, matches

_Z = NormalDist().inv_cdf(0.975)
# `B`, `(b)`, `B. 57 tok/s`, `The answer is B.`; not the article of `A model`
_LETTER = re.compile(
    r"[\W_]*(?:(?:the )?(?:right |correct )?(?:answer|choice)(?: is)?[\W_]*)?([A-J])(?=\s*(?:$|[.:,;)\]*\"'\n]))",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\d.])[-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")


class Share(BaseModel, frozen=True):
    """Right answers of all questions asked, with Wilson's 95 % interval; `chance` is what blind choices would get."""

    right: int
    asked: int
    share: float
    low: float
    high: float
    chance: float

    @property
    def words(self) -> str:
        """`17 of 24 right, 0.71 (95 % interval 0.51 to 0.85, chance 0.25)`."""
        interval = f"95 % interval {self.low:.2f} to {self.high:.2f}, chance {self.chance:.2f}"
        return f"{self.right} of {self.asked} right, {self.share:.2f} ({interval})"


class Accuracy(Share, frozen=True):
    """The share over all questions, and that of each kind by its name; `seconds` is how long the calls took."""

    kinds: dict[str, Share]
    unanswered: int
    seconds: float


def accuracy_of(answers: Sequence[Answered]) -> Accuracy | None:
    """None if nothing was asked."""
    if not answers:
        return None
    kinds = dict.fromkeys(answered.question.kind for answered in answers)
    by_kind = {kind: _share([each for each in answers if each.question.kind == kind]) for kind in kinds}
    whole = _share(answers)
    unanswered = sum(answered.read is None for answered in answers)
    seconds = sum(answered.ms for answered in answers) / 1e3
    return Accuracy(**dict(whole), kinds=by_kind, unanswered=unanswered, seconds=seconds)


def wilson(right: int, asked: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson, J. Am. Stat. Assoc. 22, 1927), for one question or more."""
    share, spread = right / asked, _Z**2 / asked
    middle = share + spread / 2
    half = _Z * math.sqrt(share * (1 - share) / asked + spread / (4 * asked))
    # rounding must not leave a share outside of its own interval
    return max(0.0, min(share, (middle - half) / (1 + spread))), min(1.0, max(share, (middle + half) / (1 + spread)))


def read_answer(question: Question, answer: str) -> str | None:
    """What counts of an answer: the letter of a choice, the number of a numeric task, else the text; None if none."""
    text = answer.strip()
    if question.choices:
        return _letter(text, question.choices)
    if question.expected is not None and question.expected.kind == "numeric":
        number = _last_number(text)
        return None if number is None else f"{number:.12g}"
    return text or None


def is_right(question: Question, read: str | None) -> bool:
    """Whether what `read_answer` has read is the right answer."""
    if read is None:
        return False
    if question.choices:
        return read == question.right
    return question.expected is not None and _meets(question.expected, read)


def _meets(expected: Expected, read: str) -> bool:
    if expected.exact is not None:
        return read == expected.exact.strip()
    if expected.regex is not None:
        return matches(expected.regex, read)
    assert expected.numeric is not None
    # a tolerance of 0.1 must take 0.3 for 0.2, whatever their binary forms are
    return abs(float(read) - expected.numeric) <= expected.margin + 1e-9 * max(1.0, abs(expected.numeric))


def _letter(text: str, choices: Sequence[str]) -> str | None:
    """The letter that the answer begins with, `The answer is` aside, or that of the choice that it repeats.

    An answer that is a JSON text counts by its content, as a server with structured output writes it.
    """
    if text.startswith('"'):
        with suppress(ValueError):
            text = str(json.loads(text))
    repeated = [letter for letter, choice in zip(LETTERS, choices, strict=False) if text == choice]
    if repeated:
        return repeated[0]
    found = _LETTER.match(text)
    letter = found[1].upper() if found else ""
    return letter if letter and letter in LETTERS[: len(choices)] else None


def _last_number(text: str) -> float | None:
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "")) if found else None


def _share(answers: Sequence[Answered]) -> Share:
    right, asked = sum(answered.is_right for answered in answers), len(answers)
    low, high = wilson(right, asked)
    chance = fmean(answered.question.chance for answered in answers)
    return Share(right=right, asked=asked, share=right / asked, low=low, high=high, chance=chance)
