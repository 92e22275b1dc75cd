"""Where one clause of a sentence ends and the next begins: a predicate stands on either side."""

from chimera_dagster.align.item import Item

_HARD = frozenset({";", ":", ".", "!", "?", "(", ")", "|"})
_LEADING = frozenset({"whereas", "while", "although", "though", "as", "since", "because", "even though"})
_STOPS = frozenset({";", ".", "!", "?", "|"})
_STRONG = frozenset(
    {
        "so",
        "because",
        "as",
        "since",
        "while",
        "whereas",
        "but",
        "although",
        "though",
        "yet",
        "so that",
        "which",
        "and then",
    }
)
_SPEAKING = ("relations", "stats", "acts", "choose", "certainty")


def mark_clauses(items: list[Item]) -> int:
    """Numbers the clauses of the items; returns how many there are."""
    number, since, last = 0, 0, len(items)
    predicates = [_is_predicate(item) for item in items]
    leading = bool(items) and items[0].text.lower() in _LEADING
    for place, item in enumerate(items):
        inner = 0 < place < last - 1 and _alike(items[place - 1], _next(items, place))
        strong = item.has("breaks") and place > 0 and items[place - 1].text == "," and item.text.lower() in _STRONG
        ends = item.kind == "mark" and item.text in _HARD
        joins = item.has("breaks") or item.has("coordinators") or (item.kind == "mark" and item.text in (",", "-"))
        leads = leading and item.text == "," and number == 0 and place < last - 1 and _begins(items[place + 1])
        denies = item.has("coordinators") and place < last - 1 and items[place + 1].has("negation")
        if (
            (
                strong
                or denies
                or leads
                or (ends and (item.text in _STOPS or (item.text == ":" and _names_something(items[since:place]))))
            )
            and any(_is_content(each) for each in items[since:place])
        ) or (
            (
                ends
                or (
                    joins
                    and not inner
                    and any(predicates[since:place])
                    and _speaks(items, predicates, place + 1, last, needs_subject=item.has("coordinators"))
                )
            )
            and any(predicates[since:place])
        ):
            number += 1
            since = place
        item.clause = number
    return number + 1


def _is_predicate(item: Item) -> bool:
    if item.figure is not None:
        return item.figure.unit in ("ms", "tok/s", "%", "MiB", "times", "points")
    return item.kind == "phrase" and any(item.has(kind) for kind in _SPEAKING) and not item.has("neutral")


def _speaks(items: list[Item], predicates: list[bool], start: int, last: int, *, needs_subject: bool) -> bool:
    """Whether a predicate comes before the next place at which a clause could end."""
    subject = not needs_subject
    for place in range(start, last):
        item = items[place]
        subject = (
            subject
            or item.names != ()
            or item.figure is not None
            or item.has("metrics")
            or item.has("pronouns")
            or item.has("others")
            or item.has("things")
            or item.has("stats")
        )
        if predicates[place]:
            return subject or item.has("relations")
        if item.kind == "mark" and item.text in _HARD:
            return False
    return False


def _is_content(item: Item) -> bool:
    return item.kind in ("name", "figure", "unknown") or (
        item.kind == "phrase" and not (item.has("neutral") and len(item.senses) == 1)
    )


def _alike(one: Item, other: Item) -> bool:
    """Whether a word between them joins a list of names or figures."""
    return (
        (one.figure is not None and other.figure is not None)
        or (one.kind == other.kind == "name")
        or any(one.has(kind) and other.has(kind) for kind in ("metrics", "states", "stats"))
    )


def _next(items: list[Item], place: int) -> Item:
    """The item behind a joining word, without an article or another joining word."""
    while place + 2 < len(items) and items[place + 1].text.lower() in ("the", "a", "and", "or", "nor"):
        place += 1
    return items[place + 1]


def _names_something(items: list[Item]) -> bool:
    return any(
        item.kind == "name" or item.figure is not None or item.has("things") or item.has("metrics") for item in items
    )


def _begins(item: Item) -> bool:
    """Whether a main clause may begin with it."""
    return (
        item.kind == "name"
        or item.has("pronouns")
        or item.has("groups")
        or item.has("negation")
        or item.text.lower() in ("the", "a", "an", "these")
    )
