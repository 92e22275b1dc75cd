"""The section of the index page about the effects of parameters: an overview, then each test."""

from collections.abc import Iterator, Sequence

from chimera_dagster.compare.effects import Effect
from chimera_dagster.compare.factors import FACTORS
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.render.blocks import Block, Bullets, Content, Details, Paragraph, Strong, Table, inlines
from chimera_dagster.render.index.cells import NOTHING, change_words, effect_words, level_words
from chimera_dagster.spec.goals import MetricName

_LEVELS = 12  # values of a parameter; the rest is counted
_INTERACTIONS = 10  # the rest is folded away


def effect_blocks(effects: Sequence[Effect]) -> Iterator[Block]:
    """A table of parameter by metric, then interactions; folded away, the effect of each value, and the other tests."""
    if not effects:
        yield Paragraph("No effect can be tested: too few trials differ in only one parameter.")
        return
    ordered = sorted(effects, key=lambda effect: effect.p)
    single = [effect for effect in ordered if effect.interaction is None]
    interactions = [effect for effect in ordered if effect.interaction is not None and effect.detected]
    if single:
        yield Paragraph(
            "The difference between the best and the worst value of a parameter, all else equal. "
            "'none': no effect was detected; in brackets, the smallest effect that would have been."
        )
        yield _overview(single)
    if interactions:
        yield Paragraph("Parameters whose effect depends on another parameter:")
        yield _list(interactions[:_INTERACTIONS])
    if more := interactions[_INTERACTIONS:]:
        yield Details(f"More of these ({len(more)})", (_list(more),))
    if detected := [effect for effect in single if effect.detected]:
        levels = tuple(block for effect in detected for block in _levels(effect))
        yield Details(f"Effect of each value of a parameter ({len(detected)})", levels)
    if undetected := [effect for effect in single if not effect.detected]:
        yield Details(f"No detectable effect ({len(undetected)})", (_list(undetected),))


def _list(effects: Sequence[Effect]) -> Bullets:
    return Bullets(tuple(map(effect_words, effects)))


def _overview(effects: Sequence[Effect]) -> Table:
    found: dict[tuple[str, MetricName], Effect] = {(effect.parameter, effect.metric): effect for effect in effects}
    names: list[MetricName] = [name for name in METRICS if any(metric == name for _, metric in found)]
    rows = tuple(
        (factor, *(_cell(found.get((factor, name))) for name in names))
        for factor in FACTORS
        if any(parameter == factor for parameter, _ in found)
    )
    return Table(("parameter", *names), rows, "Effect of each parameter", frozenset(range(1, 1 + len(names))))


def _cell(effect: Effect | None) -> Content:
    if effect is None:
        return NOTHING
    metric = METRICS[effect.metric]
    if effect.detected:
        return inlines(Strong(change_words(metric, effect.range)))
    return "none" if effect.detectable is None else f"none ({change_words(metric, effect.detectable)})"


def _levels(effect: Effect) -> Iterator[Block]:
    lines = level_words(METRICS[effect.metric], effect)
    if left_out := lines[_LEVELS:]:
        lines = [*lines[:_LEVELS], f"and {len(left_out)} more values, all of them in comparison.json"]
    yield Paragraph(effect_words(effect))
    yield Bullets(tuple(lines))
