"""What a bare number counts or measures: the noun behind it, or the unit of the other figures of its list."""

from itertools import pairwise

from chimera_dagster.align.figures import Bound, Figure, scale_of
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
_CLOSE = 3  # words between two figures of a list
_LEVELS = ("at_once", "word", "token")
_LARGE = 40  # a larger bare number is not the level of a load
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
    """Bare figures take the noun behind them, or the unit of another one of their list."""
    figures = [place for place, item in enumerate(items) if item.figure is not None]
    for place in figures:
        _own_unit(items, place)
    for one, other in reversed(list(pairwise(figures))):
        _unit_of_next(items, one, other)
    _unit_of_level(items, figures)
    _unit_of_last(items, figures)
    _bounds(items, figures)


def _own_unit(items: list[Item], place: int) -> None:
    """From the words around it: `31 shared settings`, `a factor of 46`, `3 milliseconds`."""
    figure = _figure(items, place)
    if figure.unit:
        return
    before = " ".join(item.text.lower() for item in items[max(0, place - 2) : place])
    if noun := _noun(items, place):
        items[place].figure = figure._replace(unit=noun)
    elif before.endswith("factor of"):
        items[place].figure = figure._replace(unit="times")
    elif word := _unit_word(items, place):
        unit, scale = scale_of(word)
        items[place].figure = _scaled(figure, unit, scale)


def _unit_of_next(items: list[Item], one: int, other: int) -> None:
    """Of `37, 20 and 33 ms` each has the unit of the last."""
    first, second = _figure(items, one), _figure(items, other)
    between = [each.text.lower() for each in items[one + 1 : other]]
    if first.unit or not second.unit or len(between) > _CLOSE or not all(each in _LISTING for each in between):
        return
    items[one].figure = _scaled(first, second.unit, _scale(items[other]) if second.is_measured else 1.0)


def _unit_of_level(items: list[Item], figures: list[int]) -> None:
    """Of `with 16 requests at once ... at 32` both are loads."""
    last = ""
    for place in figures:
        figure = _figure(items, place)
        if any("concurrency" in item.text.lower() for item in items[max(0, place - 5) : place]):
            last = last or "at_once"
        if figure.unit in _LEVELS:
            last = figure.unit
        elif not figure.unit and last and place and _is_level(items, place):
            items[place].figure = figure._replace(unit=last)


def _is_level(items: list[Item], place: int) -> bool:
    return items[place].value.isdecimal() and items[place - 1].text.lower() in _AXIS_WORDS


def _unit_of_last(items: list[Item], figures: list[int]) -> None:
    """Of `14.5 tok/s instead of the usual 55.3` both are rates."""
    unit, scale = "", 1.0
    for place in figures:
        figure = _figure(items, place)
        if figure.unit in ("ms", "tok/s"):
            unit, scale = figure.unit, _scale(items[place])
        elif not figure.unit and unit and ("." in items[place].value or figure.value > _LARGE):
            items[place].figure = _scaled(figure, unit, scale)


def _figure(items: list[Item], place: int) -> Figure:
    figure = items[place].figure
    assert figure is not None
    return figure


def _scale(item: Item) -> float:
    """How many base units one of the written unit is."""
    written = float(item.value.replace(",", "")) if item.value else 0.0
    return item.figure.value / written if item.figure is not None and written else 1.0


def _scaled(figure: Figure, unit: str, scale: float) -> Figure:
    return figure._replace(value=figure.value * scale, unit=unit, step=figure.step * scale)


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
            and figure.unit in _LEVELS
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
