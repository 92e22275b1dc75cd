"""Whether the notes put two models in the order that a sentence does."""

import math

from chimera_dagster.align.claims import direction
from chimera_dagster.align.figures import is_same
from chimera_dagster.align.known import Known, Statement, Values
from chimera_dagster.align.reading import BETTER, SIGNS, SIZES, SUPERLATIVE, UNITS, WORSE, Ordered

_SHARES = frozenset({"accuracy"})


def check_order(order: Ordered, statement: Statement, known: Known, *, loose: bool) -> str | None:
    """None if it is proved; else why not. A loose one, as of runs, needs only the note's own word."""
    if loose and any(kind == "relations" and _alike(key, order.key) for kind, key in statement.claims):
        return None if order.factor is None else _own_factor(order, statement)
    if not order.subject or not order.object:
        return "it does not say what is compared"
    if _numeric(order, statement):
        return None
    if statement.note.metric and statement.note.metric not in order.metrics and order.metrics:
        return f"the note is not about {' or '.join(order.metrics)}"
    metrics = order.metrics or tuple(values.metric for values in known.orders if order.subject <= set(values.values) and values.metric not in _SHARES)
    judged = [values for values in known.orders if values.metric in metrics and (order.subject | order.object) <= (set(values.order) | values.tied)]
    if not judged:
        return "no note compares these"
    for values in judged:
        if problem := _of(order, values):
            return problem
    return None


def _alike(said: str, key: str) -> bool:
    return said == key or (said in WORSE and key in WORSE) or (said in BETTER and key in BETTER)


def _of(order: Ordered, values: Values) -> str | None:
    sign = direction(order, values.metric)
    if not sign:
        return "the notes do not say which is better"
    if values.certainty == "tie":
        return f"the notes don't tell {_listed(order.subject | order.object)} apart"
    if order.negated:
        sign = -sign
    for one in order.subject:
        for other in order.object:
            if {one, other} <= (values.tied | {values.order[0]}):
                return f"the notes don't tell `{one}` and `{other}` apart"
            ahead = values.order.index(one) < values.order.index(other)
            if ahead != (sign > 0):
                return f"it swaps `{one}` and `{other}`"
    if order.factor is None:
        return None
    if order.negated or len(order.subject) != 1:
        return "its ratio can't be followed"
    return _factor(order, values, sign)


def _factor(order: Ordered, values: Values, sign: int) -> str | None:
    """The ratio, the share or the difference must follow from the note's own two values."""
    assert order.factor is not None
    [one] = order.subject
    bound = order.factor
    others = [name for name in order.object if name in values.values]
    if one not in values.values or not others:
        return "its ratio can't be followed"
    figure = bound.figure
    for other in others:
        mine, its = values.values[one], values.values[other]
        high, low = max(mine, its), min(mine, its)
        ratio = high / low
        match bound.kind:
            case "times":
                candidates = [ratio]
            case "%":
                candidates = [(ratio - 1) * 100, (1 - 1 / ratio) * 100]
                if UNITS.get(values.metric) in ("share", "score"):
                    candidates = []
                elif SIGNS.get(values.metric) == -1:
                    candidates = [candidates[0] if sign > 0 else candidates[1]]
                else:
                    candidates = [candidates[1] if sign > 0 else candidates[0]]
            case _:
                candidates = [high - low]
        if any(is_same(figure, value) or is_same(figure, round(value, 1 if value < 10 else 0)) for value in candidates):
            return None
    said = ", ".join(f"{name} {values.values[name]:.3g}" for name in sorted(order.subject | set(others)))
    return f"{bound.text} is not the ratio of the note's values ({said})"


def _own_factor(order: Ordered, statement: Statement) -> str | None:
    assert order.factor is not None
    for other in statement.figures:
        if other.figure.unit == order.factor.figure.unit and is_same(order.factor.figure, other.value, other.figure.value):
            return None
    return f"the note does not say {order.factor.text}"


def _numeric(order: Ordered, statement: Statement) -> bool:
    """Whether the note's own figures of the two sides show it, such as two standard deviations or two cold starts."""
    if statement.note.certainty == "tie" or order.negated or order.factor is not None or order.key not in SIZES:
        return False
    values = [bound for bound in statement.figures if bound.models and bound.kind in ("ms", "tok/s", "%") and (not order.metrics or set(bound.metrics) & set(order.metrics))]
    found = False
    if statement.note.kind not in ("scatter", "tail", "cold_start"):
        return False
    for mine in values:
        for its in values:
            if mine.models == order.subject and its.models == order.object and (mine.stat, mine.state, mine.level, mine.metrics) == (its.stat, its.state, its.level, its.metrics) and mine.figure.unit == its.figure.unit:
                if math.copysign(1, mine.value - its.value) != SIZES[order.key]:
                    return False
                found = True
    return found and order.key not in SUPERLATIVE


def _listed(names: frozenset[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names))
