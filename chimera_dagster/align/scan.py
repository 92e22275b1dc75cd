"""A sentence as items: names, figures, phrases of the lexicon, punctuation and words that nothing here knows."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chimera_dagster.align.figures import FIGURE, WORDS, Bound, Figure, parse_figure, scale_of
from chimera_dagster.align.lexicon import Sense, longest
from chimera_dagster.align.names import Names
from chimera_dagster.align.stems import stem

MOST = 1_500  # characters of one sentence; a longer one is no sentence
_TOKEN = re.compile(r"(?<=\w)'s\b|[^\W_]+(?:'(?!s\b)[a-z]+)?|[%&]|[^\w\s]|_")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": ";", "‑": "-", "\u00a0": " ", "…": ".", "`": "", "*": ""})
_NOT = {"isn't": "is not", "aren't": "are not", "wasn't": "was not", "weren't": "were not", "doesn't": "does not",
        "don't": "do not", "didn't": "did not", "can't": "cannot", "couldn't": "could not", "hasn't": "has not",
        "haven't": "have not", "won't": "will not", "wouldn't": "would not", "shouldn't": "should not", "needn't": "need not",
        "mustn't": "must not", "can not": "cannot"}  # fmt: skip
_HALVES = re.compile(r"\b(one|two|three|four) and a half\b", re.IGNORECASE)
_CONTRACTED = re.compile(r"\b(?:" + "|".join(_NOT) + r")\b", re.IGNORECASE)
NOUNS = ("run", "file", "setting", "model", "request", "session", "value", "number", "record", "task", "parameter", "token", "word",
         "question", "measurement", "configuration", "repeat", "repetition", "combination", "condition", "result", "call", "trial", "level")  # fmt: skip
_ALIKE = {"measurement": "run", "configuration": "setting", "repeat": "run", "repetition": "run", "combination": "setting",
          "condition": "setting", "trial": "run", "call": "run"}  # fmt: skip
_NOUN_STEMS = {stem(noun): _ALIKE.get(noun, noun) for noun in NOUNS}
_LARGE = 40  # bare numbers above it are no levels of a load
_AT_ONCE = {stem(word) for word in ("once", "concurrent", "parallel", "simultaneous", "time", "simultaneously", "concurrently", "flight")}
_MULTIPLES = {"twice": 2.0, "double": 2.0, "doubl": 2.0, "tripl": 3.0, "thrice": 3.0, "thric": 3.0}
_LISTING = frozenset({"to", "and", ",", "-", "or", "of", "the", "all", "up to", "out to", "against", "versus", "vs", "instead of", "rather than", "compared with", "compared to", "not", "up"})
_AXIS_WORDS = frozenset({"at", "with", "to", "from", "beyond", "until", "than", "of", "past", "above", "and", "up to", "only up to", "at just", "only", "just", "already at"})
_LAST = frozenset({"at most", "or less", "or fewer"})


@dataclass(slots=True)
class Item:
    """`kind` is name, figure, phrase, mark or unknown; `stems` are the words of a phrase without endings."""

    kind: str
    text: str
    start: int
    end: int
    key: str = ""
    senses: tuple[Sense, ...] = ()
    figure: Figure | None = None
    names: tuple[str, ...] = ()
    value: str = ""
    stems: tuple[str, ...] = ()
    clause: int = 0
    exact: float | None = None

    def has(self, kind: str, key: str | None = None) -> bool:
        return any(each == kind and (key is None or of == key) for each, of in self.senses)

    def keys(self, kind: str) -> list[str]:
        return [of for each, of in self.senses if each == kind]


def normal(text: str) -> str:
    """One line of plain characters, of the same meaning."""
    text = unicodedata.normalize("NFKC", text[: MOST * 2]).translate(_PLAIN)
    text = "".join(each if each.isprintable() else " " for each in text)
    text = _CONTRACTED.sub(lambda match: _NOT[match.group().lower()], text)
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
    _units(items)
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
        Item("word" if match.group()[0].isalnum() or match.group() in "%&" else "possessive" if match.group() == "'s" else "mark", match.group(), *match.span())
        for match in _TOKEN.finditer(text, start, end)
        if not (match.group() == "-" and text[match.start() - 1 : match.start()].isalnum() and text[match.end() : match.end() + 1].isalnum())
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
                ranged = at + 2 < len(items) and items[at + 1].text.lower() in ("to", "-") and items[at + 2].figure is not None
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
    stems = [stem(item.text) if item.kind == "word" else _bridge(item, place, items) for place, item in enumerate(items)]
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
            kept.append(
                Item("phrase", " ".join(each.text for each in items[place : place + match.length]), item.start, last.end, senses=match.senses, stems=tuple(stems[place : place + match.length]))
            )
            place += match.length
    return kept


def _bridge(item: Item, place: int, items: list[Item]) -> str:
    """A hyphen between words does not part a phrase, and some phrases hold a figure: `slowest 5 %`, `95th percentile`."""
    if item.figure is not None and item.figure.unit in ("%", "") and item.figure.value in (5.0, 20.0):
        return item.text.partition(" ")[0].rstrip("%")
    return "\x00"


def _number_word(items: list[Item], stems: list[str], place: int, length: int) -> Figure | None:
    word = items[place].text.lower()
    if word.endswith("fold") and word[:-4] in WORDS:
        return Figure(float(WORDS[word[:-4]]), "times", 1.0)
    if word == "half" and length <= 1:
        return Figure(50.0, "%", 1.0)
    if length > 1:
        return None
    if stems[place] in _MULTIPLES:
        return Figure(_MULTIPLES[stems[place]], "times", 0.0)
    following = [each for each in stems[place + 1 : place + 4] if each != "\x00"]
    if word == "single" and following[:1] == ["request"]:
        return Figure(1.0, "at_once")
    if word == "one" and following[:1] == ["request"]:
        return Figure(1.0)
    if word in WORDS and word not in ("one", "zero"):
        return Figure(float(WORDS[word]))
    if word == "one" and following[:1] and following[0] in _NOUN_STEMS:
        return Figure(1.0)
    return None


def _units(items: list[Item]) -> None:
    """Bare figures take the noun behind them, or the unit of the next one of their list."""
    figures = [place for place, item in enumerate(items) if item.figure is not None]
    for place in figures:
        item = items[place]
        assert item.figure is not None
        if not item.figure.unit and (noun := _noun(items, place)):
            item.figure = item.figure._replace(unit=noun)
        elif not item.figure.unit and (word := _unit_word(items, place)):
            unit, scale = scale_of(word)
            item.figure = item.figure._replace(value=item.figure.value * scale, unit=unit, step=item.figure.step * scale)
    for one, other in reversed(list(zip(figures, figures[1:], strict=False))):
        first, second = items[one].figure, items[other].figure
        assert first is not None
        assert second is not None
        between = [each.text.lower() for each in items[one + 1 : other]]
        if not first.unit and second.unit and len(between) <= 3 and all(each in _LISTING for each in between):
            scale = 1.0
            if second.is_measured and items[other].value:
                scale = second.value / float(items[other].value.replace(",", "")) if float(items[other].value.replace(",", "")) else 1.0
            items[one].figure = first._replace(value=first.value * scale, unit=second.unit, step=first.step * scale)
    last = ""
    for place in figures:
        figure = items[place].figure
        assert figure is not None
        if figure.unit in ("at_once", "word", "token"):
            last = figure.unit
        elif not figure.unit and last and place and items[place - 1].text.lower() in _AXIS_WORDS and items[place].value.isdecimal():
            items[place].figure = figure._replace(unit=last)
    unit, scale = "", 1.0
    for place in figures:
        item = items[place]
        assert item.figure is not None
        if item.figure.unit in ("ms", "tok/s"):
            plain = float(item.value.replace(",", "")) if item.value else 0.0
            unit, scale = item.figure.unit, item.figure.value / plain if plain else 1.0
        elif not item.figure.unit and unit and ("." in item.value or item.figure.value > _LARGE):
            item.figure = item.figure._replace(value=item.figure.value * scale, unit=unit, step=item.figure.step * scale)
    _bounds(items, figures)


def _bounds(items: list[Item], figures: list[int]) -> None:
    for place in figures:
        figure = items[place].figure
        assert figure is not None
        bound: Bound = ""
        before = items[place - 1] if place else None
        after = items[place + 1] if place + 1 < len(items) else None
        ranged = before is not None and before.text.lower() in ("up to", "out to") and place > 1 and items[place - 2].figure is not None
        if before is not None and before.text.lower() == "from" and figure.unit in ("at_once", "word", "token") and not _is_range(items, place):
            bound = "over"
        elif ranged:
            bound = ""
        elif before is not None and before.has("bounds"):
            key = before.keys("bounds")
            before.senses = (("bound", key[0]),)
            bound = key[0] if key[0] != "emphasis" else ""  # type: ignore[assignment]
        elif before is not None and before.text == "~":
            bound = "about"
        if after is not None and figure.is_measured and (after.has("bounds", "least") or after.text.lower() in _LAST):
            bound = "most" if after.text.lower() in _LAST else "least"
            after.senses = (("bound", bound),)
        items[place].figure = figure._replace(bound=bound)


def _is_range(items: list[Item], place: int) -> bool:
    """Whether a figure is the first of `from 25 to 400 words`."""
    return any(item.figure is not None and items[place + at].text.lower() in ("to", "up to", "out to", "or", "and", "-") for at, item in enumerate(items[place + 2 : place + 5], start=1))


def _noun(items: list[Item], place: int) -> str:
    """The noun that a bare figure counts, with up to two words between: `31 shared settings`, `8 requests at once`."""
    words: list[str] = []
    for item in items[place + 1 : place + 5]:
        if item.kind not in ("phrase", "unknown") and item.text != "-":
            break
        words += item.stems or ((stem(item.text),) if item.kind != "mark" else ())
    for at, word in enumerate(words[:4]):
        if word in ("of", "and", "to", "or", "for", "with", "in"):
            return ""
        noun = _NOUN_STEMS.get(word)
        if noun == "request":
            around = words[:at] + words[at + 1 : at + 5]
            return "at_once" if _AT_ONCE & set(around) else "request"
        if noun:
            return noun
    return ""


def _unit_word(items: list[Item], place: int) -> str:
    after = items[place + 1 : place + 4]
    text = " ".join(item.text.lower() for item in after)
    for unit in ("milliseconds", "millisecond", "seconds", "tokens per second", "tokens a second", "tokens each second", "percent", "per cent", "percentage points", "points", "times", "minutes"):
        if text.startswith(unit):
            return "tok/s" if unit.startswith("tokens") else unit
    return ""
