"""Which trial a worker runs next: models are loaded rarely, and no worker is idle while trials are left."""

from collections import deque
from collections.abc import Hashable, Sequence
from typing import Protocol

from chimera_dagster.spec.sweep import TrialPlan

_Group = deque[TrialPlan]


class TrialSource(Protocol):
    """Where workers get their trials from."""

    @property
    def left(self) -> int:
        """How many trials may still end; 0 once there is nothing more to wait for."""
        ...

    def take(self, worker: Hashable) -> tuple[TrialPlan, bool] | None:
        """The next trial of a worker, and whether it was put back before; None if there is none at the moment."""
        ...

    def put_back(self, plan: TrialPlan) -> None:
        """Return a trial, to be handed out again: another process is working on it."""

    def end(self, plan: TrialPlan) -> None:
        """A trial that was handed out has ended, successfully or not."""

    def leave(self, worker: Hashable) -> None:
        """The worker has ended."""


class TrialQueue:
    """The visits of a sweep that no worker has taken yet; each is handed out once, unless it is put back.

    Trials that share a loaded model (`TrialPlan.load_group`) are a group in each round. A worker gets the trials of its
    own group, then a group of that round that nobody has begun, then part of the longest: this loads a model once more,
    but leaves no worker idle. The next round begins once all of a round are handed out; a trial that another worker
    still visits is not handed out meanwhile.
    """

    def __init__(self, plans: Sequence[TrialPlan]) -> None:
        groups: dict[tuple[int, tuple[str, int, int]], _Group] = {}
        for plan in plans:
            groups.setdefault((plan.round, plan.load_group), deque()).append(plan)
        self._rounds = {number: [group for key, group in groups.items() if key[0] == number] for number, *_ in groups}
        self._group_of: dict[Hashable, _Group] = {}
        self._put_back: _Group = deque()
        self._visited: set[str] = set()
        self._left = len(plans)

    @property
    def left(self) -> int:
        """How many trials have not ended."""
        return self._left

    def take(self, worker: Hashable) -> tuple[TrialPlan, bool] | None:
        """The next trial of a worker, and whether it was put back before; None if there is none at the moment."""
        groups = next((found for found in self._rounds.values() if any(found)), [])
        own = self._group_of.get(worker)
        for group in (own, self._unbegun(groups), *sorted(groups, key=len, reverse=True)):
            if group and (plan := self._taken(group)) is not None:
                self._group_of[worker] = group
                return plan, False
        plan = None if groups else self._taken(self._put_back)
        return None if plan is None else (plan, True)

    def put_back(self, plan: TrialPlan) -> None:
        """Return a trial, to be handed out again after all others."""
        self._visited.discard(plan.trial.key)
        self._put_back.append(plan)

    def end(self, plan: TrialPlan) -> None:
        """Called once for each visit."""
        self._visited.discard(plan.trial.key)
        self._left -= 1

    def leave(self, worker: Hashable) -> None:
        """The worker has ended; its group is free for others."""
        self._group_of.pop(worker, None)

    def _unbegun(self, groups: Sequence[_Group]) -> _Group | None:
        begun = {id(group) for group in self._group_of.values()}
        return next((group for group in groups if group and id(group) not in begun), None)

    def _taken(self, group: _Group) -> TrialPlan | None:
        """The first trial of the group that nobody visits, taken out of it."""
        for place, plan in enumerate(group):
            if plan.trial.key not in self._visited:
                del group[place]
                self._visited.add(plan.trial.key)
                return plan
        return None
