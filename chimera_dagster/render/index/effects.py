"""What the parameters do, as a part of the page over all trials: an overview, then each test."""

from collections.abc import Iterator, Sequence

from chimera_dagster.compare.effects import Effect
from chimera_dagster.compare.factors import FACTORS
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.render.index.cells import NOTHING, change_words, effect_words, level_words
from chimera_dagster.render.page import Block, Bullets, Details, Inlines, Paragraph, Strong, Table, inlines
from chimera_dagster.spec.goals import MetricName

_LEVELS = 12  # of a parameter, before the rest is counted
_TOGETHER = 10  # pairs of parameters, before the rest is folded away


def effect_blocks(effects: Sequence[Effect]) -> Iterator[Block]:
    """A table of parameter by metric; which parameters depend on another; folded away, the values and the tests."""
    if not effects:
        yield Paragraph(inlines("The trials allow no test: too few of them differ in one parameter alone."))
        return
    ordered = sorted(effects, key=lambda each: each.p)
    single = [each for each in ordered if each.interaction is None]
    together = [each for each in ordered if each.interaction is not None and each.detected]
    if single:
        yield Paragraph(
            inlines(
                "How far the best and the worst value of a parameter are apart, all else equal. "
                "None: no effect was detected; in brackets the least that would have been.",
            )
        )
        yield _overview(single)
    if together:
        yield Paragraph(inlines("What one parameter does depends on another:"))
        yield Bullets(tuple(inlines(effect_words(each)) for each in together[:_TOGETHER]))
    if together[_TOGETHER:]:
        more = together[_TOGETHER:]
        yield Details(f"More of these ({len(more)})", (Bullets(tuple(inlines(effect_words(each)) for each in more)),))
    detected = [each for each in single if each.detected]
    if detected:
        yield Details(
            f"Each value of the parameters that have an effect ({len(detected)})",
            tuple(block for each in detected for block in _levels(each)),
        )
    none = [each for each in single if not each.detected]
    if none:
        yield Details(
            f"No detectable effect ({len(none)})", (Bullets(tuple(inlines(effect_words(each)) for each in none)),)
        )


def _overview(effects: Sequence[Effect]) -> Table:
    found: dict[tuple[str, MetricName], Effect] = {(each.parameter, each.metric): each for each in effects}
    names: list[MetricName] = [name for name in METRICS if any(metric == name for _, metric in found)]
    rows = tuple(
        (inlines(factor), *(_cell(found.get((factor, name))) for name in names))
        for factor in FACTORS
        if any(parameter == factor for parameter, _ in found)
    )
    return Table(("parameter", *names), rows, "What each parameter changes", frozenset(range(1, 1 + len(names))))


def _cell(effect: Effect | None) -> Inlines:
    if effect is None:
        return inlines(NOTHING)
    metric = METRICS[effect.metric]
    if effect.detected:
        return inlines(Strong(change_words(metric, effect.range)))
    return inlines("none" if effect.detectable is None else f"none ({change_words(metric, effect.detectable)})")


def _levels(effect: Effect) -> Iterator[Block]:
    words = [inlines(line) for line in level_words(METRICS[effect.metric], effect)]
    more = [inlines(f"and {len(words) - _LEVELS} more values; comparison.json has all")] if words[_LEVELS:] else []
    yield Paragraph(inlines(effect_words(effect)))
    yield Bullets((*words[:_LEVELS], *more))
