"""Which trial a worker is given next."""

from itertools import pairwise

import pytest

from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from chimera_dagster.sweeps.queue import TrialQueue


def plans(models: int, trials: int) -> list[TrialPlan]:
    return SweepSpec.model_validate(
        {"models": [f"m:{number}" for number in range(models)], "grid": {"top_k": list(range(1, trials + 1))}}
    ).plans()


def loads(handed_out: dict[str, list[str]]) -> int:
    """How often a model is loaded, where each worker keeps the last one."""
    return sum(before != after for models in handed_out.values() for before, after in pairwise(["", *models]))


def run(queue: TrialQueue, workers: int) -> tuple[dict[str, list[str]], list[str]]:
    """Workers that take turns, until none is given a trial: the models that each had, and all keys in order."""
    had: dict[str, list[str]] = {f"worker {number}": [] for number in range(workers)}
    keys: list[str] = []
    while rest := [(name, taken[0]) for name in had if (taken := queue.take(name))]:
        for name, plan in rest:
            had[name].append(plan.model)
            keys.append(plan.trial.key)
    return had, keys


def test_one_worker_runs_all_in_their_order() -> None:
    asked = plans(models=3, trials=2)
    had, keys = run(TrialQueue(asked), 1)
    assert keys == [plan.trial.key for plan in asked]
    assert loads(had) == 3


@pytest.mark.parametrize(
    ("models", "trials", "workers", "fewest"), [(4, 3, 2, 4), (1, 8, 2, 2), (3, 4, 2, 4), (2, 1, 4, 2)]
)
def test_workers_share_the_trials_evenly_and_load_little(models: int, trials: int, workers: int, fewest: int) -> None:
    asked = plans(models, trials)
    had, keys = run(TrialQueue(asked), workers)
    assert sorted(keys) == sorted(plan.trial.key for plan in asked)
    counts = sorted(len(each) for each in had.values())
    assert counts[-1] - counts[0] <= 1
    assert loads(had) == fewest


def test_what_is_put_back_comes_last_and_says_so() -> None:
    first, second, third = plans(models=1, trials=3)
    queue = TrialQueue([first, second, third])
    assert queue.take("a") == (first, False)
    queue.put_back(first)
    assert [queue.take("a") for _ in range(4)] == [(second, False), (third, False), (first, True), None]


def test_a_worker_that_has_ended_leaves_its_group_to_a_new_one() -> None:
    queue = TrialQueue(plans(models=2, trials=2))
    assert queue.take("a") is not None
    queue.leave("a")
    taken = queue.take("b")
    assert taken is not None
    assert taken[0].model == "m:0"
