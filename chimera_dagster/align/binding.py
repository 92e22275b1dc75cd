"""Binds each figure of a sentence to the model, metric, state, statistic and level that it belongs to."""

from collections.abc import Sequence

from chimera_dagster.align.reading import AXES, CLASSES, UNITS, Bound, Context
from chimera_dagster.align.scan import Item

_OF_NEXT = frozenset({"to", "to that of", "that of", "those of", "for", "of", "with", "on", "by", "in", "from", "at"})
_AGAINST = frozenset({"instead of", "rather than", "against", "versus", "vs", "compared with", "compared to", "up from", "in place of", "as against", "where", "down from", "and not"})
_NO_ANCHORS = frozenset({"for", "to", "over", "next to", "that of", "those of", "from that of"})
_SKIPPED = frozenset({"the", "a", "an", "its", "their", "mean", "model", "case", "each"})


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
    _models(items, found, context)
    _share_models(items, found)
    _levels(items, found)
    return found


def models_at(items: Sequence[Item], place: int, context: Context) -> frozenset[str]:
    """The models that the item names, by name or as a pronoun or a group."""
    item = items[place]
    if item.kind == "name" and item.key == "model":
        return frozenset(item.names)
    if item.kind != "phrase":
        return frozenset()
    return frozenset(item.names) if item.names else frozenset()


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
    measured = [place for place, item in enumerate(items) if item.figure is not None and item.figure.unit in ("ms", "tok/s", "%")]
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
        if item.has("stats") and (offset == 0 or behind[0].text.lower() in ("at", "in", "for", "is", "as", "was", "on")):
            return item.keys("stats")[0]
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


def _state(items: Sequence[Item], bound: Bound) -> str:
    if bound.figure.unit not in ("ms", "times", "%"):
        return ""
    place = bound.place
    back = " ".join(item.text.lower() for item in items[max(0, place - 2) : place])
    flips = any(back.endswith(words) for words in _AGAINST)
    for item in items[place + 1 : place + 5]:
        if item.figure is not None or (item.kind == "mark" and item.text not in "()"):
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
    return place > 0 and items[place - 1].text.lower() == "from" and any(
        item.figure is not None and items[place + offset].text.lower() == "to"
        for offset, item in enumerate(items[place + 2 : place + 4], start=1)
    )


def _models(items: Sequence[Item], found: Sequence[Bound], context: Context) -> None:
    named = [place for place, item in enumerate(items) if item.names and item.key in ("model", "group")]
    lists = _lists(items, named)
    taken: set[int] = set()
    for run in _runs(items, found):
        size = len(run)
        group = _list_for(lists, run[0].place, size) if size > 1 else None
        last = _next_model(items, run[-1])
        if group is not None and not any(_next_model(items, bound) for bound in run[:-1]) and (not last or (group[0] > run[-1].place)):
            for bound, place in zip(run, group, strict=True):
                bound.models = frozenset(items[place].names)
                taken.add(bound.place)
    for bound in found:
        if bound.place in taken:
            continue
        if follows := _next_model(items, bound):
            bound.models = follows
            continue
        before = [place for place in named if place < bound.place]
        if before:
            bound.models, bound.collective = _nearest(items, lists, before[-1], bound)
        elif named and bound.kind not in ("count", "axis"):
            after = next(group for group in lists if named[0] in group)
            bound.models = frozenset(name for place in after for name in items[place].names)
            bound.collective = len(bound.models) > 1
        else:
            bound.models = context.subject
            bound.collective = len(bound.models) > 1


def _share_models(items: Sequence[Item], found: Sequence[Bound]) -> None:
    """Of `2.4 s instead of 80 ms for a` both figures are of `a`."""
    for one, other in zip(found, found[1:], strict=False):
        between = [item.text.lower() for item in items[one.place + 1 : other.place]]
        ranged = between in (["to"], ["up to"], ["out to"]) and one.place > 0 and items[one.place - 1].text.lower() == "from"
        if (ranged or between in (["instead of"], ["rather than"], ["up from"], ["down from"])) and one.figure.unit == other.figure.unit:
            if follows := _next_model(items, other):
                one.models = follows


def _nearest(items: Sequence[Item], lists: list[list[int]], place: int, bound: Bound) -> tuple[frozenset[str], bool]:
    """The subject of the figure: the nearest model before it that is not merely what another is compared with."""
    group = next(each for each in lists if place in each)
    models = frozenset(name for each in group for name in items[each].names)
    if _is_anchor(items, group[0]) and items[bound.place - 1].text not in ("(",) and not _is_own(items, group[-1], bound.place):
        earlier = [each for each in lists if each[-1] < group[0] and not _is_anchor(items, each[0])]
        if earlier:
            models = frozenset(name for each in earlier[-1] for name in items[each].names)
    return models, len(models) > 1


def _is_own(items: Sequence[Item], model: int, figure: int) -> bool:
    """Whether a figure directly follows a model: `than b at 363 ms`, `b's 363 ms`."""
    between = [item for item in items[model + 1 : figure] if item.text.lower() not in _SKIPPED]
    return len(between) <= 1 and not any(item.kind == "mark" and item.text == "," for item in between)


def _is_anchor(items: Sequence[Item], place: int) -> bool:
    before = items[max(0, place - 2) : place]
    return any(item.has("anchors") and item.text.lower() not in _NO_ANCHORS for item in before[-1:]) or any(
        item.text.lower() in ("than", "against", "versus", "as", "unlike", "behind") for item in before
    )


def _next_model(items: Sequence[Item], bound: Bound) -> frozenset[str]:
    """Of `95 ms for a`: a preposition and a model directly behind the figure."""
    place, seen = bound.place + 1, False
    while place < len(items) and place <= bound.place + 6:
        item = items[place]
        if item.names and item.key in ("model", "group"):
            return frozenset(item.names) if seen else frozenset()
        if item.kind == "mark" or item.figure is not None or item.has("coordinators"):
            return frozenset()
        if item.text.lower() in _OF_NEXT or item.stems[:1] and item.stems[0] in _OF_NEXT:
            seen = True
        elif item.has("relations") or item.has("breaks") and item.text.lower() not in _OF_NEXT:
            return frozenset()
        place += 1
    return frozenset()


def _lists(items: Sequence[Item], named: Sequence[int]) -> list[list[int]]:
    """Models that only commas and `and` part."""
    found: list[list[int]] = []
    for place in named:
        last = found[-1][-1] if found else None
        if last is not None and all(
            (item.kind == "mark" and item.text == ",") or item.text.lower() in ("and", "or", "&", "the", "both", "nor") for item in items[last + 1 : place]
        ):
            found[-1].append(place)
        else:
            found.append([place])
    return found


def _runs(items: Sequence[Item], found: Sequence[Bound]) -> list[list[Bound]]:
    """Figures of one unit that only commas and words such as `and` or `versus` part."""
    runs: list[list[Bound]] = []
    measured = [bound for bound in found if bound.kind not in ("count", "axis")]
    for bound in measured:
        last = runs[-1][-1] if runs else None
        between = [item.text.lower() for item in items[last.place + 1 : bound.place]] if last is not None else []
        joined = all(text in (",", "and", "&", "versus", "vs", "against", "compared", "compared with", "compared to", "or", "the", ".") for text in between)
        if last is not None and joined and last.figure.unit == bound.figure.unit:
            runs[-1].append(bound)
        else:
            runs.append([bound])
    return runs


def _list_for(lists: list[list[int]], place: int, size: int) -> list[int] | None:
    """The list of as many models that is nearest before the figures, or else behind them; or as many single ones."""
    before = [group for group in lists if group[-1] < place and len(group) == size]
    if before:
        return before[-1]
    singles = [group[0] for group in lists if len(group) == 1]
    ahead = [each for each in singles if each < place]
    if len(singles) == size == len(ahead) and len(lists) == size:
        return singles
    after = [group for group in lists if group[0] > place and len(group) == size]
    return after[0] if after else None


def _levels(items: Sequence[Item], found: Sequence[Bound]) -> None:
    """Binds figures to the load or length that they are measured at."""
    axes = [bound for bound in found if bound.kind == "axis"]
    measured = [bound for bound in found if bound.kind in ("ms", "tok/s", "times", "%")]
    ranges = [
        (low, high)
        for low, high in zip(axes, axes[1:], strict=False)
        if [item.text.lower() for item in items[low.place + 1 : high.place]] in (["to"], ["-"], ["up to"], ["out to"], ["and"])
        or (items[high.place - 1].text.lower() in ("to", "up to") and any(item.text.lower() == "from" for item in items[max(0, low.place - 2) : low.place]))
        or (items[high.place - 1].text.lower() == "and" and any(item.text.lower() == "between" for item in items[max(0, low.place - 2) : low.place]))
    ]
    in_range = {bound.place for pair in ranges for bound in pair}
    for low, high in zip(measured, measured[1:], strict=False):
        between = [item.text.lower() for item in items[low.place + 1 : high.place]]
        if ranges and between and between[-1] in ("to", "out to") and low.figure.unit == high.figure.unit:
            low.level, high.level = ranges[0][0].value, ranges[0][1].value
    for bound in measured:
        if bound.level is None:
            single = [axis for axis in axes if axis.place not in in_range]
            behind = [axis for axis in single if axis.place > bound.place and _adjacent(items, bound.place, axis.place)]
            ahead = [axis for axis in single if axis.place < bound.place and not any(item.text in (";", ".") for item in items[axis.place : bound.place])]
            if items[bound.place - 1].text.lower() == "from" or any(text in _AGAINST for text in _before(items, bound.place)):
                ahead = []
                bound.elsewhere = True
            nearest = behind[:1] or ahead[-1:]
            if nearest:
                bound.level = nearest[0].value
    for run in _runs(items, found):
        known = [bound.level for bound in run if bound.level is not None]
        shared = [bound for bound in run if bound.level is None or bound.level == known[-1]]
        if len(run) > 1 and known and len(_last_levels(items, run, axes)) == 1:
            for bound in shared if len(set(known)) == 1 else run:
                bound.level = _last_levels(items, run, axes)[0]


def _before(items: Sequence[Item], place: int) -> list[str]:
    return [items[place - 1].text.lower()] if place else []


def _adjacent(items: Sequence[Item], start: int, end: int) -> bool:
    """Whether no other figure of a measurement and no mark lies between, such as of `62 tok/s with 8 requests`."""
    between = items[start + 1 : end]
    return len(between) <= 5 and not any(item.kind == "mark" or (item.figure is not None) or item.has("coordinators") for item in between)


def _last_levels(items: Sequence[Item], run: Sequence[Bound], axes: Sequence[Bound]) -> list[float]:
    """The one level directly behind a list of figures, or else before it; a list with levels within has none."""
    inside = [axis for axis in axes if run[0].place < axis.place < run[-1].place]
    if inside:
        return []
    behind = [axis for axis in axes if axis.place > run[-1].place and _adjacent(items, run[-1].place, axis.place)]
    ahead = [axis for axis in axes if axis.place < run[0].place]
    return [axis.value for axis in (behind[:1] or ahead[-1:])]
