"""Comparisons of models, or of two values of a parameter: which is ahead by the means."""

import re
from collections.abc import Iterator

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.kinds.common import (
    OBJECT,
    metric_of,
    metrics_of,
    one_model,
    params_of,
    runs_of,
    sign_of,
    subjects_of,
)
from chimera_dagster.grounding.kinds.difference import compared, magnitude_of, ratio_claims
from chimera_dagster.grounding.kinds.rank import ranked
from chimera_dagster.grounding.kinds.significance import tested_difference
from chimera_dagster.grounding.mention import Mention

_PASSIVE = re.compile(r"\b(?:is|are|was|were|gets|being|been)\b[^.]*$", re.IGNORECASE)
_AND = re.compile(r",?\s*(?:and|or)\s+(?:than\s+|that of\s+)?", re.IGNORECASE)
_BY = re.compile(r"^\s*by\b", re.IGNORECASE)
_OTHERS = re.compile(
    r"\bthan (?:the |all |any |every )*(?:other|others|rest|remaining|models?)\b|\bof (?:all|the) (?:\w+ )?models\b"
    r"|\b(?:all|every|any|each)(?: of)?(?: the)? (?:others?|remaining)\b|\bthe (?:others|rest|other models)\b",
    re.IGNORECASE,
)
_SPEED = ("faster", "slower", "quicker", "speedier", "snappier", "sooner", "later")
_IDLE_AFTER = re.compile(r"\b(?:than|when|if|once|after|before|with|answers?|prompts?|texts?)\b", re.IGNORECASE)


def comparison_claims(clause: Clause) -> Iterator[Claim]:
    """Of each comparative and verb that no direction has taken, and of each factor between two models."""
    for word in clause.of("comparative", "verb"):
        if id(word) in clause.used:
            continue
        yield from _comparison(clause, word)
    for mention in clause.of("number"):
        if mention.meaning == "factor" or (mention.number and mention.number.unit == "x"):
            yield from ratio_claims(clause, mention)


def _sides(clause: Clause, word: Mention) -> tuple[Mention | None, Mention | None]:
    """Subject and object of a comparison, as models."""
    models = clause.models
    if not models and clause.carry.pair:
        return clause.carry.pair
    if len(models) < 2:
        if len(models) == 1 and clause.carry.models and models[0].meaning != clause.carry.models[-1].meaning:
            before = models[0].start < word.start
            return (models[0], clause.carry.models[-1]) if before else (clause.carry.models[-1], models[0])
        return (models[0] if models else None), None
    after = [each for each in models if each.start >= word.end]
    before = [each for each in models if each.end <= word.start]
    marked = [
        each
        for each in models
        if OBJECT.search(clause.between(max(clause.start, each.start - 22), each.start).rpartition(",")[2])
    ]
    if word.kind == "verb" and before and after:
        return (after[0], before[-1]) if _is_passive(clause, word) else (before[-1], after[0])
    if marked:
        target = marked[-1] if marked[-1] in after or not after else marked[0]
        rest = [each for each in models if each is not target and each.meaning != target.meaning]
        closest = [each for each in rest if each in before] or rest
        return (closest[-1] if closest and closest[0] in before else (closest[0] if closest else None)), target
    return (before[-1] if before else after[0]), (
        after[0] if before and after else after[1] if len(after) > 1 else before[0]
    )


def _listed_with(clause: Clause, word: Mention, model: Mention) -> list[str]:
    """A model and those that are listed with it: `faster than {M1}, {M2} and {M3}`."""
    if model not in clause.models:
        return [model.meaning]
    lists: list[list[Mention]] = [[]]
    for each in clause.models:
        gap = clause.sentence.text[lists[-1][-1].end : each.start] if lists[-1] else ""
        # Before the word a comma parts its object from its subject: `compared with {M1}, {M2} is slower`.
        if gap and not (_AND.fullmatch(gap) or (gap.strip() == "," and lists[-1][-1].start > word.end)):
            lists.append([])
        lists[-1].append(each)
    found = next(each for each in lists if model in each)
    return [name for each in found if (name := one_model(each))]


def _is_passive(clause: Clause, word: Mention) -> bool:
    """`is beaten by`."""
    text = clause.sentence.text
    return bool(_BY.match(text[word.end :])) and bool(_PASSIVE.search(text[clause.start : word.start]))


def _comparison(clause: Clause, word: Mention) -> Iterator[Claim]:
    subject, other = _sides(clause, word)
    one, two = one_model(subject), one_model(other)
    if subject is not None and other is not None and (one is None or two is None):
        clause.use(word)
        yield unsupported("comparison", clause.text, "which of several models is meant is not said")
    elif subject and other and one and two and one != two:
        clause.pair = (subject, other)
        if _listed_with(clause, word, subject) == _listed_with(clause, word, other):
            return  # `A and B are faster`: than what?
        for first in _listed_with(clause, word, subject):
            for second in _listed_with(clause, word, other):
                yield from _of_models(clause, word, first, second)
    elif one and _OTHERS.search(clause.text):
        clause.use(word)
        turned = -1 if word.kind == "verb" and _is_passive(clause, word) else 1
        for metric in metrics_of(clause, word):
            yield from ranked(clause, word, one, metric, turned * sign_of(word.meaning, metric), 1)
    elif _levels(clause):
        yield from _of_levels(clause, word)
    elif subject and one and other is None and _is_said_of(clause, word, subject):
        yield from _against_the_rest(clause, word, one)


def _of_models(clause: Clause, word: Mention, one: str, two: str) -> Iterator[Claim]:
    named = clause.all_of("metric", "telemetry", "unmeasured")
    vague = word.meaning.startswith("size") or word.text.lower() in ("better", "worse", "superior", "inferior")
    magnitude, negated = magnitude_of(clause, word), clause.negation_before(word)
    clause.use(word)
    if vague and not clause.carry.metric and not named:
        yield unsupported("comparison", clause.text, "by which metric is not said")
        return
    clause.use(*([negated] if negated else []), *([magnitude] if magnitude else []))
    # A figure that says by how much is of one metric; without one the words are of all that they list.
    for metric in [metric_of(clause, word)] if magnitude else metrics_of(clause, word):
        if metric not in clause.index.metrics:
            yield unsupported("comparison", clause.text, f"no file measures {metric}")
            continue
        params, runs = params_of(clause), runs_of(clause)
        means = clause.index.runs.alike(metric, (one, two), params, runs)
        if means is None:
            yield unsupported("comparison", clause.text, f"{metric} of the two was not measured under equal conditions")
            continue
        of = (means.get(one), means.get(two))
        yield compared(clause, metric, of, (one, two), sign_of(word.meaning, metric), magnitude, bool(negated))
        yield from tested_difference(clause, metric, one, two)


def _levels(clause: Clause) -> tuple[str, float, float] | None:
    """A parameter and the two values of it that are compared: `at num_ctx=512 than at num_ctx=1024`."""
    values = [(each.meaning, value) for each in clause.all_of("parameter") for value in each.values]
    if len({name for name, _ in values}) != 1 or len({value for _, value in values}) != 2:
        return None
    if not re.search(r"\bthan\b|compared|versus|\bvs\b|instead", clause.text):
        return None
    (name, first), (_, second) = values[:2]
    return (name, second, first) if OBJECT.match(clause.text) else (name, first, second)


def _of_levels(clause: Clause, word: Mention) -> Iterator[Claim]:
    levels, magnitude = _levels(clause), magnitude_of(clause, word)
    assert levels is not None
    name, first, second = levels
    metric, runs, negated = metric_of(clause, word), runs_of(clause), clause.negation_before(word)
    clause.use(word, *([magnitude] if magnitude else []))
    for model in subjects_of(clause):
        of = (
            clause.index.runs.mean(metric, model, {name: first}, runs),
            clause.index.runs.mean(metric, model, {name: second}, runs),
        )
        names = (f"{name}={first:g} of {model}", f"{name}={second:g}")
        yield compared(clause, metric, of, names, sign_of(word.meaning, metric), magnitude, bool(negated))


def _is_said_of(clause: Clause, word: Mention, subject: Mention) -> bool:
    """Whether a comparative without an object is said of a model, and so compares it with the others."""
    if clause.is_advice or clause.negation_before(word) or subject.start > word.start:
        return False
    if clause.all_of("parameter", "runs") or _IDLE_AFTER.search(clause.sentence.text[word.end : clause.end]):
        return False
    return word.text.lower() in _SPEED or bool(clause.all_of("metric"))


def _against_the_rest(clause: Clause, word: Mention, one: str) -> Iterator[Claim]:
    """`{M1} answers sooner`: than the other model; of several, than all of them or at least one."""
    for metric in metrics_of(clause, word):
        known = dict(clause.index.runs.alike(metric, clause.index.run_models) or {})
        own, sign = known.pop(one, None), sign_of(word.meaning, metric)
        if own is None or not known:
            continue
        ahead = [name for name, mean in known.items() if (own - mean) * sign > 0]
        unit = clause.index.runs.units[metric]
        shown = ", ".join(f"{name} {format_value(mean, unit)}" for name, mean in known.items())
        says = f"mean {metric}: {one} {format_value(own, unit)}, {shown}"
        if not ahead:
            clause.use(word)
            yield contradicted("comparison", clause.text, "no other model is on that side of it", says)
        elif len(ahead) == len(known):
            clause.use(word)
            yield supported("comparison", clause.text, says, "the means agree")
