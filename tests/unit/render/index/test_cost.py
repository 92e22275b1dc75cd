"""What trials took: the sum of their calls, and energy only where it was measured."""

import numpy as np
import pytest

from chimera_dagster.render.index.cost import Cost, cost_of, cost_words, duration_words, energy_words
from tests.simulated import in_full, simulated_sweep


def test_it_is_the_sum_over_the_calls_of_all_repeats() -> None:
    rng = np.random.default_rng(1)
    [trial] = in_full(simulated_sweep(lambda _: 100, rng, models=["a:1b"], num_ctx=[2048], temperature=[0.2]), rng)
    found = cost_of(trial)
    assert found.seconds == pytest.approx(sum(e2e_ms for _, _, e2e_ms, _ in trial.call_rows) / 1e3)
    assert found.joules == pytest.approx(sum(400 * joules for joules in trial.values["joules_per_token"]))
    assert cost_of(trial.model_copy(update={"values": {}})) == (None, None)
    assert cost_of(trial.model_copy(update={"call_rows": []})).joules is None


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ([], ""),
        ([Cost(None, None)], ""),
        ([Cost(10, None)], "10 s; energy was not measured"),
        ([Cost(100, 50), Cost(100, 60)], "3 min 20 s and 110 J"),
        ([Cost(100, 50), Cost(100, None)], "3 min 20 s and 50 J (energy of 1 of 2 trials)"),
    ],
)
def test_costs_are_summed_up_and_what_is_missing_is_said(costs: list[Cost], said: str) -> None:
    assert cost_words(costs) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.1234, "0.123 s"), (119.6, "120 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, said: str) -> None:
    assert duration_words(seconds) == said


@pytest.mark.parametrize(("joules", "said"), [(1.234, "1.23 J"), (12_345, "12,345 J"), (3.6e6, "1 kWh")])
def test_energies(joules: float, said: str) -> None:
    assert energy_words(joules) == said
