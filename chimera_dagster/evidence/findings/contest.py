"""Items that were compared under equal conditions: their order, and how sure the difference of each two of them is."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chimera_dagster.evidence.certainty import Certainty, strongest
from chimera_dagster.evidence.difference_tests import Pairs, holm
from chimera_dagster.evidence.findings.cells import Cell
from chimera_dagster.evidence.measures import LEVEL, Measure
from chimera_dagster.evidence.session_tests import OverSessions
from chimera_dagster.evidence.setups import Setup

Floats = NDArray[np.float64]


class Standing(NamedTuple):
    """An item's value with its 95 % interval (NaN without one) and the runs behind it (NaN if they aren't stated)."""

    item: str
    value: float
    low: float
    high: float
    n: float


class Contest(NamedTuple):
    """Items in order, the best first, compared over `setups`.

    `how`: "runs" (Welch's test of logarithms), "blocks" (within blocks), "stated" (Welch's test of what files state) or
    "plain" (no test). `kind` is what the values are: geometric mean, mean, median or value. `pairs`, tested over runs,
    and those of `over`, tested over sessions, are by position in `names`. `cells` are those of the items; `untested`
    are other items, with too few runs or another kind of value. `unlike`: there is no test because the items were not
    given the same prompts.
    """

    measure: Measure
    setups: list[Setup]
    standings: list[Standing]
    how: str
    kind: str
    names: list[str]
    pairs: Pairs | None
    over: OverSessions | None
    cells: list[tuple[str, Cell]]
    untested: list[Standing]
    unlike: bool = False

    @property
    def n(self) -> int:
        """Records behind it."""
        return sum(len(cell.places) for _, cell in self.cells)

    @property
    def stated(self) -> bool:
        return any(cell.stated for _, cell in self.cells)

    @property
    def complete(self) -> bool:
        """Whether every item was measured under each of the setups."""
        return len(self.cells) == len(self.standings) * len(self.setups)

    @property
    def beyond(self) -> bool:
        """Whether the fitted value of an item lies outside of what was measured of it, as settings are not shared."""
        if self.how != "blocks":
            return False
        ends = {
            item: (min(values), max(values))
            for item in {name for name, _ in self.cells}
            if (values := [value for name, cell in self.cells if name == item for value in cell.values.tolist()])
        }
        return any(
            not low <= standing.value <= high
            for standing in self.standings
            for low, high in [ends.get(standing.item, (-np.inf, np.inf))]
        )

    def measured(self, item: str) -> float:
        """The geometric mean of an item's own values, whatever their settings."""
        return float(
            np.exp(np.mean(np.log(np.concatenate([cell.values for name, cell in self.cells if name == item]))))
        )

    @property
    def by_session(self) -> bool:
        """Whether the order and the intervals are those of sessions, as there are enough of them."""
        return self.over is not None and bool(self.over.conclusive.all())

    @property
    def cold(self) -> int:
        """Cold starts that were left out."""
        return sum(cell.cold for _, cell in self.cells)

    @property
    def sessions(self) -> dict[str, set[int]]:
        """The sessions of each item."""
        found: dict[str, set[int]] = {}
        for item, cell in self.cells:
            found.setdefault(item, set()).update(cell.sessions.tolist())
        return found

    @property
    def apart(self) -> bool:
        """Whether every item stands in sessions of its own."""
        every = [session for sessions in self.sessions.values() for session in sessions]
        return len(every) == len(set(every))


class Judged(NamedTuple):
    """A contest, and what is known of the difference of each pair, both empty without a test.

    `certainties` and `p_values` (corrected, of the test that the certainty is by) are by the position of a pair in
    `contest.pairs`. `run_level` and `session_level` are those of a single test over runs and over sessions.
    """

    contest: Contest
    certainties: tuple[Certainty, ...]
    p_values: Floats
    run_level: float
    session_level: float

    def certainty_of(self, one: str, other: str) -> Certainty:
        """What may be said of the difference of two items; the better one is the first in `contest.standings`."""
        place = self._place(one, other)
        return Certainty.PLAIN if place is None else self.certainties[place]

    def p_of(self, one: str, other: str) -> float | None:
        """The corrected p-value of the test that `certainty_of` is by; 1 if its sign is not that of the order."""
        place = self._place(one, other)
        return None if place is None else float(self.p_values[place])

    @property
    def certainty(self) -> Certainty:
        """The strongest of all pairs."""
        return strongest(self.certainties) or Certainty.PLAIN

    def compared(self) -> Iterator[tuple[tuple[str, str], Certainty]]:
        """Every two items, in their order, with what may be said of their difference."""
        order = [standing.item for standing in self.contest.standings]
        for place, one in enumerate(order):
            for other in order[place + 1 :]:
                yield (one, other), self.certainty_of(one, other)

    def detectable(self) -> float | None:
        """The largest smallest difference of the pairs that are a tie; only ratios of logarithms have one."""
        contest = self.contest
        if contest.pairs is None or contest.how == "stated":
            return None
        tied = np.flatnonzero([certainty is Certainty.TIE for certainty in self.certainties])
        by_session = np.zeros(len(tied), dtype=bool) if contest.over is None else contest.over.conclusive[tied]
        found = [contest.pairs.largest_detectable(tied[~by_session].tolist(), self.run_level)]
        if contest.over is not None:
            found.append(contest.over.pairs.largest_detectable(tied[by_session].tolist(), self.session_level))
        return max((each for each in found if each is not None), default=None)

    def _place(self, one: str, other: str) -> int | None:
        names = self.contest.names
        if self.contest.pairs is None or one not in names or other not in names:
            return None
        low, high = sorted((names.index(one), names.index(other)))
        return low * len(names) - low * (low + 1) // 2 + high - low - 1


def judged(found: Iterable[Contest]) -> list[Judged]:
    """Contests with what is known of each pair: the test over sessions decides.

    Where sessions are too few for it to find much (`OverSessions.conclusive`), or for a test at all, one over runs may
    still tell two items apart in these sessions. A difference against the order does not count. Holm's
    correction is over all tests over sessions and over all others, two families, as they stand behind different
    statements.
    """
    every = list(found)
    over_sessions, session_level = _corrected([_p_over_sessions(contest) for contest in every])
    over_runs, run_level = _corrected([_p_over_runs(contest) for contest in every])
    return [
        _judged(contest, by_session, by_run)._replace(run_level=run_level, session_level=session_level)
        for contest, by_session, by_run in zip(every, over_sessions, over_runs, strict=True)
    ]


def _judged(contest: Contest, by_session: Floats, by_run: Floats) -> Judged:
    if contest.pairs is None:
        return Judged(contest, (), np.array([]), LEVEL, LEVEL)
    value = {standing.item: standing.value for standing in contest.standings}
    values = np.array([value[name] for name in contest.names])
    sign = np.sign(values[contest.pairs.first] - values[contest.pairs.second])
    by_run = np.where(np.sign(contest.pairs.difference) == sign, by_run, 1.0)
    conclusive = np.zeros(len(by_run), dtype=bool)
    if contest.over is not None:
        by_session = np.where(np.sign(contest.over.pairs.difference) == sign, by_session, 1.0)
        conclusive = contest.over.conclusive
    holds = by_session < LEVEL  # NaN is not
    inside = ~holds & ~conclusive & (by_run < LEVEL)
    certainties = tuple(
        Certainty.HOLDS if held else Certainty.IN_SESSION if only else Certainty.TIE
        for held, only in zip(holds.tolist(), inside.tolist(), strict=True)
    )
    return Judged(contest, certainties, np.where(holds | conclusive, by_session, by_run), LEVEL, LEVEL)


def _p_over_sessions(contest: Contest) -> Floats:
    if contest.pairs is None:
        return np.array([])
    return np.full(len(contest.pairs.p), np.nan) if contest.over is None else contest.over.pairs.p


def _p_over_runs(contest: Contest) -> Floats:
    if contest.pairs is None:
        return np.array([])
    return contest.pairs.p if contest.over is None else np.where(contest.over.conclusive, np.nan, contest.pairs.p)


def _corrected(p_values: list[Floats]) -> tuple[list[Floats], float]:
    """Each array corrected over all together, NaN left as it is, and the level of a single test."""
    joint = np.concatenate(p_values) if p_values else np.array([])
    known = ~np.isnan(joint)
    joint[known] = holm(joint[known])
    ends = np.cumsum([len(each) for each in p_values])[:-1]
    return np.split(joint, ends) if p_values else [], LEVEL / max(int(known.sum()), 1)
