"""Which configuration to run, as the first part of the page over all trials: how sure that is, and what it cost."""

from collections.abc import Iterator

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.regression import Regression
from chimera_dagster.render.index.baseline import since_the_baseline
from chimera_dagster.render.index.cells import NOTHING, configuration, figure, shown_metrics
from chimera_dagster.render.index.cost import cost_of, cost_words
from chimera_dagster.render.index.leaderboard import gap_words, mean_cell
from chimera_dagster.render.index.order import Order, leading_metric, limit_words
from chimera_dagster.render.index.trial_tables import NAMED, counted, named
from chimera_dagster.render.page import Block, Bullets, Inlines, Note, Paragraph, Strong, Table, inlines
from chimera_dagster.spec.goals import MetricName

_COST: tuple[MetricName, ...] = ("total_ms", "joules_per_token")


def recommendation(comparison: Comparison, order: Order, regression: Regression | None) -> Iterator[Block]:
    """The answer, or why there is none and who leads; the sureness, the cost, and the runners-up."""
    answer = comparison.recommendation
    points: list[Inlines] = []
    if not order.trials:
        yield nothing("No recommendation. ", "No trial is valid; what became of each stands below.")
    elif answer.best is None:
        yield nothing("No recommendation. ", answer.why)
        yield Paragraph(inlines(_leader(comparison, order)))
    else:
        best = order.trials[0]
        yield Paragraph(inlines("Run ", Strong(f"{best.model}, {configuration(best)}"), "."))
        points.append(inlines(Strong("How sure: "), answer.why))
        took = cost_words([cost_of(best)])
        if took:
            points.append(
                inlines(Strong("What it cost: "), f"the calls of its {counted(best.repeats, 'repeat')} took {took}.")
            )
    took = cost_words(cost_of(trial) for trial in comparison.trials if trial.state == "measured")
    if took:
        points.append(inlines(Strong("What the whole sweep cost: "), f"all calls of measured trials took {took}."))
    if regression is not None:
        points.append(inlines(Strong("Since the baseline: "), *since_the_baseline(regression)))
    if points:
        yield Bullets(tuple(points))
    if answer.best is not None:
        yield from _candidates(comparison, order)


def _leader(comparison: Comparison, order: Order) -> str:
    """What can be said where no goals say what counts."""
    first, metric = order.trials[0], leading_metric(comparison)
    if len(order.trials) == 1:
        return "One trial is valid: there is nothing to compare it with."
    if metric is None or first.key not in order.behind:
        return "No valid trial has a value to be ordered by."
    value = f"{figure(metric, first.mean(metric.name))} {metric.unit}".strip()
    said = f"By {metric.words} alone, {first.model}, {configuration(first)} comes first with {value}"
    if not metric.by_round:
        return f"{said}; no test can tell how sure that is: it has one value a trial."
    if comparison.standings[first.key][metric.name].rank is None:
        return f"{said}; no test can tell how sure that is: too few repeats."
    return f"{said}; {len(order.tied):,} of the {len(order.behind) - 1:,} others can't be told from it."


def _candidates(comparison: Comparison, order: Order) -> Iterator[Block]:
    """The best one beside the runners-up: what the goals name, and the cost."""
    answer, trials = comparison.recommendation, {trial.key: trial for trial in order.trials}
    asked = {*answer.goals.want, *(limit.metric for limit in answer.goals.parsed()), *_COST}
    metrics = [metric for metric in shown_metrics(comparison) if metric.name in asked]
    shown = [each for each in (answer.best, *answer.runners_up) if each is not None]
    limits = {each.trial: limit_words(trials[each.trial], answer.goals) for each in shown}
    has_limits = set(limits.values()) != {"kept"}
    has_goodput = any(each.goodput_tok_s is not None for each in shown)
    rows = tuple(
        (
            *named(trials[each.trial]),
            *((inlines(limits[each.trial]),) if has_limits else ()),
            inlines(gap_words(order, trials[each.trial]) + {None: "", True: "", False: ", worse"}[each.tied]),
            *(mean_cell(comparison, trials[each.trial], metric) for metric in metrics),
            *(
                (inlines(NOTHING if each.goodput_tok_s is None else f"{each.goodput_tok_s:.4g}"),)
                if has_goodput
                else ()
            ),
        )
        for each in shown
    )
    words = (*NAMED, *(["limits"] * has_limits))
    header = (*words, "behind the best", *(metric.name for metric in metrics), *(["goodput_tok_s"] * has_goodput))
    numeric = frozenset(range(len(words), len(header)))
    yield Table(header, rows, "The recommended configuration and the runners-up", numeric)
    goals = [f"{name} weighs {weight:g}" for name, weight in answer.goals.want.items()] + answer.goals.limits
    yield Paragraph(inlines(f"Goals: {'; '.join(goals)}."))
    if answer.would_change:
        yield Paragraph(inlines("What would change the answer:"))
        yield Bullets(tuple(inlines(line) for line in answer.would_change))


def nothing(what: str, why: str) -> Note:
    """What there is not, and why."""
    return Note("info", (Paragraph(inlines(Strong(what), why)),))
