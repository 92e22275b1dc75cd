"""Figures in prose: digits of any script, number words, fractions and factors, and how precisely each is written."""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from chimera_dagster.grounding.lexicon import lexicon, list_pattern, pattern_of, unit_words

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * place for place, word in enumerate(_TENS, start=2)
}
_LARGE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_LARGEST = 10**15
_FACTORS = {
    **dict.fromkeys(("twice", "double", "doubles", "doubled", "doubling", "twofold", "two-fold"), 2.0),
    **dict.fromkeys(("triple", "triples", "tripled", "tripling", "thrice", "threefold", "three-fold"), 3.0),
    **dict.fromkeys(("quadruple", "quadruples", "quadrupled", "fourfold", "four-fold"), 4.0),
    **dict.fromkeys(("tenfold", "ten-fold"), 10.0),
    **dict.fromkeys(("half", "halves", "halved", "halving"), 0.5),
}
_PARTS = {"third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5, "tenth": 10, "tenths": 10}
_WORDS = "|".join([*_ONES, *_TENS, *_LARGE])
_VAGUE = r"dozens?|hundreds|thousands|millions|scores of|a couple of"

DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?"
NUMBER = re.compile(rf"(?<![A-Za-z0-9.])(?P<sign>[-+](?=\d))?(?P<digits>{DIGITS})(?P<kilo>k\b)?(?![\d])")
FRACTION = re.compile(
    rf"(?<!\w)(?:(?P<count>{_WORDS}|an?)[\s-]+)?(?P<part>{'|'.join(_PARTS)})(?=\s+(?:of|the|as|less|more|lower|higher|slower"
    rf"|faster)\b)|(?<!\w)(?P<many>two|three|four)[\s-](?P<parts>thirds|quarters|fifths|tenths)(?!\w)",
    re.IGNORECASE,
)
FACTOR = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(_FACTORS, key=len, reverse=True))})(?!\w)", re.IGNORECASE)
NUMBER_WORD = re.compile(rf"(?<![\w-])(?:{_WORDS})(?:[\s-]+(?:and\s+)?(?:{_WORDS}))*(?![\w-])", re.IGNORECASE)
VAGUE = re.compile(rf"(?<!\w)(?:{_VAGUE})(?!\w)", re.IGNORECASE)
_TIMES = re.compile(r"\s?(?:times|[x×](?![A-Za-z0-9])|-?fold)", re.IGNORECASE)
_POINTS = re.compile(r"[\s-]*(?:percentage[\s-]points?|points?\b|pp\b)", re.IGNORECASE)
_PERCENT = re.compile(r"\s*(?:%|per\s?cent\b)", re.IGNORECASE)


class Number(NamedTuple):
    """`value` as written, in `spelled` (`unit` is the canonical one, factor and % as `x` and `%`).

    `half` is half a unit of the last place written, so any true value that rounds to this one is within it.
    """

    value: float
    half: float
    unit: str | None
    spelled: str
    approximate: bool
    bound: str

    def fits(self, true: float) -> bool:
        """Whether `true`, in the unit as spelled, is what was written, or lies on the side of it that was named."""
        if self.bound == "above":
            return true > self.value - self.half * 1e-6
        if self.bound == "below":
            return true < self.value + self.half * 1e-6
        slack = max(self.half, 0.02 * abs(self.value), _coarse(self.value)) if self.approximate else self.half
        return abs(true - self.value) <= slack * (1 + 1e-9) + 1e-12


def plain_digits(text: str) -> str:
    """The text with digits of every script as ASCII digits and every minus sign as a hyphen, of the same length."""
    return "".join(_plain(sign) for sign in text)


def _plain(sign: str) -> str:
    if sign.isascii():
        return sign
    digit = unicodedata.decimal(sign, None)
    if digit is None:
        digit = unicodedata.digit(sign, None)
    if digit is not None:
        return str(digit)
    return {"\u2212": "-", "\u2011": "-", "\u2010": "-", "\xa0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"}.get(
        sign, sign
    )


def unit_after(text: str, end: int) -> tuple[str | None, str, int]:
    """Canonical unit, spelling and end of the unit right after a figure; (None, "", end) where there is none."""
    for pattern, unit in ((_POINTS, "points"), (_PERCENT, "%"), (_TIMES, "x")):
        found = pattern.match(text, end)
        if found:
            return unit, unit, found.end()
    gap = re.compile(r"[\s-]?").match(text, end)
    start = gap.end() if gap else end
    found = _unit_pattern().match(text, start)
    if found is None:
        return None, "", end
    spelled = re.sub(r"\s+(?:per|a|/)\s+", "/", found[0].lower())
    return unit_words().meanings[re.sub(r"[\s_-]+", " ", spelled)], spelled, found.end()


@cache
def _unit_pattern() -> re.Pattern[str]:
    spelled = sorted(unit_words().meanings, key=len, reverse=True)
    parts = "|".join(re.escape(each).replace("/", r"\s*(?:/|\bper\b|\ba\b)\s*") for each in spelled)
    return re.compile(rf"(?:{parts})(?![A-Za-z0-9/])", re.IGNORECASE)


def digits_value(found: re.Match[str]) -> tuple[float, float]:
    """Value and half a unit of the last place of a match of NUMBER; a sign counts where no word stands before it."""
    text = found["digits"].replace(",", "")
    mantissa, _, exponent = text.lower().partition("e")
    places = len(mantissa.partition(".")[2])
    scale = 10.0 ** int(exponent or 0) * (1000 if found["kilo"] else 1)
    value, half = float(mantissa) * scale, 0.5 * 10.0**-places * scale
    return (-value if found["sign"] == "-" else value), half


def word_value(text: str) -> float:
    """`twenty-eight`, `one hundred and one`."""
    total = current = 0
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in _SMALL:
            current += _SMALL[word]
        elif word in _LARGE:
            current = min(max(current, 1) * _LARGE[word], _LARGEST)
            if _LARGE[word] > 100:
                total, current = total + current, 0
    return float(total + current)


def fraction_value(found: re.Match[str]) -> float:
    part = found["part"] or found["parts"]
    count = (found["count"] or found["many"] or "a").lower()
    return (1 if count in ("a", "an") else word_value(count)) / _PARTS[part.lower()]


def factor_value(text: str) -> float:
    return _FACTORS[text.lower()]


def qualifiers(text: str, start: int) -> tuple[bool, str]:
    """Whether the figure at `start` is said to be approximate, and on which side of it the value is said to lie."""
    before = re.sub(r"\s+(?:a|an|the)\s*$", " ", text[max(0, start - 24) : start])
    approximate = any(not before[found.end() :].strip() for found in list_pattern("approximate").finditer(before))
    for bound, words in lexicon().bounds.items():
        if any(not before[found.end() :].strip() for found in pattern_of(words).finditer(before)):
            return approximate, bound
    return approximate, ""


def _coarse(value: float) -> float:
    """Half a unit of the last place that is not zero: 5 for 60, 50 for 2400."""
    digits = f"{abs(value):.0f}"
    return 0.5 * 10 ** (len(digits) - len(digits.rstrip("0"))) if value and value == int(value) else 0.0
