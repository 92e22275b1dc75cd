"""A sentence as items: names, figures, phrases of the lexicon, punctuation and words that nothing here knows."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from chimera_dagster.align.figures import FIGURE, WORDS, Figure, parse_figure
from chimera_dagster.align.item import Item
from chimera_dagster.align.lexicon import Sense, longest
from chimera_dagster.align.names import Names
from chimera_dagster.align.stems import stem
from chimera_dagster.align.units import NOUN_STEMS, set_units

MOST = 1_500  # characters of one sentence; a longer one is not read
_TOKEN = re.compile(r"(?<=\w)'s\b|[^\W_]+(?:'(?!s\b)[a-z]+)?|[%&]|[^\w\s]|_")
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": ";", "‑": "-", "\u00a0": " ", "…": ".", "`": "", "*": ""}
)
_NOT = {
    "can't": "cannot",
    "won't": "will not",
    "can not": "cannot",
    **{f"{verb}n't": f"{verb} not" for verb in ("is", "are", "was", "were", "do", "does", "did", "has", "have", "had")},
    **{f"{verb}n't": f"{verb} not" for verb in ("could", "would", "should", "need", "must", "might")},
}
_LONG = {"re": " are", "ve": " have", "ll": " will"}
_SHORT = re.compile(r"'(re|ve|ll)\b", re.IGNORECASE)
_HALVES = re.compile(r"\b(one|two|three|four) and a half\b", re.IGNORECASE)
_CONTRACTED = re.compile(r"\b(?:" + "|".join(_NOT) + r")\b", re.IGNORECASE)
_FRACTIONS = {"third": 100 / 3, "quarter": 25.0, "fifth": 20.0, "tenth": 10.0}
_MULTIPLES = {"twice": 2.0, "double": 2.0, "doubl": 2.0, "tripl": 3.0, "thrice": 3.0, "thric": 3.0}


def normal(text: str) -> str:
    """One line of plain characters, of the same meaning."""
    text = unicodedata.normalize("NFKC", text[: MOST * 2]).translate(_PLAIN)
    text = "".join(each if each.isprintable() else " " for each in text)
    text = _CONTRACTED.sub(lambda match: _NOT[match.group().lower()], text)
    text = _SHORT.sub(lambda match: _LONG[match.group(1).lower()], text)
    text = _HALVES.sub(lambda match: f"{WORDS[match.group(1).lower()]}.5", text)
    return re.sub(r"\s+", " ", text).strip()


def scan(text: str, names: Names, exact: Mapping[int, float] | None = None) -> list[Item]:
    """Items of a normal text. `exact` has the values of figures that are known by where they start."""
    items: list[Item] = []
    place = 0
    named = names.find(text)
    spans = [*named, (len(text), len(text), None)]
    for start, end, name in spans:
        items += _plain(text, place, start)
        if name is not None:
            items.append(Item("name", text[start:end], start, end, name.kind, names=(name.key,)))
        place = end
    items = _settings(items)
    items = _phrases(items)
    set_units(items)
    for item in items:
        if exact and item.figure is not None and item.start in exact:
            item.exact = exact[item.start]
    return items


def _plain(text: str, start: int, end: int) -> list[Item]:
    """Figures, words and marks of a stretch without names."""
    found: list[Item] = []
    place = start
    for match in FIGURE.finditer(text, start, end):
        found += _words(text, place, match.start())
        figure = parse_figure(match["number"], match["unit"] or "")
        found.append(Item("figure", match.group(), match.start(), match.end(), figure=figure, value=match["number"]))
        place = match.end()
    return found + _words(text, place, end)


def _words(text: str, start: int, end: int) -> list[Item]:
    return [
        Item(
            "word"
            if match.group()[0].isalnum() or match.group() in "%&"
            else "possessive"
            if match.group() == "'s"
            else "mark",
            match.group(),
            *match.span(),
        )
        for match in _TOKEN.finditer(text, start, end)
        if not (
            match.group() == "-"
            and text[match.start() - 1 : match.start()].isalnum()
            and text[match.end() : match.end() + 1].isalnum()
        )
    ]


def _settings(items: list[Item]) -> list[Item]:
    """A setting with the value behind it as one name: `num_ctx=1024`, `a temperature of 0.2`."""
    kept: list[Item] = []
    place = 0
    while place < len(items):
        item = items[place]
        if item.kind == "name" and item.key == "setting":
            at = place + 1
            while at < len(items) and items[at].text.lower() in ("=", "of", ":", "at", "is", "to", "set"):
                at += 1
            follows = items[at] if at < len(items) else None
            if follows is not None and follows.figure is not None and not follows.figure.unit and at - place <= 3:
                ranged = (
                    at + 2 < len(items)
                    and items[at + 1].text.lower() in ("to", "-")
                    and items[at + 2].figure is not None
                )
                if not ranged:
                    item = replace(item, value=f"{follows.figure.value:g}", end=follows.end)
                    place = at
            elif follows is not None and at == place + 2 and items[place + 1].text == "=" and follows.kind == "word":
                item = replace(item, value=follows.text.lower(), end=follows.end)
                place = at
        kept.append(item)
        place += 1
    return kept


def _phrases(items: list[Item]) -> list[Item]:
    """Words as the longest phrases of the lexicon; number words as figures."""
    stems = [
        stem(item.text) if item.kind == "word" else _bridge(item, place, items) for place, item in enumerate(items)
    ]
    kept: list[Item] = []
    place = 0
    while place < len(items):
        item = items[place]
        if item.kind != "word":
            kept.append(item)
            place += 1
            continue
        match = longest(stems, place)
        number = _number_word(items, stems, place, match.length if match else 0)
        if number is not None:
            kept.append(replace(item, kind="figure", figure=number, value=f"{number.value:g}"))
            place += 1
        elif match is None:
            kept.append(replace(item, kind="unknown"))
            place += 1
        else:
            last = items[place + match.length - 1]
            senses = _loads(item) if match.length == 1 and stems[place] == "load" else match.senses
            kept.append(
                Item(
                    "phrase",
                    " ".join(each.text for each in items[place : place + match.length]),
                    item.start,
                    last.end,
                    senses=senses,
                    stems=tuple(stems[place : place + match.length]),
                )
            )
            place += match.length
    return kept


def _bridge(item: Item, place: int, items: list[Item]) -> str:
    """Some phrases hold a figure: `slowest 5 %`. Any other part of a sentence ends a phrase."""
    if item.figure is not None and item.figure.unit in ("%", "") and item.figure.value in (5.0, 20.0):
        return item.text.partition(" ")[0].rstrip("%")
    return "\x00"


def _number_word(items: list[Item], stems: list[str], place: int, length: int) -> Figure | None:
    """The number that a word is, unless it is part of a longer phrase."""
    word = items[place].text.lower()
    following = next((each for each in stems[place + 1 : place + 2] if each != "\x00"), "")
    found: Figure | None = None
    if word.endswith("fold") and word[:-4] in WORDS:
        found = Figure(float(WORDS[word[:-4]]), "times", 1.0)
    elif length > 1:
        found = None
    elif (
        word in _FRACTIONS
        and place
        and items[place - 1].text.lower() in ("a", "one", "by", "almost", "nearly", "about")
    ):
        found = Figure(_FRACTIONS[word], "%", 0.0, "fraction")
    elif word == "half":
        found = Figure(50.0, "%", 1.0)
    elif stems[place] in _MULTIPLES:
        found = Figure(_MULTIPLES[stems[place]], "times", 0.0)
    elif word in ("single", "lone") and following == "request":
        found = Figure(1.0, "at_once")
    elif word in WORDS and word != "zero" and (word != "one" or following in NOUN_STEMS):
        found = Figure(float(WORDS[word]))
    return found


def _loads(item: Item) -> tuple[Sense, ...]:
    """A model that is loaded is warm, one that is loading is cold, and a load is how much it has to do."""
    states: dict[str, Sense] = {"loaded": ("states", "warm"), "loading": ("states", "cold")}
    return (states.get(item.text.lower(), ("things", "load")),)
