"""The order of visits: every round all trials, in a new order each time, with no more loads than there are groups."""

from itertools import groupby

import pytest

from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from chimera_dagster.sweeps.queue import TrialQueue
from chimera_dagster.sweeps.rounds import visits_of


def spec(rounds: int = 3, **fields: object) -> SweepSpec:
    grid = {"num_ctx": [2048, 4096], "temperature": [0.1, 0.4, 0.7, 1.0]}
    return SweepSpec.model_validate({"models": ["a:1b", "b:1b"], "grid": grid, "rounds": rounds} | fields)


def load(plan: TrialPlan) -> tuple[str, int | None]:
    return plan.model, plan.params.num_ctx


def order(plans: list[TrialPlan], number: int) -> list[str]:
    return [plan.trial.key for plan in plans if plan.round == number]


def test_every_round_visits_every_trial_once_group_by_group() -> None:
    found = visits_of(spec().plans())
    keys = {plan.trial.key for plan in spec().plans()}
    assert [plan.round for plan in found] == [1] * 16 + [2] * 16 + [3] * 16
    for number in (1, 2, 3):
        assert set(order(found, number)) == keys and len(order(found, number)) == 16
        loads = [key for key, _ in groupby(plan for plan in found if plan.round == number) for key in [load(key)]]
        assert len([key for key, _ in groupby(loads)]) == 4


def test_the_order_is_new_in_each_round_and_the_same_for_each_start() -> None:
    found = visits_of(spec().plans())
    assert len({tuple(order(found, number)) for number in (1, 2, 3)}) == 3
    assert visits_of(spec().plans()) == found
    assert visits_of(spec(seed=8).plans()) != found
    groups = {
        tuple(key for key, _ in groupby(map(load, visits_of(spec(rounds=12).plans())[start : start + 16])))
        for start in range(0, 192, 16)
    }
    assert len(groups) > 6  # the groups too: the last model of each round would have the warmest host


def test_a_sweep_of_one_round_is_shuffled_too() -> None:
    plans = spec(rounds=1).plans()
    found = visits_of(plans)
    assert found != plans and sorted(order(found, 1)) == sorted(plan.trial.key for plan in plans)
    assert visits_of([]) == []


def test_places_in_a_round_are_even_over_many() -> None:
    """No trial is always early: its mean place in 100 rounds is near the middle."""
    found = visits_of(spec(rounds=100).plans())
    places: dict[str, list[int]] = {}
    for place, plan in enumerate(found):
        places.setdefault(plan.trial.key, []).append(place % 16)
    assert all(5.5 < sum(own) / 100 < 9.5 for own in places.values())


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_round_begins_when_the_one_before_is_handed_out_and_nobody_waits_for_its_end(workers: int) -> None:
    queue, visits = TrialQueue(visits_of(spec().plans())), visits_of(spec().plans())
    running: dict[int, TrialPlan] = {}
    seen: list[TrialPlan] = []
    loads: list[int] = []
    loaded: dict[int, tuple[str, int | None]] = {}
    turn = 0
    while queue.left:
        worker = turn % workers
        turn += 1
        if worker in running:
            queue.end(running.pop(worker))
        taken = queue.take(worker)
        assert taken is not None or queue.left <= len(running)
        if taken is not None:
            plan, again = taken
            assert not again
            assert plan.trial.key not in {other.trial.key for other in running.values()}
            seen.append(plan)
            running[worker] = plan
            if loaded.get(worker) != load(plan):
                loads.append(plan.round)
                loaded[worker] = load(plan)
    assert [plan.round for plan in seen] == sorted(plan.round for plan in seen)
    assert sorted(seen, key=visits.index) == visits
    assert len(loads) <= 3 * 4 + 3 * (workers - 1)
    if workers == 1:
        assert seen == visits


def test_a_trial_that_another_worker_still_visits_is_not_handed_out() -> None:
    queue = TrialQueue(visits_of(SweepSpec(models=["a:1b"], rounds=2).plans()))
    first = queue.take(0)
    assert first is not None and first[0].round == 1
    assert queue.take(1) is None and queue.left == 2
    queue.end(first[0])
    second = queue.take(1)
    assert second is not None and second[0].round == 2


def test_what_was_put_back_is_handed_out_after_all_rounds() -> None:
    queue = TrialQueue(visits_of(SweepSpec(models=["a:1b", "b:1b"], rounds=2).plans()))
    taken = queue.take(0)
    assert taken is not None
    queue.put_back(taken[0])
    order = []
    for _ in range(4):
        found = queue.take(0)
        assert found is not None
        order.append(found)
        queue.end(found[0])
    assert order[-1] == (taken[0], True) and not any(again for _, again in order[:-1])
    assert queue.left == 0
