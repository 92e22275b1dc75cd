"""Items compared within equal conditions only: the cells that values stand in, and the contests that they allow.

A cell is one model under one setup (conditions, engine, GPU, parameters); a stratum is what several cells have in
common besides the item that is compared: a model, or a level of one condition.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.difference_tests import (
    Blocked,
    Groups,
    Pairs,
    additive,
    holm,
    interaction,
    log_moments,
    welch_pairs,
)
from chimera_dagster.evidence.findings.cells import Cell, files_of
from chimera_dagster.evidence.measures import LEVEL, Measure
from chimera_dagster.evidence.setups import Setup, canonical, value_words

LEAST_RUNS = 3  # of an item, for a test
_ORDER_LEVEL = 0.005  # far below LEVEL: by chance one ranking would become dozens
_LEAST_MOMENTS = 2  # stated runs, for a test by their mean and standard deviation


class Stratum(NamedTuple):
    setup: Setup
    cells: dict[str, Cell]


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
    "plain" (no test). `kind` is what the values are: geometric mean, mean, median or value. `pairs` are by position in
    `names`. `cells` are those of the items; `untested` are other items, with too few runs or another kind of value.
    """

    measure: Measure
    setups: list[Setup]
    standings: list[Standing]
    how: str
    kind: str
    names: list[str]
    pairs: Pairs | None
    cells: list[tuple[str, Cell]]
    untested: list[Standing]

    @property
    def n(self) -> int:
        """Records behind it."""
        return sum(len(cell.places) for _, cell in self.cells)

    @property
    def stated(self) -> bool:
        return any(cell.stated for _, cell in self.cells)

    @property
    def apart(self) -> bool:
        """Whether every item stands in files of its own."""
        by_item: dict[str, list[Cell]] = {}
        for item, cell in self.cells:
            by_item.setdefault(item, []).append(cell)
        every = [file for cells in by_item.values() for file in files_of(cells)]
        return len(every) == len(set(every))


class Judged(NamedTuple):
    """A contest with the corrected p-value of each pair, and the level of a single test; both empty without a test."""

    contest: Contest
    adjusted: NDArray[np.float64]
    level: float

    def p_of(self, one: str, other: str) -> float | None:
        pairs, names = self.contest.pairs, self.contest.names
        if pairs is None or one not in names or other not in names:
            return None
        low, high = sorted((names.index(one), names.index(other)))
        return float(self.adjusted[int(np.flatnonzero((pairs.first == low) & (pairs.second == high))[0])])

    def ties(self) -> list[tuple[str, str]]:
        """Pairs that the test does not tell apart, in the order of the items."""
        order = [standing.item for standing in self.contest.standings]
        return [
            (one, other)
            for place, one in enumerate(order)
            for other in order[place + 1 :]
            if (p := self.p_of(one, other)) is not None and p >= LEVEL
        ]


def strata_by_model(cells: Iterable[Cell]) -> list[Stratum]:
    """Cells by setup; the items are the models."""
    return _strata((cell, cell.model, cell.setup) for cell in cells)


def strata_by_level(cells: Iterable[Cell], name: str, *, besides: Iterable[str] = ()) -> list[Stratum]:
    """One model's cells by all but `name` and what depends on it; the items are the values of `name`."""
    left_out = {name, *besides}
    return _strata(
        (
            cell,
            f"{name}={value_words(cell.setup[name])}",
            {key: value for key, value in cell.setup.items() if key not in left_out},
        )
        for cell in cells
        if name in cell.setup
    )


def _strata(given: Iterable[tuple[Cell, str, Setup]]) -> list[Stratum]:
    found: dict[str, Stratum] = {}
    for cell, item, setup in given:
        found.setdefault(canonical(setup), Stratum(setup, {})).cells.setdefault(item, cell)
    return [found[key] for key in sorted(found)]


def contests(measure: Measure, strata: Sequence[Stratum]) -> list[Contest]:
    """What the strata with two items or more allow: one contest for strata that are tested together, else one each.

    Runs are tested against runs; a value that a file states once is in the contest only if too few items have runs.
    """
    several = [stratum for stratum in strata if len(stratum.cells) > 1]
    found: list[Contest] = []
    for group in _alike([stratum for stratum in several if len(_repeated(stratum)) > 1]):
        merged = _merged(measure, group)
        found += [merged] if merged else [_single(measure, stratum) for stratum in group]
    return found + [_single(measure, stratum) for stratum in several if len(_repeated(stratum)) < 2]


def _repeated(stratum: Stratum) -> dict[str, Cell]:
    return {item: cell for item, cell in stratum.cells.items() if cell.repeated}


def judged(found: Iterable[Contest]) -> list[Judged]:
    """Contests with their p-values, corrected by Holm's method over all of them."""
    every = list(found)
    tested = [contest.pairs.p for contest in every if contest.pairs is not None]
    adjusted = holm(np.concatenate(tested)) if tested else np.array([])
    level = LEVEL / max(len(adjusted), 1)
    results: list[Judged] = []
    start = 0
    for contest in every:
        size = 0 if contest.pairs is None else len(contest.pairs.p)
        results.append(Judged(contest, adjusted[start : start + size], level))
        start += size
    return results


def _alike(strata: Sequence[Stratum]) -> Iterator[list[Stratum]]:
    """Strata with runs of the same items; those of a part of them are put to the first that has them all."""
    groups: dict[frozenset[str], list[Stratum]] = {}
    for stratum in sorted(strata, key=lambda each: -len(_repeated(each))):
        items = frozenset(_repeated(stratum))
        whole = next((known for known in groups if items <= known), items)
        groups.setdefault(whole, []).append(stratum)
    yield from groups.values()


class _Runs(NamedTuple):
    """Runs of several strata: their values, items and strata as codes, and each one's prompt within its stratum."""

    values: NDArray[np.float64]
    items: NDArray[np.int64]
    strata: NDArray[np.int64]
    asked: NDArray[np.int64]
    names: list[str]


def _runs_of(strata: Sequence[Stratum], least: int = 1) -> _Runs:
    """Runs of the items that have `least` of them or more; nothing if there are not two such items."""
    sizes: dict[str, int] = {}
    for stratum in strata:
        for item, cell in _repeated(stratum).items():
            sizes[item] = sizes.get(item, 0) + len(cell.values)
    names = sorted(name for name, size in sizes.items() if size >= least)
    codes = {name: code for code, name in enumerate(names)}
    parts = [
        (cell, codes[item], number)
        for number, stratum in enumerate(strata)
        for item, cell in _repeated(stratum).items()
        if item in codes
    ]
    if len(names) < 2:
        nothing = np.array([], dtype="int64")
        return _Runs(np.array([], dtype="float64"), nothing, nothing, nothing, names)
    lengths = [len(cell.values) for cell, _, _ in parts]
    numbers = np.repeat([number for *_, number in parts], lengths).astype("int64")
    asked = np.concatenate([cell.asked for cell, _, _ in parts])
    joint = np.unique(np.stack([numbers, asked]), axis=1, return_inverse=True)[1].ravel().astype("int64")
    values = np.concatenate([cell.values for cell, _, _ in parts])
    return _Runs(values, np.repeat([item for _, item, _ in parts], lengths).astype("int64"), numbers, joint, names)


def _merged(measure: Measure, strata: list[Stratum]) -> Contest | None:
    """One test of all strata as blocks, by prompt too where items share prompts; None if they have to be told apart.

    They have to if the order changes from one to another by more than chance.
    """
    runs = _runs_of(strata)
    if len(runs.names) < 2:
        return None
    logs = np.log(runs.values)
    if len(strata) > 1 and _changes_order(logs, runs):
        return None
    for blocks in (runs.asked, runs.strata):
        if len(np.unique(blocks)) < 2:
            continue
        fitted = additive(logs, runs.items, blocks)
        if fitted is not None and len(fitted.effects) == len(runs.names):
            return _blocked_contest(measure, strata, runs, fitted, logs)
    return None


def _changes_order(logs: NDArray[np.float64], runs: _Runs) -> bool:
    means = pd.Series(logs).groupby([runs.strata, runs.items]).mean().unstack()
    orders = {tuple(np.argsort(row.to_numpy(), kind="stable")) for _, row in means.dropna().iterrows()}
    if len(orders) < 2:
        return False
    p = interaction(logs, runs.items, runs.strata)
    return p is not None and p < _ORDER_LEVEL


def _blocked_contest(
    measure: Measure, strata: list[Stratum], runs: _Runs, fitted: Blocked, logs: NDArray[np.float64]
) -> Contest:
    low, high = fitted.bounds()
    middle = float(np.mean(logs) - np.mean(fitted.effects[runs.items]))
    counts = np.bincount(runs.items, minlength=len(runs.names))
    means, lows, highs = (np.exp(middle + part) for part in (fitted.effects, low, high))
    standings = [
        Standing(name, float(means[place]), float(lows[place]), float(highs[place]), float(counts[place]))
        for place, name in enumerate(runs.names)
    ]
    setups = [stratum.setup for stratum in strata]
    return _contest(measure, setups, standings, "blocks", "geometric mean", runs.names, fitted.pairs(), strata)


def _single(measure: Measure, stratum: Stratum) -> Contest:
    cells = stratum.cells
    enough = _runs_of([stratum], LEAST_RUNS)
    if len(enough.names) > 1:
        groups = log_moments(enough.values, enough.items, len(enough.names))
        standings = [Standing(name, *groups.interval(at), groups.n[at]) for at, name in enumerate(enough.names)]
        pairs = welch_pairs(groups)
        return _contest(measure, [stratum.setup], standings, "runs", "geometric mean", enough.names, pairs, [stratum])
    tested = sorted(item for item, cell in cells.items() if _has_moments(cell))
    if len(tested) == len(cells) and any(cell.stated for cell in cells.values()):
        return _by_moments(measure, stratum, tested)
    kinds = ("mean", "median", "value")
    known = {kind: [item for item, cell in cells.items() if not np.isnan(cell.centre(kind))] for kind in kinds}
    kind = max(kinds, key=lambda kind: len(known[kind]))
    standings = [
        Standing(item, cells[item].centre(kind), np.nan, np.nan, cells[item].moments[0]) for item in known[kind]
    ]
    return _contest(measure, [stratum.setup], standings, "plain", kind, [], None, [stratum])


def _has_moments(cell: Cell) -> bool:
    n, mean, std = cell.moments
    return n >= _LEAST_MOMENTS and mean > 0 and std >= 0


def _by_moments(measure: Measure, stratum: Stratum, names: list[str]) -> Contest:
    n, mean, std = (np.array([stratum.cells[name].moments[part] for name in names]) for part in range(3))
    groups = Groups(n, mean, std**2)
    low, high = groups.bounds()
    standings = [Standing(name, mean[at], low[at], high[at], n[at]) for at, name in enumerate(names)]
    return _contest(measure, [stratum.setup], standings, "stated", "mean", names, welch_pairs(groups), [stratum])


def _contest(
    measure: Measure,
    setups: list[Setup],
    standings: list[Standing],
    how: str,
    kind: str,
    names: list[str],
    pairs: Pairs | None,
    strata: Sequence[Stratum],
) -> Contest:
    order = sorted(standings, key=lambda standing: (measure.sign * standing.value, standing.item))
    ranked = {standing.item for standing in order}
    cells = [(item, cell) for stratum in strata for item, cell in stratum.cells.items()]
    untested = {
        item: Standing(item, float(np.mean(cell.values)), np.nan, np.nan, cell.moments[0])
        for item, cell in cells
        if item not in ranked
    }
    shown = [(item, cell) for item, cell in cells if item in ranked]
    return Contest(measure, setups, order, how, kind, names, pairs, shown, list(untested.values()))


def pair_tests(results: Iterable[Judged]) -> Mapping[tuple[str, str, str], float]:
    """The largest corrected p-value of each metric and two items over their contests; 1 if the order is not one."""
    found: dict[tuple[str, str, str], float] = {}
    ahead: dict[tuple[str, str, str], str] = {}
    for result in results:
        order = [standing.item for standing in result.contest.standings]
        for place, one in enumerate(order):
            for other in order[place + 1 :]:
                p = result.p_of(one, other)
                if p is not None:
                    key = (result.contest.measure.metric, min(one, other), max(one, other))
                    agrees = ahead.setdefault(key, one) == one
                    found[key] = max(found.get(key, 0.0), p if agrees else 1.0)
    return found
