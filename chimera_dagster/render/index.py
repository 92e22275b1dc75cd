"""The page over all trials: which configuration to run, how sure that is, and the report of each trial."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.ranking import LEVEL
from chimera_dagster.compare.regression import Regression
from chimera_dagster.render.comparison import (
    NOTHING,
    by_rank,
    candidate_words,
    change_row,
    configuration,
    drift_words,
    effect_words,
    level_words,
    regression_words,
    shown_metrics,
    spoiled_rows,
    standing_cells,
)
from chimera_dagster.render.page import (
    Block,
    Bullets,
    Details,
    Heading,
    Inlines,
    Link,
    Note,
    Page,
    Paragraph,
    Strong,
    Table,
    inlines,
)
from chimera_dagster.render.pareto_figure import pareto_figure


class Withheld(NamedTuple):
    """A trial whose report is not published, and why."""

    trial: Observed
    why: str


def build_index(comparison: Comparison, withheld: Sequence[Withheld], regression: Regression | None) -> Page:
    """Everything over all trials, the answer first."""
    return Page("Which configuration?", "en", tuple(_blocks(comparison, withheld, regression)))


def _blocks(comparison: Comparison, withheld: Sequence[Withheld], regression: Regression | None) -> Iterator[Block]:
    yield Paragraph(inlines(_counts(comparison, withheld)))
    yield Heading(2, "Recommendation", "recommendation")
    yield from _recommendation(comparison)
    yield Heading(2, "Leaderboard", "leaderboard")
    yield from _leaderboard(comparison)
    figure = pareto_figure(comparison)
    if figure is not None:
        yield Heading(2, "What nothing beats", "front")
        yield figure
    yield Heading(2, "Effects of the parameters", "effects")
    yield from _effects(comparison)
    if regression is not None:
        yield Heading(2, "Against the baseline", "baseline")
        yield from _regression(regression)
    if withheld:
        yield Heading(2, "Not published", "not-published")
        said = "What the evidence does not bear out is not recommended for reading. The trials' measurements stand."
        yield Paragraph(inlines(said))
        rows = tuple((*_named(each.trial), inlines(each.why)) for each in withheld)
        yield Table(("model", "parameters", "report", "why"), rows, "Reports that are not published")
    apart = spoiled_rows(comparison.trials)
    if apart:
        yield Heading(2, "Not ranked", "not-ranked")
        rows = tuple((*_named(trial), inlines(why)) for trial, why in apart)
        yield Table(("model", "parameters", "report", "why"), rows, "Trials that are compared with nothing")
    yield Heading(2, "How this was computed", "method")
    yield Bullets(tuple(map(inlines, _method(comparison))))


def _counts(comparison: Comparison, withheld: Sequence[Withheld]) -> str:
    measured = [trial for trial in comparison.trials if trial.href is not None]
    waiting = len(comparison.trials) - len(measured)
    counts = f"{len(measured) - len(withheld)} of {len(measured)} reports are published"
    return f"{counts}; {waiting} trials have none yet." if waiting else f"{counts}."


def _recommendation(comparison: Comparison) -> Iterator[Block]:
    answer = comparison.recommendation
    if answer.best is None:
        yield Note("info", (Paragraph(inlines(Strong("No recommendation. "), answer.why)),))
        return
    trials = {trial.key: trial for trial in comparison.trials}
    best = trials[answer.best.trial]
    yield Paragraph(inlines(Strong(f"{best.model}, {configuration(best)}. "), answer.why))
    metrics = shown_metrics(comparison)
    rows = tuple(
        (
            *_named(trials[each.trial]),
            *(inlines(standing_cells(comparison, trials[each.trial], metric)[0].text) for metric in metrics),
            inlines(candidate_words(each)),
        )
        for each in (answer.best, *answer.runners_up)
    )
    header = ("model", "parameters", "report", *(metric.name for metric in metrics), "by the goals")
    yield Table(header, rows, "The recommended configuration and the runners-up", frozenset(range(3, 3 + len(metrics))))
    goals = [f"{name} weighs {weight:g}" for name, weight in answer.goals.want.items()] + answer.goals.limits
    yield Paragraph(inlines(f"Goals: {'; '.join(goals)}."))
    if answer.would_change:
        yield Paragraph(inlines("What would change the answer:"))
        yield Bullets(tuple(inlines(line) for line in answer.would_change))


def _leaderboard(comparison: Comparison) -> Iterator[Block]:
    metrics, trials = shown_metrics(comparison), by_rank(comparison)
    if not trials:
        yield Paragraph(inlines("No valid trial was measured."))
        return
    yield Paragraph(
        inlines(
            "Means with their 95 % intervals, and ranks. A rank is 1 + how many trials are detectably better; "
            "trials of one rank can't be told from the best of them. Without a rank there were too few repeats to test."
        )
    )
    header = ["model", "parameters", "report"]
    for metric in metrics:
        header += [f"{metric.name} {metric.unit}".strip(), *(["rank"] if metric.by_round else [])]
    header.append("model's text")
    rows = tuple(
        (
            *_named(trial),
            *(
                inlines(cell.text)
                for metric in metrics
                for cell in standing_cells(comparison, trial, metric)[: 2 if metric.by_round else 1]
            ),
            inlines(trial.text or NOTHING),
        )
        for trial in trials
    )
    numeric = frozenset(range(3, len(header) - 1))
    yield Table(tuple(header), rows, "Valid trials", numeric, interactive=True)


def _effects(comparison: Comparison) -> Iterator[Block]:
    if not comparison.effects:
        yield Paragraph(inlines("The trials allow no test: no parameter varies where all else is equal."))
        return
    for effect in sorted(comparison.effects, key=lambda each: each.p):
        if effect.detected:
            yield Paragraph(inlines(effect_words(effect)))
            if effect.interaction is None:
                yield Bullets(tuple(map(inlines, level_words(METRICS[effect.metric], effect))))
    none = [each for each in comparison.effects if not each.detected and each.interaction is None]
    if none:
        yield Details(
            f"No detectable effect ({len(none)})", (Bullets(tuple(inlines(effect_words(each)) for each in none)),)
        )


def _regression(found: Regression) -> Iterator[Block]:
    yield Paragraph(inlines(regression_words(found)))
    if found.environment:
        yield Paragraph(inlines("Not the same as then, whatever the figures say:"))
        yield Bullets(
            tuple(
                inlines(f"{each.name}: {each.before} → {each.after} ({each.trials} trials)")
                for each in found.environment
            )
        )
    told = [change for change in found.changes if change.verdict in ("better", "worse")]
    header = ("trial", "metric", "before", "now", "change", "test", "verdict")
    if told:
        rows = tuple(tuple(map(inlines, change_row(change))) for change in told)
        yield Table(header, rows, "What changed", frozenset({2, 3, 4}))


def _method(comparison: Comparison) -> Iterator[str]:
    yield "Only valid trials are compared: what a cache, a reload, throttling and so on spoiled stands apart, with why."
    yield (
        f"Ranks: t-tests of logarithms, variances pooled over trials of one model, num_gpu and num_ctx, at {LEVEL:g} "
        f"divided by all {comparison.comparisons} pairs of all metrics (Bonferroni). A trial's repeats are measured "
        "one after the other, so what trials lie apart beyond repeats and effects is added to their variance."
    )
    yield from drift_words(comparison)
    yield (
        "Effects: F-tests of the additive model of parameter and of all else equal, over the means of trials, "
        "corrected by Holm over all effects and interactions."
    )
    if comparison.front_axes:
        axes = ", ".join(METRICS[name].words for name in comparison.front_axes)
        yield f"What nothing beats: no other trial is at least as good in all of {axes}, and better in one."
    for name, values in comparison.unlike.items():
        said = ", ".join(f"{value} ({count})" for value, count in values.items())
        yield f"Not the same for all valid trials: {name}: {said}."


def _named(trial: Observed) -> tuple[Inlines, ...]:
    key = trial.params.key
    return (
        inlines(trial.model),
        inlines(configuration(trial)),
        inlines(Link(key, trial.href) if trial.href is not None else key),
    )
