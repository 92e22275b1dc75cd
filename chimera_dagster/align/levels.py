"""At which load or length a figure was measured."""

from collections.abc import Sequence
from itertools import pairwise

from chimera_dagster.align.figure_runs import figure_runs
from chimera_dagster.align.item import Item
from chimera_dagster.align.reading import Bound

AGAINST = frozenset(
    {
        "instead of",
        "rather than",
        "against",
        "versus",
        "vs",
        "compared with",
        "compared to",
        "up from",
        "in place of",
        "as against",
        "where",
        "down from",
        "and not",
    }
)


def bind_levels(items: Sequence[Item], found: Sequence[Bound]) -> None:
    """Binds figures to the load or length that they are measured at."""
    axes = [bound for bound in found if bound.kind == "axis"]
    measured = [bound for bound in found if bound.kind in ("ms", "tok/s", "times", "%")]
    ranges = [
        (low, high)
        for low, high in pairwise(axes)
        if [item.text.lower() for item in items[low.place + 1 : high.place]]
        in (["to"], ["-"], ["up to"], ["out to"], ["and"])
        or (
            items[high.place - 1].text.lower() in ("to", "up to")
            and any(item.text.lower() == "from" for item in items[max(0, low.place - 2) : low.place])
        )
        or (
            items[high.place - 1].text.lower() == "and"
            and any(item.text.lower() == "between" for item in items[max(0, low.place - 2) : low.place])
        )
    ]
    in_range = {bound.place for pair in ranges for bound in pair}
    for low, high in pairwise(measured):
        between = [item.text.lower() for item in items[low.place + 1 : high.place]]
        if ranges and between and between[-1] in ("to", "out to") and low.figure.unit == high.figure.unit:
            low.level, high.level = ranges[0][0].value, ranges[0][1].value
    for bound in measured:
        if bound.level is None:
            single = [axis for axis in axes if axis.place not in in_range]
            behind = [axis for axis in single if axis.place > bound.place and _adjacent(items, bound.place, axis.place)]
            ahead = [
                axis
                for axis in single
                if axis.place < bound.place
                and not any(item.text in (";", ".") for item in items[axis.place : bound.place])
            ]
            if items[bound.place - 1].text.lower() == "from" or any(
                text in AGAINST for text in _before(items, bound.place)
            ):
                ahead = []
                bound.elsewhere = True
            nearest = behind[:1] or ahead[-1:]
            if nearest:
                bound.level = nearest[0].value
    for run in figure_runs(items, found):
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
    return len(between) <= 5 and not any(
        item.kind == "mark" or (item.figure is not None) or item.has("coordinators") for item in between
    )


def _last_levels(items: Sequence[Item], run: Sequence[Bound], axes: Sequence[Bound]) -> list[float]:
    """The one level directly behind a list of figures, or else before it; a list with levels within has none."""
    inside = [axis for axis in axes if run[0].place < axis.place < run[-1].place]
    if inside:
        return []
    behind = [axis for axis in axes if axis.place > run[-1].place and _adjacent(items, run[-1].place, axis.place)]
    ahead = [axis for axis in axes if axis.place < run[0].place]
    return [axis.value for axis in (behind[:1] or ahead[-1:])]
