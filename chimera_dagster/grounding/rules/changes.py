"""Changes with figures: from one level to another, and what a cold start adds."""

import itertools
import re
from collections.abc import Iterator

from chimera_dagster.evidence.setups import TRENDS
from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.rules.figures import fits
from chimera_dagster.grounding.rules.orders import by
from chimera_dagster.grounding.rules.terms import Within, levels_of, named_metrics, one_model, options
from chimera_dagster.grounding.rules.typed import canonical_unit, metric_named, respective, unit_of
from chimera_dagster.grounding.scope import Reading, Scope

_FROM = re.compile(r"\bfrom\s+(?:about|around|roughly|~)?\s*$", re.IGNORECASE)
_TO = re.compile(r"^[^.;]{0,60}?\bto\s+(?:about|around|roughly|~)?\s*$", re.IGNORECASE)
_DELAYS = re.compile(
    r"\b(?:delay|prolong|lengthen|extend|push|slow|postpone)\w*\b[^.;]{0,60}\bby\s+(?:about|around|roughly|some|another|~)?\s*$",
    re.IGNORECASE,
)
_ADDS = re.compile(
    r"\b(?:adds?|costs?|saves?|added|adding|extra)\s+(?:about|around|roughly|another|an extra|some|~)?\s*$",
    re.IGNORECASE,
)


_AND = re.compile(r"\s*(?:,|and|,\s*and)\s*")


def from_to_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """`grows from 130 ms to 1.7 s over prompts of 25 to 400 words`, and what a cold start adds."""
    numbers = [each for each in clause.of("number") if each.number and each.number.unit in ("ms", "tok/s", "MiB", "W")]
    for one, two in itertools.pairwise(numbers):
        if _FROM.search(clause.between(max(clause.start, one.start - 30), one.start)) and _TO.match(
            clause.between(one.end, two.start)
        ):
            yield from _from_to(clause, within, one, two)


def added_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """`a cold start adds 2.3 s to the first token of A and 1.6 s to that of B`."""
    if not clause.all_of("runs"):
        return
    numbers = [each for each in clause.of("number") if each.number and each.number.unit == "ms"]
    taken: list[Mention] = []
    for mention in numbers:
        before = [each for each in numbers if _AND.fullmatch(clause.between(each.end, mention.start))]
        start = before[-1].start if before else mention.start
        follows = bool(taken) and re.search(r"\band\s+$", clause.between(taken[-1].end, mention.start)) is not None
        text = clause.sentence.text[max(clause.start, start - 90) : start]
        if follows or _ADDS.search(text) or _DELAYS.search(text):
            yield from _added(clause, within, mention)
            taken.append(mention)
    clause.use(*taken)


def _from_to(clause: Clause, within: Within, one: Mention, two: Mention) -> Iterator[Claim]:
    parameters = clause.all_of("parameter") or list(clause.carry.levels)
    ends = {each.meaning: each.values for each in parameters if len(each.values) > 1}
    singles: dict[str, list[float]] = {}
    for each in parameters:
        if len(each.values) == 1:
            singles.setdefault(each.meaning, []).append(each.values[0])
    for each in clause.carry.levels:
        own = singles.get(each.meaning, [])
        if len(own) == 1 and len(each.values) == 1 and each.values[0] != own[0]:
            own.insert(0, each.values[0])
    ends |= {name: tuple(values) for name, values in singles.items() if len(values) == 2}
    fitting = [each for each in named_metrics(clause) if unit_fits(each, one)]
    metrics = options(clause, within, one, fitting)
    model = one_model(clause.bind(two, ("model",))) or one_model(next(iter(clause.carry.models[-1:]), None))
    clause.use(one, two, *clause.of("direction"))
    if not metrics or model is None or metrics[0] not in within.folder.metrics:
        yield unsupported("value", clause.text, "of which metric and model it is, is not said")
        return
    name = next(iter(ends), None) or next((each for each in TRENDS if len(singles.get(each, ())) == 1), None)
    if name is None:
        yield unsupported("value", clause.text, "at which levels it is, is not said")
        return
    levels = ends.get(name) or _from_the_end(within, name, singles[name][0])
    others = {each: values[0] for each, values in singles.items() if each != name and len(values) == 1}
    yield from _times(clause, one, two)
    for mention, level in ((one, levels[0]), (two, levels[-1])):
        at = tuple(sorted((others | {name: level}).items()))
        found = [_is(within, mention, Scope(metric, model, at, "all", within.files)) for metric in metrics]
        yield next((claim for claim in found if claim.verdict == "supported"), found[0])


def _times(clause: Clause, one: Mention, two: Mention) -> Iterator[Claim]:
    """`more than tenfold, from 69.7 to 739 tok/s`."""
    assert one.number is not None
    assert two.number is not None
    ratio = two.number.value / one.number.value if one.number.value else 0.0
    for mention in clause.of("number"):
        number = mention.number
        if number is not None and (mention.meaning == "factor" or number.unit in ("x", "%")):
            clause.use(mention)
            verdict = supported if by(number, ratio) else contradicted
            yield verdict("n", mention.text, f"{two.text} is {ratio:.3g} times {one.text}")


def _from_the_end(within: Within, name: str, level: float) -> tuple[float, float]:
    """The levels of a change that names only its last one: it begins at the other end."""
    known = within.folder.params[name]
    return (max(known) if level == min(known) else min(known)), level


def unit_fits(metric: Mention, number: Mention) -> bool:
    return canonical_unit(metric_named(metric)) == unit_of(number)


def _is(within: Within, mention: Mention, scope: Scope) -> Claim:
    readings = within.folder.readings(scope)
    assert mention.number is not None
    if not readings:
        return unsupported("value", mention.text, f"no run has it: {scope.words}")
    for reading in readings:
        if fits(reading, mention.number):
            return supported("value", mention.text, str(reading))
    return contradicted("value", mention.text, "the folder has another value", str(readings[0]))


def _added(clause: Clause, within: Within, mention: Mention) -> Iterator[Claim]:
    metrics = options(clause, within, mention)
    values = [each for each in clause.figures if unit_of(each) == "ms"]
    named = respective(clause, mention, values, "model") or clause.bind(mention, ("model",))
    model = one_model(named) or one_model(next(iter(clause.carry.models[-1:]), None))
    if not metrics or model is None or mention.number is None:
        yield unsupported("value", mention.text, "to what it is added, is not said")
        return
    clause.use(*clause.of("direction"))
    cold, warm = (
        within.folder.readings(Scope(metrics[0], model, levels_of(clause), runs, within.files))
        for runs in ("cold", "warm")
    )
    pairs = [(one, two) for one in cold for two in warm]
    if not pairs:
        yield unsupported("value", mention.text, f"no cold start of {model} was measured")
        return
    for one, two in pairs:
        if fits(Reading("", one.value - two.value, one.unit, one.n, ""), mention.number):
            yield supported("value", mention.text, f"{one}; {two}")
            return
    yield contradicted("value", mention.text, "the difference is another", f"{pairs[0][0]}; {pairs[0][1]}")
