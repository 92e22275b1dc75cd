"""Which trial a worker runs next, so that models are loaded least often and no worker is idle while trials are left."""

from collections import deque
from collections.abc import Hashable, Sequence

from chimera_dagster.sweep import TrialPlan


class TrialQueue:
    """The trials of a sweep that no worker has taken yet; each is handed out once, unless it is put back.

    Trials that share a loaded model (`Trial.load_order`) are a group. A worker is given its own group to the end, then
    one that nobody has begun, then part of the longest: that loads its model once more, but leaves no worker idle.
    """

    def __init__(self, plans: Sequence[TrialPlan]) -> None:
        groups: dict[tuple[str, int, int], deque[TrialPlan]] = {}
        for plan in plans:
            groups.setdefault(plan.trial.load_order, deque()).append(plan)
        self._groups = list(groups.values())
        self._of: dict[Hashable, deque[TrialPlan]] = {}
        self._put_back: deque[TrialPlan] = deque()

    def take(self, worker: Hashable) -> tuple[TrialPlan, bool] | None:
        """The next trial of a worker, and whether it was put back before; None where none is left."""
        group = self._of.get(worker) or self._unbegun() or max(self._groups, key=len, default=None)
        if not group:
            return (self._put_back.popleft(), True) if self._put_back else None
        self._of[worker] = group
        return group.popleft(), False

    def put_back(self, plan: TrialPlan) -> None:
        """Have a trial handed out again, after all others."""
        self._put_back.append(plan)

    def leave(self, worker: Hashable) -> None:
        """The worker has ended: its group is open to others."""
        self._of.pop(worker, None)

    def _unbegun(self) -> deque[TrialPlan] | None:
        begun = {id(group) for group in self._of.values()}
        return next((group for group in self._groups if group and id(group) not in begun), None)
