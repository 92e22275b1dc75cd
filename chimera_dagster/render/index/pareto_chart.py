"""The figure over all trials: throughput against time to first token, and which trials nothing beats."""

from collections.abc import Sequence

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.render.index.cells import configuration, figure
from chimera_dagster.render.index.trial_tables import NAMED, named
from chimera_dagster.render.page import Figure, Table, inlines
from chimera_dagster.render.svg import Chart, Margins, Scale, linear, logarithmic
from chimera_dagster.spec.goals import MetricName

_PLOT_PX = 400
_X: MetricName = "throughput_tok_s"
_Y: MetricName = "ttft_ms"
_LOG_FROM = 10.0  # largest over smallest value above which a linear axis has most dots in a corner


def pareto_figure(comparison: Comparison) -> Figure | None:
    """Every valid trial as a dot; those of the front are filled. None where no trial has both values."""
    usable = valid(comparison.trials)
    trials = [trial for trial in usable if trial.values.get(_X) and trial.values.get(_Y)]
    if not trials:
        return None
    front = set(comparison.front)
    rates, waits = ([trial.mean(name) or 0.0 for trial in trials] for name in (_X, _Y))
    across, down = _scale(rates), _scale(waits)
    axes = ", ".join(METRICS[name].words for name in comparison.front_axes)
    title = "Throughput and time to first token"
    description = (
        f"Each dot is a valid trial; better is to the right and below. Filled: the {len(front)} that no other one "
        f"beats in {axes} at once."
        + (f" Not drawn: {len(usable) - len(trials)} without both values." if len(trials) < len(usable) else "")
    )
    chart = Chart(title, description, _PLOT_PX, Margins(30, 24, 48, 56))
    chart.across(across, f"{METRICS[_X].words}, tok/s{', logarithmic' * across.is_log}")
    chart.down(down, 0, _PLOT_PX)
    chart.text(f"{METRICS[_Y].words}, ms{', logarithmic' * down.is_log}", (0, -14), "", "start", -48)
    for trial, rate, wait in sorted(zip(trials, rates, waits, strict=True), key=lambda each: each[0].key in front):
        at = (across.at(rate), _PLOT_PX * (1 - down.at(wait)))
        chart.dot(at, "dot s1" if trial.key in front else "dot s1 open", _said(trial, comparison))
    metrics = [METRICS[name] for name in comparison.front_axes]
    rows = tuple(
        (*named(trial), *(inlines(figure(of, trial.mean(of.name))) for of in metrics))
        for trial in trials
        if trial.key in front
    )
    header = (*NAMED, *comparison.front_axes)
    table = Table(header, rows, "Trials that no other one beats", frozenset(range(3, len(header))))
    return Figure(chart.svg(), title, description, table)


def _said(trial: Observed, comparison: Comparison) -> str:
    values = [
        f"{metric.words} {figure(metric, trial.mean(name))} {metric.unit}".rstrip()
        for name, metric in METRICS.items()
        if name in comparison.front_axes
    ]
    return f"{trial.model}, {configuration(trial)}: {', '.join(values)}"


def _scale(values: Sequence[float]) -> Scale:
    return logarithmic(values) if min(values) > 0 and max(values) / min(values) > _LOG_FROM else linear(values)
