"""Directions: whether a metric rises or falls with a parameter, by means of runs that differ in nothing else."""

import re
from collections.abc import Iterator

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.kinds.common import metrics_of, subjects_of, turn_of
from chimera_dagster.grounding.kinds.significance import tested_effect
from chimera_dagster.grounding.kinds.typed import metric_named
from chimera_dagster.grounding.mention import Mention


def direction_claims(clause: Clause) -> Iterator[Claim]:
    """Of a clause that names one parameter, or a cold start, and says which way a metric goes with it."""
    parameters = clause.all_of("parameter")
    metrics = list(clause.all_of("metric", "telemetry"))
    words = clause.of("direction", "comparative", "verb")
    if not metrics or not words:
        return
    if not parameters:
        yield from _of_starts(clause, metrics)
        return
    name = parameters[0]
    if len({each.meaning for each in parameters}) != 1 or (
        len({v for each in parameters for v in each.values}) == 2
        and re.search(r"\bthan\b", clause.text)
        and not clause.of("direction")
    ):
        return
    of_parameter = [each for each in words if _turns_parameter(clause, each, parameters)]
    of_metric = [each for each in words if each not in of_parameter and each.kind != "verb"]
    if not of_metric:
        return
    levels = [value for each in parameters for value in each.values]
    if len(levels) == 1 or (not of_parameter and len(levels) < 2 and not _with(clause, parameters, of_metric[0])):
        return
    turned = {_nearest(metrics, word): word for word in reversed(of_metric)}
    if len(turned) == 1:  # one word turns all metrics that it lists
        turned = dict.fromkeys(metrics_of(clause, of_metric[0]), of_metric[0])
    magnitude = None
    for each in clause.of("number"):
        if each.number and (each.number.unit in ("%", "x") or each.meaning == "factor"):
            magnitude = each
    negated = [
        each for each in clause.of("negation") if each.end <= of_metric[0].start and of_metric[0].start - each.end < 22
    ]
    clause.use(*of_parameter, *of_metric, *negated, *([magnitude] if magnitude else []))
    subjects = subjects_of(clause)
    tested = list(clause.of("significant"))
    clause.use(*tested)
    for metric, word in turned.items():
        up = turn_of(word, metric) * (turn_of(of_parameter[0], metric) if of_parameter else 1)
        if len(levels) >= 2 and levels[0] > levels[-1] and not of_parameter:
            up = -up
        for model in subjects:
            yield _direction(clause, metric, model, name.meaning, up, levels, magnitude, bool(negated))
            if tested:
                yield tested_effect(clause, metric, model, name.meaning)


def _nearest(metrics: list[Mention], word: Mention) -> str:
    return metric_named(min(metrics, key=lambda each: min(abs(each.start - word.end), abs(word.start - each.end))))


def _of_starts(clause: Clause, metrics: list[Mention]) -> Iterator[Claim]:
    """`a cold start delays the first token`: the means of cold and of warm runs."""
    word = next(iter(clause.of("direction")), None)
    if word is None:
        return
    before = [each.meaning for each in clause.all_of("runs") if each.end <= word.start] or [clause.carry.runs]
    if len(before) != 1 or before[0] == "all":
        return
    metric = _nearest(metrics, word)
    negated = clause.negation_before(word)
    up = turn_of(word, metric) * (1 if before[0] == "cold" else -1) * (-1 if negated else 1)
    runs, unit = clause.index.runs, clause.index.runs.units.get(metric, "")
    clause.use(word, *([negated] if negated else []))
    measured = False
    for model in subjects_of(clause):
        cold, warm = runs.mean(metric, model, runs="cold"), runs.mean(metric, model, runs="warm")
        if cold is None or warm is None:
            continue
        measured = True
        says = f"mean {metric} of {model}: {format_value(cold, unit)} cold, {format_value(warm, unit)} warm"
        agrees = (cold - warm) * up > 0
        yield (supported if agrees else contradicted)(
            "direction", clause.text, *((says, "the means agree") if agrees else ("the means say otherwise", says))
        )
    if not measured and clause.models:
        yield unsupported("direction", clause.text, "no cold start was measured")
    elif not measured:
        reason = "true or not of any model: no cold start was measured"
        yield Claim(kind="direction", text=clause.text, verdict="not checkable", reason=reason)


def _with(clause: Clause, parameters: list[Mention], word: Mention) -> bool:
    """`grows with num_ctx`, `as num_ctx grows`, `when num_ctx is raised`."""
    before = clause.between(max(clause.start, parameters[0].start - 30), parameters[0].start)
    return (
        re.search(r"\b(?:with|as|when|by|through|at|for|along with|the)\b[^,]*$", before, re.IGNORECASE) is not None
        or parameters[0].end <= word.start
    )


def _turns_parameter(clause: Clause, word: Mention, parameters: list[Mention]) -> bool:
    for each in parameters:
        if word.end <= each.start and re.match(
            r"^\s*(?:the\s+|values? of\s+|its\s+|an?\s+|settings? of\s+)*$", clause.between(word.end, each.start), re.I
        ):
            text = clause.sentence.text[clause.start : word.start]
            # in `TTFT grows with larger num_ctx` larger turns num_ctx; in `a larger num_ctx` too
            return not re.search(r"\b(?:does|will|can)\s*(?:not)?\s*$", text) or word.kind == "comparative"
        if each.end <= word.start and re.match(r"^\s*(?:is|are|gets|was)?\s*$", clause.between(each.end, word.start)):
            before = clause.between(max(clause.start, each.start - 20), each.start)
            if re.search(
                r"\b(?:as|when|if|while|where|the)\s*(?:the\s*)?$", before, re.IGNORECASE
            ) and word.meaning in ("up", "down", "size_more", "size_less"):
                return True
    return False


def _direction(
    clause: Clause,
    metric: str,
    model: str,
    name: str,
    up: int,
    levels: list[float],
    magnitude: Mention | None,
    negated: bool,
) -> Claim:
    text = clause.text
    if metric not in clause.index.runs.units:
        return unsupported("direction", text, f"no run measures {metric}")
    trend = clause.index.runs.trend(metric, model, name)
    if trend and len(levels) >= 2:
        ends = (min(levels), max(levels))
        if not set(ends) <= {level for level, _ in trend}:
            return unsupported(
                "direction", text, f"{name}={ends[0]:g} and {ends[1]:g} were not both measured of {model}"
            )
        trend = [each for each in trend if ends[0] <= each[0] <= ends[1]]
    if trend is None:
        return unsupported("direction", text, f"{model} has no two values of {name} that differ in nothing else")
    shown = ", ".join(f"{level:g}: {mean:.4g}" for level, mean in trend)
    says = f"{metric} of {model} by {name}, relative to its mean: {shown}"
    tested, finding = clause.index.effect(metric, model, name)
    says += f" ({finding}: {'an effect' if tested else 'no effect can be detected'})" if tested is not None else ""
    first, last = trend[0][1], trend[-1][1]
    pairs = [(b > a) - (b < a) for place, (_, a) in enumerate(trend) for _, b in trend[place + 1 :]]
    agrees = (last - first) * up > 0 and sum(pairs) * up > 0
    if agrees == negated:
        return contradicted("direction", text, "the means say otherwise", says)
    if magnitude is not None and magnitude.number is not None:
        ends = (last, first) if (levels and levels[0] < levels[-1]) or not levels else (first, last)
        unit = magnitude.number.unit
        ratio = ends[0] / ends[1]
        true = abs(ratio - 1) * 100 if unit == "%" else ratio
        if not magnitude.number.fits(true):
            return contradicted("direction", text, "the change is another", f"{says}; last by first {last / first:.4g}")
    return supported("direction", text, says, "the means agree")
