"""The page over all trials: which configuration to run, how sure that is, what it cost, and each trial's report."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.compare.ranking import LEVEL
from chimera_dagster.compare.regression import Regression
from chimera_dagster.render.comparison import (
    NOTHING,
    change_row,
    configuration,
    figure,
    regression_words,
    shown_metrics,
    spoiled_rows,
)
from chimera_dagster.render.cost import cost_of, cost_words
from chimera_dagster.render.effects import effect_blocks
from chimera_dagster.render.leaderboard import NAMED, gap_words, leaderboard, mean_cell, named
from chimera_dagster.render.order import Order, leading_metric, limit_words, metrics_of, order_of
from chimera_dagster.render.page import (
    Block,
    Bullets,
    Details,
    Heading,
    Inline,
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

_FEW = 10  # rows of a table that nobody wants to sort or filter
_CHANGES = 200  # of a baseline, the worst first
_VALUES = 5  # of what was not the same for all trials
_COST = ("total_ms", "joules_per_token")
_KINDS = {"measured": "not valid", "failed": "failed", "missing": "not run yet"}


class Withheld(NamedTuple):
    """A trial whose report is not published, and why."""

    trial: Observed
    why: str


def build_index(comparison: Comparison, withheld: Sequence[Withheld], regression: Regression | None) -> Page:
    """Everything over all trials, the answer first."""
    return Page("Which configuration?", "en", tuple(_blocks(comparison, withheld, regression)))


def _blocks(comparison: Comparison, withheld: Sequence[Withheld], regression: Regression | None) -> Iterator[Block]:
    if not comparison.trials:
        yield _nothing("There is no trial yet. ", "'chimera sweep' runs those that sweep.yaml asks for.")
        return
    order = order_of(comparison)
    yield Paragraph(inlines(_counts(comparison, withheld)))
    yield Heading(2, "Recommendation", "recommendation")
    yield from _recommendation(comparison, order, regression)
    if order.trials:
        yield Heading(2, "Leaderboard", "leaderboard")
        yield from leaderboard(comparison, order)
        drawing = pareto_figure(comparison)
        if drawing is not None:
            yield Heading(2, "What nothing beats", "front")
            yield drawing
        yield Heading(2, "Effects of the parameters", "effects")
        yield from effect_blocks(comparison.effects)
    if regression is not None:
        yield Heading(2, "Against the baseline", "baseline")
        yield from _regression(regression, comparison)
    if withheld:
        yield Heading(2, "Not published", "not-published")
        said = "What the evidence does not bear out is not recommended for reading. The trials' measurements stand."
        yield Paragraph(inlines(said))
        rows = tuple((*named(each.trial), inlines(each.why)) for each in withheld)
        yield _table((*NAMED, "why"), rows, "Reports that are not published")
    if len(order.trials) < len(comparison.trials):
        yield Heading(2, "Not ranked", "not-ranked")
        yield from _apart(comparison)
    yield Heading(2, "How this was computed", "method")
    yield Bullets(tuple(_method(comparison)))


def _counts(comparison: Comparison, withheld: Sequence[Withheld]) -> str:
    kinds = Counter("valid" if trial.is_valid else _KINDS[trial.state] for trial in comparison.trials)
    trials, reports = len(comparison.trials), sum(trial.href is not None for trial in comparison.trials)
    said = ", ".join(f"{kinds[kind]:,} {kind}" for kind in ("valid", *_KINDS.values()) if kinds[kind])
    counts = f"{_number(trials, 'trial')}: {said}. {reports - len(withheld):,} of {reports:,} reports are published"
    waiting = trials - reports
    if waiting:
        counts += f"; {_number(waiting, 'trial')} {'has' if waiting == 1 else 'have'} none yet"
    return f"{counts}."


def _recommendation(comparison: Comparison, order: Order, regression: Regression | None) -> Iterator[Block]:
    answer = comparison.recommendation
    if not order.trials:
        yield _nothing("No recommendation. ", "No trial is valid; what became of each stands below.")
    elif answer.best is None:
        yield _nothing("No recommendation. ", answer.why)
        yield Paragraph(inlines(_leader(comparison, order)))
    else:
        best = order.trials[0]
        yield Paragraph(inlines("Run ", Strong(f"{best.model}, {configuration(best)}"), "."))
    points: list[Inlines] = []
    if answer.best is not None:
        points.append(inlines(Strong("How sure: "), answer.why))
        took = cost_words([cost_of(order.trials[0])])
        if took:
            repeats = _number(order.trials[0].repeats, "repeat")
            points.append(inlines(Strong("What it cost: "), f"the calls of its {repeats} took {took}."))
    took = cost_words(cost_of(trial) for trial in comparison.trials if trial.state == "measured")
    if took:
        points.append(inlines(Strong("What the whole sweep cost: "), f"all calls of measured trials took {took}."))
    if regression is not None:
        points.append(inlines(Strong("Since the baseline: "), *_since(regression)))
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
    if comparison.standings[first.key][metric.name].rank is None:
        return f"{said}; no test can tell how sure that is: too few repeats."
    return f"{said}; {len(order.tied)} of the {len(order.behind) - 1} others can't be told from it."


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


def _since(found: Regression) -> Sequence[Inline | str]:
    worse, better = found.count("worse"), found.count("better")
    if not any(change.p is not None for change in found.changes):
        return ("nothing could be tested (", Link("why", "#baseline", "against-the-baseline"), ").")
    return (f"{worse} worse, {better} better (", Link("which", "#baseline", "against-the-baseline"), ").")


def _regression(found: Regression, comparison: Comparison) -> Iterator[Block]:
    yield Paragraph(inlines(regression_words(found)))
    if found.environment:
        yield Paragraph(inlines("Not the same as then, whatever the figures say:"))
        rows = tuple(
            tuple(map(inlines, (each.name, each.before, each.after, str(each.trials)))) for each in found.environment
        )
        yield _table(("what", "before", "now", "trials"), rows, "What else changed", frozenset({3}))
    trials = {trial.key: trial for trial in comparison.trials}
    told = [change for change in found.changes if change.verdict in ("better", "worse")]
    told.sort(key=lambda each: (each.verdict == "better", -abs(each.change)))
    if told:
        rows = tuple((*named(trials[each.trial]), *map(inlines, change_row(each)[1:])) for each in told[:_CHANGES])
        header = (*NAMED, "metric", "before", "now", "change", "test", "verdict")
        yield _table(header, rows, "What changed, the worst first", frozenset({4, 5, 6}))
    if told[_CHANGES:]:
        said = f"{len(told) - _CHANGES} more are told by 'chimera compare --baseline {found.baseline}'."
        yield Paragraph(inlines(said))
    if found.apart:
        why = Counter(found.apart.values()).most_common()
        yield Details(
            "What can't be compared", (Bullets(tuple(inlines(f"{reason}: {count}") for reason, count in why)),)
        )


def _apart(comparison: Comparison) -> Iterator[Block]:
    """Trials that are compared with nothing: what they measured all the same, and why it does not count."""
    reasons = spoiled_rows(comparison.trials)
    measured = [(trial, why) for trial, why in reasons if trial.state == "measured"]
    others = [(trial, why) for trial, why in reasons if trial.state != "measured"]
    yield Paragraph(inlines("These stand in no rank, front, effect or recommendation."))
    if measured:
        metrics = metrics_of([trial for trial, _ in measured])
        rows = tuple(
            (*named(trial), inlines(why), *(inlines(figure(of, trial.mean(of.name))) for of in metrics))
            for trial, why in measured
        )
        header = (*NAMED, "why", *(metric.name for metric in metrics))
        said = "Measured, but not valid: the figures are not comparable"
        yield _table(header, rows, said, frozenset(range(4, len(header))))
    if others:
        rows = tuple((*named(trial)[:2], inlines(trial.params.key), inlines(why)) for trial, why in others)
        yield _table(("model", "parameters", "key", "why"), rows, "Without figures")


def _method(comparison: Comparison) -> Iterator[Inlines]:
    names = "; ".join(f"{of.name}: {of.words}{f', {of.unit}' * bool(of.unit)}" for of in shown_metrics(comparison))
    if names:
        yield inlines(f"{names}.")
    yield inlines(
        "Only valid trials are compared: what a cache, a reload, throttling and so on spoiled stands apart, with why."
    )
    if len(valid(comparison.trials)) > 1:
        yield inlines(
            "A trial's rank is 1 + how many trials are detectably better: t-tests of logarithms, variances pooled over "
            f"trials of one model, num_gpu and num_ctx, at {LEVEL:g} divided by all {comparison.comparisons:,} pairs "
            "of all metrics (Bonferroni). A trial's repeats are measured one after the other, so a slow drift of the "
            "host can look like a difference between trials."
        )
        yield inlines(
            "Effects: F-tests of the additive model of parameter and of all else equal, over the means of trials, "
            "corrected by Holm over all effects and interactions."
        )
    if comparison.front_axes:
        axes = ", ".join(METRICS[name].words for name in comparison.front_axes)
        yield inlines(f"What nothing beats: no other trial is at least as good in all of {axes}, and better in one.")
    for name, values in comparison.unlike.items():
        said = ", ".join(f"{value} ({count})" for value, count in list(values.items())[:_VALUES])
        more = f" and {len(values) - _VALUES} more" if len(values) > _VALUES else ""
        yield inlines(f"Not the same for all valid trials: {name}: {said}{more}.")
    yield inlines(
        *("Every value, mean and rank: ", Link("comparison.json", "comparison.json"), " and "),
        *(Link("comparison.csv", "comparison.csv"), f", of {comparison.created_at:%Y-%m-%d %H:%M} UTC. "),
        "Each report says from which file and row its figures are.",
    )


def _nothing(what: str, why: str) -> Note:
    return Note("info", (Paragraph(inlines(Strong(what), why)),))


def _table(
    header: tuple[str, ...], rows: tuple[tuple[Inlines, ...], ...], caption: str, numeric: frozenset[int] = frozenset()
) -> Table:
    return Table(header, rows, caption, numeric, interactive=len(rows) > _FEW)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count:,} {what}s"
