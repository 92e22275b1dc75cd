"""Whether one sentence of a note says what a clause claims, and if not, in which respect it differs."""

from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.align.figures import Figure, is_same
from chimera_dagster.align.known import MEANS, Known, Statement
from chimera_dagster.align.order_check import check_order
from chimera_dagster.align.reading import CLASSES, ORDERING, SIGNS, Bound, Clause, Reading

_ALWAYS = frozenset({"p95", "sd", "worst", "detectable", "delta"})  # statistics that may not be left out
_TIES = frozenset({("relations", "tie"), ("relations", "noeffect")})
_AXES = frozenset({"load", "prompt_length", "answer_length"})
_MISSING = frozenset({"not_measured", "unknown_machine", "record_missing"})
_POLAR = frozenset({"measure", "say", "compare", "include", "fail", "work", "keep_loaded", "read_full", "loaded_first", "mix", "know_name", "shared_throttled", "add_next", "write_into"})
OWN_ACTS = frozenset({"keep_loaded", "each_setting", "every_setting", "repeat", "in_turn", "several_sessions", "share_beside", "best_two", "rank_otherwise", "single_says_little", "scatter", "drift", "own_files", "fail", "read_full", "write_into", "add_next", "set_for_quality", "mix", "plan", "other_machine", "other_work", "know_name"})
FREE_THINGS = frozenset({"run", "file", "model_word", "value", "setting", "user", "numbers", "session", "gap", "chance", "effect", "request", "parameter", "prompt_length", "answer_length", "load", "bench", "machine", "names"})


class Gap(NamedTuple):
    """What a statement does not say. `weight` is how far that is from a statement that says all."""

    slot: str
    reason: str
    weight: float = 1.0


def gaps(clause: Clause, reading: Reading, statement: Statement, known: Known) -> list[Gap]:
    """Everything in the clause that the statement does not say; empty if it entails the clause."""
    found: list[Gap] = []
    if clause.unknown:
        found.append(Gap("words", f"no note says {_quoted(clause.unknown[0])}", 1.0))
    found += _names(clause, statement)
    found += _figures(clause, reading, statement, known)
    found += _metrics(clause, reading, statement)
    typed, problems = _orders(clause, reading, statement, known)
    found += problems
    found += _claims(clause, reading, statement, typed, known)
    found += _choices(clause, statement, known)
    found += _things(clause, statement)
    return found


def _quoted(text: str) -> str:
    return f'"{text}"'


def _names(clause: Clause, statement: Statement) -> list[Gap]:
    found = [Gap("model", f"the note is not about `{name}`", 1.5) for name in sorted(clause.models - statement.models)]
    found += [
        Gap("setting", f"the note is not about `{name}`") for name in sorted(clause.settings - statement.settings)
    ]
    found += [Gap("name", f"the note does not name `{name}`") for name in sorted(clause.names - statement.names)]
    for state in sorted(clause.states - statement.states):
        found.append(Gap("state", f"it speaks of {state} runs, and the note does not"))
    for stat in sorted(clause.stats - statement.stats):
        if stat == "usual" and "median" in statement.stats or stat == "mean" and statement.note.kind == "mixed_means":
            continue
        found.append(Gap("statistic", f"the note gives no {_STATS.get(stat, stat)}"))
    return found


_BOUNDS = {"least": "at least", "most": "at most"}
_STATS = {"sd": "standard deviation", "worst": "worst run", "delta": "added amount", "usual": "usual value", "detectable": "smallest difference"}


def _figures(clause: Clause, reading: Reading, statement: Statement, known: Known) -> list[Gap]:
    factors = {order.factor.place for order in reading.orders if order.factor is not None and order.clause == clause.number}
    found: list[Gap] = []
    for bound in reading.figures:
        if bound.clause != clause.number or bound.place in factors:
            continue
        if gap := _figure(bound, clause, reading, statement, known):
            found.append(gap)
    return found


def _is_as(bound: Bound, reading: Reading) -> bool:
    """Whether `as` and a word that is no known comparison follow a ratio."""
    following = reading.items[bound.place + 1 : bound.place + 3]
    return bound.kind == "times" and bool(following) and following[0].text.lower() in ("as", "times as")


def _figure(bound: Bound, clause: Clause, reading: Reading, statement: Statement, known: Known) -> Gap | None:
    best: Gap | None = None
    if _is_as(bound, reading):
        return Gap("words", "it compares with a word that no note uses")
    for other in statement.figures:
        if not _same_unit(bound, other, statement):
            continue
        if not is_same(bound.figure, other.value, other.figure.value):
            continue
        slot = _differs(bound, other, clause, reading, statement, known)
        if slot is None:
            return None
        best = best or slot
    if best is not None:
        return best
    if bound.kind == "%" and _is_share(bound.figure, statement):
        return None
    if bound.kind in ("times", "%") and _is_change(bound, reading, statement):
        return None
    if bound.kind == "count" and _is_derived(bound.figure, statement, known):
        return None
    said = f"{bound.text} {bound.figure.unit}s" if bound.kind == "count" else bound.text
    alike = [other for other in statement.figures if other.figure.unit == bound.figure.unit and (not bound.models or other.models == bound.models)]
    given = list(dict.fromkeys(other.text for other in alike))[:2]
    return Gap("figure", f"it says {said}; the note says {' and '.join(given)}" if given else f"the note does not say {said}", 1.0)


def _same_unit(bound: Bound, other: Bound, statement: Statement) -> bool:
    one, two = bound.figure.unit, other.figure.unit
    if one == two or (not one and other.kind in ("count", "axis")):
        return True
    return statement.note.kind in ("repeat_runs", "few_runs") and {one, two} <= {"run", "times", ""}


def _is_change(bound: Bound, reading: Reading, statement: Statement) -> bool:
    """A ratio or a share that follows from two figures: those beside it, or the ends of a trend of the note."""
    said = [each for each in reading.figures if each.kind in ("ms", "tok/s")]
    pairs = [(one, two) for one, two in zip(said, said[1:], strict=False) if one.figure.unit == two.figure.unit and one.metrics == two.metrics]
    if statement.note.kind in ("trend", "below_the_knee", "cold_start"):
        known = [each for each in statement.figures if each.kind in ("ms", "tok/s")]
        pairs += [(one, two) for one, two in zip(known, known[1:], strict=False) if one.figure.unit == two.figure.unit and one.models == two.models and (not bound.models or bound.models == one.models)]
    for one, two in pairs:
        low, high = sorted((one.value, two.value))
        if low <= 0:
            continue
        values = [high / low] if bound.kind == "times" else [100 * (1 - low / high), 100 * (high / low - 1)]
        if any(is_same(bound.figure, value) for value in values):
            return True
    return False


def _is_share(figure: Figure, statement: Statement) -> bool:
    """A share of two counts that the note gives, such as half of 2 of 4."""
    counts = [other for other in statement.figures if other.kind in ("count", "")]
    return any(
        0 < one.value < other.value and is_same(figure, 100 * one.value / other.value) and one.figure.unit in (other.figure.unit, "")
        for one in counts
        for other in counts
    )


def _is_derived(figure: Figure, statement: Statement, known: Known) -> bool:
    """A count of what the note lists: its models, its parameters, its files."""
    counts = {"model": len(statement.models), "parameter": len([name for name in statement.settings if "=" not in name]), "setting": len([name for name in statement.settings if "=" not in name]), "file": statement.note.files, "run": statement.note.n}
    if figure.unit == "model" and figure.value == len(known.models):
        return True
    return counts.get(figure.unit) == figure.value


def _differs(bound: Bound, other: Bound, clause: Clause, reading: Reading, statement: Statement, known: Known) -> Gap | None:
    """The first slot in which two equal figures differ; None if the note's one may be meant."""
    if bound.figure.bound in ("least", "most") and bound.kind not in ("times", "%") and not _may_bound(bound, statement) and bound.figure.bound != other.figure.bound and (bound.kind == "axis" or bound.figure.value == other.figure.value):
        return Gap("bound", f"the note does not say {_BOUNDS[bound.figure.bound]} {bound.text}")
    if bound.kind == "axis":
        after = bound.figure.bound == "over" and other.figure.bound == "most" and any(each.clause == bound.clause and each.kind in ("%", "times") for each in reading.figures)
        return Gap("bound", f"the note says up to {bound.text}") if after else None
    negative = bound.of is not None and other.of is not None and bound.of.negative and not other.of.negative
    if negative and bound.kind in ("ms", "tok/s", "%", "points") and bound.stat != "detectable" and not clause.claims & _TIES:
        return Gap("polarity", f"it denies {bound.text}")
    if bound.kind in ("count", ""):
        if other.of is not None and (("acts", "work") in clause.claims) and ("acts", "work") not in other.of.claims and ("acts", "fail") in other.of.claims:
            return Gap("polarity", f"{bound.text} counts failures in the note")
        states = {state for each in statement.clauses if each is other.of for state in each.states} if other.of else set[str]()
        wrong = clause.states - states if other.of and states else set[str]()
        return Gap("state", f"{bound.text} counts other {bound.figure.unit}s in the note") if wrong else None
    if bound.metrics and other.metrics and not set(bound.metrics) & set(other.metrics):
        return Gap("metric", f"{bound.text} is another metric in the note")
    if bound.models and other.models and bound.models != other.models and not (bound.collective and other.models <= bound.models) and not other.collective:
        return Gap("model", f"{bound.text} is that of {_listed(other.models)}, not of {_listed(bound.models)}")
    if other.models and not bound.models and len(known.models) > 1 and bound.kind in ("ms", "tok/s") and len(statement.models) > 1:
        return Gap("model", f"it does not say whose {bound.text} that is")
    if bound.state and other.state and bound.state != other.state:
        return Gap("state", f"{bound.text} is of {other.state} runs")
    if bound.state == "cold" and other.state != "cold" and bound.kind == "ms" and other.stat != "delta":
        return Gap("state", f"{bound.text} is not of cold runs")
    if other.state == "cold" and not bound.state and bound.kind == "ms" and other.stat != "delta":
        return Gap("state", f"{bound.text} is of cold runs only")
    if bound.stat != other.stat and (bound.stat in _ALWAYS or other.stat in _ALWAYS) and bound.kind not in ("times", ""):
        return Gap("statistic", f"{bound.text} is {_of_stat(other.stat)} in the note, not {_of_stat(bound.stat)}")
    if bound.stat == "median" and other.stat not in ("median", "usual") or bound.stat == "mean" and statement.note.kind not in MEANS:
        return Gap("statistic", f"{bound.text} is no {bound.stat} in the note")
    if bound.level != other.level and not (bound.elsewhere and bound.level is None) and not (bound.level is None and (other.level is None or any(_is_trend(each) for each in reading.clauses))):
        return Gap("level", f"{bound.text} is measured elsewhere in the note")
    return None


def _may_bound(bound: Bound, statement: Statement) -> bool:
    """Whether the note means a bound though it does not say so: a p95 is `or more`, a knee is `up to`."""
    if bound.figure.bound == "least":
        return bound.kind == "ms" and statement.note.kind in ("tail", "tails")
    said = {key for kind, key in statement.claims if kind == "relations"}
    return bound.kind == "axis" and bool({"flat", "turn", "peak"} & said)


def _of_stat(stat: str) -> str:
    return f"the {_STATS.get(stat, stat)}" if stat else "a plain value"


def _is_trend(clause: Clause) -> bool:
    trends = {"up", "down", "peak", "flat", "worsens", "improves"}
    every = clause.claims | clause.optional
    return any(kind == "relations" and key in trends for kind, key in every) or any(kind == "any" and any(f"relations.{key}" in of for key in trends) for kind, of in every)


def _listed(names: frozenset[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names))


def _metrics(clause: Clause, reading: Reading, statement: Statement) -> list[Gap]:
    found: list[Gap] = []
    for item in reading.items:
        if item.clause == clause.number and item.has("metrics"):
            keys = {metric for key in item.keys("metrics") for metric in CLASSES.get(key, (key,))}
            if not keys & statement.metrics and not set(item.keys("things")) & statement.things:
                found.append(Gap("metric", f"the note is not about {item.text}", 1.5))
    return found


def _orders(clause: Clause, reading: Reading, statement: Statement, known: Known) -> tuple[set[str], list[Gap]]:
    """Keys of relations that are proved between models, and what is wrong with the others."""
    proved: set[str] = set()
    problems: list[Gap] = []
    for order in reading.orders:
        if order.clause != clause.number:
            continue
        problem = check_order(order, clause, reading, statement, known)
        if problem is None:
            proved.add(order.key)
        else:
            problems.append(Gap("order", problem))
            proved.add(order.key)  # said once
    return proved, problems


def _claims(clause: Clause, reading: Reading, statement: Statement, typed: set[str], known: Known) -> list[Gap]:
    found: list[Gap] = []
    for sense in sorted(clause.claims):
        senses = {_sense(each) for each in sense[1].split("|")} if sense[0] == "any" else {sense}
        if any(kind == "relations" and key in typed and key in ORDERING for kind, key in senses):
            continue
        reasons = [_claim(each, clause, statement) for each in sorted(senses)]
        if all(reasons):
            found.append(reasons[0])  # type: ignore[arg-type]
    for sense in sorted(clause.optional):
        if sense[0] == "acts" and sense[1] in _POLAR and not clause.negative and not clause.claims & _TIES and sense in statement.denied and sense not in statement.claims:
            found.append(Gap("polarity", "it turns round what the note says"))
    if clause.negative and not _may_deny(clause, statement):
        found.append(Gap("polarity", "it denies what the note says"))
    found += _goes(clause, reading)
    return found


def _may_deny(clause: Clause, statement: Statement) -> bool:
    """Whether the note denies something that the clause is about."""
    every = clause.claims | clause.optional
    every |= {_sense(each) for kind, key in clause.claims if kind == "any" for each in key.split("|")}
    if every & statement.denied or (every | statement.claims) & _TIES & (statement.claims | statement.denied):
        return True
    if any(kind == "certainty" and key in ("session", "untested", "chance") for kind, key in every):
        return True
    denied = {thing for other in statement.clauses if other.negative for thing in other.things | other.names | other.settings}
    return bool((clause.things | clause.names | clause.settings) & denied - {"model_word"})


def _goes(clause: Clause, reading: Reading) -> list[Gap]:
    """Whether a rise or a fall fits its own two figures."""
    for place, item in enumerate(reading.items):
        if item.clause != clause.number or item.has("bound") or not (item.has("relations", "up") or item.has("relations", "down")):
            continue
        sign = 1 if item.has("relations", "up") else -1
        after = [each for each in reading.figures if each.place > place and each.clause == clause.number and each.kind in ("ms", "tok/s")]
        before = [each for each in reading.figures if each.place < place and each.kind in ("ms", "tok/s")]
        pair = after[:2] if len(after) > 1 else [*before[-1:], *after]
        if len(pair) == 2 and pair[0].figure.unit == pair[1].figure.unit and pair[0].models == pair[1].models and pair[0].metrics == pair[1].metrics:
            if reading.items[pair[0].place - 1].text.lower() == "to" and reading.items[pair[1].place - 1].text.lower() == "from":
                pair = pair[::-1]
            if (pair[1].value - pair[0].value) * sign < 0:
                return [Gap("direction", f"from {pair[0].text} to {pair[1].text} it does not go that way")]
    return []


def _choices(clause: Clause, statement: Statement, known: Known) -> list[Gap]:
    """Whoever is chosen for a use must be the best by its metric, and what will do either way must be tied."""
    uses = [key for kind, key in clause.claims if kind == "uses"]
    tied = bool(clause.claims & _TIES) or any(kind == "any" and "relations.tie" in key for kind, key in clause.claims)
    chosen = frozenset(clause.models) if 0 < len(clause.models) < len(known.models) else frozenset[str]()
    found: list[Gap] = []
    for metric in uses:
        for values in known.orders:
            if values.metric != metric:
                continue
            if tied and values.certainty != "tie":
                found.append(Gap("choice", f"the notes tell the models apart by {metric}"))
            elif chosen and not tied and not clause.negative and (values.certainty == "tie" or not chosen <= {values.order[0], *values.tied}):
                found.append(Gap("choice", f"the notes do not choose {_listed(chosen)} for that"))
            break
    if chosen and not uses and not clause.negative and any(kind == "choose" or "choose." in key for kind, key in clause.claims) and statement.note.kind == "choice":
        best = {values.order[0] if values.order else "" for values in known.orders if values.metric in ("ttft_ms", "decode_tok_s", "output_tok_s")}
        if not best <= {*chosen, ""}:
            found.append(Gap("choice", f"the notes do not choose {_listed(chosen)} for everything"))
    return found


def _claim(sense: tuple[str, str], clause: Clause, statement: Statement) -> Gap | None:
    kind, key = sense
    certainty = statement.note.certainty
    said = statement.denied if clause.negative else statement.claims
    either = statement.claims | statement.denied
    match kind:
        case "certainty":
            if key == "chance" and (clause.negative or clause.claims & _TIES) and certainty in ("tie", "plain"):
                return None
            if key in ("holds", "chance") and certainty != "holds" and not (clause.negative and ("certainty", "untested") in clause.claims and certainty == "plain"):
                return Gap("certainty", f"it calls certain what the notes call {_CERTAINTY.get(certainty or '', 'a count')}")
            if key == "clear" and clause.negative:
                return None
            if key == "clear" and certainty not in ("holds", "in_session", "tie") and sense not in said:
                return Gap("certainty", "it is more certain than the notes")
            if key == "session" and certainty != "in_session" and sense not in either:
                return Gap("certainty", "the notes do not limit this to these sessions")
            if key == "untested" and certainty != "plain" and sense not in either:
                return Gap("certainty", "the notes do not call this untested")
            if key == "extreme" and sense not in said:
                return Gap("certainty", "it claims more than the notes prove")
            return None
        case "cause":
            if sense in either or statement.note.action or statement.note.kind in ("one_session", "hidden_failures"):
                return None
            return Gap("cause", "the notes give no such cause")
        case "quantifiers":
            if key in ("some", "both") or sense in either:
                return None
            if key == "all" and (clause.groups or clause.negative or certainty == "tie"):
                return None
            if key == "only" and ("detectable" in clause.stats or ("certainty", "session") in clause.claims):
                return None
            return Gap("quantifier", f"it says {'all' if key == 'all' else key} of what the notes limit")
        case "choose":
            return None if sense in said or not clause.models else Gap("choice", "no note says to choose it")
        case "relations":
            if key in ("worsens", "improves"):
                sign = SIGNS.get(statement.note.metric or "", 0) * (1 if key == "worsens" else -1)
                goes = ("relations", "up" if sign > 0 else "down")
                return None if sign and goes in said or sense in said else Gap("relation", "no note says that it changes so")
            if sense in _TIES and (said & _TIES or either & _TIES):
                return None
            if sense in said or (sense in either and key in ("flat", "turn", "same")):
                return None
            return Gap("relation", f"no note says {_RELATIONS.get(key, key)} here")
        case _:
            if sense in said:
                return None
            if kind == "acts" and sense in either:
                return Gap("polarity", "it turns round what the note says") if key in _POLAR else None
            return Gap("predicate", "the note does not say that")


_CERTAINTY = {"tie": "a tie", "plain": "untested", "in_session": "known of these sessions only"}
_RELATIONS = {"up": "that it grows", "down": "that it falls", "tie": "that they are tied", "noeffect": "that there is no effect", "flat": "that it stays the same", "same": "that they are the same"}


def _things(clause: Clause, statement: Statement) -> list[Gap]:
    found: list[Gap] = []
    for thing in sorted(clause.things - statement.things - FREE_THINGS):
        found.append(Gap("thing", f"the note says nothing about {thing.replace('_', ' ')}", 1.0))
    if any(_is_trend(clause) or sense in _TIES for sense in clause.claims):
        found += [Gap("axis", f"the note is not about {thing.replace('_', ' ')}") for thing in sorted((clause.things & _AXES) - statement.things)]
    if statement.note.kind not in _MISSING:
        return found
    for thing in sorted((clause.things & statement.things) - FREE_THINGS):
        signs = {other.negative for other in statement.clauses if thing in other.things}
        if signs and clause.negative not in signs:
            found.append(Gap("polarity", f"it turns round what the note says about {thing.replace('_', ' ')}"))
    return found


def _sense(joined: str) -> tuple[str, str]:
    kind, _, key = joined.partition(".")
    return kind, key
