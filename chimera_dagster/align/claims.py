"""Reads a sentence: who is spoken of, what is claimed in each clause, and which of two is better."""

import re
from collections.abc import Mapping, Sequence

from chimera_dagster.align.binding import bind
from chimera_dagster.align.clauses import mark_clauses
from chimera_dagster.align.names import Names
from chimera_dagster.align.reading import (
    BETTER,
    CLASSES,
    OF_TIME,
    ORDERING,
    SIGNS,
    SUPERLATIVE,
    WORSE,
    Bound,
    Clause,
    Context,
    Ordered,
    Reading,
)
from chimera_dagster.align.scan import Item, scan
from chimera_dagster.align.stems import stem

_CLAIMING = ("relations", "choose", "uses", "certainty", "cause", "quantifiers", "acts")
_EXACTLY = re.compile(r"^(?:linear|exponential|proportional|monoton|invers|quadratic|logarithm|simultan|automatic|random|month|year|hour|week|dai)")
_TAKING = frozenset(stem(word) for word in ("take", "recommend", "use", "favour", "favor", "deploy", "run"))
_EVERY = frozenset({"all", "every", "each", "any"})
_FAMILY = frozenset({"model", "models"})


def read(text: str, names: Names, context: Context, exact: Mapping[int, float] | None = None) -> Reading:
    """Of a normal text; resolves pronouns by the context, and updates it for the next sentence."""
    items = scan(text, names, exact)
    _resolve(items, context)
    count = mark_clauses(items)
    figures = bind(items, context)
    clauses = [Clause(number) for number in range(count)]
    for place, item in enumerate(items):
        _into(clauses[item.clause], item, items[place + 1] if place + 1 < len(items) else None)
    for bound in figures:
        bound.of = clauses[bound.clause]
    orders = _orders(items, clauses, figures, context)
    _update(items, context)
    return Reading(items, clauses, figures, orders)


def _resolve(items: list[Item], context: Context) -> None:
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
        if item.has("former") and len(pair) == 2:
            item.names, item.key = (pair[0],), "model"
        elif item.has("latter") and len(pair if len(seen) != 2 else seen) == 2:
            item.names, item.key = ((seen if len(seen) == 2 else pair)[1],), "model"
        elif item.has("groups") and _is_group(item, items, place, every):
            item.names, item.key = tuple(sorted(every)), "group"
        elif item.has("others") and len(subject) == 1 and _is_other(item, items, place):
            item.names, item.key = tuple(sorted(every - subject)), "others"
        elif item.has("pronouns") and item.stems[-1] == "model" and len(subject) == 1:
            item.names, item.key = tuple(subject), "model"
        elif text in ("it", "its") and place == 0 and not seen and len(subject) == 1:
            item.names, item.key = tuple(subject), "model"


def _is_group(item: Item, items: Sequence[Item], place: int, every: frozenset[str]) -> bool:
    words = set(item.stems)
    number = {"two": 2, "pair": 2, "both": 2, "either": 2, "duo": 2, "neither": 2, "three": 3, "trio": 3}
    size = next((number[word] for word in item.stems if word in number), len(every))
    if size != len(every) or len(every) < 2:
        return False
    if "model" in words:
        return True
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
    counted = any(each.has("things", "run") or each.has("things", "request") or (each.figure is not None and each.figure.unit in ("run", "request", "file", "setting", "session")) for each in items[:place])
    return not counted and "in" != (items[place - 1].text.lower() if place else "")


def _into(clause: Clause, item: Item, following: Item | None) -> None:
    """Adds what the item claims."""
    if item.kind == "name":
        if item.key == "model":
            clause.models |= set(item.names)
        elif item.key == "setting":
            clause.settings |= {item.names[0], *([f"{item.names[0]}={item.value}"] if item.value else [])}
        else:
            clause.names |= set(item.names)
        return
    if item.kind in ("unknown", "word"):
        if not (item.text.lower().endswith("ly") and not _EXACTLY.match(item.text.lower())):
            clause.unknown.append(item.text)
        return
    if item.kind != "phrase":
        return
    if item.names:
        clause.models |= set(item.names)
        clause.groups |= item.key == "group"
    free = item.has("neutral") or bool(item.names)
    if item.has("quantifiers") and following is not None and (following.figure is not None or following.has("bound") or following.has("certainty", "session")):
        return
    if item.has("groups") and not item.names and set(item.stems) & _EVERY:
        clause.claims.add(("quantifiers", "all"))
    if item.has("negation"):
        clause.negative = True
        return
    if item.has("bound"):
        return
    if not item.has("metrics"):
        clause.things |= set(item.keys("things"))
    if item.stems and item.stems[-1] in _TAKING and following is not None and following.kind == "name" and following.key == "model":
        clause.claims.add(("choose", ""))
    clause.stats |= set(item.keys("stats"))
    if not (free and item.has("states")):
        clause.states |= set(item.keys("states"))
    clause.metrics |= {metric for key in item.keys("metrics") for metric in CLASSES.get(key, (key,))}
    claims = {sense for sense in item.senses if sense[0] in _CLAIMING and sense != ("certainty", "hedge")}
    if free and not any(kind in ("certainty", "cause", "choose", "quantifiers") for kind, _ in claims):
        strict = {sense for sense in claims if sense[0] == "relations" and sense[1] in ("better", "best", "worst")}
        clause.optional |= claims - strict
        claims = strict
    if item.has("things") or item.has("metrics") or item.has("stats") or item.has("states"):
        claims -= {sense for sense in claims if sense[0] == "acts"}
    if len(claims) > 1:
        clause.claims.add(("any", "|".join(sorted(f"{kind}.{key}" for kind, key in claims))))
    else:
        clause.claims |= claims


def _orders(items: Sequence[Item], clauses: Sequence[Clause], figures: Sequence[Bound], context: Context) -> list[Ordered]:
    found: list[Ordered] = []
    for place, item in enumerate(items):
        keys = [key for key in item.keys("relations") if key in ORDERING]
        if not keys or item.has("bound") or item.has("quantifiers", "most") and len(item.stems) == 1:
            continue
        key = keys[0]
        if key in ("highest", "best") and _is_own_highest(items, place):
            clauses[item.clause].claims -= {("relations", each) for each in keys}
            clauses[item.clause].claims.add(("acts", "highest_of"))
            continue
        subject, object_ = _sides(items, place, key, context)
        factor = _factor(items, place, figures)
        clause = clauses[item.clause]
        found.append(
            Ordered(key, place, item.clause, subject, object_, _metrics_of(items, place, key, context), clause.negative, factor)
        )
    return found


def _is_own_highest(items: Sequence[Item], place: int) -> bool:
    """Whether it is the end of `90 % of its highest`."""
    before = items[max(0, place - 4) : place]
    return any(item.figure is not None and item.figure.unit == "%" for item in before) and any(item.text.lower() in ("its", "their", "the") for item in before)


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
    behind = [at for at in named if at > place and at not in anchored and items[at].clause == clause and items[at].key != "others"]
    objects = [at for at in named if at in anchored and (items[at].clause == clause or at > place)]
    rivals = [at for at in named if at < place and items[at].key == "others" and items[at].clause == clause]
    if rivals and not same and not objects:
        leader = [at for at in named if items[at].key == "model" and at < rivals[-1]]
        return frozenset(items[rivals[-1]].names), frozenset(items[leader[-1]].names) if leader else context.subject
    subject = same[-1:] or (behind[:1] if key in SUPERLATIVE or not ahead else []) or ahead[-1:]
    chosen = frozenset(items[subject[0]].names) if subject else context.subject
    if subject and len(group := _group(items, same, subject[0])) > 1:
        chosen = frozenset(name for at in group for name in items[at].names)
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
    before = [item for item in items[max(0, at - 5) : at]]
    while before and (before[-1].figure is not None or before[-1].text.lower() in ("the", "a", "that", "of", "does", "did", "do", "is", "those", "with", "for", "in", "model")):
        before.pop()
    if not before:
        return False
    last = before[-1]
    return last.has("anchors") and last.text.lower() not in ("for", "to", "over", "next") or last.text.lower() in ("as", "behind") or bool(last.stems and last.stems[-1] in ("than", "behind", "as", "over"))


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
    metrics = tuple(dict.fromkeys(metric for item in chosen for each in item.keys("metrics") for metric in CLASSES.get(each, (each,))))
    if key in OF_TIME:
        times = tuple(metric for metric in metrics if SIGNS.get(metric) == 1)
        metrics = times or metrics
    return metrics or context.metrics


def _update(items: Sequence[Item], context: Context) -> None:
    named = [item.names for item in items if item.kind == "name" and item.key == "model"]
    models = list(dict.fromkeys(name for names in named for name in names))
    if len(models) == 1:
        context.subject = frozenset(models)
    elif len(models) > 1:
        context.subject = frozenset()
    context.pair = tuple(models) if len(models) == 2 else context.pair if not models else ()
    metrics = tuple(dict.fromkeys(key for item in items for key in item.keys("metrics") if key not in CLASSES))
    if metrics:
        context.metrics = metrics if len(metrics) == 1 else ()


def direction(order: Ordered, metric: str) -> int:
    """1 if the subject is better by the metric, -1 if it is worse, 0 if that can't be said."""
    from chimera_dagster.align.reading import SIZES

    if order.key in BETTER:
        return 1
    if order.key in WORSE:
        return -1
    sign = SIGNS.get(metric, 0)
    return -sign * SIZES.get(order.key, 0)
