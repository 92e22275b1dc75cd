"""The shape of a trend, and its sentence: how a metric goes with a load or a length, and where that changes."""

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Literal, NamedTuple, Protocol

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.trends import RATE_SHARE, TIME_RATIO, Trend
from chimera_dagster.notes.phrase import Number, Part, Phrase, Words, listed, number, phrase, share
from chimera_dagster.notes.reading import times
from chimera_dagster.notes.settings import level, span

_SAME = 1.05  # two values this near, of which no test tells more, are the same

_VERBS = {"scatters": "goes", "grows": "grows", "early": "grows", "falls": "falls"}
_TEMPLATES = {
    "knee of a time": (
        "up to {lk}, the {words} of {who} stays within {r} times that with {l0} ({x0}); with {ln} it is {xn}.",
        "the {words} of {who} is {x0} with {l0}; up to {lk} it stays within {r} times that, and with {ln} it is {xn}.",
    ),
    "knee of a rate": (
        "up to {lk}, the {words} of {who} grows from {x0} to {xk}; beyond, it gains little ({xn} with {ln}).",
        "the {words} of {who} is {x0} with {l0} and reaches {xk} with {lk}; more adds little ({xn} with {ln}).",
    ),
    "early": (
        "over {span}, the {words} {spans}; with {l1} it is already more than {r} times the first.",
        "the {words} {spans} over {span}, and is already more than {r} times as long with {l1}.",
    ),
    "peak": (
        "the {words} of {who} is highest with {lk} ({xk}); with {l0} it is {x0}, with {ln} {xn}.",
        "the {words} of {who} rises from {x0} with {l0} to {xk} with {lk}, and falls to {xn} with {ln}.",
    ),
    "near the first": (
        "over {span}, the {words} of {who} stays within {r} times its first value ({x0}).",
        "the {words} of {who} is {x0} with {l0}, and no more than {r} times that up to {ln}.",
    ),
    "falls late": (
        "over {span}, the {words} {spans}; up to {lk} it keeps {s} of the highest.",
        "the {words} {spans} over {span}, and keeps {s} of the highest up to {lk}.",
    ),
    "still grows": (
        "over {span}, the {words} {spans}; it has not levelled off there.",
        "the {words} {spans} over {span}, and has not levelled off there.",
    ),
    "scatters": (
        "over {span}, the {words} {spans}, but the runs scatter too much to tell that from chance.",
        "the {words} {spans} over {span}; the runs scatter too much to tell that from chance.",
    ),
    "ends": ("over {span}, the {words} {spans}.", "the {words} {spans} over {span}."),
}


class Named(Protocol):
    """A model as sentences name it, see NoteContext.who."""

    def __call__(self, name: str, *, alone: bool) -> Phrase: ...


class Shape(NamedTuple):
    """`place` is the level where it changes.

    "unknown": no difference between the levels can be told from chance; "scatters": nor is it small.
    "knee": up to there a time stays near the
    first, or a rate grows. "early": a time is far above the first already at the second level. "level": it stays near
    the highest, or a time near the first.
    """

    kind: Literal["unknown", "scatters", "grows", "falls", "knee", "early", "peak", "level"]
    place: int = 0


def shape_of(trend: Trend) -> Shape:
    values = trend.values
    first, last = values[0], values[-1]
    if trend.certainty is Certainty.TIE:
        return Shape("scatters" if max(values) > TIME_RATIO * min(values) else "unknown")
    if len(values) == 2:
        near = trend.certainty is Certainty.PLAIN and max(first, last) <= _SAME * min(first, last)
        return Shape("level" if near else "grows" if last > first else "falls")
    return _of_time(values) if trend.measure.sign > 0 else _of_rate(trend)


def _of_time(values: Sequence[float]) -> Shape:
    limit = TIME_RATIO * values[0]
    above = next((place for place, value in enumerate(values) if value > limit), None)
    if above is None:
        return Shape("falls" if values[-1] < values[0] / TIME_RATIO else "level")
    if values[-1] <= limit:
        return Shape("peak", values.index(max(values)))
    return Shape("knee", above - 1) if above > 1 else Shape("early")


def _of_rate(trend: Trend) -> Shape:
    values = trend.values
    highest, near = max(values), RATE_SHARE * max(values)
    reached = next(place for place, value in enumerate(values) if value >= near)
    if reached == len(values) - 1:
        return Shape("grows")
    if reached:
        return Shape("peak", values.index(highest)) if trend.fallen else Shape("knee", reached)
    if values[-1] < near:
        return Shape("falls", next(place for place, value in enumerate(values) if value < near) - 1)
    return Shape("level")


def sentences(shape: Shape, trends: Sequence[Trend], named: Named) -> tuple[Phrase, ...]:
    """Of one shape, metric and levels; each of the models is named. Without a capital at the beginning."""
    one, place = trends[0], shape.place
    parts: dict[str, Part | Phrase] = {
        "words": Words(one.measure.words),
        "who": _who(trends, named),
        "span": span(one.name, one.levels[0], one.levels[-1]),
        "l0": _level(one, 0),
        "l1": _level(one, 1),
        "lk": _level(one, place),
        "ln": _level(one, -1),
        "x0": _at(trends, 0),
        "xk": _at(trends, place),
        "xn": _at(trends, -1),
        "r": Number(times(TIME_RATIO), TIME_RATIO, ""),
        "s": share(RATE_SHARE),
    }
    is_time, several = one.measure.sign > 0, len(one.levels) > 2
    between = shape.kind == "level" and not (is_time and several)
    parts["spans"] = _spans(trends, named, _VERBS.get(shape.kind, "lies"), between=between)
    match shape.kind:
        case "knee":
            key = "knee of a time" if is_time else "knee of a rate"
        case "level":
            key = "ends" if between else "near the first"
        case "falls":
            key = "falls late" if shape.place else "ends"
        case "grows":
            key = "still grows" if several else "ends"
        case kind:
            key = kind
    return tuple(_filled(template, parts) for template in _TEMPLATES[key])


def unknown(trends: Sequence[Trend], named: Named) -> tuple[Phrase, ...]:
    """Of several metrics over the same levels, of which no change can be told from chance."""
    one = trends[0]
    words = list(dict.fromkeys(trend.measure.words for trend in trends))
    parts: dict[str, Part | Phrase] = {
        "words": listed([phrase(each) for each in words], "or"),
        "who": _who([trend for trend in trends if trend.measure == one.measure], named),
        "span": span(one.name, one.levels[0], one.levels[-1]),
    }
    return (
        phrase("over {span}, no change of the {words} of {who} can be told from chance.", **parts),
        phrase("no change of the {words} of {who} over {span} can be told from chance.", **parts),
    )


def _level(trend: Trend, place: int) -> Phrase:
    value = trend.levels[place]
    return level(trend.name, int(value) if value == int(value) else value)


def _who(trends: Sequence[Trend], named: Named) -> Phrase:
    return listed([named(trend.model, alone=len(trends) == 1) for trend in trends])


def _at(trends: Sequence[Trend], place: int) -> Phrase:
    """The values of all models at one level: `150 ms and 180 ms`."""
    return listed([(number(trend.values[place], trend.measure.unit),) for trend in trends])


def _spans(trends: Sequence[Trend], named: Named, verb: str, *, between: bool = False) -> Phrase:
    """`of a grows from 130 ms to 1.7 s and that of b from 373 ms to 3.2 s`."""
    parts: list[Phrase] = []
    for place, trend in enumerate(trends):
        ends = (min(trend.values), max(trend.values)) if between else (trend.values[0], trend.values[-1])
        low, high = (number(end, trend.measure.unit) for end in ends)
        who = named(trend.model, alone=len(trends) == 1)
        start = "that of {who}" if place else f"of {{who}} {verb}"
        span = "between {low} and {high}" if between else "from {low} to {high}"
        parts.append(phrase(f"{start} {span}", who=who, low=low, high=high))
    return listed(parts)


def _filled(template: str, parts: Mapping[str, Part | Phrase]) -> Phrase:
    """The template with those of the parts that it names."""
    named = {field for _, field, _, _ in Formatter().parse(template)}
    return phrase(template, **{name: part for name, part in parts.items() if name in named})
