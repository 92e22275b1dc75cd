"""Dagster's daemon runs the trials of a backfill in the text order of their keys: what that costs in model loads."""

import random
from itertools import groupby

import pytest

from chimera_dagster.spec.sweep import SweepSpec, TrialPlan

VALUES: dict[str, list[float | None]] = {
    "num_gpu": [None, -1, 0, 20, 33, 80, 99, 100, 999],
    "num_ctx": [None, 256, 1000, 1024, 1500, 2048, 4096, 8192, 16384, 131072],
    "temperature": [None, 0, 0.2, 1.0, 1.5],
    "top_p": [None, 0.5, 0.9],
    "top_k": [None, 1, 40, 100],
    "repeat_penalty": [None, 1.0, 1.2],
}
MODELS = ["m1", "gemma3:270m", "smollm2:135m", "llama3:70b"]
EXTRA_LOADS = 3  # for each model


def loads(plans: list[TrialPlan]) -> int:
    return sum(1 for _ in groupby(plans, key=lambda plan: (plan.model, plan.params.num_gpu, plan.params.num_ctx)))


@pytest.mark.parametrize("seed", range(5))
def test_text_order_loads_each_model_at_most_three_times_more_than_load_order(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(20):
        names = draw.sample(list(VALUES), draw.randint(1, 4))
        grid = {name: draw.sample(VALUES[name], draw.randint(1, min(4, len(VALUES[name])))) for name in names}
        spec = SweepSpec.model_validate({"models": draw.sample(MODELS, draw.randint(1, 4)), "grid": grid})
        plans = spec.plans()
        text_order = sorted(plans, key=lambda plan: plan.trial.key)
        assert loads(plans) <= loads(text_order) <= loads(plans) + EXTRA_LOADS * len(spec.models)
