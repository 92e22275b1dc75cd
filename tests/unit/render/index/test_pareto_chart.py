"""The chart of all trials: the front, who may be on it too, and how sure their places are."""

from datetime import UTC, datetime

import numpy as np
import pytest

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.observed import Observed
from chimera_dagster.render.index.pareto_chart import pareto_chart
from chimera_dagster.spec.goals import Goals
from tests.drawing import Drawing, share
from tests.simulated import simulated_sweep


def compared(**sweep: object) -> Comparison:
    trials = simulated_sweep(
        lambda cell: 50.0 if cell.temperature == 1.0 else 100.0,
        np.random.default_rng(2),
        **sweep,  # pyright: ignore[reportArgumentType]
    )
    equal = [trial.model_copy(update={"values": {**trial.values, "quality": [0.5]}}) for trial in trials]
    return compare(equal, Goals(), datetime(2026, 1, 1, tzinfo=UTC))


def test_each_trial_that_may_be_on_the_front_has_its_intervals_and_the_others_have_none() -> None:
    comparison = compared(rounds=4, repeats=1)
    chart = pareto_chart(comparison)
    assert chart is not None
    drawing = Drawing(chart.svg)
    shown = [*comparison.front, *comparison.front_maybe]
    assert len(shown) == 12
    assert len(drawing.all("circle", "dot")) == 18
    whiskers = drawing.all("line", "whisker")
    assert len(whiskers) == 2 * len(shown)
    assert f"Of the others, {len(comparison.front_maybe)} may be on it too" in chart.description
    x = drawing.across()
    ends = sorted((x(share(line.attrib["x1"])), x(share(line.attrib["x2"]))) for line in whiskers[::2])
    summaries = [comparison.standings[key]["throughput_tok_s"].summary for key in shown]
    top = max(trial.mean("throughput_tok_s") or 0 for trial in comparison.trials)
    assert [low for low, _ in ends] == pytest.approx(sorted(found.low or 0 for found in summaries), rel=0.01)
    assert all(high <= 1.2 * top for _, high in ends)


def test_where_nothing_is_tested_no_interval_is_drawn() -> None:
    chart = pareto_chart(compared(repeats=1))
    assert chart is not None
    assert Drawing(chart.svg).all("line", "whisker") == []


def test_one_that_is_best_in_all_is_alone() -> None:
    trials: list[Observed] = []
    for number, trial in enumerate(simulated_sweep(lambda _: 100.0, np.random.default_rng(2), rounds=4)):
        factor = 3.0 if number == 0 else 1.0
        values = {
            "throughput_tok_s": [factor * value for value in trial.values["throughput_tok_s"]],
            "ttft_ms": [value / factor for value in trial.values["ttft_ms"]],
            "quality": [0.5],
        }
        trials.append(trial.model_copy(update={"values": values}))
    comparison = compare(trials, Goals(), datetime(2026, 1, 1, tzinfo=UTC))
    assert (comparison.front, comparison.front_maybe) == ([trials[0].key], [])
    chart = pareto_chart(comparison)
    assert chart is not None and "may be on it too" not in chart.description
