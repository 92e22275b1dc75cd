"""Comparisons, ranks, directions, effects and significance: what the means say or, where one is needed, a test."""

import re
from collections.abc import Iterator

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.metric_names import DECODE
from chimera_dagster.write.claims.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.write.claims.clause import Clause
from chimera_dagster.write.claims.ground import Ground
from chimera_dagster.write.claims.lexicon import lexicon, unit_factor
from chimera_dagster.write.claims.numbers import Number
from chimera_dagster.write.claims.reading import Mention
from chimera_dagster.write.claims.values import metric_named

_OBJECT = re.compile(
    r"\b(?:than|over|compared (?:to|with)|versus|vs\.?|against|relative to|that of|unlike|as)\b", re.IGNORECASE
)
_PASSIVE = re.compile(r"\b(?:is|are|was|were|gets|being|been)\b[^.]*$", re.IGNORECASE)
_BY = re.compile(r"^\s*by\b", re.IGNORECASE)
_OTHERS = re.compile(
    r"\bthan (?:the |all |any |every )*(?:other|others|rest|remaining|models?)\b|\bof (?:all|the) (?:\w+ )?models\b",
    re.IGNORECASE,
)
_LOOSE = 0.05


def relation_claims(clause: Clause) -> Iterator[Claim]:
    """Claims of the clause that relate two things; what they take is used up, the figures in them included."""
    yield from _effects(clause)
    yield from _directions(clause)
    yield from _same(clause)
    yield from _comparisons(clause)
    yield from _ranks(clause)
    yield from _loose_significance(clause)


def _metric(clause: Clause, near: Mention | None = None, fallback: str | None = DECODE) -> str:
    """The metric that a relation is about: named in the clause, else before it, else decoding speed."""
    named = [metric_named(each) for each in clause.all_of("metric", "telemetry", "unmeasured")]
    mentions = clause.all_of("metric", "telemetry", "unmeasured")
    if near is not None and len(mentions) > 1:
        mentions.sort(key=lambda each: min(abs(each.start - near.end), abs(near.start - each.end)))
        return metric_named(mentions[0])
    return named[0] if named else clause.carry.metric or fallback or DECODE


def _good(metric: str) -> int:
    return lexicon().metrics[metric].good if metric in lexicon().metrics else -1


def _sign(side: str, metric: str) -> int:
    """1 where the subject is said to have the larger figure."""
    scale, _, end = side.partition("_")
    larger = 1 if end in ("more", "most", "best") else -1
    return larger * (_good(metric) or 1) if scale == "good" else larger


def _one(mention: Mention | None) -> str | None:
    return mention.many[0] if mention is not None and len(mention.many) == 1 else None


def _subjects(clause: Clause) -> list[str]:
    """Models that the clause is about: its own, else those before it; with none named, all."""
    named = clause.models or clause.carry.models
    found = list(dict.fromkeys(model for each in named if (model := _one(each))))
    return found or list(clause.ground.run_models)


def _params(clause: Clause) -> dict[str, float]:
    return {each.meaning: each.values[0] for each in clause.all_of("parameter") if len(each.values) == 1}


def _runs(clause: Clause) -> str:
    named = clause.all_of("runs")
    return named[0].meaning if named else "all"


# comparisons ----------------------------------------------------------------------------------------------------


def _comparisons(clause: Clause) -> Iterator[Claim]:
    for word in clause.of("comparative", "verb"):
        if id(word) in clause.used:
            continue
        yield from _comparison(clause, word)
    for mention in clause.of("number"):
        if mention.meaning == "factor" or (mention.number and mention.number.unit == "x"):
            yield from _ratio(clause, mention)


def _sides(clause: Clause, word: Mention) -> tuple[Mention | None, Mention | None]:
    """Subject and object of a comparison, as models."""
    models = clause.models
    if len(models) < 2:
        if len(models) == 1 and clause.carry.models and models[0].meaning != clause.carry.models[-1].meaning:
            before = models[0].start < word.start
            return (models[0], clause.carry.models[-1]) if before else (clause.carry.models[-1], models[0])
        return (models[0] if models else None), None
    text = clause.sentence.text
    after = [each for each in models if each.start >= word.end]
    before = [each for each in models if each.end <= word.start]
    marked = [
        each
        for each in models
        if _OBJECT.search(clause.between(max(clause.start, each.start - 22), each.start).rpartition(",")[2])
    ]
    if word.kind == "verb":
        passive = bool(_BY.match(text[word.end :])) and bool(_PASSIVE.search(text[clause.start : word.start]))
        if before and after:
            return (after[0], before[-1]) if passive else (before[-1], after[0])
    if marked:
        target = marked[-1] if marked[-1] in after or not after else marked[0]
        rest = [each for each in models if each is not target and each.meaning != target.meaning]
        closest = [each for each in rest if each in before] or rest
        return (closest[-1] if closest and closest[0] in before else (closest[0] if closest else None)), target
    return (before[-1] if before else after[0]), (
        after[0] if before and after else after[1] if len(after) > 1 else before[0]
    )


def _comparison(clause: Clause, word: Mention) -> Iterator[Claim]:
    ground, metric = clause.ground, _metric(clause, word)
    levels = [each for each in clause.all_of("parameter") if each.values]
    subject, other = _sides(clause, word)
    one, two = _one(subject), _one(other)
    text = clause.text
    magnitude = _magnitude(clause, word)
    sign = _sign(word.meaning, metric)
    negated = clause.negation_before(word)
    if subject is not None and other is not None and (one is None or two is None):
        clause.use(word)
        yield unsupported("comparison", text, "which of several models is meant is not said")
        return
    vague = word.meaning.startswith("size") or word.text.lower() in ("better", "worse", "superior", "inferior")
    if one and two and vague and not clause.carry.metric and not clause.all_of("metric", "telemetry", "unmeasured"):
        clause.use(word)
        yield unsupported("comparison", text, "by which metric is not said")
        return
    if one and two and one != two:
        clause.use(word, *([negated] if negated else []), *([magnitude] if magnitude else []))
        if metric not in ground.metrics:
            yield unsupported("comparison", text, f"no file measures {metric}")
            return
        of = (
            ground.mean(metric, one, _params(clause), _runs(clause)),
            ground.mean(metric, two, _params(clause), _runs(clause)),
        )
        yield _compared(
            clause, metric, of, (one, two), 0 if negated and not magnitude else sign, magnitude, bool(negated), sign
        )
        yield from _tested(clause, metric, one, two)
        return
    if one and _OTHERS.search(text):
        clause.use(word)
        yield from _ranked(clause, word, one, metric, sign, 1)
        return
    values = [(each, value) for each in levels for value in each.values]
    if (
        len({each.meaning for each, _ in values}) == 1
        and len({value for _, value in values}) == 2
        and re.search(r"\bthan\b|compared|versus|\bvs\b|instead", text)
    ):
        clause.use(word, *([magnitude] if magnitude else []))
        name = values[0][0].meaning
        first, second = values[0][1], values[1][1]
        if _OBJECT.match(clause.text):
            first, second = second, first
        for model in _subjects(clause):
            of = (
                ground.mean(metric, model, {name: first}, _runs(clause)),
                ground.mean(metric, model, {name: second}, _runs(clause)),
            )
            yield _compared(
                clause,
                metric,
                of,
                (f"{name}={first:g} of {model}", f"{name}={second:g}"),
                sign,
                magnitude,
                bool(negated),
                sign,
            )
        return


def _magnitude(clause: Clause, word: Mention) -> Mention | None:
    """The figure that says by how much: `12 % faster`, `faster by 12 %`, `twice as high`."""
    near: list[tuple[int, Mention]] = []
    for each in clause.of("number"):
        if each.number is None or (each.number.unit is None and each.meaning != "factor"):
            continue
        if each.end <= word.start and re.match(r"^\s*(?:as|the)?\s*$", clause.between(each.end, word.start)):
            near.append((word.start - each.end, each))
        elif each.start >= word.end and re.search(
            r"\bby\s+(?:a factor of\s+)?"
            r"(?:about|around|roughly|nearly|almost|some|approximately|more than|less than|over|at least|~)?\s*$",
            clause.between(word.end, each.start),
        ):
            near.append((each.start - word.end, each))
    if not near and word.kind == "verb":
        near = [(0, each) for each in clause.of("number") if each.number and each.number.unit in ("%", "x")]
    return min(near, key=lambda each: each[0])[1] if near else None


def _compared(
    clause: Clause,
    metric: str,
    of: tuple[float | None, float | None],
    names: tuple[str, str],
    sign: int,
    magnitude: Mention | None,
    negated: bool,
    said: int,
) -> Claim:
    text, unit = clause.text, clause.ground.units.get(metric, "")
    one, two = of
    if one is None or two is None:
        return unsupported("comparison", text, f"{metric} of {names[0 if one is None else 1]} is not measured")
    says = f"mean {metric}: {names[0]} {format_value(one, unit)}, {names[1]} {format_value(two, unit)}"
    agrees = (one > two) - (one < two) == said
    if agrees == negated:
        return contradicted("comparison", text, "the means say the opposite", says)
    if magnitude is not None and magnitude.number is not None and not negated:
        ratio = one / two if two else float("inf")
        says += f", ratio {ratio:.4g}"
        if not _by(magnitude.number, one, two, said, unit, _good(metric)):
            return contradicted("comparison", text, "the difference is another", says)
    return supported("comparison", text, says, "the means agree")


def _by(number: Number, one: float, two: float, sign: int, unit: str, good: int) -> bool:
    """Whether a figure is the size of a difference, in any way of writing it that the words allow."""
    if number.value < 0:
        return False
    if number.unit == "%":
        more = 100 * (one / two - 1)
        found = [abs(more)]
        if good < 0 and sign < 0:  # a time `40 % faster`: 40 % less of it, or 40 % more speed
            found.append(100 * (two / one - 1))
        return any(number.fits(each) for each in found)
    if number.unit == "x":
        ratio = one / two if sign > 0 or number.value < 1 else two / one
        return number.fits(ratio)
    if number.unit == unit:
        return number.fits(abs(one - two) / unit_factor(unit, number.spelled))
    return False


def _ratio(clause: Clause, mention: Mention) -> Iterator[Claim]:
    """`A decodes 1.8 times as fast as B`, `A has half the TTFT of B`, `A doubles B's throughput`, `1.8x that of B`."""
    number, models = mention.number, clause.models
    assert number is not None
    names = list(dict.fromkeys(model for each in models if (model := _one(each))))
    if len(names) != 2:
        return
    metric = _metric(clause, mention, None)
    clause.use(mention)
    one, two = names
    first = models[0]
    if first.start > mention.end and _OBJECT.search(clause.between(mention.end, models[-1].start)) is None:
        one, two = two, one
    as_fast = re.match(
        r"\s*(?:as|times)?\s*(?:as\s+)?(?:fast|quick|slow|high|long|low|large)",
        clause.sentence.text[mention.end :],
        re.I,
    )
    for word in clause.of("same"):
        if word.start - mention.end < 12:
            clause.use(word)
    a, b = (
        clause.ground.mean(metric, one, _params(clause), _runs(clause)),
        clause.ground.mean(metric, two, _params(clause), _runs(clause)),
    )
    if a is None or b is None:
        yield unsupported("comparison", clause.text, f"{metric} is not measured of both")
        return
    ratio = a / b
    how = as_fast[0].lower() if as_fast else ""
    if ("fast" in how or "quick" in how) and _good(metric) < 0:
        ratio = b / a
    if "slow" in how and _good(metric) > 0:
        ratio = b / a
    says = f"mean {metric}: {one} {a:.4g}, {two} {b:.4g}, ratio {ratio:.4g}"
    good = number.fits(ratio)
    yield (supported if good else contradicted)(
        "comparison", clause.text, *((says, "the means agree") if good else ("the ratio is another", says))
    )


# ranks ----------------------------------------------------------------------------------------------------------


def _ranks(clause: Clause) -> Iterator[Claim]:
    for word in clause.of("superlative"):
        yield from _rank(clause, word)


def _rank(clause: Clause, word: Mention) -> Iterator[Claim]:
    metric, ground = _metric(clause, word), clause.ground
    place = int(word.values[0]) if word.values else 1
    sign = _sign(word.meaning, metric)
    names = clause.models or clause.carry.models[-1:]
    parameters = [each for each in clause.all_of("parameter") if each.values]
    text = clause.sentence.text[word.end : clause.end]
    of_sets = re.match(r"\s*(?:\w+\s+)?(?:value|setting|set|configuration|level)", text) or re.search(
        r"parameter set|\bvalues? of\b|across|among (?:its|the) (?:settings|values|parameter)", clause.text
    )
    if metric not in ground.units:
        clause.use(word)
        yield unsupported("rank", clause.text, f"no run measures {metric}")
        return
    if (
        parameters
        and names
        and (
            of_sets
            or (
                len(clause.models) == 1
                and len(parameters) >= 1
                and not re.search(r"of all models|fastest model|best model", clause.text)
            )
        )
    ):
        yield from _best_level(clause, word, _one(names[0]), metric, sign, place)
        return
    if parameters and not names:
        for model in ground.run_models:
            yield from _best_level(clause, word, model, metric, sign, place)
        return
    if not names:
        return
    subject = _rank_subject(clause, word, names)
    model = _one(subject)
    clause.use(word)
    if model is None:
        yield unsupported("rank", clause.text, "which of several models is meant is not said")
        return
    yield from _ranked(clause, word, model, metric, sign, place)


def _rank_subject(clause: Clause, word: Mention, names: list[Mention]) -> Mention:
    after = [each for each in names if each.start >= word.end]
    before = [each for each in names if each.end <= word.start]
    if after and (
        not before
        or re.match(
            r"^[^,;]{0,40}\b(?:is|was|belongs to|by|for|goes to|comes from|that of|of)\s*$",
            clause.between(word.end, after[0].start),
        )
    ):
        return after[0]
    return before[-1] if before else names[0]


def _ranked(clause: Clause, word: Mention, model: str, metric: str, sign: int, place: int) -> Iterator[Claim]:
    ground, params, runs = clause.ground, _params(clause), _runs(clause)
    means = {name: mean for name in ground.run_models if (mean := ground.mean(metric, name, params, runs)) is not None}
    negated = clause.negation_before(word) is not None
    if model not in means:
        yield unsupported("rank", clause.text, f"{metric} of {model} is not measured")
        return
    if len(means) < 2:
        yield unsupported("rank", clause.text, f"{metric} is measured of one model only")
        return
    often = {name: mean for name, mean in means.items() if ground.count(metric, name) >= 3}
    ranks: list[int] = []
    for pool in (means, often):
        order = sorted(pool, key=lambda name: -sign * pool[name])
        if model in order:
            ranks.append(order.index(model) + 1)
    unit = ground.units[metric]
    shown = ", ".join(
        f"{name} {format_value(means[name], unit)}" for name in sorted(means, key=lambda name: -sign * means[name])[:6]
    )
    says = f"mean {metric}: {shown}"
    if (place in ranks) != negated:
        yield supported("rank", clause.text, says, "the means agree")
    else:
        yield contradicted("rank", clause.text, f"{model} is number {ranks[0]} by its mean", says)


def _best_level(
    clause: Clause, word: Mention, model: str | None, metric: str, sign: int, place: int
) -> Iterator[Claim]:
    """Whether a value of a parameter, or a set of several, is the best of its model."""
    clause.use(word)
    if model is None:
        yield unsupported("rank", clause.text, "which of several models is meant is not said")
        return
    ground, given = clause.ground, _params(clause)
    if not given:
        yield unsupported("rank", clause.text, "which value of the parameter is meant is not said")
        return
    verdicts: list[tuple[bool, str]] = []
    for readings in _level_readings(ground, model, metric, given):
        if len(readings) < 2:
            continue
        order = sorted(readings, key=lambda label: -sign * readings[label])
        own = _label(given)
        if own in order:
            shown = ", ".join(f"{label}: {readings[label]:.4g}" for label in order[:4])
            verdicts.append((order.index(own) + 1 == place, f"mean {metric} of {model} at {shown}"))
    if not verdicts:
        yield unsupported("rank", clause.text, "there are no two values to compare")
        return
    good = next((says for right, says in verdicts if right), None)
    if good:
        yield supported("rank", clause.text, good, "the means agree")
    else:
        yield contradicted("rank", clause.text, "another value is ahead", verdicts[0][1])


def _label(params: dict[str, float]) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in sorted(params.items()))


def _level_readings(ground: Ground, model: str, metric: str, given: dict[str, float]) -> Iterator[dict[str, float]]:
    """Means by value of the parameter over all runs, then means by whole parameter set (from three runs)."""
    if len(given) == 1:
        [name] = given
        levels = {
            _label({name: value}): ground.mean(metric, model, {name: value}) for value in ground.params_of(model, name)
        }
        yield {label: mean for label, mean in levels.items() if mean is not None}
    for least in (3, 1):
        found: dict[str, float] = {}
        for each in ground.sets_of(model, metric):
            statistic = ground.statistic(metric, model, each, exact=True)
            if statistic is not None and statistic.n >= least:
                found[_label(each)] = statistic.values["mean"]
        if found:
            yield found
            return


# directions and effects -----------------------------------------------------------------------------------------


def _directions(clause: Clause) -> Iterator[Claim]:
    parameters = clause.all_of("parameter")
    metrics = list(clause.all_of("metric", "telemetry"))
    words = clause.of("direction", "comparative", "verb")
    if not parameters or not metrics or not words:
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
    metric = metric_named(
        min(metrics, key=lambda each: min(abs(each.start - of_metric[0].end), abs(of_metric[0].start - each.end)))
    )
    up = _turn(of_metric[0], metric)
    if of_parameter:
        up *= _turn(of_parameter[0], metric)
    magnitude = None
    for each in clause.of("number"):
        if each.number and (each.number.unit in ("%", "x") or each.meaning == "factor"):
            magnitude = each
    negated = [
        each for each in clause.of("negation") if each.end <= of_metric[0].start and of_metric[0].start - each.end < 22
    ]
    clause.use(*of_parameter, *of_metric, *negated, *([magnitude] if magnitude else []))
    subjects = _subjects(clause)
    tested = list(clause.of("significant"))
    clause.use(*tested)
    if len(levels) >= 2 and levels[0] > levels[-1] and not of_parameter:
        up = -up
    for model in subjects:
        yield _direction(clause, metric, model, name.meaning, up, levels, magnitude, bool(negated))
        if tested:
            yield _tested_effect(clause, metric, model, name.meaning)


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


def _turn(word: Mention, metric: str) -> int:
    if word.kind == "direction":
        return {"up": 1, "down": -1, "good": _good(metric), "bad": -_good(metric)}[word.meaning]
    return _sign(word.meaning, metric)


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
    if metric not in clause.ground.units:
        return unsupported("direction", text, f"no run measures {metric}")
    trend = clause.ground.trend(metric, model, name)
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
    tested, finding = clause.ground.effect(metric, model, name)
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


def _effects(clause: Clause) -> Iterator[Claim]:
    """`num_ctx has no effect on TTFT`: only a test can say so."""
    words = clause.of("effect")
    parameters, metrics = clause.all_of("parameter"), clause.all_of("metric", "telemetry")
    if not words or not parameters:
        return
    negations = clause.of("negation")
    negative = bool(negations) or any(each.meaning in lexicon().no_effect for each in words)
    clause.use(*words, *clause.of("significant"), *negations)
    named = list(dict.fromkeys(metric_named(each) for each in metrics)) or [DECODE]
    for model in _subjects(clause):
        for metric in named:
            for name in dict.fromkeys(each.meaning for each in parameters):
                tested, finding = clause.ground.effect(metric, model, name)
                text = clause.text
                if tested is None:
                    yield unsupported("significance", text, f"no test was made of {name} on {metric} of {model}")
                elif tested == negative:
                    yield contradicted("significance", text, "the test says otherwise", _quoted(clause, finding))
                else:
                    yield supported("significance", text, _quoted(clause, finding), "a test says so")


def _quoted(clause: Clause, finding: str) -> str:
    return next((f"{each.id}: {each.text}" for each in clause.ground.tests if each.id == finding), finding)


def _tested_effect(clause: Clause, metric: str, model: str, name: str) -> Claim:
    tested, finding = clause.ground.effect(metric, model, name)
    if tested:
        return supported("significance", clause.text, _quoted(clause, finding), "a test says so")
    return (unsupported if tested is None else contradicted)(
        "significance", clause.text, "no test says so", _quoted(clause, finding)
    )


# sameness and significance --------------------------------------------------------------------------------------


def _pair(clause: Clause) -> tuple[str, str] | None:
    names = list(dict.fromkeys(model for each in (*clause.models, *clause.carry.models) if (model := _one(each))))
    if (
        len(names) < 2
        and re.search(r"\b(?:both|the two|two) models\b|\bthe models\b|\bthem\b", clause.text)
        and len(clause.ground.run_models) == 2
    ):
        names = list(clause.ground.run_models)
    return (names[0], names[1]) if len(names) == 2 else None


def _same(clause: Clause) -> Iterator[Claim]:
    words = clause.of("same")
    if not words or clause.of("comparative"):
        return
    pair = _pair(clause)
    if pair is None:
        return
    if any(each.meaning == "factor" or (each.number and each.number.unit == "x") for each in clause.of("number")):
        return
    clause.use(*words, *clause.of("significant"), *clause.of("negation"))
    metric = _metric(clause)
    tested, finding = clause.ground.differ(metric, *pair)
    if tested is None:
        yield unsupported("significance", clause.text, f"no test compares {metric} of {pair[0]} and {pair[1]}")
    elif tested:
        yield contradicted("significance", clause.text, "a test tells them apart", _quoted(clause, finding))
    else:
        yield supported("significance", clause.text, _quoted(clause, finding), "no test tells them apart")


def _tested(clause: Clause, metric: str, one: str, two: str) -> Iterator[Claim]:
    words = clause.of("significant")
    if not words:
        return
    clause.use(*words)
    tested, finding = clause.ground.differ(metric, one, two)
    if tested:
        yield supported("significance", clause.text, _quoted(clause, finding), "a test says so")
    elif tested is None:
        yield unsupported("significance", clause.text, f"no test compares {metric} of {one} and {two}")
    else:
        yield contradicted("significance", clause.text, "the test does not say so", _quoted(clause, finding))


def _loose_significance(clause: Clause) -> Iterator[Claim]:
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
    metric = _metric(clause)
    tested, finding = clause.ground.differ(metric, *pair)
    if tested is None:
        yield unsupported("significance", clause.text, f"no test compares {metric} of {pair[0]} and {pair[1]}")
    elif tested != bool(negations):
        yield supported("significance", clause.text, _quoted(clause, finding), "a test says so")
    else:
        yield contradicted("significance", clause.text, "the test says otherwise", _quoted(clause, finding))
