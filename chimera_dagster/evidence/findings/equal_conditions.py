"""Items compared within equal conditions only: the cells that values stand in, and the contests that they allow.

A cell is one model under one setup (conditions, engine, GPU, parameters); a stratum is what several cells have in
common besides the item that is compared: a model, or a level of one condition.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from chimera_dagster.evidence.difference_tests import (
    Blocked,
    Groups,
    Pairs,
    additive,
    moments,
    reversal,
    welch_pairs,
)
from chimera_dagster.evidence.findings.cells import Cell
from chimera_dagster.evidence.findings.contest import Contest, Standing
from chimera_dagster.evidence.measures import LEVEL, Measure
from chimera_dagster.evidence.session_tests import over_sessions
from chimera_dagster.evidence.setups import TRENDS, Setup, canonical, value_words, varying
from chimera_dagster.evidence.sittings import in_one_go

LEAST_RUNS = 3  # of an item, for a test
_CLEAR = float(np.log(1.1))  # of two ends of a load, a difference that is more than scatter
_LEAST_MOMENTS = 2  # stated runs, for a test by their mean and standard deviation


class Stratum(NamedTuple):
    setup: Setup
    cells: dict[str, Cell]


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
    several = [stratum for stratum in by_sitting(strata) if len(stratum.cells) > 1]
    found: list[Contest] = []
    for group in _alike([stratum for stratum in several if len(_repeated(stratum)) > 1]):
        merged = _merged(measure, group)
        found += [merged] if merged else [_merged(measure, [each]) or _single(measure, each) for each in group]
    found += [_single(measure, stratum) for stratum in several if len(_repeated(stratum)) < 2]
    # a mean of one and a median of the other leave one item that is known in the same way
    return [contest for contest in found if len(contest.standings) > 1]


def by_sitting(strata: Sequence[Stratum]) -> list[Stratum]:
    """The strata, with the sessions that `in_one_go` joins as one."""
    names = sorted({item for stratum in strata for item in stratum.cells})
    parts = [(names.index(item), cell) for stratum in strata for item, cell in stratum.cells.items()]
    if not parts:
        return []
    ends = np.cumsum([len(cell.values) for _, cell in parts])
    joined = in_one_go(
        np.repeat([item for item, _ in parts], np.diff(ends, prepend=0)).astype("int64"),
        np.concatenate([cell.sessions for _, cell in parts]),
        np.concatenate([cell.frame["sitting"].to_numpy("int64")[cell.places] for _, cell in parts]),
    )
    sessions = iter(np.split(joined, ends[:-1]))
    return [
        Stratum(stratum.setup, {item: cell._replace(sessions=next(sessions)) for item, cell in stratum.cells.items()})
        for stratum in strata
    ]


def _repeated(stratum: Stratum) -> dict[str, Cell]:
    return {item: cell for item, cell in stratum.cells.items() if cell.repeated}


def _alike(strata: Sequence[Stratum]) -> Iterator[list[Stratum]]:
    """Strata with runs of the same items; those of a part of them are put to the first that has them all."""
    groups: dict[frozenset[str], list[Stratum]] = {}
    for stratum in sorted(strata, key=lambda each: -len(_repeated(each))):
        items = frozenset(_repeated(stratum))
        whole = next((known for known in groups if items <= known), items)
        groups.setdefault(whole, []).append(stratum)
    yield from groups.values()


class _Runs(NamedTuple):
    """Runs of several strata: log values; items, strata and sessions as codes; each one's prompt within its stratum."""

    logs: NDArray[np.float64]
    items: NDArray[np.int64]
    strata: NDArray[np.int64]
    asked: NDArray[np.int64]
    sessions: NDArray[np.int64]
    names: list[str]

    def of_items(self, kept: NDArray[np.bool_]) -> "_Runs":
        """Those of some of the items, numbered anew."""
        rows, codes = kept[self.items], np.cumsum(kept) - 1
        names = [name for name, known in zip(self.names, kept.tolist(), strict=True) if known]
        others = (self.strata[rows], self.asked[rows], self.sessions[rows])
        return _Runs(self.logs[rows], codes[self.items[rows]], *others, names)


def _runs_of(strata: Sequence[Stratum], least: int = 1) -> _Runs | None:
    """Runs of the items that have `least` of them or more; None if there are not two such items."""
    sizes: dict[str, int] = {}
    for stratum in strata:
        for item, cell in _repeated(stratum).items():
            sizes[item] = sizes.get(item, 0) + len(cell.values)
    names = sorted(name for name, size in sizes.items() if size >= least)
    if len(names) < 2:
        return None
    codes = {name: code for code, name in enumerate(names)}
    parts = [
        (cell, codes[item], number)
        for number, stratum in enumerate(strata)
        for item, cell in _repeated(stratum).items()
        if item in codes
    ]
    lengths = [len(cell.values) for cell, _, _ in parts]
    numbers = np.repeat([number for *_, number in parts], lengths).astype("int64")
    asked = np.concatenate([cell.asked for cell, _, _ in parts])
    joint = np.unique(np.stack([numbers, asked]), axis=1, return_inverse=True)[1].ravel().astype("int64")
    logs = np.log(np.concatenate([cell.values for cell, _, _ in parts]))
    sessions = np.concatenate([cell.sessions for cell, _, _ in parts])
    return _Runs(
        logs, np.repeat([item for _, item, _ in parts], lengths).astype("int64"), numbers, joint, sessions, names
    )


def _with_common_prompts(runs: _Runs) -> tuple[_Runs, NDArray[np.int64]] | None:
    """The runs to compare, and their blocks: setting and prompt, or the setting alone; None if prompts forbid it.

    The setting is enough if each item was given each prompt of it equally often, or no prompt twice: then prompts are
    chance. Else items are compared that prompts connect, the largest group of them.
    """
    if _same_mix(runs):
        shared = len(np.unique(runs.asked)) > len(np.unique(runs.strata))
        return runs, runs.asked if shared and additive(runs.logs, runs.items, runs.asked) else runs.strata
    joined = _connected(runs)
    if joined.sum() > 1:
        kept = runs.of_items(joined)
        return kept, kept.asked
    return (runs, runs.strata) if len(np.unique(runs.asked)) == len(runs.asked) else None


def _same_mix(runs: _Runs) -> bool:
    """Whether in each stratum every item that is there has the same share of each prompt."""
    counts = np.zeros((len(runs.names), int(runs.asked.max()) + 1))
    np.add.at(counts, (runs.items, runs.asked), 1)
    totals = np.zeros((len(runs.names), int(runs.strata.max()) + 1))
    np.add.at(totals, (runs.items, runs.strata), 1)
    stratum = np.zeros(counts.shape[1], dtype="int64")
    stratum[runs.asked] = runs.strata
    there = totals[:, stratum]
    shares = np.divide(counts, there, out=np.full(counts.shape, np.nan), where=there > 0)
    return bool(np.all(np.nanmax(shares, axis=0) - np.nanmin(shares, axis=0) < 1e-9))


def _connected(runs: _Runs) -> NDArray[np.bool_]:
    """Which items are in the largest group that common prompts connect; of equal ones the first."""
    items, size = len(runs.names), len(runs.names) + int(runs.asked.max()) + 1
    graph = sparse.coo_matrix((np.ones(len(runs.items)), (runs.items, items + runs.asked)), shape=(size, size))
    groups = csgraph.connected_components(graph, directed=False)[1][:items]
    return groups == np.argmax(np.bincount(groups))


def _merged(measure: Measure, strata: list[Stratum]) -> Contest | None:
    """One test of all strata as blocks, by prompt too where items share prompts; None if they have to be told apart.

    They have to if the order changes from one to another by more than chance, unless a difference holds over sessions
    all the same: where every stratum has sessions of its own, what changes may be the sessions. They also have to if
    it changes along a load or a length.
    """
    runs = _runs_of(strata)
    if runs is None:
        return None
    crosses = len(strata) > 1 and _crosses(runs, [stratum.setup for stratum in strata])
    if crosses:
        return None
    changes = len(strata) > 1 and _changes_order(runs)
    found = _with_common_prompts(runs)
    if found is None:
        return None
    runs, blocks = found
    if len(np.unique(blocks)) < 2:
        return None
    fitted = additive(runs.logs, runs.items, blocks)
    if fitted is None or len(fitted.effects) != len(runs.names):
        return None
    contest = _blocked_contest(measure, strata, runs, fitted, blocks)
    return None if changes and not _holds_somewhere(contest) else contest


def _crosses(runs: _Runs, setups: Sequence[Setup]) -> bool:
    """Whether the order of two items changes once along a load or length, by 10 % or more at both of its ends.

    All else is equal. If cells have repeats, the change must be more than chance.
    """
    means = pd.Series(runs.logs).groupby([runs.strata, runs.items]).mean().unstack().to_numpy("float64")
    for name in set(TRENDS) & varying(setups):
        ladders: dict[str, list[tuple[float, int]]] = {}
        for place, setup in enumerate(setups):
            value = setup.get(name)
            if isinstance(value, int | float):
                rest = canonical({key: other for key, other in setup.items() if key != name})
                ladders.setdefault(rest, []).append((float(value), place))
        for ladder in ladders.values():
            places = [place for _, place in sorted(ladder)]
            for pair in combinations(range(means.shape[1]), 2):
                if _changes_once(means[places, pair[0]] - means[places, pair[1]]):
                    rows = np.isin(runs.strata, places) & np.isin(runs.items, pair)
                    p = reversal(runs.logs[rows], (runs.items[rows] == pair[1]).astype("int64"), runs.strata[rows])
                    if p is None or p < LEVEL:
                        return True
    return False


def _changes_once(differences: NDArray[np.float64]) -> bool:
    known = differences[~np.isnan(differences)]
    if len(known) < 2 or min(abs(known[0]), abs(known[-1])) < _CLEAR:
        return False
    signs = np.sign(known[known != 0])
    return int((signs[1:] != signs[:-1]).sum()) == 1


def _holds_somewhere(contest: Contest) -> bool:
    over = contest.over
    return over is not None and bool((over.pairs.p < LEVEL / len(over.pairs.p)).any())


def _changes_order(runs: _Runs) -> bool:
    """By runs, and if cells have several sessions, by the means of these too."""
    over_runs = reversal(runs.logs, runs.items, runs.strata)
    if over_runs is None or over_runs >= LEVEL:
        return False
    cells = np.stack([runs.items, runs.strata, runs.sessions])
    (items, strata, _), place = np.unique(cells, axis=1, return_inverse=True)
    visits = np.bincount(place.ravel(), weights=runs.logs) / np.bincount(place.ravel())
    over_visits = reversal(visits, items, strata)
    return over_visits is None or over_visits < LEVEL


def _blocked_contest(
    measure: Measure, strata: list[Stratum], runs: _Runs, fitted: Blocked, blocks: NDArray[np.int64]
) -> Contest:
    low, high = fitted.bounds()
    middle = float(np.mean(runs.logs) - np.mean(fitted.effects[runs.items]))
    standings = _standings(runs, middle + fitted.effects, middle + low, middle + high)
    return _with_sessions(
        _contest(measure, strata, standings, "blocks", "geometric mean", runs.names, fitted.pairs()), runs, blocks
    )


def _standings(runs: _Runs, *parts: NDArray[np.float64]) -> list[Standing]:
    """Of log means and the ends of their intervals."""
    counts = np.bincount(runs.items, minlength=len(runs.names))
    means, lows, highs = (np.exp(part).tolist() for part in parts)
    return [
        Standing(name, means[place], lows[place], highs[place], float(counts[place]))
        for place, name in enumerate(runs.names)
    ]


def _with_sessions(contest: Contest, runs: _Runs, blocks: NDArray[np.int64]) -> Contest:
    """The contest with the test over sessions; its order and intervals too, if there are enough sessions."""
    if _is_grid(runs):
        return contest
    over = over_sessions(runs.logs, runs.items, blocks, runs.sessions, len(runs.names))
    if over is None:
        return contest
    contest = contest._replace(over=over)
    if not contest.by_session:
        return contest
    standings = _standings(runs, over.mean, over.low, over.high)
    return contest._replace(standings=_ordered(contest.measure, standings))


def _is_grid(runs: _Runs) -> bool:
    """Whether each session has one item alone and none measured an item again under a setting that another had.

    So it is if a script writes a file for each model and setting: nothing was repeated, however many files there are.
    """
    of_items = np.unique(np.stack([runs.sessions, runs.items]), axis=1)
    of_cells = np.unique(np.stack([runs.items, runs.strata, runs.sessions]), axis=1)
    cells = np.unique(of_cells[:2], axis=1).shape[1]
    return of_items.shape[1] == len(np.unique(runs.sessions)) and of_cells.shape[1] == cells


def _single(measure: Measure, stratum: Stratum) -> Contest:
    cells = stratum.cells
    runs = _runs_of([stratum], LEAST_RUNS)
    if runs is not None:
        alike = _with_common_prompts(runs)
        if alike is None or len(np.unique(alike[1])) > 1:  # prompts differ, and too few runs share one
            groups = moments(runs.logs, runs.items, len(runs.names))
            nothing = np.full(len(runs.names), np.nan)
            standings = _standings(runs, groups.mean, nothing, nothing)
            found = _contest(measure, [stratum], standings, "plain", "geometric mean", [], None)
            return found._replace(unlike=True)
        runs, blocks = alike
        groups = moments(runs.logs, runs.items, len(runs.names))
        standings = _standings(runs, groups.mean, *groups.bounds())
        pairs = welch_pairs(groups)
        contest = _contest(measure, [stratum], standings, "runs", "geometric mean", runs.names, pairs)
        return _with_sessions(contest, runs, blocks)
    tested = sorted(item for item, cell in cells.items() if _has_moments(cell))
    if len(tested) == len(cells) and any(cell.stated for cell in cells.values()):
        return _by_moments(measure, stratum, tested)
    kinds = ("mean", "median", "value")
    known = {kind: [item for item, cell in cells.items() if not np.isnan(cell.centre(kind))] for kind in kinds}
    kind = max(kinds, key=lambda kind: len(known[kind]))
    standings = [
        Standing(item, cells[item].centre(kind), np.nan, np.nan, cells[item].moments[0]) for item in known[kind]
    ]
    return _contest(measure, [stratum], standings, "plain", kind, [], None)


def _has_moments(cell: Cell) -> bool:
    n, mean, std = cell.moments
    return n >= _LEAST_MOMENTS and mean > 0 and std >= 0


def _by_moments(measure: Measure, stratum: Stratum, names: list[str]) -> Contest:
    n, mean, std = (np.array([stratum.cells[name].moments[part] for name in names]) for part in range(3))
    groups = Groups(n, mean, std**2)
    low, high = groups.bounds()
    standings = [Standing(name, mean[at], low[at], high[at], n[at]) for at, name in enumerate(names)]
    return _contest(measure, [stratum], standings, "stated", "mean", names, welch_pairs(groups))


def _contest(
    measure: Measure,
    strata: Sequence[Stratum],
    standings: list[Standing],
    how: str,
    kind: str,
    names: list[str],
    pairs: Pairs | None,
) -> Contest:
    ranked = {standing.item for standing in standings}
    cells = [(item, cell) for stratum in strata for item, cell in stratum.cells.items()]
    untested = {
        item: Standing(item, float(np.mean(cell.values)), np.nan, np.nan, cell.moments[0])
        for item, cell in cells
        if item not in ranked
    }
    shown = [(item, cell) for item, cell in cells if item in ranked]
    setups = [stratum.setup for stratum in strata]
    order = _ordered(measure, standings)
    return Contest(measure, setups, order, how, kind, names, pairs, None, shown, list(untested.values()))


def _ordered(measure: Measure, standings: list[Standing]) -> list[Standing]:
    return sorted(standings, key=lambda standing: (measure.sign * standing.value, standing.item))
