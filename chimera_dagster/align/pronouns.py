"""Pronouns, groups and "the other" as the models that they mean."""

from collections.abc import Sequence

from chimera_dagster.align.item import Item
from chimera_dagster.align.reading import Context

_OBJECTS = frozenset({"a", "an", "that", "the", "it", "no", "waiting"})  # behind the verb "means"
_MEASURED = ("ms", "tok/s")
_FAMILY = frozenset({"model", "models"})


def resolve(items: list[Item], context: Context) -> None:
    """Pronouns, groups and "the other" as the models that they mean."""
    subject, pair = context.subject, list(context.pair)
    every = frozenset(context.models)
    seen: list[str] = []
    for place, item in enumerate(items):
        if item.kind == "name" and item.key == "model":
            subject = frozenset(item.names)
            seen += [name for name in item.names if name not in seen]
            continue
        if item.kind != "phrase":
            continue
        text = item.text.lower()
        if text == "means" and place and place + 1 < len(items) and items[place + 1].text.lower() in _OBJECTS:
            item.senses = (("neutral", ""),)
            continue
        if item.has("former") and len(pair) == 2:
            item.names, item.key = (pair[0],), "model"
        elif item.has("latter") and len(pair if len(seen) != 2 else seen) == 2:
            item.names, item.key = ((seen if len(seen) == 2 else pair)[1],), "model"
        elif item.has("groups") and _is_group(item, items, place, every):
            item.names, item.key = tuple(sorted(every)), "group"
        elif item.has("others") and len(subject) == 1 and _is_other(item, items, place):
            item.names, item.key = tuple(sorted(every - subject)), "others"
        elif (item.has("pronouns") and item.stems[-1] == "model" and len(subject) == 1) or (
            text in ("it", "its") and not seen and len(subject) == 1 and (place == 0 or _is_subject(items, place))
        ):
            item.names, item.key = tuple(subject), "model"


def _is_subject(items: Sequence[Item], place: int) -> bool:
    """Whether the pronoun stands behind an opening, and a measured figure follows: `Over 7 settings, it takes 9 ms`."""
    opened = items[place - 1].text == "," and items[place].text.lower() == "it"
    return opened and any(each.figure is not None and each.figure.unit in _MEASURED for each in items[place:])


def _is_group(item: Item, items: Sequence[Item], place: int, every: frozenset[str]) -> bool:
    words = set(item.stems)
    number = {"two": 2, "pair": 2, "both": 2, "either": 2, "duo": 2, "neither": 2, "three": 3, "trio": 3}
    size = next((number[word] for word in item.stems if word in number), len(every))
    if size != len(every) or len(every) < 2:
        return False
    if "model" in words:
        return item.text.lower().endswith("s") or (len(words) > 1 and bool(words & {"each", "either", "every", "any"}))
    following = items[place + 1] if place + 1 < len(items) else None
    if len(words) == 1 and following is not None and following.kind == "name":
        return False
    return bool(words & {"two", "three", "pair", "both", "duo", "trio"}) and not (
        following is not None and following.kind in ("phrase", "unknown") and following.has("things")
    )


def _is_other(item: Item, items: Sequence[Item], place: int) -> bool:
    following = items[place + 1 : place + 2]
    if following and (following[0].has("things") and following[0].text.lower() not in _FAMILY):
        return False
    if item.stems[-1] in ("model", "two", "rival", "competitor", "peer"):
        return True
    counted = any(
        each.has("things", "run")
        or each.has("things", "request")
        or (each.figure is not None and each.figure.unit in ("run", "request", "file", "setting", "session"))
        for each in items[:place]
    )
    return not counted and (items[place - 1].text.lower() if place else "") != "in"
