"""Figures of a sentence: numbers of runs, values of parameters, numbers, factors, number words, and what is left."""

import itertools
import re

from chimera_dagster.grounding import numbers
from chimera_dagster.grounding.lexicon import lexicon, parameter_words
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.numbers import Number
from chimera_dagster.grounding.scan import HIDDEN, Scan

_NEXT = (
    r"(?:\s*(?:,\s*and|,|and|to|or|/|-|–|through|up to|vs\.?|versus|than(?:\s+at)?"
    r"|against|instead of|compared (?:to|with))\s*)"
)
_UNITLESS = (
    r"(?!\d|\.\d|,\d|\s*(?:tok|ms\b|s\b|sec|%|x\b|×|times|fold|percent|milli|J\b|W\b|MiB|MB|GB|°|degrees|(?:\w+\s)?(?:runs?|files?|models?"
    r"|records?|samples?|values|sets)\b))"
)
_VALUE = rf"[-+]?{numbers.DIGITS}k?(?![A-Za-z0-9])"


def take_figures(scan: Scan) -> None:
    for match in scan.each(re.compile(r"(?<![A-Za-z0-9])n\s*=\s*(" + numbers.DIGITS + r")(?![\w.]*\d)")):
        value = float(match[1].replace(",", ""))
        scan.take(Mention("n", *match.span(), match[0], values=(value,)))
    _take_parameters(scan)
    for match in scan.each(re.compile(r"(?<![A-Za-z0-9])(?:time[\s-]+to[\s-]+(?:the[\s-]+)?)?first[\s-]+token", re.I)):
        if match[0].lower().startswith("time"):
            scan.take(Mention("metric", *match.span(), match[0], "ttft_ms"))
    for match in scan.each(numbers.NUMBER):
        value, half = numbers.digits_value(match)
        start = match.start("sign") if match["sign"] else match.start("digits")
        before = scan.text[:start].rstrip()
        if match["sign"] and before and before[-1] not in "(:=,>|" and start == len(before):
            value, start = abs(value), match.start("digits")
        _take_number(scan, start, match.end(), value, half)
    for pattern, value_of in (
        (numbers.FRACTION, numbers.fraction_value),
        (numbers.FACTOR, lambda match: numbers.factor_value(match[0])),
    ):
        for match in scan.each(pattern):
            value = value_of(match)
            approximate, bound = numbers.qualifiers(scan.text, match.start())
            number = Number(value, 0.05 * value, "x", match[0].lower(), approximate, bound)
            scan.take(Mention("number", *match.span(), match[0], "factor", number=number))
    counted = "|".join(rf"{word}(?!\w|\.\w)" for words in lexicon().counted.values() for word in words)
    for match in scan.each(numbers.NUMBER_WORD):
        followed = re.compile(rf"\s+(?:(?!of\b|and\b)[\w-]+\s+){{0,2}}?(?:{counted})", re.IGNORECASE).match(
            scan.text, match.end()
        )
        unit = numbers.unit_after(scan.text, match.end())[0]
        # `one of the models` and `no one` count nothing
        if followed or unit in ("%", "x", "ms", "tok/s") or match[0].lower() not in ("one", "zero"):
            _take_number(scan, *match.span(), numbers.word_value(match[0]), 0.5)
    for match in scan.each(numbers.VAGUE):
        scan.take(Mention("figure", *match.span(), match[0]))
    _share_units(scan)
    for match in scan.each(re.compile(r"[A-Za-z_]*\d[\w.,:/-]*|[^\W\d_]*[\u00bc-\u00be\u2150-\u215e\u2460-\u24ff]")):
        scan.take(Mention("figure", *match.span(), match[0]))


def _share_units(scan: Scan) -> None:
    """`110 and 15 tok/s`, `between 3 and 5 ms`: the first figure has the unit of the last."""
    places = sorted(
        (place for place, each in enumerate(scan.found) if each.kind == "number"),
        key=lambda place: scan.found[place].start,
    )
    for place, after in reversed(list(itertools.pairwise(places))):
        one, other = scan.found[place], scan.found[after]
        joined = re.fullmatch(
            r"\s*(?:,|,?\s*(?:and|or|to|versus|vs\.?|against|compared (?:to|with)|rather than|instead of|not)"
            r"|[-–/±])\s*",
            scan.text[one.end : other.start],
        )
        if joined and one.number and other.number and one.number.unit is None and one.meaning != "factor":
            shared = one.number._replace(unit=other.number.unit, spelled=other.number.spelled)
            scan.found[place] = one._replace(number=shared)


def _take_number(scan: Scan, start: int, end: int, value: float, half: float) -> None:
    unit, spelled, last = numbers.unit_after(scan.text, end)
    if HIDDEN in scan.left[end:last]:
        unit, spelled, last = None, "", end
    approximate, bound = numbers.qualifiers(scan.text, start)
    number = Number(value, half, unit, spelled, approximate, bound)
    scan.take(Mention("number", start, last, scan.text[start:last], number=number))


def _take_parameters(scan: Scan) -> None:
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
        for match in scan.each(pattern):
            spelled = match["name"]
            meaning = words.meaning(spelled)
            given = match["values"] or ""
            values = tuple(numbers.digits_value(each)[0] for each in numbers.NUMBER.finditer(given) if each["digits"])
            if "k" in given.lower() and meaning == "num_ctx":
                values = tuple(value * 1.024 if value % 1000 == 0 else value for value in values)
            if meaning == "temperature" and (not values or max(values) > 5) and _is_of_device(scan, match):
                continue
            scan.take(Mention("parameter", *match.span(), match[0], meaning, values))


def _is_of_device(scan: Scan, match: re.Match[str]) -> bool:
    """Whether `temperature` is that of a device."""
    around = scan.text[max(0, match.start() - 12) : match.end() + 14].lower()
    return "temperature" not in scan.folder.params or bool(re.search(r"gpu|device|core|chip|°|degrees", around))
