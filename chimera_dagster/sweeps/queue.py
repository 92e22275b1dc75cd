"""Which trial a worker runs next: models are loaded rarely, and no worker is idle while trials are left."""

from collections import deque
from collections.abc import Hashable, Sequence
from typing import Protocol

from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.spec.trial import load_order


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
    """The trials of a sweep that no worker has taken yet; each is handed out once, unless it is put back.

    Trials that share a loaded model (`trial.load_order`) are a group. A worker gets the trials of its own group, then a
    group that nobody has begun, then part of the longest: this loads a model once more, but leaves no worker idle.
    """

    def __init__(self, plans: Sequence[TrialPlan]) -> None:
        groups: dict[tuple[str, int, int], deque[TrialPlan]] = {}
        for plan in plans:
            groups.setdefault((plan.model, *load_order(plan.params.key)), deque()).append(plan)
        self._groups = list(groups.values())
        self._group_of: dict[Hashable, deque[TrialPlan]] = {}
        self._put_back: deque[TrialPlan] = deque()
        self._left = len(plans)

    @property
    def left(self) -> int:
        """How many trials have not ended."""
        return self._left

    def take(self, worker: Hashable) -> tuple[TrialPlan, bool] | None:
        """The next trial of a worker, and whether it was put back before; None if none is left."""
        group = self._group_of.get(worker) or self._unbegun() or max(self._groups, key=len, default=None)
        if not group:
            return (self._put_back.popleft(), True) if self._put_back else None
        self._group_of[worker] = group
        return group.popleft(), False

    def put_back(self, plan: TrialPlan) -> None:
        """Return a trial, to be handed out again after all others."""
        self._put_back.append(plan)

    def end(self, plan: TrialPlan) -> None:
        """Called once for each trial."""
        del plan  # only the number of trials counts
        self._left -= 1

    def leave(self, worker: Hashable) -> None:
        """The worker has ended; its group is free for others."""
        self._group_of.pop(worker, None)

    def _unbegun(self) -> deque[TrialPlan] | None:
        begun = {id(group) for group in self._group_of.values()}
        return next((group for group in self._groups if group and id(group) not in begun), None)
