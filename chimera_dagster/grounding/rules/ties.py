"""Ties: two models said to be alike, or not to be told apart, by a metric."""

import re
from collections.abc import Iterator

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.rules.terms import Within, levels_of, meanings, models_of, names_of, options, scope_of
from chimera_dagster.grounding.tested import order_of

_WOULD_SHOW = re.compile(
    r"\s+(?:or more\s+|or larger\s+)?(?:would|could|can|to)\s+(?:have\s+)?(?:be\s+|been\s+)?"
    r"(?:show|seen|found|noticed|detected)",
    re.IGNORECASE,
)
_UNTESTED = re.compile(r"\b(?:not|n't|nobody has|never|no one has)\b[^.;]{0,12}\btested\b|\buntested\b", re.IGNORECASE)
_BOTH = re.compile(r"\b(?:both|the two|two) models\b|\bthe models\b|\b(?:them|either|neither)\b", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"\b(?:other|further|future|any|all|every|new) (?:sessions?|days?|machines?)\b"
    r"|\b(?:generally|in general|universally)\b",
    re.IGNORECASE,
)
_HEDGED = re.compile(r"\b(?:may|might|could|not|only|whether|unknown|cannot|can't|measure|run|repeat)\b", re.IGNORECASE)
_EQUAL = re.compile(r"\b(?:equal(?:ly)?|identical(?:ly)?|the same|exactly as)\b", re.IGNORECASE)
_APART = re.compile(
    r"\b(?:not|n't|cannot|no test)\b[^.;]{0,40}"
    r"\b(?:apart|differ(?:ent|ence)?|distinguish\w*|separate\w*|significant\w*)\b"
    r"|\bneither\b[^.;]{0,60}\b(?:faster|ahead|better)\b|\btied?\b|\bon par\b"
    r"|\bno (?:clear |real |reliable |certain )?(?:winner|difference)\b",
    re.IGNORECASE,
)


def tie_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """`A and B can't be told apart`, `the difference is significant`, `whether they differ was not tested`."""
    yield from _detectable(clause, within)
    if _UNTESTED.search(clause.text):
        yield from _untested(clause, within)
    elif clause.of("significant") and not clause.of("comparative", "verb", "direction", "effect"):
        yield from _significant(clause, within)
    else:
        yield from _alike(clause, within)


def _alike(clause: Clause, within: Within) -> Iterator[Claim]:
    words, models = clause.of("same"), _pair(clause, within)
    match = _APART.search(clause.sentence.text[clause.start : clause.end])
    of_levels = bool(clause.all_of("parameter")) and not levels_of(clause)
    factors = [
        each for each in clause.of("number") if each.meaning == "factor" or (each.number and each.number.unit == "x")
    ]
    if not (words or match) or of_levels or factors or len(models) != 2:
        return
    near = [*words, *clause.of("negation", "comparative", "metric"), *clause.models]
    metrics = options(clause, within, near[0]) if near else ()
    clause.use(*words, *clause.of("negation"), *(clause.of("comparative", "significant", "effect") if match else ()))
    if not metrics:
        yield unsupported("significance", clause.text, "no word says by which metric the two are alike")
    for metric in metrics:
        order = order_of(within.folder, scope_of(clause, within, metric), models[0], models[1])
        if order is None or order.certainty is Certainty.PLAIN:
            says = order.says if order else ""
            yield unsupported("significance", clause.text, f"no test compares {metric} of the two", says)
        elif order.certainty is not Certainty.TIE:
            yield contradicted("significance", clause.text, "a test tells them apart", order.says)
        elif _EQUAL.search(clause.text):
            reason = "no test tells them apart, which does not show that they are equal"
            yield unsupported("significance", clause.text, reason, order.says)
        else:
            yield supported("significance", clause.text, order.says)


def _pair(clause: Clause, within: Within) -> list[str]:
    """The models that are said to be alike: those named, both of the folder, or one of them and one named before."""
    found = names_of(clause.models)
    if len(found) < 2 and _BOTH.search(clause.text):
        return list(within.folder.models)
    return found if len(found) > 1 else list(dict.fromkeys([*found, *names_of(clause.carry.models)]))


def elsewhere_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """`the difference holds in other sessions`: only a test over sessions shows that."""
    match = _ELSEWHERE.search(clause.text)
    if match is None or _HEDGED.search(clause.text):
        return
    named = [each for each in clause.sentence.mentions if each.kind == "metric"]
    metrics = list(dict.fromkeys(metric for each in named for metric in meanings(each, within.folder.metrics)))
    contests = [contest for metric in metrics for contest in within.folder.contests(metric)]
    clause.use(*clause.of("effect"))
    if not contests:
        yield unsupported("significance", clause.text, "what holds there is not said")
    elif all(contest.certainty is Certainty.HOLDS for contest in contests):
        yield supported("n", clause.text, "a test over sessions shows it")
    else:
        yield contradicted("significance", clause.text, "no test over sessions shows it")


def _detectable(clause: Clause, within: Within) -> Iterator[Claim]:
    """`a difference of 28 % would have shown`: the smallest difference that a test of models finds."""
    for mention in clause.of("number"):
        number = mention.number
        if number is None or number.unit != "%" or not _WOULD_SHOW.match(clause.sentence.text[mention.end :]):
            continue
        clause.use(mention)
        metrics = options(clause, within, mention)
        known = {metric: contest.detectable() for metric in metrics for contest in within.folder.contests(metric)}
        found = {metric: 100 * value for metric, value in known.items() if value is not None}
        says = "; ".join(f"{metric}: {value:.3g} % would have shown" for metric, value in found.items())
        if not found:
            yield unsupported("significance", clause.text, "what a test would have found is not known")
        elif any(number.fits(value) for value in found.values()):
            yield supported("n", clause.text, says)
        else:
            yield contradicted("significance", clause.text, "another difference would have shown", says)


def _untested(clause: Clause, within: Within) -> Iterator[Claim]:
    """`whether that is more than chance was not tested`: whether no test is behind an order of models."""
    near = next(iter(clause.all_of("metric")), None)
    metrics = options(clause, within, near) if near is not None else ()
    clause.use(*clause.of("negation", "number", "significant", "comparative"))
    if not metrics:
        yield unsupported("significance", clause.text, "no word says which metric was not tested")
        return
    for metric in metrics:
        certainties = {contest.certainty for contest in within.folder.contests(metric)}
        tested = certainties - {Certainty.PLAIN}
        yield (
            contradicted("significance", clause.text, f"{metric} was tested")
            if tested
            else supported("significance", clause.text, f"no test of {metric}")
        )


def _significant(clause: Clause, within: Within) -> Iterator[Claim]:
    """`the difference in TTFT between the two is significant`, or is not."""
    words, models = clause.of("significant"), models_of(clause, within)
    metrics, negations = options(clause, within, words[0]), clause.of("negation")
    clause.use(*words, *negations)
    if not clause.all_of("metric", "model", "parameter"):
        return  # `a significant effort`
    if len(models) != 2 or not metrics:
        yield unsupported("significance", clause.text, "of which metric and models is not said")
        return
    for metric in metrics:
        order = order_of(within.folder, scope_of(clause, within, metric), models[0], models[1])
        if order is None or order.certainty is Certainty.PLAIN:
            yield unsupported("significance", clause.text, f"no test compares {metric} of the two")
        elif (order.certainty is Certainty.TIE) == bool(negations):
            yield supported("significance", clause.text, order.says)
        else:
            yield contradicted("significance", clause.text, "the test says otherwise", order.says)
