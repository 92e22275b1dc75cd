"""Whether the notes put two models in the order that a sentence does."""

import math

from chimera_dagster.align.figures import is_same
from chimera_dagster.align.gap import listed
from chimera_dagster.align.known import Known, Statement, Values
from chimera_dagster.align.orders import direction
from chimera_dagster.align.reading import BETTER, SIGNS, SIZES, SUPERLATIVE, UNITS, WORSE, Clause, Ordered, Reading

_ORDERING_KINDS = frozenset({"choice", "difference", "tie"})
_GENERAL = frozenset({"better", "best", "worse", "worst", "beats", "trails"})
_OF_RUNS = frozenset({"run", "outlier", "slow_request", "request", "larger_model"})
_RUN_KINDS = frozenset(
    {"outliers", "repeat_outliers", "tail", "tails", "hidden_failures", "scatter", "not_measured", "contradictions"}
)
_LEVEL_KINDS = frozenset({"trend", "below_the_knee"})
_COLD_KINDS = frozenset({"cold_start", "keep_loaded"})
_OF_LEVELS = frozenset({"load", "prompt_length", "answer_length"})


def check_order(order: Ordered, clause: Clause, reading: Reading, statement: Statement, known: Known) -> str | None:
    """None if the notes' order of models proves it, or the note's own word about runs or levels; else why not."""
    before = {item.text.lower() for item in reading.items[max(0, order.place - 2) : order.place]}
    if clause.has_axis and order.key in ("highest", "lowest") and before & {"its", "their"}:
        return None if _is_extreme(order, reading, statement) else "it is not highest or lowest there"
    problem = _typed(order, clause, reading, statement, known)
    if problem is None and not _may_order(order, statement) and not _numeric(order, clause, statement):
        problem = "the note puts no models in order"
    of_models = bool(order.object) and clause.models >= order.subject | order.object
    return (
        problem if problem is None or of_models or order.negated else _loose(order, clause, reading, statement, problem)
    )


def _may_order(order: Ordered, statement: Statement) -> bool:
    """Whether a note orders models, and not only what they are measured under."""
    note = statement.note
    said = {key for kind, key in statement.claims | statement.denied if kind == "relations"}
    return (
        bool(note.order) or note.kind in _ORDERING_KINDS or any(_alike(key, order.key) for key in said) or order.negated
    )


def _loose(order: Ordered, clause: Clause, reading: Reading, statement: Statement, problem: str) -> str | None:
    """Of runs, levels or cold starts, and not of two models: the note's own word about them counts."""
    kind = statement.note.kind
    things = {thing for each in reading.clauses for thing in each.things}
    own = any(of == "relations" and _alike(key, order.key) for of, key in statement.claims)
    of_levels = kind in _LEVEL_KINDS and statement.note.certainty != "tie"
    of_levels = of_levels and (clause.has_axis or bool(things & _OF_LEVELS))
    if of_levels and order.factor is None:
        turned = "it turns round how that goes" if own else problem
        return None if _grows(order, reading, statement) else turned
    of_runs = kind in _RUN_KINDS and bool(things & _OF_RUNS)
    of_cold = kind in _COLD_KINDS and "cold" in clause.states and not clause.models >= order.object
    if not own or not (of_runs or of_levels or of_cold):
        return problem
    return None if order.factor is None else _own_factor(order, reading, statement)


def _is_extreme(order: Ordered, reading: Reading, statement: Statement) -> bool:
    """Whether the note's values at the level that the clause names are the highest or the lowest of their model."""
    levels = [bound.value for bound in reading.figures if bound.kind == "axis" and bound.clause == order.clause]
    known = [bound for bound in statement.figures if bound.kind in ("ms", "tok/s") and bound.level is not None]
    here = [bound for bound in known if bound.level == levels[0]] if levels else []
    sign = 1 if order.key == "highest" else -1
    return bool(here) and all(
        (mine.value - other.value) * sign >= 0
        for mine in here
        for other in known
        if other.models == mine.models and other.metrics == mine.metrics
    )


def _grows(order: Ordered, reading: Reading, statement: Statement) -> bool:
    """Whether a trend of the note goes as the word of size says, or gets worse as the word of speed says."""
    said = {key for kind, key in statement.claims if kind == "relations"}
    sign = SIGNS.get(statement.note.metric or "", 0)
    if order.key in ("highest", "lowest"):
        return _is_extreme(order, reading, statement)
    if {"up", "down"} <= said or order.key in SUPERLATIVE:
        return False
    up = "up" in said
    if order.key in SIZES:
        return (SIZES[order.key] > 0) == up
    worse = up == (sign > 0)
    return order.key in WORSE if worse else order.key in BETTER


def _typed(order: Ordered, clause: Clause, reading: Reading, statement: Statement, known: Known) -> str | None:
    """None if the notes order the two sides like that by each metric that is meant."""
    if not order.subject or not order.object or order.subject & order.object:
        return "it does not say what is compared"
    if _numeric(order, clause, statement):
        return None
    sides = order.subject | order.object
    judged = [values for values in known.orders if sides <= (set(values.order) | values.tied)]
    if order.metrics:
        judged = [values for values in judged if values.metric in order.metrics]
    if "cold" in clause.states and "warm" not in clause.states:
        problem = "no note says that of cold starts"
    elif _is_of_answers(order, reading):
        problem = "the notes do not say whose answers are better"
    elif statement.note.metric and statement.note.metric not in order.metrics and order.metrics:
        problem = f"the note is not about {' or '.join(order.metrics)}"
    elif not judged:
        problem = "no note compares these"
    else:
        problem = next((found for values in judged if (found := _of(order, values))), None)
    return problem


def _is_of_answers(order: Ordered, reading: Reading) -> bool:
    """Whether a word such as `better` speaks of answers, and no metric is named beside it."""
    near = reading.items[max(0, order.place - 5) : order.place + 4]
    answers = any(item.has("things", "quality") or item.has("things", "answer_length") for item in near)
    return order.key in _GENERAL and answers and not any(item.has("metrics") for item in near)


def _of(order: Ordered, values: Values) -> str | None:
    sign = direction(order, values.metric)
    if not sign:
        return "the notes do not say which is better"
    if values.certainty == "tie":
        return f"the notes don't tell {listed(order.subject | order.object)} apart"
    ahead = sign > 0 if not order.negated else sign < 0
    for one in sorted(order.subject):
        for other in sorted(order.object):
            if {one, other} <= (values.tied | {values.order[0]}):
                return f"the notes don't tell `{one}` and `{other}` apart"
            if (values.order.index(one) < values.order.index(other)) != ahead:
                return f"it swaps `{one}` and `{other}`"
    if order.factor is None:
        return None
    single = not order.negated and len(order.subject) == 1
    return _factor(order, values, 1 if ahead else -1) if single else "its ratio can't be followed"


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


def _own_factor(order: Ordered, reading: Reading, statement: Statement) -> str | None:
    """None if the note has that ratio, at a level that the clause names if it names any."""
    assert order.factor is not None
    levels = {each.value for each in reading.figures if each.kind == "axis" and each.clause == order.clause}
    before = reading.items[max(0, order.factor.place - 1)].text.lower()
    more = order.factor.figure.bound in ("over", "least") or before.endswith("over")  # of "take over 1.5 times" too
    problem = f"the note does not say {order.factor.text}"
    for other in statement.figures:
        if other.figure.unit == order.factor.figure.unit and is_same(
            order.factor.figure, other.value, other.figure.value
        ):
            if levels and other.level is not None and other.level not in levels:
                problem = f"{order.factor.text} is of {other.level:g} in the note"
            elif other.figure.bound == "over" and not more:
                problem = f"the note says more than {order.factor.text}"
            else:
                return None
    return problem


def _numeric(order: Ordered, clause: Clause, statement: Statement) -> bool:
    """Whether the note's own figures of the two sides show it, such as two standard deviations or two cold starts."""
    if statement.note.certainty == "tie" or order.negated or order.factor is not None or order.key not in SIZES:
        return False
    state = next(iter(clause.states)) if len(clause.states) == 1 else ""
    values = [
        bound
        for bound in statement.figures
        if bound.models
        and (not state or bound.state in (state, ""))
        and bound.kind in ("ms", "tok/s", "%")
        and (not order.metrics or set(bound.metrics) & set(order.metrics))
    ]
    found = False
    if not _names_what_it_compares(clause, statement):
        return False
    for mine in values:
        for its in values:
            if (
                mine.models == order.subject
                and its.models == order.object
                and (mine.stat, mine.state, mine.level, mine.metrics) == (its.stat, its.state, its.level, its.metrics)
                and mine.figure.unit == its.figure.unit
            ):
                if math.copysign(1, mine.value - its.value) != SIZES[order.key]:
                    return False
                found = True
    return found and order.key not in SUPERLATIVE


def _alike(said: str, key: str) -> bool:
    return said == key or {said, key} <= WORSE or {said, key} <= BETTER


def _names_what_it_compares(clause: Clause, statement: Statement) -> bool:
    """Whether the clause says that it compares cold starts, scatter or tails, as the note's values are of these."""
    acts = {key for _, key in clause.claims | clause.optional}
    match statement.note.kind:
        case "cold_start" | "keep_loaded":
            return "cold" in clause.states
        case "scatter":
            return "scatter" in acts or "sd" in clause.stats
        case "tail":
            return "p95" in clause.stats
        case _:
            return False
