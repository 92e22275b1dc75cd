"""The visits of a sweep in their order: every round visits all trials afresh, load group by load group.

A host drifts: it gets warm, another process takes its share, a GPU changes its clocks. Trials that are always measured
in the same order, or only once, carry that drift as if it were theirs; in a new order each time, it is scatter that
shows.
"""

import random
from collections.abc import Iterable, Sequence

from chimera_dagster.spec.sweep import TrialPlan


def visits_of(plans: Sequence[TrialPlan]) -> list[TrialPlan]:
    """Each plan once for each round of its spec, in the order in which one worker makes these visits.

    In every round, load groups (trials that share a loaded model) have a new order, and so have the trials of each: a
    round loads each group once. The order depends on the seed of the spec alone, so that a sweep that is started again
    continues in it.
    """
    rounds = max((plan.spec.rounds for plan in plans), default=0)
    return [plan.in_round(number) for number in range(1, rounds + 1) for plan in in_order(plans, number)]


def in_order(plans: Iterable[TrialPlan], number: int) -> list[TrialPlan]:
    """The plans in the order of that round."""
    groups: dict[tuple[str, int, int], list[TrialPlan]] = {}
    for plan in plans:
        groups.setdefault(plan.load_group, []).append(plan)
    ordered = list(groups.values())
    seeds = {plan.spec.seed for group in ordered for plan in group}
    chance = random.Random(f"{min(seeds, default=0)}, round {number}")
    chance.shuffle(ordered)
    return [plan for group in ordered for plan in chance.sample(group, len(group))]
