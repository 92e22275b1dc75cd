"""A comparison in words: the host's drift between trials."""

from datetime import UTC, datetime

import numpy as np

from chimera_dagster.compare.comparison import compare
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import AccuracyInterval
from chimera_dagster.render.index.cells import drift_words, standing_cells
from chimera_dagster.spec.goals import Goals
from tests.simulated import hops, simulated_sweep


def drift_of(**sweep: object) -> list[str]:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(1), **sweep)  # pyright: ignore[reportArgumentType]
    return drift_words(compare(trials, Goals(), datetime(2026, 1, 1, tzinfo=UTC)))


def test_how_far_trials_drift_is_said_of_each_metric_that_has_ranks() -> None:
    line, one_round = drift_of(drift=0.2)
    assert "decode throughput 1" in line or "decode throughput 2" in line
    assert " %, time to first token " in line and "Ranks allow for it." in line
    assert "in one round" in one_round and "'rounds: 3'" in one_round


def test_where_too_few_trials_tell_that_is_drift_of() -> None:
    drift, _, effect = drift_of(models=("a:1b",), num_ctx=(2048,))
    assert "too few trials to estimate" in drift
    assert "decode throughput, time to first token are not tested" in drift
    assert effect == (
        "No effect of temperature is tested: one round and too few trials can't tell it from a drift of the host."
    )


def test_rounds_say_how_far_visits_scatter_and_nothing_of_one_round() -> None:
    [line] = drift_of(rounds=3, repeats=3, host=hops(0.1))
    assert line.startswith("Scatter between the visits of a trial beyond that of their repeats")
    assert "decode throughput 9" in line or "decode throughput 1" in line
    assert drift_of(rounds=3, repeats=1) == []  # one call a visit: its scatter is in that of the visits
    [few] = drift_of(rounds=2, repeats=1, models=("a:1b",), num_ctx=(2048,), temperature=(0.2, 1.0))
    assert few == "No effect of temperature is tested: there are too few rounds or trials."


def test_without_repeats_only_the_single_round_is_said() -> None:
    [line] = drift_of(repeats=1)
    assert line.startswith("All trials were measured in one round")


def test_accuracy_has_its_own_interval_in_its_cell() -> None:
    [trial, *_] = simulated_sweep(lambda _: 100.0, np.random.default_rng(1))
    accuracy = AccuracyInterval(low=0.508, high=0.851, asked=24, chance=0.25)
    asked = trial.model_copy(update={"values": {"accuracy": [17 / 24]}, "accuracy": accuracy})
    found = compare([asked], Goals(), datetime(2026, 1, 1, tzinfo=UTC))
    assert standing_cells(found, asked, METRICS["accuracy"])[0].text == "0.71 (0.51 to 0.85)"
