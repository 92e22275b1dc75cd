"""Finds in a sentence what claims are made of: models, metrics, figures, comparatives, ... each with its place."""

import itertools
import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from chimera_dagster.ingest.vocabulary import vocabulary
from chimera_dagster.write.claims import numbers
from chimera_dagster.write.claims.ground import Ground, TypedFact
from chimera_dagster.write.claims.lexicon import (
    Words,
    group_words,
    lexicon,
    list_pattern,
    metric_words,
    parameter_words,
    pattern_of,
    telemetry_words,
)
from chimera_dagster.write.claims.numbers import Number
from chimera_dagster.write.references import REFERENCE

_HIDDEN = "\x01"
_SOURCE = re.compile(r"[(\[]\s*([FD]\d+)(?:\s*[:,][^)\]]*)?[)\]]|(?<![A-Za-z0-9])([FD][1-9]\d*)(?![\w-])")
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH = "|".join([*_MONTHS, *(name[:3] for name in _MONTHS if name != "may"), "sept"])
_DATES = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d{2})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[T ](?P<t>\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?)?(?:\s*UTC|Z)?(?!\d)"
    rf"|(?<!\w)(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m2>{_MONTH})\.?,?\s+(?P<y2>(?:19|20)\d{{2}})(?!\d)"
    rf"|(?<!\w)(?P<m3>{_MONTH})\.?\s+(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y3>(?:19|20)\d{{2}})(?!\d)"
    rf"|(?<!\w)(?:(?P<part>early|mid|late)[\s-]+)?(?P<m4>{_MONTH})\.?"
    rf"(?:/(?:early |late |mid[ -])?(?P<m5>{_MONTH}))?\s+(?P<y4>(?:19|20)\d{{2}})(?!\d)"
    r"|(?<=\b(?:in|of|by)\s)(?P<y6>20[12]\d)(?![\w%:]|[.-]\d|\s+\w*(?:tok|ms\b|s\b))",
    re.IGNORECASE,
)
_PERCENTILE = re.compile(
    r"(?<![A-Za-z0-9])p(?P<p>\d{2})(?![A-Za-z0-9])|(?<![A-Za-z0-9])(?P<q>\d{1,2})(?:st|nd|rd|th)[\s-]+percentile"
    r"|(?P<i>95\s?(?:%|percent|per cent)\s*"
    r"(?:(?:t-|bootstrap[\s-]|confidence[\s-])*(?:interval|CI))(?:\s+of the (?P<of>mean|median))?)",
    re.IGNORECASE,
)
_NEXT = (
    r"(?:\s*(?:,\s*and|,|and|to|or|/|-|–|through|up to|vs\.?|versus|than(?:\s+at)?"
    r"|against|instead of|compared (?:to|with))\s*)"
)
_UNITLESS = (
    r"(?!\d|\.\d|,\d|\s*(?:tok|ms\b|s\b|sec|%|x\b|×|times|fold|percent|milli|J\b|W\b|MiB|MB|GB|°|degrees|(?:\w+\s)?(?:runs?|files?|models?"
    r"|records?|samples?|values|sets)\b))"
)
_VALUE = rf"[-+]?{numbers.DIGITS}k?(?![A-Za-z0-9])"
_QUOTED = re.compile(r"[\"“”'‘`(]([A-Za-z0-9.*-]*_[A-Za-z0-9_.*-]*)[\"“”'’`)]")

# words that look like a superlative or a comparative and are none
_IDLE = re.compile(
    r"(?<!\w)(?:(?:leads?|leading) to|"
    r"(?:more|less|fewer|greater) than(?=\s*\x01)"
    r"|more (?:detailed|comprehensive|complete|thorough|in-depth|information|context|data))(?!\w)",
    re.IGNORECASE,
)


class Mention(NamedTuple):
    """One thing that a sentence names. `meaning` is canonical; `values` are those of a parameter or a date's parts."""

    kind: str
    start: int
    end: int
    text: str
    meaning: str = ""
    values: tuple[float, ...] = ()
    number: Number | None = None
    fact: TypedFact | None = None
    many: tuple[str, ...] = ()


class Day(NamedTuple):
    """A date as precisely as it was written."""

    year: int
    month: int | None
    day: int | None
    time: str | None


class Sentence(NamedTuple):
    """`text` is plain: references rendered, marks of Markdown gone. Mentions are in the order of their places."""

    text: str
    mentions: list[Mention]

    def of(self, *kinds: str, start: int = 0, end: int | None = None) -> list[Mention]:
        last = len(self.text) if end is None else end
        return [each for each in self.mentions if each.kind in kinds and start <= each.start < last]


def plain(text: str) -> str:
    """Without Markdown's emphasis, code marks, links and bullets."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:>\s*)*(?:[-*+•]\s+|#{1,6}\s+)?(?:\*\*)?(?:\d{1,2}(?:\.\d{1,2})?[.)]\s+)?", "", text)
    return re.sub(r"\*\*|__|`|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)", "", text)


def render(text: str, ground: Ground, models: Sequence[str]) -> tuple[str, list[Mention]]:
    """The text with `{F3}` and `{M1}` put in, and a mention of each citation; findings and unknown ids stay."""
    pieces: list[str] = []
    found: list[Mention] = []
    at = length = 0
    for match in REFERENCE.finditer(text):
        before = text[at : match.start()]
        length += len(before)
        pieces.append(before)
        number = int(match[2])
        at = match.end()
        fact = ground.facts.get(f"F{number}") if match[1] == "F" else None
        words = match[0]
        if fact is not None:
            words = fact.rendered
            # A model that cites a value often writes the unit behind it once more.
            again = re.compile(rf"\s?{re.escape(fact.unit)}(?![A-Za-z0-9/])", re.IGNORECASE).match(text, at)
            at = again.end() if fact.unit and again else at
        elif match[1] == "M" and 1 <= number <= len(models):
            words = models[number - 1]
        if f"{match[1]}{number}" in ground.findings:
            found.append(
                Mention("finding", length, length + len(words), match[0])
            )  # says where to look, claims nothing
        elif fact is not None or words == match[0]:
            found.append(Mention("citation", length, length + len(words), match[0], match[1], fact=fact))
        pieces.append(words)
        length += len(words)
    pieces.append(text[at:])
    return "".join(pieces), found


def read(text: str, citations: Sequence[Mention], ground: Ground, models: Sequence[str]) -> Sentence:
    """A rendered sentence (see `render`) with everything in it that a claim can be about."""
    reader = _Reader(numbers.plain_digits(text), ground, models)
    reader.citations(citations)
    reader.names()
    reader.figures()
    reader.words()
    return Sentence(text, sorted(reader.found, key=lambda each: (each.start, each.end)))


class _Reader:
    """Each step takes what it finds out of `left`, so that no word is read twice."""

    def __init__(self, text: str, ground: Ground, models: Sequence[str]) -> None:
        self.text, self.left = text, text
        self.ground, self.given = ground, tuple(models)
        self.found: list[Mention] = []

    def take(self, mention: Mention) -> None:
        self.found.append(mention)
        self.left = self.left[: mention.start] + _HIDDEN * (mention.end - mention.start) + self.left[mention.end :]

    def each(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        for match in list(pattern.finditer(self.left)):
            if _HIDDEN not in self.left[match.start() : match.end()] and match[0]:
                yield match

    def by_words(self, kind: str, words: Words) -> None:
        for match in self.each(words.pattern):
            self.take(Mention(kind, *match.span(), match[0], words.meaning(match[0])))

    def by_list(self, kind: str, pattern: re.Pattern[str]) -> None:
        for match in self.each(pattern):
            self.take(Mention(kind, *match.span(), match[0], match[0].lower()))

    def citations(self, citations: Sequence[Mention]) -> None:
        for mention in citations:
            unit, spelled, end = numbers.unit_after(self.text, mention.end) if mention.fact else (None, "", mention.end)
            number = None
            if mention.fact is not None:
                approximate, bound = numbers.qualifiers(self.text, mention.start)
                number = Number(mention.fact.value, 0.0, unit, spelled, approximate, bound)
            self.take(mention._replace(end=max(end, mention.end), number=number))
        for match in self.each(_SOURCE):
            name = match[1] or match[2]
            kind = "finding" if name in self.ground.findings else "source"
            self.take(Mention(kind, *match.span(), match[0], name, fact=self.ground.facts.get(name)))

    def names(self) -> None:
        for match in self.each(re.compile(r"https?://\S+")):
            self.take(Mention("link", *match.span(), match[0]))
        endings = "|".join(lexicon().file_endings)
        for match in self.each(re.compile(rf"(?<![\w/.])[\w./@+-]*\w\.(?:{endings})(?![\w/])", re.IGNORECASE)):
            self.take(Mention("file", *match.span(), match[0], match[0]))
        for match in self.each(_DATES):
            self.take(Mention("date", *match.span(), match[0], values=(), many=_day_parts(match)))
        known = _model_pattern(tuple(dict.fromkeys((*self.ground.models, *self.given))))
        for pattern, names in known:
            for match in self.each(pattern):
                self.take(Mention("model", *match.span(), match[0], names[0], many=names))
        for match in self.each(_unknown_model()):
            self.take(Mention("unknown_model", *match.span(), match[0], match[0]))
        for match in self.each(re.compile(r"(?<![\w.])\d+(?:\.\d+)?[bm](?!\w)", re.IGNORECASE)):
            self.take(Mention("size", *match.span(), match[0], match[0].lower()))
        for match in self.each(_QUOTED):
            self.take(Mention("name", match.start(1), match.end(1), match[1], match[1]))
        for match in self.each(_PERCENTILE):
            meaning = "interval" if match["i"] else f"p{int(match['p'] or match['q']):02d}"
            if match["i"] and (match["of"] or "").lower() == "median":
                meaning = "median_interval"
            self.take(Mention("aggregate", *match.span(), match[0], meaning))

    def figures(self) -> None:
        for match in self.each(re.compile(r"(?<![A-Za-z0-9])n\s*=\s*(" + numbers.DIGITS + r")(?![\w.]*\d)")):
            value = float(match[1].replace(",", ""))
            self.take(Mention("n", *match.span(), match[0], values=(value,)))
        self._parameters()
        for match in self.each(
            re.compile(r"(?<![A-Za-z0-9])(?:time[\s-]+to[\s-]+(?:the[\s-]+)?)?first[\s-]+token", re.I)
        ):
            if match[0].lower().startswith("time"):
                self.take(Mention("metric", *match.span(), match[0], "ttft_ms"))
        for match in self.each(numbers.NUMBER):
            value, half = numbers.digits_value(match)
            start = match.start("sign") if match["sign"] else match.start("digits")
            before = self.text[:start].rstrip()
            if match["sign"] and before and before[-1] not in "(:=,>|" and start == len(before):
                value, start = abs(value), match.start("digits")
            self._number(match, start, match.end(), value, half)
        for pattern, value_of in (
            (numbers.FRACTION, numbers.fraction_value),
            (numbers.FACTOR, lambda match: numbers.factor_value(match[0])),
        ):
            for match in self.each(pattern):
                value = value_of(match)
                approximate, bound = numbers.qualifiers(self.text, match.start())
                number = Number(value, 0.05 * value, "x", match[0].lower(), approximate, bound)
                self.take(Mention("number", *match.span(), match[0], "factor", number=number))
        counted = "|".join(rf"{word}(?!\w|\.\w)" for words in lexicon().counted.values() for word in words)
        for match in self.each(numbers.NUMBER_WORD):
            followed = re.compile(rf"\s+(?:(?!of\b|and\b)[\w-]+\s+){{0,2}}?(?:{counted})", re.IGNORECASE).match(
                self.text, match.end()
            )
            unit = numbers.unit_after(self.text, match.end())[0]
            # `one of the models` and `no one` count nothing
            if followed or unit in ("%", "x", "ms", "tok/s") or match[0].lower() not in ("one", "zero"):
                self._number(match, *match.span(), numbers.word_value(match[0]), 0.5)
        for match in self.each(numbers.VAGUE):
            self.take(Mention("figure", *match.span(), match[0]))
        self._share_units()
        for match in self.each(
            re.compile(r"[A-Za-z_]*\d[\w.,:/-]*|[^\W\d_]*[\u00bc-\u00be\u2150-\u215e\u2460-\u24ff]")
        ):
            self.take(Mention("figure", *match.span(), match[0]))

    def _share_units(self) -> None:
        """`110 and 15 tok/s`, `between 3 and 5 ms`: the first figure has the unit of the last."""
        places = sorted(
            (place for place, each in enumerate(self.found) if each.kind == "number"),
            key=lambda place: self.found[place].start,
        )
        for place, after in reversed(list(itertools.pairwise(places))):
            one, other = self.found[place], self.found[after]
            joined = re.fullmatch(
                r"\s*(?:,|,?\s*(?:and|or|to|versus|vs\.?)|[-–/±])\s*", self.text[one.end : other.start]
            )
            if joined and one.number and other.number and one.number.unit is None and one.meaning != "factor":
                shared = one.number._replace(unit=other.number.unit, spelled=other.number.spelled)
                self.found[place] = one._replace(number=shared)

    def _number(self, match: re.Match[str], start: int, end: int, value: float, half: float) -> None:
        unit, spelled, last = numbers.unit_after(self.text, end)
        if _HIDDEN in self.left[end:last]:
            unit, spelled, last = None, "", end
        approximate, bound = numbers.qualifiers(self.text, start)
        number = Number(value, half, unit, spelled, approximate, bound)
        self.take(Mention("number", start, last, self.text[start:last], number=number))

    def _parameters(self) -> None:
        words = parameter_words()
        name = words.pattern.pattern
        joined = (
            r"\s*(?:=|:|,?\s*(?:of|at|set to|is|was|equal to|values?|"
            r"values? of|from|between|values? from)?\s)\s*(?:of\s+)?"
        )
        after = re.compile(
            rf"(?P<name>{name})(?:{joined}(?P<values>{_VALUE}{_UNITLESS}(?:{_NEXT}(?:(?P=name)\s*=?\s*)?{_VALUE}{_UNITLESS})*))?",
            re.IGNORECASE,
        )
        before = re.compile(
            rf"(?<![\w.=])(?P<values>{_VALUE}(?:{_NEXT}{_VALUE})*)(?:[\s-]+tokens?)?(?:\s+of|[\s-]+)\s*(?P<name>{name})"
            r"(?!\s*(?:=|of\s+\d|\d))",
            re.IGNORECASE,
        )
        for pattern in (before, after):
            for match in self.each(pattern):
                spelled = match["name"]
                meaning = words.meaning(spelled)
                given = match["values"] or ""
                values = tuple(
                    numbers.digits_value(each)[0] for each in numbers.NUMBER.finditer(given) if each["digits"]
                )
                if "k" in given.lower() and meaning == "num_ctx":
                    values = tuple(value * 1.024 if value % 1000 == 0 else value for value in values)
                if meaning == "temperature" and (not values or max(values) > 5) and self._hot(match):
                    continue
                self.take(Mention("parameter", *match.span(), match[0], meaning, values))

    def _hot(self, match: re.Match[str]) -> bool:
        """Whether `temperature` is that of a device."""
        around = self.text[max(0, match.start() - 12) : match.end() + 14].lower()
        return "temperature" not in self.ground.params or bool(re.search(r"gpu|device|core|chip|°|degrees", around))

    def words(self) -> None:
        for match in self.each(_IDLE):
            self.take(Mention("link", *match.span(), match[0]))
        self.by_words("telemetry", telemetry_words())
        self.by_words("metric", metric_words())
        self.by_words("parameter", parameter_words())
        for match in self.each(re.compile(r"(?<!\w)temperatures?(?!\w)", re.IGNORECASE)):
            self.take(Mention("telemetry", *match.span(), match[0], "temperature"))
        self.by_list("unmeasured", list_pattern("unmeasured"))
        self._ordinals()
        self.by_list("significant", list_pattern("significant"))
        self.by_list("same", list_pattern("same"))
        self.by_words("verb", group_words("verbs"))
        self.by_words("superlative", group_words("superlatives"))
        self.by_words("comparative", group_words("comparatives"))
        self.by_list("effect", list_pattern("effects"))
        self.by_words("direction", group_words("directions"))
        self.by_list("single", list_pattern("single_run"))
        self.by_words("runs", group_words("runs"))
        self.by_words("aggregate", group_words("aggregates"))
        self.by_list("negation", pattern_of([word for word in lexicon().negations if word != "n't"]))
        self.by_list("negation", re.compile(r"n't(?!\w)", re.IGNORECASE))

    def _ordinals(self) -> None:
        places = "|".join(lexicon().ordinals)
        best = group_words("superlatives").pattern.pattern
        patterns = (
            rf"(?<!\w)(?P<place>{places})[\s-]+(?P<word>{best})",
            rf"(?<!\w)(?:ranks?|ranked|ranking|comes?|came|finish(?:es|ed)?|placed?|places|is|in|takes|took)\s+(?:in\s+|at\s+)?(?:the\s+)?(?P<place>{places}|last)"
            r"(?:\s+(?:place|position|rank))?(?!\s+token)(?!\w)",
            r"(?<!\w)(?:rank(?:s|ed)?|place[sd]?)\s+(?:#|no\.?\s*|number\s+)(?P<place>\d)(?!\w)",
        )
        for pattern in patterns:
            for match in self.each(re.compile(pattern, re.IGNORECASE)):
                place = match["place"].lower()
                word = match.groupdict().get("word")
                side = group_words("superlatives").meaning(word) if word else "good_best"
                if place == "last":
                    place, side = "first", "good_worst"
                number = int(place) if place.isdigit() else lexicon().ordinals[place]
                self.take(Mention("superlative", *match.span(), match[0], side, (float(number),)))


def _day_parts(match: re.Match[str]) -> tuple[str, ...]:
    """Year, month, day and time as text, empty where they are not said; two months as `10/11`."""
    for year, month, day in (("y", "m", "d"), ("y2", "m2", "d2"), ("y3", "m3", "d3")):
        if match[year]:
            time = match["t"] or "" if year == "y" else ""
            return match[year], _month(match[month]), str(int(match[day])), time
    if match["y4"]:
        months = "/".join(_month(match[name]) for name in ("m4", "m5") if match[name])
        return match["y4"], months, "", ""
    return match["y6"], "", "", ""


def _month(text: str) -> str:
    if text.isdigit():
        return str(int(text))
    return str(next(place for place, name in enumerate(_MONTHS, start=1) if name.startswith(text.lower()[:3])))


@lru_cache(maxsize=64)
def _model_pattern(models: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """Patterns of model names, the longest first: each tag, then each family with the tags that it may mean."""
    spelled: dict[str, list[str]] = {}
    for model in models:
        # A part of a name at its `:` names the model where no other begins so.
        for name in (model, model.rpartition("/")[2], *_heads(model)):
            spelled.setdefault(_bare(name), []).append(model)
    found: list[tuple[re.Pattern[str], tuple[str, ...]]] = []
    for name in sorted(spelled, key=lambda name: (-len(name), name)):
        tags = tuple(dict.fromkeys(spelled[name]))
        exact = tuple(tag for tag in tags if _bare(tag) == name)
        # `gemma3 270m`, `gemma3-270M` and `Gemma 3 270m` are gemma3:270m
        parts = [re.escape(part) for part in name.split(" ")]
        parts[0] = re.sub(r"(?<=[a-z])(?=\d)", r"[\\s-]?", parts[0])
        body = r"[\s:/@_-]+".join(parts)
        pattern = re.compile(rf"(?<![A-Za-z0-9_/.]){body}(?![A-Za-z0-9_]|[:-][A-Za-z0-9]|\.\d)", re.IGNORECASE)
        found.append((pattern, exact or tags))
    return tuple(found)


def _bare(name: str) -> str:
    """A name with its separators as spaces, by which spellings of one tag are equal."""
    return " ".join(part for part in re.split(r"[:/@\s_-]+", name.lower()) if part)


def _heads(model: str) -> list[str]:
    family, _, tag = model.rpartition("/")[2].partition(":")
    return [family, *([f"{family} {tag.split('-')[0]}"] if "-" in tag else [])]


@lru_cache(maxsize=1)
def _unknown_model() -> re.Pattern[str]:
    families = "|".join(sorted({*vocabulary().families, *lexicon().model_families}, key=len, reverse=True))
    size = r"\d+(?:\.\d+)?[bm](?:-[\w.]+)*"
    return re.compile(
        rf"(?<![A-Za-z0-9_/])(?:(?:{families})(?:[\s-]?\d+(?:\.\d+)*o?)?(?:[:\s-]+{size}|:[\w.-]*\w)?(?![A-Za-z0-9])"
        rf"|[a-z][\w.-]*:{size}(?!\w)|[a-z][\w.-]*:latest(?!\w))",
        re.IGNORECASE,
    )


def day_of(mention: Mention) -> tuple[Day, ...]:
    """What a date mention says; two days where it names two months."""
    year, months, day, time = mention.many
    return tuple(
        Day(int(year), int(month) if month else None, int(day) if day else None, time or None)
        for month in (months.split("/") if months else [""])
    )


def is_valid(day: Day) -> bool:
    """Whether the calendar has such a day."""
    try:
        date(day.year, day.month or 1, day.day or 1)
    except ValueError:
        return False
    return True
