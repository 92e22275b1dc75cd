"""The chart of all trials: throughput against time to first token, with the Pareto front."""

from collections.abc import Sequence

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.render.blocks import Chart, Table
from chimera_dagster.render.index.cells import NAMED, configuration, counted, figure, named
from chimera_dagster.render.scale import Scale, linear, logarithmic
from chimera_dagster.render.svg import Canvas, Margins
from chimera_dagster.spec.goals import MetricName

_PLOT_PX = 400
_X: MetricName = "throughput_tok_s"
_Y: MetricName = "ttft_ms"
_LOG_FROM = 10.0  # ratio of the largest to the smallest value above which an axis is logarithmic


def pareto_chart(comparison: Comparison) -> Chart | None:
    """Every valid trial as a dot, filled if it is on the Pareto front; None if no trial has both values."""
    usable = valid(comparison.trials)
    trials = [trial for trial in usable if trial.values.get(_X) and trial.values.get(_Y)]
    if not trials:
        return None
    front, maybe = set(comparison.front), set(comparison.front_maybe)
    rates, waits = ([trial.mean(name) or 0.0 for trial in trials] for name in (_X, _Y))
    x_scale, y_scale = _scale(rates), _scale(waits)
    axes = ", ".join(METRICS[name].words for name in comparison.front_axes)
    title = "Throughput and time to first token"
    description = (
        f"Each dot is a valid trial; lower right is better. Filled dots are the Pareto front: the "
        f"{counted(len(front), 'trial')} that no other trial beats in {axes} at once."
    )
    if maybe:
        description += (
            f" Of the others, {len(maybe):,} may be on it too: no trial of the front is detectably better. "
            "Lines are the 95 % intervals of these and of the front."
        )
    if len(trials) < len(usable):
        description += f" Not drawn: {counted(len(usable) - len(trials), 'trial')} without both values."
    canvas = Canvas(title, description, _PLOT_PX, Margins(30, 24, 48, 56))
    canvas.x_axis(x_scale, f"{METRICS[_X].words}, tok/s{', logarithmic' * x_scale.is_log}")
    canvas.y_axis(y_scale, 0, _PLOT_PX)
    canvas.text(f"{METRICS[_Y].words}, ms{', logarithmic' * y_scale.is_log}", (0, -14), "", "start", -48)
    for trial in trials:
        if trial.key in front or trial.key in maybe:
            _intervals(canvas, trial, comparison, x_scale, y_scale)
    for trial, rate, wait in sorted(zip(trials, rates, waits, strict=True), key=lambda dot: dot[0].key in front):
        place = (x_scale.at(rate), _PLOT_PX * (1 - y_scale.at(wait)))
        canvas.dot(place, "dot s1" if trial.key in front else "dot s1 open", _tooltip(trial, comparison))
    metrics = [METRICS[name] for name in comparison.front_axes]
    rows = tuple(
        (*named(trial), *(figure(metric, trial.mean(metric.name)) for metric in metrics))
        for trial in trials
        if trial.key in front
    )
    header = (*NAMED, *comparison.front_axes)
    table = Table(header, rows, "Trials on the Pareto front", frozenset(range(3, len(header))))
    return Chart(canvas.svg(), title, description, table)


def _intervals(canvas: Canvas, trial: Observed, comparison: Comparison, x_scale: Scale, y_scale: Scale) -> None:
    """A line for the interval of either mean, as far as it is in the plot; none if there is no interval."""
    rate, wait = (comparison.standings[trial.key][name].summary for name in (_X, _Y))
    x, y = x_scale.at(rate.mean), _PLOT_PX * (1 - y_scale.at(wait.mean))
    for scale, found, is_level in ((x_scale, rate, True), (y_scale, wait, False)):
        if found.low is None or found.high is None:
            continue
        ends = [
            min(max(scale.at(end), 0.0), 1.0) if end > 0 or not scale.is_log else 0.0 for end in (found.low, found.high)
        ]
        begin, end = [(share, y) if is_level else (x, _PLOT_PX * (1 - share)) for share in ends]
        canvas.line(begin, end, "whisker thin s1")


def _tooltip(trial: Observed, comparison: Comparison) -> str:
    values = [
        f"{metric.words} {figure(metric, trial.mean(name))} {metric.unit}".rstrip()
        for name, metric in METRICS.items()
        if name in comparison.front_axes
    ]
    return f"{trial.model}, {configuration(trial)}: {', '.join(values)}"


def _scale(values: Sequence[float]) -> Scale:
    return logarithmic(values) if min(values) > 0 and max(values) / min(values) > _LOG_FROM else linear(values)
