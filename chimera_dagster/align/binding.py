"""Binds each figure of a sentence to the model, metric, state, statistic and level that it belongs to."""

import re
from collections.abc import Sequence

from chimera_dagster.align.item import Item
from chimera_dagster.align.levels import AGAINST, bind_levels
from chimera_dagster.align.model_binding import bind_models
from chimera_dagster.align.reading import AXES, CLASSES, UNITS, Bound, Context

_CHANGE = re.compile(
    r"\b(?:increase|growth|rise|gain|reduction|decrease|drop|decline|improvement)\b[^,;.]*(?: of|:|=| is| was|\()"
    r"(?: (?:about|around|roughly|nearly|over|only|up to))?$"
)


def bind(items: Sequence[Item], context: Context) -> list[Bound]:
    found: list[Bound] = []
    for place, item in enumerate(items):
        if item.figure is None:
            continue
        bound = Bound(item.figure, place, item.clause, exact=item.exact, text=item.text)
        found.append(bound)
    for bound in found:
        bound.metrics = _metrics(items, bound, context)
        bound.stat = "" if bound.kind in ("count", "axis", "") else _stat(items, bound, found)
        bound.state = _state(items, bound)
    bind_models(items, found, context)
    for bound in found:
        if bound.stat == "detectable":  # of a test, not of the model that is named last
            bound.models, bound.collective = frozenset(), False
    bind_levels(items, found)
    return found


def _metrics(items: Sequence[Item], bound: Bound, context: Context) -> tuple[str, ...]:
    """The nearest metric of that unit: before it in its clause, else behind it, else in an earlier clause."""
    unit = bound.figure.unit
    if unit in AXES or bound.kind == "count":
        return ()
    here = [place for place, item in enumerate(items) if item.has("metrics") and _suits(item, unit)]
    same = [place for place in here if items[place].clause == bound.clause]
    before = [place for place in same if place < bound.place]
    after = [place for place in same if place > bound.place]
    earlier = [place for place in here if items[place].clause < bound.clause]
    later = [place for place in here if items[place].clause > bound.clause]
    measured = [place for place, item in enumerate(items) if item.figure is not None and item.figure.unit == unit]
    behind = [place for place in here if place > bound.place]
    if here and measured and measured[0] < here[0] and behind:  # metrics stand behind their figures
        chosen = behind[:1]
    else:
        chosen = before[-1:] or after[:1] or earlier[-1:] or later[:1]
    if chosen:
        return _of(items[chosen[0]])
    return tuple(metric for metric in context.metrics if UNITS.get(metric) == unit)


def _of(item: Item) -> tuple[str, ...]:
    keys = item.keys("metrics")
    return tuple(metric for key in keys for metric in CLASSES.get(key, (key,)))


def _suits(item: Item, unit: str) -> bool:
    if unit in ("%", "times", "points", ""):
        return True
    return any(UNITS.get(metric) == unit for metric in _of(item))


def _stat(items: Sequence[Item], bound: Bound, found: Sequence[Bound]) -> str:
    place = bound.place
    behind = items[place + 1 : place + 5]
    for offset, item in enumerate(behind):
        if item.figure is not None or (item.kind == "mark" and item.text != ")"):
            break
        if item.has("stats") and (
            offset == 0 or behind[0].text.lower() in ("at", "in", "for", "is", "as", "was", "on")
        ):
            return item.keys("stats")[0]
    near = items[max(0, place - 3) : place]
    if any(item.text.lower() == "by" for item in near) and any(
        item.has("acts", "delay") and item.clause == bound.clause for item in items[:place]
    ):
        return "delta"
    if bound.kind in ("ms", "tok/s") and _is_change(items, bound):
        return "delta"
    for before in range(place - 1, -1, -1):
        item = items[before]
        if item.figure is not None:
            if item.figure.unit == bound.figure.unit and item.clause >= bound.clause - 1:
                previous = next(each for each in found if each.place == before)
                return previous.stat if previous.stat not in ("worst", "usual") or item.clause == bound.clause else ""
            continue
        if item.has("stats"):
            return item.keys("stats")[0]
        if item.clause < bound.clause and item.kind == "mark" and item.text in (".", ";"):
            break
    return ""


def _is_change(items: Sequence[Item], bound: Bound) -> bool:
    """Whether it is by how much something changes: `grows by 1.7 s`, `an increase of 1.7 s`, `Increase: 1.7 s`."""
    before = items[: bound.place]
    last = max((place for place, item in enumerate(before) if item.figure is not None), default=-1)
    words = " ".join("" if item.kind == "name" else item.text.lower() for item in before[last + 1 :])
    here = [item for item in before if item.clause == bound.clause]
    changes = any(item.has("relations", "up") or item.has("relations", "down") for item in here)
    return (changes and before[-1].text.lower() == "by") or _CHANGE.search(words) is not None


def _state(items: Sequence[Item], bound: Bound) -> str:
    if bound.figure.unit not in ("ms", "times", "%"):
        return ""
    place = bound.place
    back = " ".join(item.text.lower() for item in items[max(0, place - 2) : place])
    flips = any(back.endswith(words) for words in AGAINST)
    for item in items[place + 1 :]:
        if item.figure is not None or item.has("coordinators") or (item.kind == "mark" and item.text not in "()"):
            break
        if item.has("states"):
            return item.keys("states")[0]
    sides: list[tuple[int, str]] = []
    for other, item in enumerate(items):
        if item.has("states") and not item.has("neutral") and item.clause == bound.clause:
            sides.append((abs(other - place) + (3 if other > place else 0), item.keys("states")[0]))
    if not sides:
        states = [item.keys("states")[0] for item in items if item.has("states") and item.clause < bound.clause]
        nearest = states[-1] if states else ""
    else:
        nearest = min(sides)[1]
    if nearest == "cold" and (flips or _is_from(items, place)):
        return "warm"
    return nearest


def _is_from(items: Sequence[Item], place: int) -> bool:
    """Whether it is the first of `from 80 ms to 2.4 s`."""
    return (
        place > 0
        and any(item.text.lower() == "from" for item in items[max(0, place - 2) : place])
        and any(
            item.figure is not None and items[place + offset].text.lower() == "to"
            for offset, item in enumerate(items[place + 2 : place + 4], start=1)
        )
    )
