"""Where one clause of a sentence ends and the next begins: a predicate stands on either side."""

from chimera_dagster.align.scan import Item

_HARD = frozenset({";", ":", ".", "!", "?", "(", ")"})
_SPEAKING = ("relations", "stats", "acts", "choose", "uses", "certainty")


def mark_clauses(items: list[Item]) -> int:
    """Numbers the clauses of the items; returns how many there are."""
    number, since, last = 0, 0, len(items)
    predicates = [_is_predicate(item) for item in items]
    for place, item in enumerate(items):
        ends = item.kind == "mark" and item.text in _HARD
        joins = item.has("breaks") or item.has("coordinators") or (item.kind == "mark" and item.text in (",", "-"))
        if ends or (joins and any(predicates[since:place]) and _speaks(items, predicates, place + 1, last)):
            if any(predicates[since:place]):
                number += 1
                since = place
        item.clause = number
    return number + 1


def _is_predicate(item: Item) -> bool:
    if item.figure is not None:
        return item.figure.unit in ("ms", "tok/s", "%", "MiB", "times", "points")
    return item.kind == "phrase" and any(item.has(kind) for kind in _SPEAKING) and not item.has("neutral")


def _speaks(items: list[Item], predicates: list[bool], start: int, last: int) -> bool:
    """Whether a predicate comes before the next place at which a clause could end."""
    for place in range(start, last):
        item = items[place]
        if predicates[place]:
            return True
        if item.kind == "mark" and item.text in _HARD:
            return False
    return False
