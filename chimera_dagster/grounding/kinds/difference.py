"""How large a difference or a ratio is said to be, and whether the means have it."""

import re
from collections.abc import Iterator

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.kinds.common import OBJECT, good_end, metric_of, one_model, params_of, runs_of
from chimera_dagster.grounding.lexicon import unit_factor
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.numbers import Number

_FROM_TO = re.compile(r"\bfrom\s+\x01+\s+to\s+$", re.IGNORECASE)  # `going from {M1} to {M2} doubles it`


def magnitude_of(clause: Clause, word: Mention) -> Mention | None:
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


def compared(
    clause: Clause,
    metric: str,
    of: tuple[float | None, float | None],
    names: tuple[str, str],
    said: int,
    magnitude: Mention | None,
    negated: bool,
) -> Claim:
    text, unit = clause.text, clause.index.runs.units.get(metric, "")
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
        if not _by(magnitude.number, one, two, said, unit, good_end(metric)):
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


def ratio_claims(clause: Clause, mention: Mention) -> Iterator[Claim]:
    """`A decodes 1.8 times as fast as B`, `A has half the TTFT of B`, `A doubles B's throughput`, `1.8x that of B`."""
    number, models = mention.number, clause.models
    assert number is not None
    names = list(dict.fromkeys(model for each in models if (model := one_model(each))))
    if len(names) != 2:
        return
    metric = metric_of(clause, mention, None)
    clause.use(mention)
    one, two = names
    first = models[0]
    if _FROM_TO.search(clause.between(clause.start, models[-1].start)):
        one, two = two, one
    if first.start > mention.end and OBJECT.search(clause.between(mention.end, models[-1].start)) is None:
        one, two = two, one
    as_fast = re.match(
        r"\s*(?:as|times)?\s*(?:as\s+)?(?:fast|quick|slow|high|long|low|large)",
        clause.sentence.text[mention.end :],
        re.I,
    )
    for word in clause.of("same"):
        if word.start - mention.end < 12:
            clause.use(word)
    means = clause.index.runs.alike(metric, (one, two), params_of(clause), runs_of(clause)) or {}
    a, b = means.get(one), means.get(two)
    if a is None or b is None:
        yield unsupported("comparison", clause.text, f"{metric} is not measured of both under equal conditions")
        return
    ratio = a / b
    how = as_fast[0].lower() if as_fast else ""
    if ("fast" in how or "quick" in how) and good_end(metric) < 0:
        ratio = b / a
    if "slow" in how and good_end(metric) > 0:
        ratio = b / a
    says = f"mean {metric}: {one} {a:.4g}, {two} {b:.4g}, ratio {ratio:.4g}"
    good = number.fits(ratio)
    yield (supported if good else contradicted)(
        "comparison", clause.text, *((says, "the means agree") if good else ("the ratio is another", says))
    )
