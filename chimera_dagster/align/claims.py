"""Reads a sentence: who is spoken of, what is claimed in each clause, and which of two is better."""

from collections.abc import Mapping, Sequence

from chimera_dagster.align.binding import bind
from chimera_dagster.align.clauses import mark_clauses
from chimera_dagster.align.item import Item
from chimera_dagster.align.lexicon import role
from chimera_dagster.align.names import Names
from chimera_dagster.align.orders import find_orders
from chimera_dagster.align.pronouns import resolve
from chimera_dagster.align.reading import CLASSES, Bound, Clause, Context, Reading
from chimera_dagster.align.scan import scan
from chimera_dagster.align.scopes import everywhere
from chimera_dagster.align.stems import stem

_CLAIMING = ("relations", "choose", "uses", "certainty", "causes", "quantifiers", "acts")
_TAKING = frozenset(stem(word) for word in ("take", "recommend", "use", "favour", "favor", "deploy", "run"))
_TELL, _APART = stem("tell"), stem("apart")
_PAST = frozenset({"was", "were", "been", "did", "had"})
_EVERY = frozenset({"all", "every", "each", "any"})


def read(text: str, names: Names, context: Context, exact: Mapping[int, float] | None = None) -> Reading:
    """Of a normal text; resolves pronouns by the context, and updates it for the next sentence."""
    items = scan(text, names, exact)
    resolve(items, context)
    count = mark_clauses(items)
    figures = bind(items, context)
    clauses = [Clause(number) for number in range(count)]
    for place, item in enumerate(items):
        _into(clauses[item.clause], item, items[place + 1] if place + 1 < len(items) else None)
    for bound in figures:
        bound.of = clauses[bound.clause]
    for clause in clauses:
        first = next((each for each in items if each.clause == clause.number and each.kind != "mark"), None)
        clause.explains = count > 1 and first is not None and first.has("causes")
        texts = {each.text.lower() for each in items if each.clause == clause.number}
        clause.is_past = bool(texts & _PAST) and not texts & role("should")
        clause.is_second = any(
            each.clause == clause.number
            and each.has("relations", "second")
            and "second" in each.text.lower()
            and (place == 0 or items[place - 1].text.lower() not in ("each", "a", "per", "every"))
            for place, each in enumerate(items)
        )
        clause.everywhere = everywhere(items, clause.number)
        clause.advises = (
            bool(texts & role("should")) and not set(" ".join(texts).split()) & role("saying")
        ) or _imperative(items, clause.number)
        clause.has_axis = any(each.kind == "axis" and each.clause == clause.number for each in figures)
        clause.loads = _advised(clause, items, figures)
    _tell_apart(items, clauses)
    orders = find_orders(items, clauses, figures, context)
    _update(items, context)
    return Reading(items, clauses, figures, orders)


def _tell_apart(items: Sequence[Item], clauses: Sequence[Clause]) -> None:
    """Whoever tells models apart says that they differ, unless it is denied."""
    tells = next((item for item in items if item.stems[:1] == (_TELL,)), None)
    if tells is None or clauses[tells.clause].negative or not any(item.stems == (_APART,) for item in items):
        return
    if not any(("relations", "tie") in clause.claims for clause in clauses):
        clauses[tells.clause].claims.add(("relations", "differ"))


def _advised(clause: Clause, items: Sequence[Item], figures: Sequence[Bound]) -> frozenset[float]:
    """The loads that the clause advises, such as 16 of "use it with 16 requests at once"."""
    loads = frozenset(each.value for each in figures if each.figure.unit == "at_once" and each.clause == clause.number)
    if not loads:
        return loads
    advising, should = role("advising"), role("should")
    words = [item for item in items if item.clause == clause.number]
    advises = any(item.text.lower() in advising for item in words)
    first = items[0].text.lower() in advising
    return loads if advises and (first or any(item.text.lower() in should for item in words)) else frozenset()


def _imperative(items: Sequence[Item], number: int) -> bool:
    """Whether the first word of the clause that is more than a joining word tells to do something."""
    here = [item for item in items if item.clause == number]
    words = [word.lower() for item in here for word in (("",) if item.kind == "name" else item.text.split())]
    joining = role("joining")
    first = next((word for word in words if not word or (word.isalpha() and word not in joining)), "")
    return first in role("advising") or first in role("imperatives")


def _into(clause: Clause, item: Item, following: Item | None) -> None:
    """Adds what the item claims."""
    match item.kind:
        case "name":
            _add_name(clause, item)
        case "unknown" | "word":
            clause.unknown.append(item.text)
        case "phrase":
            _add_phrase(clause, item, following)
        case _:
            pass


def _add_name(clause: Clause, item: Item) -> None:
    if item.key == "model":
        clause.models |= set(item.names)
    elif item.key == "setting":
        clause.settings |= {item.names[0], *([f"{item.names[0]}={item.value}"] if item.value else [])}
    else:
        clause.names |= set(item.names)


def _add_phrase(clause: Clause, item: Item, following: Item | None) -> None:
    clause.models |= set(item.names)
    clause.groups |= item.key == "group"
    if _is_emphasis(item, following):
        return
    if item.has("groups") and not item.names and set(item.stems) & _EVERY:
        clause.claims.add(("quantifiers", "all"))
    if item.has("negation"):
        clause.negative = True
        return
    clause.hedged |= item.has("certainty", "hedge")
    if item.has("bound"):
        return
    if item.stems and item.stems[-1] in _TAKING and _is_model(following):
        clause.claims.add(("choose", ""))
    free = item.has("neutral") or bool(item.names)
    clause.things |= set() if item.has("metrics") else set(item.keys("things"))
    clause.stats |= set(item.keys("stats"))
    clause.states |= set() if free else set(item.keys("states"))
    clause.metrics |= {metric for key in item.keys("metrics") for metric in CLASSES.get(key, (key,))}
    _add_claims(clause, item, free=free)


def _add_claims(clause: Clause, item: Item, *, free: bool) -> None:
    """A free phrase claims nothing unless it speaks of certainty, a cause, a choice or all."""
    claims = {sense for sense in item.senses if sense[0] in _CLAIMING and sense != ("certainty", "hedge")}
    if free and not any(kind in ("certainty", "causes", "choose", "quantifiers") for kind, _ in claims):
        strict = {sense for sense in claims if sense[0] == "relations" and sense[1] in ("better", "best", "worst")}
        clause.optional |= claims - strict
        claims = strict
    if any(item.has(kind) for kind in ("things", "metrics", "stats", "states")):
        claims = {sense for sense in claims if sense[0] != "acts"}
    if len(claims) > 1:
        claims = {("any", "|".join(sorted(f"{kind}.{key}" for kind, key in claims)))}
    clause.claims |= claims


def _is_emphasis(item: Item, following: Item | None) -> bool:
    """Whether `only` or `all` stands before a figure, which says how large it is or how many there are."""
    if following is None or not item.has("quantifiers"):
        return False
    return following.figure is not None or following.has("bound") or following.has("certainty", "session")


def _is_model(item: Item | None) -> bool:
    return item is not None and item.kind == "name" and item.key == "model"


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
