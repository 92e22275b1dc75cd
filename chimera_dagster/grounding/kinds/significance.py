"""Effects, significance and sameness: claims that only a test can bear out."""

import re
from collections.abc import Iterator

from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.kinds.common import metric_of, one_model, quoted, subjects_of
from chimera_dagster.grounding.kinds.typed import metric_named
from chimera_dagster.grounding.lexicon import lexicon
from chimera_dagster.schemas import DECODE


def effect_claims(clause: Clause) -> Iterator[Claim]:
    """`num_ctx has no effect on TTFT`: only a test can say so."""
    words = clause.of("effect") or (clause.of("same") if _pair(clause) is None else [])
    if clause.of("direction"):
        words = [each for each in words if not each.text.lower().startswith(("chang", "alter"))]
    parameters, metrics = clause.all_of("parameter"), clause.all_of("metric", "telemetry")
    if not words or not parameters:
        return
    negations = clause.of("negation")
    denies = [each.kind == "same" or each.meaning in lexicon().no_effect for each in words]
    negative = bool(negations) != any(denies)
    clause.use(*words, *clause.of("significant"), *negations)
    named = list(dict.fromkeys(metric_named(each) for each in metrics)) or [DECODE]
    for model in subjects_of(clause):
        for metric in named:
            for name in dict.fromkeys(each.meaning for each in parameters):
                tested, finding = clause.index.effect(metric, model, name)
                text = clause.text
                if tested is None:
                    yield unsupported("significance", text, f"no test was made of {name} on {metric} of {model}")
                elif tested == negative:
                    yield contradicted("significance", text, "the test says otherwise", quoted(clause, finding))
                else:
                    yield supported("significance", text, quoted(clause, finding), "a test says so")


def tested_effect(clause: Clause, metric: str, model: str, name: str) -> Claim:
    tested, finding = clause.index.effect(metric, model, name)
    if tested:
        return supported("significance", clause.text, quoted(clause, finding), "a test says so")
    return (unsupported if tested is None else contradicted)(
        "significance", clause.text, "no test says so", quoted(clause, finding)
    )


def _pair(clause: Clause) -> tuple[str, str] | None:
    names = list(dict.fromkeys(model for each in (*clause.models, *clause.carry.models) if (model := one_model(each))))
    if (
        len(names) < 2
        and re.search(r"\b(?:both|the two|two) models\b|\bthe models\b|\bthem\b", clause.text)
        and len(clause.index.run_models) == 2
    ):
        names = list(clause.index.run_models)
    return (names[0], names[1]) if len(names) == 2 else None


def sameness_claims(clause: Clause) -> Iterator[Claim]:
    words = clause.of("same")
    if not words or clause.of("comparative"):
        return
    pair = _pair(clause)
    if pair is None:
        return
    if any(each.meaning == "factor" or (each.number and each.number.unit == "x") for each in clause.of("number")):
        return
    clause.use(*words, *clause.of("significant"), *clause.of("negation"))
    metric = metric_of(clause)
    tested, finding = clause.index.differ(metric, *pair)
    if tested is None:
        yield unsupported("significance", clause.text, f"no test compares {metric} of {pair[0]} and {pair[1]}")
    elif tested:
        yield contradicted("significance", clause.text, "a test tells them apart", quoted(clause, finding))
    else:
        yield supported("significance", clause.text, quoted(clause, finding), "no test tells them apart")


def tested_difference(clause: Clause, metric: str, one: str, two: str) -> Iterator[Claim]:
    words = clause.of("significant")
    if not words:
        return
    clause.use(*words)
    tested, finding = clause.index.differ(metric, one, two)
    if tested:
        yield supported("significance", clause.text, quoted(clause, finding), "a test says so")
    elif tested is None:
        yield unsupported("significance", clause.text, f"no test compares {metric} of {one} and {two}")
    else:
        yield contradicted("significance", clause.text, "the test does not say so", quoted(clause, finding))


def loose_significance(clause: Clause) -> Iterator[Claim]:
    """`the difference is (not) significant`, and significance of what was not tested."""
    words = clause.of("significant")
    if not words:
        return
    clause.use(*words)
    pair, negations = _pair(clause), clause.of("negation")
    differ = re.search(r"\bdiffer(?:s|ence|ences)?\b|\bgap\b|\badvantage\b|\blead\b", clause.text)
    if pair is None or not differ:
        yield unsupported("significance", clause.text, "no test of significance is behind it")
        return
    clause.use(*negations)
    metric = metric_of(clause)
    tested, finding = clause.index.differ(metric, *pair)
    if tested is None:
        yield unsupported("significance", clause.text, f"no test compares {metric} of {pair[0]} and {pair[1]}")
    elif tested != bool(negations):
        yield supported("significance", clause.text, quoted(clause, finding), "a test says so")
    else:
        yield contradicted("significance", clause.text, "the test says otherwise", quoted(clause, finding))
