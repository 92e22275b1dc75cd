"""A comparison in words: the host's drift between trials."""

from datetime import UTC, datetime

import numpy as np

from chimera_dagster.compare.comparison import compare
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import AccuracyInterval
from chimera_dagster.render.index.cells import drift_words, standing_cells
from chimera_dagster.spec.goals import Goals
from tests.simulated import simulated_sweep


def drift_of(**sweep: object) -> list[str]:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), **sweep)  # pyright: ignore[reportArgumentType]
    return drift_words(compare(trials, Goals(), datetime(2026, 1, 1, tzinfo=UTC)))


def test_how_far_trials_drift_is_said_of_each_metric_that_has_ranks() -> None:
    [line] = drift_of(drift=0.2)
    assert "decode throughput 1" in line or "decode throughput 2" in line
    assert " %, time to first token " in line and "Ranks allow for it." in line


def test_where_too_few_trials_tell_that_is_drift_of() -> None:
    [line] = drift_of(models=("a:1b",), num_ctx=(2048,))
    assert "too few trials to estimate" in line and "by decode throughput, time to first token, and effects" in line


def test_without_ranks_nothing_is_drift_of() -> None:
    assert drift_of(repeats=1) == []


def test_accuracy_has_its_own_interval_in_its_cell() -> None:
    [trial, *_] = simulated_sweep(lambda _: 100.0, np.random.default_rng(1))
    accuracy = AccuracyInterval(low=0.508, high=0.851, asked=24, chance=0.25)
    asked = trial.model_copy(update={"values": {"accuracy": [17 / 24]}, "accuracy": accuracy})
    found = compare([asked], Goals(), datetime(2026, 1, 1, tzinfo=UTC))
    assert standing_cells(found, asked, METRICS["accuracy"])[0].text == "0.71 (0.51 to 0.85)"
