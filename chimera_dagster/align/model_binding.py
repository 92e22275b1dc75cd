"""Whose a figure is: of the model behind or before it, or of the one at the same place of a list."""

from collections.abc import Sequence
from itertools import pairwise

from chimera_dagster.align.figure_runs import figure_runs
from chimera_dagster.align.item import Item
from chimera_dagster.align.reading import Bound, Context

_OF_NEXT = frozenset({"to", "to that of", "that of", "those of", "for", "of", "with", "on", "by", "in", "from", "at"})
_NO_ANCHORS = frozenset({"for", "to", "over", "next to", "that of", "those of", "from that of"})
_OTHERWISE = frozenset({"compared to", "compared with", "versus", "vs", "against", "as against"})
_SKIPPED = frozenset({"the", "a", "an", "its", "their", "mean", "model", "case", "each"})


def bind_models(items: Sequence[Item], found: Sequence[Bound], context: Context) -> None:
    named = [place for place, item in enumerate(items) if item.names and item.key in ("model", "group")]
    lists = _lists(items, named)
    taken: set[int] = set()
    for run in figure_runs(items, found):
        size = len(run)
        group = _list_for(lists, run[0].place, size) if size > 1 else None
        last = _next_model(items, run[-1])
        if (
            group is not None
            and not any(_next_model(items, bound) for bound in run[:-1])
            and (not last or (group[0] > run[-1].place))
        ):
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
    _share_models(items, found)
    _contrast(items, found, context)


def _contrast(items: Sequence[Item], found: Sequence[Bound], context: Context) -> None:
    """Of `a at 205 tok/s compared to 142 tok/s` the second figure is of the other model."""
    named = {name for item in items for name in item.names if item.key in ("model", "group")}
    if len(named) != 1 or len(context.models) != 2:
        return
    for one, other in pairwise(found):
        between = [item.text.lower() for item in items[one.place + 1 : other.place]]
        if (
            len(between) == 1
            and between[0] in _OTHERWISE
            and one.figure.unit == other.figure.unit
            and one.stat == other.stat
            and other.state != "warm"
            and one.models == frozenset(named)
        ):
            other.models = frozenset(context.models) - one.models


def _share_models(items: Sequence[Item], found: Sequence[Bound]) -> None:
    """Of `2.4 s instead of 80 ms for a` both figures are of `a`."""
    for one, other in pairwise(found):
        between = [item.text.lower() for item in items[one.place + 1 : other.place]]
        ranged = (
            between in (["to"], ["up to"], ["out to"]) and one.place > 0 and items[one.place - 1].text.lower() == "from"
        )
        if (
            (ranged or between in (["instead of"], ["rather than"], ["up from"], ["down from"]))
            and one.figure.unit == other.figure.unit
            and (follows := _next_model(items, other))
        ):
            one.models = follows


def _nearest(items: Sequence[Item], lists: list[list[int]], place: int, bound: Bound) -> tuple[frozenset[str], bool]:
    """The subject of the figure: the nearest model before it that is not merely what another is compared with."""
    group = next(each for each in lists if place in each)
    models = frozenset(name for each in group for name in items[each].names)
    if (
        _is_anchor(items, group[0])
        and items[bound.place - 1].text not in ("(",)
        and not _is_own(items, group[-1], bound.place)
    ):
        earlier = [each for each in lists if each[-1] < group[0] and not _is_anchor(items, each[0])]
        if earlier:
            models = frozenset(name for each in earlier[-1] for name in items[each].names)
    return models, len(models) > 1


def _is_own(items: Sequence[Item], model: int, figure: int) -> bool:
    """Whether a figure directly follows a model: `than b at 363 ms`, `b's 363 ms`."""
    if [item.text.lower() for item in items[model + 1 : model + 3]] == [",", "which"]:
        return True
    between = [item for item in items[model + 1 : figure] if item.text.lower() not in _SKIPPED]
    return len(between) <= 1 and not any(item.kind == "mark" and item.text == "," for item in between)


def _is_anchor(items: Sequence[Item], place: int) -> bool:
    before = items[max(0, place - 2) : place]
    if before and (before[-1].has("relations", "beats") or before[-1].has("relations", "trails")):
        return True
    return any(item.has("anchors") and item.text.lower() not in _NO_ANCHORS for item in before[-1:]) or any(
        item.text.lower() in ("than", "against", "versus", "as", "unlike", "behind")
        or item.stems[-1:] in (("than",), ("behind",))
        for item in before
    )


def _next_model(items: Sequence[Item], bound: Bound) -> frozenset[str]:
    """Of `95 ms for a`: a preposition and a model directly behind the figure."""
    place, seen = bound.place + 1, False
    while place < len(items) and place <= bound.place + 6:
        item = items[place]
        if item.names and item.key in ("model", "group"):
            return frozenset(item.names) | _joined(items, place) if seen else frozenset()
        if item.kind == "mark" or item.figure is not None or item.has("coordinators"):
            return frozenset()
        if item.text.lower() in _OF_NEXT or (item.stems[:1] and item.stems[0] in _OF_NEXT):
            seen = True
        elif item.has("relations") or (item.has("breaks") and item.text.lower() not in _OF_NEXT):
            return frozenset()
        place += 1
    return frozenset()


def _joined(items: Sequence[Item], place: int) -> frozenset[str]:
    """Models that `and` joins with the one there, if the sentence or a part of it ends behind them."""
    found: set[str] = set()
    at = place + 1
    while at + 1 < len(items) and items[at].text.lower() in (",", "and", "&", "or"):
        at += 1 + (items[at].text == "," and items[at + 1].text.lower() == "and")
        if at >= len(items) or items[at].key != "model" or not items[at].names:
            return frozenset()
        found |= set(items[at].names)
        at += 1
    ends = at >= len(items) or (items[at].kind == "mark" and items[at].text in ".;:)!?")
    return frozenset(found) if ends else frozenset()


def _lists(items: Sequence[Item], named: Sequence[int]) -> list[list[int]]:
    """Models that only commas and `and` part."""
    found: list[list[int]] = []
    for place in named:
        last = found[-1][-1] if found else None
        if last is not None and all(
            (item.kind == "mark" and item.text == ",") or item.text.lower() in ("and", "or", "&", "the", "both", "nor")
            for item in items[last + 1 : place]
        ):
            found[-1].append(place)
        else:
            found.append([place])
    return found


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
