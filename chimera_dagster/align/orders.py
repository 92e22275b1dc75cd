"""Comparisons of models: which side is better or larger, by which metric, and by how much."""

from collections.abc import Sequence

from chimera_dagster.align.item import Item
from chimera_dagster.align.reading import (
    BETTER,
    CLASSES,
    OF_TIME,
    ORDERING,
    SIGNS,
    SIZES,
    SUPERLATIVE,
    WORSE,
    Bound,
    Clause,
    Context,
    Ordered,
)
from chimera_dagster.align.stems import stem

_BECOMES = frozenset(stem(word) for word in ("get", "become", "turn"))


def find_orders(
    items: Sequence[Item], clauses: Sequence[Clause], figures: Sequence[Bound], context: Context
) -> list[Ordered]:
    found: list[Ordered] = []
    for place, item in enumerate(items):
        keys = [key for key in item.keys("relations") if key in ORDERING]
        if not keys or item.has("bound") or (item.has("quantifiers", "most") and len(item.stems) == 1):
            continue
        key = keys[0]
        if key in ("highest", "best") and _is_own_highest(items, place):
            clauses[item.clause].claims -= {("relations", each) for each in keys}
            clauses[item.clause].claims.add(("acts", "highest_of"))
            continue
        changed = _becomes(items, place, key)
        if changed:
            clauses[item.clause].claims -= {("relations", each) for each in keys}
            clauses[item.clause].claims.add(("relations", changed))
            continue
        subject, object_ = _sides(items, place, key, context)
        factor = _factor(items, place, figures)
        clause = clauses[item.clause]
        found.append(
            Ordered(
                key,
                place,
                item.clause,
                subject,
                object_,
                _metrics_of(items, place, key, context),
                clause.negative,
                factor,
            )
        )
    return found


def _becomes(items: Sequence[Item], place: int, key: str) -> str:
    """Of `gets measurably faster` the change that it is; empty if nothing becomes anything."""
    if key not in ("better", "worse", "longer", "shorter", "hi", "lo"):
        return ""
    before = {each for item in items[max(0, place - 3) : place] for each in (item.stems or (item.text.lower(),))}
    comparing = place > 1 and items[place - 1].text.lower() == "the" and items[0].text.lower() == "the"
    if not before & _BECOMES and not (
        comparing and any(items[1].has("relations", size) for size in ("hi", "lo", "longer", "shorter"))
    ):
        return ""
    return {"better": "improves", "worse": "worsens", "longer": "up", "shorter": "down", "hi": "up", "lo": "down"}[key]


def _is_own_highest(items: Sequence[Item], place: int) -> bool:
    """Whether it is the end of `90 % of its highest`."""
    before = items[max(0, place - 4) : place]
    return any(item.figure is not None and item.figure.unit == "%" for item in before) and any(
        item.text.lower() in ("its", "their", "the") for item in before
    )


def _factor(items: Sequence[Item], place: int, figures: Sequence[Bound]) -> Bound | None:
    """The ratio, share or difference in front of a comparison: `3.8 times as fast`, `31 % slower`."""
    ahead = [each for each in figures if 0 < place - each.place <= 3 and each.clause == items[place].clause]
    if not ahead:
        return None
    nearest = ahead[-1]
    if nearest.kind in ("times", "%", "points"):
        return nearest
    return nearest if nearest.kind in ("ms", "tok/s") and place - nearest.place == 1 else None


def _sides(items: Sequence[Item], place: int, key: str, context: Context) -> tuple[frozenset[str], frozenset[str]]:
    """Subject and object: the model before, and the one behind `than` or another word of comparison."""
    clause = items[place].clause
    named = [at for at, item in enumerate(items) if item.names and item.key in ("model", "group", "others")]
    anchored = [at for at in named if _is_anchored(items, at)]
    if key in ("beats", "trails"):
        anchored += [at for at in named if at > place and items[at].clause == clause][:1]
    ahead = [at for at in named if at < place and at not in anchored and items[at].key != "others"]
    same = [at for at in ahead if items[at].clause == clause]
    behind = [
        at
        for at in named
        if at > place and at not in anchored and items[at].clause == clause and items[at].key != "others"
    ]
    objects = [at for at in named if at in anchored and (items[at].clause == clause or at > place)]
    opening = next((item for item in items if item.clause == clause and item.kind != "mark"), None)
    if (
        opening is not None
        and opening.text.lower() in ("which", "who")
        and not [at for at in named if items[at].clause == clause and at < place]
    ):
        last = [at for at in named if items[at].clause < clause]
        objects_here = [at for at in anchored if items[at].clause == clause]
        subject_here = frozenset(items[last[-1]].names) if last else context.subject
        rest = frozenset(name for at in objects_here[-1:] for name in items[at].names) or frozenset(context.models)
        return subject_here, rest - subject_here
    rivals = [at for at in named if at < place and items[at].key == "others" and items[at].clause == clause]
    if rivals and not same and not objects:
        leader = [at for at in named if items[at].key == "model" and at < rivals[-1]]
        return frozenset(items[rivals[-1]].names), frozenset(items[leader[-1]].names) if leader else context.subject
    subject = same[-1:] or (behind[:1] if key in SUPERLATIVE or not ahead else []) or ahead[-1:]
    chosen = frozenset(items[subject[0]].names) if subject else context.subject
    if subject and len(group := _group(items, same, subject[0])) > 1:
        chosen = frozenset(name for at in group for name in items[at].names)
    if len(chosen) > 1 and chosen == frozenset(context.models) and behind:
        chosen = frozenset(items[behind[0]].names)
    if key in ("as_long", "as_high", "longer", "hi", "lo", "worse", "better", "as_fast") and not objects:
        others = frozenset(context.models) - chosen
        return chosen, others
    if objects:
        return chosen, frozenset(name for at in objects[-1:] for name in items[at].names) - chosen
    return chosen, frozenset(context.models) - chosen


def _group(items: Sequence[Item], same: Sequence[int], last: int) -> list[int]:
    group = [last]
    for at in reversed([each for each in same if each < last]):
        if all(item.text.lower() in ("and", ",", "&", "or", "both") for item in items[at + 1 : group[0]]):
            group.insert(0, at)
    return group


def _is_anchored(items: Sequence[Item], at: int) -> bool:
    """Whether a word of comparison stands in front of a model: `than b`, `as fast as b`, `compared with b`."""
    before = list(items[max(0, at - 5) : at])
    while before and (
        before[-1].figure is not None
        or before[-1].text.lower()
        in ("the", "a", "that", "of", "does", "did", "do", "is", "those", "with", "for", "in", "model")
    ):
        before.pop()
    if not before:
        return False
    last = before[-1]
    return (
        (last.has("anchors") and last.text.lower() not in ("for", "to", "over", "next"))
        or last.text.lower() in ("as", "behind")
        or bool(last.stems and last.stems[-1] in ("than", "behind", "as", "over"))
    )


def _metrics_of(items: Sequence[Item], place: int, key: str, context: Context) -> tuple[str, ...]:
    """Metrics of the clause that may be meant; of a word about time only times."""
    clause = items[place].clause
    metric_items = [item for item in items if item.has("metrics")]
    same = [item for item in metric_items if item.clause == clause]
    earlier = [item for item in metric_items if item.clause < clause]
    later = [item for item in metric_items if item.clause > clause]
    chosen = same or earlier[-1:] or later[:1]
    specific = [item for item in chosen if not set(item.keys("metrics")) & set(CLASSES)]
    chosen = specific or chosen
    metrics = tuple(
        dict.fromkeys(
            metric for item in chosen for each in item.keys("metrics") for metric in CLASSES.get(each, (each,))
        )
    )
    if key in OF_TIME:
        times = tuple(metric for metric in metrics if SIGNS.get(metric) == 1)
        metrics = times or metrics
    return metrics or context.metrics


def direction(order: Ordered, metric: str) -> int:
    """1 if the subject is better by the metric, -1 if it is worse, 0 if that can't be said."""
    if order.key in BETTER:
        return 1
    if order.key in WORSE:
        return -1
    sign = SIGNS.get(metric, 0)
    return -sign * SIZES.get(order.key, 0)
