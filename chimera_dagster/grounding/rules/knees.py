"""Knees: up to which level a metric keeps a share of its best value, or stays within so many times its first."""

import re
from collections.abc import Iterator

from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.rules.terms import Within, models_of, options
from chimera_dagster.grounding.scope import Scope
from chimera_dagster.grounding.tested import Effect, effects_of

_OF_BEST = re.compile(
    r"\s*(?:or more\s+)?of\s+(?:its|the|their|that)\s+(?:\w+\s+)?(?:highest|peak|best|maximum|top)\b", re.IGNORECASE
)
_OF_FIRST = re.compile(
    r"\s*(?:of\s+)?(?:that|the (?:time|value|figure|one)|its (?:time|value)|what it)\b[^.;]{0,20}\b(?:with|at|for)\b",
    re.IGNORECASE,
)
_UP_TO = re.compile(r"\b(?:up to|until|to|through)\b", re.IGNORECASE)


def knee_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """`keeps 90 % of its highest decode throughput up to 4 requests at once`."""
    for mention in clause.of("number"):
        number, after = mention.number, clause.sentence.text[mention.end : mention.end + 60]
        if number is None or not (
            (number.unit == "%" and _OF_BEST.match(after)) or (number.unit == "x" and _OF_FIRST.match(after))
        ):
            continue
        named = [each for each in clause.all_of("parameter") if each.values]
        named = [each for each in named if each.start >= mention.end] or named
        levels = [(each.meaning, each.values[-1]) for each in named]
        clause.use(mention, *clause.of("superlative", "comparative", "direction"))
        if number.unit == "x":
            levels = [each for each in levels if each[1] != min(within.folder.params[each[0]])]
        metrics, models = options(clause, within, mention), models_of(clause, within)
        if len(levels) != 1 or not metrics or not models or not _UP_TO.search(clause.text):
            yield unsupported("value", clause.text, "up to which level, or of what, is not said")
            continue
        [(name, level)] = levels
        for model in models:
            found = [
                effect
                for effect in effects_of(within.folder, metrics[0], model, name, within.files)
                if level in effect.levels
            ]
            if not found:
                yield unsupported("value", clause.text, f"no {metrics[0]} of {model} over {name}")
                continue
            knee = _knee(found[0], number.value, share=number.unit == "%")
            if knee == level:
                yield supported("value", clause.text, found[0].says)
            else:
                yield contradicted("value", clause.text, f"for {model} that is up to {name}={knee:g}", found[0].says)


def _knee(effect: Effect, limit: float, *, share: bool) -> float:
    """The last level up to which every value keeps the limit."""
    best, first = max(effect.values), effect.values[0]
    kept = effect.levels[0]
    for level, value in zip(effect.levels, effect.values, strict=True):
        if value < best * limit / 100 if share else value > first * limit:
            break
        kept = level
    return kept


def tail_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """`a p95 of 543 ms, 1.9 times its median`: the ratio of two aggregates of one model's runs."""
    names = list(dict.fromkeys(each.meaning for each in clause.all_of("aggregate")))
    ratios = [
        each for each in clause.of("number") if each.meaning == "factor" or (each.number and each.number.unit == "x")
    ]
    models = models_of(clause, within)
    if len(names) != 2 or len(ratios) != 1 or len(models) != 1 or not any(name.startswith("p") for name in names):
        return
    [mention] = ratios
    metrics = options(clause, within, mention)
    if not metrics or mention.number is None:
        return
    clause.use(mention, *near_comparatives(clause, mention))
    yield _tail(within, mention, metrics[0], models[0], sorted(names, key=lambda name: not name.startswith("p")))


def near_comparatives(clause: Clause, mention: Mention) -> list[Mention]:
    return [each for each in clause.of("comparative", "same") if 0 <= each.start - mention.end < 8]


def _tail(within: Within, mention: Mention, metric: str, model: str, names: list[str]) -> Claim:
    assert mention.number is not None
    scope = Scope(metric, model, (), "all", within.files)
    high, low = (within.folder.readings(scope, name) for name in names)
    pairs = [(one, two) for one in high for two in low if one.n == two.n and two.value]
    for one, two in pairs:
        if mention.number.fits(one.value / two.value):
            return supported("value", mention.text, f"{one}; {two}")
    if not pairs:
        return unsupported("value", mention.text, f"no run measures {metric} of {model}")
    return contradicted(
        "value",
        mention.text,
        f"it is {pairs[0][0].value / pairs[0][1].value:.3g} times",
        f"{pairs[0][0]}; {pairs[0][1]}",
    )


def best_level_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """`the output throughput is highest with 16 requests at once`."""
    peaks = [each for each in clause.of("aggregate") if each.text.lower().startswith("peak")]
    for word in [*clause.of("superlative"), *peaks]:
        end = {"size_most": max, "good_best": max, "max": max, "size_least": min, "min": min}.get(word.meaning)
        after = [each for each in clause.all_of("parameter") if each.start >= word.end and len(each.values) == 1]
        if (
            end is None
            or not after
            or not re.fullmatch(r"\s*(?:with|at|for|under)?\s*", clause.between(word.end, after[0].start))
        ):
            continue
        metrics, models, name = options(clause, within, word), models_of(clause, within), after[0].meaning
        if not metrics or not models:
            continue
        clause.use(word)
        for model in models:
            found = effects_of(within.folder, metrics[0], model, name, within.files)
            if not found:
                yield unsupported("rank", clause.text, f"no {metrics[0]} of {model} over {name}")
                continue
            [effect, *_] = found
            best = effect.levels[effect.values.index(end(effect.values))]
            right = best == after[0].values[0]
            yield (
                supported("rank", clause.text, effect.says)
                if right
                else contradicted("rank", clause.text, f"of {model} that is at {name}={best:g}", effect.says)
            )
