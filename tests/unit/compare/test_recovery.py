"""What a comparison finds of planted effects, and how often it finds what is not there."""

import numpy as np
import pytest

from tests.recovery import WORLDS, World, outcome_of

SWEEPS = 40
FOUND = {  # shares of sweeps in which the planted effect is found, at least
    "num_ctx changes throughput by 5 %": 0.9,
    "strong num_ctx and model, temperature none": 1.0,
    "models cross over num_ctx by 4 %": 1.0,
}


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS[:6], ids=lambda world: world.name)
def test_planted_effects_are_found_and_nothing_else(world: World) -> None:
    rng = np.random.default_rng(1)
    sweeps = [outcome_of(world, rng) for _ in range(SWEEPS)]
    assert sum(each.size is not None for each in sweeps) >= FOUND.get(world.name, 0) * SWEEPS
    # 5 % is promised: more than 5 of 40 has a chance of one in seventy
    for false in ("effect", "rank", "recommendation", "change"):
        assert sum(getattr(each, false) for each in sweeps) <= 5, false
