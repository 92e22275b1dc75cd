"""What a bare number counts or measures: the noun behind it, or the unit of the other figures of its list."""

import itertools

from chimera_dagster.align.figures import Bound, scale_of
from chimera_dagster.align.item import Item
from chimera_dagster.align.stems import stem

_NOUNS = frozenset(
    [
        "run",
        "file",
        "setting",
        "model",
        "request",
        "session",
        "value",
        "number",
        "record",
        "task",
        "parameter",
        "token",
        "word",
        "question",
        "measurement",
        "configuration",
        "repeat",
        "repetition",
        "combination",
        "condition",
        "result",
        "call",
        "trial",
        "level",
    ]
)
_ALIKE: dict[str, str] = {
    **dict.fromkeys(("measurement", "repeat", "repetition", "trial", "call"), "run"),
    **dict.fromkeys(("configuration", "combination", "condition"), "setting"),
}
NOUN_STEMS = {stem(noun): _ALIKE.get(noun, noun) for noun in _NOUNS}
_LARGE = 40  # bare numbers above it are no levels of a load
_AT_ONCE = frozenset(
    stem(word)
    for word in ("once", "concurrent", "parallel", "simultaneous", "time", "simultaneously", "concurrently", "flight")
)
_LISTING = frozenset(
    {
        "to",
        "and",
        ",",
        "-",
        "or",
        "of",
        "the",
        "all",
        "up to",
        "out to",
        "against",
        "versus",
        "vs",
        "instead of",
        "rather than",
        "compared with",
        "compared to",
        "not",
        "up",
    }
)
_AXIS_WORDS = frozenset(
    {
        "at",
        "with",
        "to",
        "from",
        "beyond",
        "until",
        "than",
        "of",
        "past",
        "above",
        "and",
        "up to",
        "only up to",
        "at just",
        "only",
        "just",
        "already at",
    }
)
_LAST = frozenset({"at most", "or less", "or fewer"})


def set_units(items: list[Item]) -> None:
    """Bare figures take the noun behind them, or the unit of the next one of their list."""
    figures = [place for place, item in enumerate(items) if item.figure is not None]
    for place in figures:
        item = items[place]
        assert item.figure is not None
        if not item.figure.unit and (noun := _noun(items, place)):
            item.figure = item.figure._replace(unit=noun)
        elif (
            not item.figure.unit
            and place > 1
            and items[place - 1].text.lower() in ("factor of", "of")
            and "factor" in items[place - 2].text.lower() + items[place - 1].text.lower()
        ):
            item.figure = item.figure._replace(unit="times")
        elif not item.figure.unit and (word := _unit_word(items, place)):
            unit, scale = scale_of(word)
            item.figure = item.figure._replace(
                value=item.figure.value * scale, unit=unit, step=item.figure.step * scale
            )
    for one, other in reversed(list(itertools.pairwise(figures))):
        first, second = items[one].figure, items[other].figure
        assert first is not None
        assert second is not None
        between = [each.text.lower() for each in items[one + 1 : other]]
        if not first.unit and second.unit and len(between) <= 3 and all(each in _LISTING for each in between):
            scale = 1.0
            if second.is_measured and items[other].value:
                scale = (
                    second.value / float(items[other].value.replace(",", ""))
                    if float(items[other].value.replace(",", ""))
                    else 1.0
                )
            items[one].figure = first._replace(value=first.value * scale, unit=second.unit, step=first.step * scale)
    last = ""
    for place in figures:
        figure = items[place].figure
        assert figure is not None
        if figure.unit in ("at_once", "word", "token"):
            last = figure.unit
        elif (
            not figure.unit
            and last
            and place
            and items[place - 1].text.lower() in _AXIS_WORDS
            and items[place].value.isdecimal()
        ):
            items[place].figure = figure._replace(unit=last)
    unit, scale = "", 1.0
    for place in figures:
        item = items[place]
        assert item.figure is not None
        if item.figure.unit in ("ms", "tok/s"):
            plain = float(item.value.replace(",", "")) if item.value else 0.0
            unit, scale = item.figure.unit, item.figure.value / plain if plain else 1.0
        elif not item.figure.unit and unit and ("." in item.value or item.figure.value > _LARGE):
            item.figure = item.figure._replace(
                value=item.figure.value * scale, unit=unit, step=item.figure.step * scale
            )
    _bounds(items, figures)


def _bounds(items: list[Item], figures: list[int]) -> None:
    for place in figures:
        figure = items[place].figure
        assert figure is not None
        bound: Bound = ""
        before = items[place - 1] if place else None
        after = items[place + 1] if place + 1 < len(items) else None
        if figure.bound == "fraction":
            continue
        ranged = (
            before is not None
            and before.text.lower() in ("up to", "out to")
            and place > 1
            and items[place - 2].figure is not None
        )
        if (
            before is not None
            and before.text.lower() == "from"
            and figure.unit in ("at_once", "word", "token")
            and not _is_range(items, place)
        ):
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
    return any(
        item.figure is not None and items[place + at].text.lower() in ("to", "up to", "out to", "or", "and", "-")
        for at, item in enumerate(items[place + 2 : place + 5], start=1)
    )


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
        noun = NOUN_STEMS.get(word)
        if noun == "request":
            around = words[:at] + words[at + 1 : at + 5]
            return "at_once" if _AT_ONCE & set(around) else "request"
        if noun:
            return noun
    return ""


def _unit_word(items: list[Item], place: int) -> str:
    after = items[place + 1 : place + 4]
    text = " ".join(item.text.lower() for item in after)
    for unit in (
        "milliseconds",
        "millisecond",
        "seconds",
        "tokens per second",
        "tokens a second",
        "tokens each second",
        "percent",
        "per cent",
        "percentage points",
        "points",
        "times",
        "minutes",
    ):
        if text.startswith(unit):
            return "tok/s" if unit.startswith("tokens") else unit
    return ""
