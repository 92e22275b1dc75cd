"""Trials that were measured in several rounds: how far their visits scatter within a load group, and between groups.

Every round visits all trials in a fresh order, load group by load group. So a drift of the host is scatter between the
visits of a trial, which rounds show: the trials of a group are visited close in time, those of another further apart.
"""

import itertools
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from chimera_dagster.compare.factors import Ints
from chimera_dagster.compare.host_drift import LEAST_DF, Floats, unexplained
from chimera_dagster.compare.observed import Observed

_ENOUGH_DF = (20, 8)  # for a variance of each load group, and of each model
_LARGEST_DF = 500  # the studentized range is almost that of infinitely many


class Visits(NamedTuple):
    """One row for each visit: the mean of its repeats on the metric's scale, its trial, its round, its load group.

    `within` has the variance of each such mean by its repeats alone; NaN if each visit is one repeat.
    """

    value: Floats
    trial: Ints
    round: Ints
    group: Ints
    within: float


def visits(trials: Sequence[Observed], values: Sequence[Sequence[float]]) -> Visits:
    """From one or more values for each round of each trial, on the metric's scale, as `Observed.by_round` splits
    them."""
    groups = codes_of([(trial.model, trial.params.num_gpu, trial.params.num_ctx) for trial in trials])
    rounds = [len(trial.rounds) for trial in trials]
    owner = np.repeat(np.arange(len(trials)), rounds).astype("int64")
    sizes = np.repeat([len(own) // count for own, count in zip(values, rounds, strict=True)], rounds).astype("int64")
    visit = np.repeat(np.arange(len(sizes)), sizes)
    flat = np.fromiter(itertools.chain.from_iterable(values), dtype="float64")
    mean = np.bincount(visit, weights=flat) / sizes
    free = len(flat) - len(sizes)
    within = np.nan
    if free:
        within = float(((flat - mean[visit]) ** 2).sum()) / free * float(np.mean(1 / sizes))
    return Visits(
        value=mean,
        trial=owner,
        round=codes_of([number for trial in trials for number in trial.rounds]),
        group=groups[owner],
        within=within,
    )


class VisitSpread(NamedTuple):
    """What is known of each trial's mean over its visits, on the metric's scale; `variance` is NaN without a test.

    A visit = trial + round + load group in that round + rest, each of the last two with a variance (a split plot:
    Montgomery, Design and Analysis of Experiments, ch. 14). `variance` and `df` are those of the rest, pooled over the
    trials of one load group, else of one model, else of all. `by_load` is the mean square of load groups in rounds,
    which a mean over a group has, with `load_df`; `share` is the share of a visit's rest that is in such a mean.
    `by_session` is the variance of the rounds themselves; twice that is what a sweep at another time may differ by as a
    whole: so the means of two random walks do.
    `n` counts the visits of each trial, `pool` is its load group. `drift` is the standard deviation between visits
    beyond that of their repeats, None if a visit is one repeat.
    """

    n: Floats
    mean: Floats
    variance: Floats
    df: Floats
    pool: Ints
    by_load: float
    load_df: int
    share: float
    by_session: float
    session_df: int
    drift: float | None

    @classmethod
    def of(cls, trials: Sequence[Observed], values: Sequence[Sequence[float]]) -> "VisitSpread":
        """From one or more values for each round of each trial, on the metric's scale."""
        found = visits(trials, values)
        ones = np.ones(len(found.value))
        cells = found.group * (int(found.round.max()) + 1) + found.round
        rest = unexplained(found.value, ones, [found.trial, cells])
        pool = codes_of([(trial.model, trial.params.num_gpu, trial.params.num_ctx) for trial in trials])
        by_model = codes_of([trial.model for trial in trials])
        squares = np.bincount(pool[found.trial], weights=np.where(np.abs(rest) < 1e-12, 0, rest) ** 2)
        free = _degrees(found, pool)
        variance, df = np.full(len(trials), np.nan), np.zeros(len(trials))
        for enough, owner in zip((np.inf, *_ENOUGH_DF), (pool, by_model, np.zeros_like(pool)), strict=True):
            of_group = np.zeros(len(squares), dtype="int64")
            of_group[pool] = owner
            pooled_df = np.bincount(of_group, weights=free)[owner]
            pooled = np.bincount(of_group, weights=squares)[owner]
            better = (df < enough) & (pooled_df > df)
            with np.errstate(invalid="ignore", divide="ignore"):
                variance, df = np.where(better, pooled / pooled_df, variance), np.where(better, pooled_df, df)
        return _whole(cls, found, pool, variance, df)

    def errors(self) -> tuple[Floats, Floats]:
        """The variance of each mean against one of another sweep, and its degrees of freedom."""
        load, rest = self._parts()
        parts = [
            (load / self.n, self.load_df or self.df),
            (rest / self.n, self.df),
            (2 * self.by_session, self.session_df),
        ]
        return _joined(parts)

    def between_groups(self, one: int, others: Ints) -> tuple[Floats, Floats]:
        """The variance of the difference between the mean of `one` and those of `others`, and its df."""
        load, rest = self._parts()
        turns = 1 / self.n[one] + 1 / self.n[others]
        alike = self.pool[others] == self.pool[one]
        near = np.nan_to_num(self.variance[others]) * turns
        far, df = _joined(
            [
                (load * turns, self.load_df),
                (rest[one] / self.n[one], self.df[one]),
                (rest[others] / self.n[others], self.df[others]),
            ]
        )
        return np.where(alike, near, far), np.where(alike, self.df[others], df)

    def _parts(self) -> tuple[float, Floats]:
        """Of a visit's variance: what load groups in rounds tell of it, and what only the rest does."""
        known = self.variance[~np.isnan(self.variance)]
        least = self.share * float(known.mean()) if len(known) else 0.0
        return max(self.by_load, least), (1 - self.share) * np.nan_to_num(self.variance)


def _whole(kind: type[VisitSpread], found: Visits, pool: Ints, variance: Floats, df: Floats) -> VisitSpread:
    """The spread with its means, and with the mean squares of load groups and of rounds."""
    size = len(pool)
    n = np.bincount(found.trial, minlength=size).astype("float64")
    turns = _round_effects(found)
    mean = np.bincount(found.trial, weights=found.value - turns[found.round], minlength=size) / n
    levelled = found.value - mean[found.trial]
    cell, rows = np.unique(np.stack([found.group, found.round]), axis=1, return_inverse=True)
    rows = rows.ravel()
    sizes = np.bincount(rows).astype("float64")
    in_cell = np.bincount(rows, weights=levelled) / sizes
    group, turn = cell[0], np.unique(cell[1], return_inverse=True)[1].ravel()
    odd = unexplained(in_cell, np.ones(len(in_cell)), [group, turn])
    load_df = (
        max(len(in_cell) - len(np.unique(group)) - len(np.unique(turn)) + 1, 0) if len(np.unique(group)) > 1 else 0
    )
    by_load = float(odd @ odd) / load_df if load_df else 0.0
    by_load = by_load if by_load > 1e-24 else 0.0
    session_df = len(turns) - 1
    by_session = float(turns @ turns) / session_df if session_df else 0.0
    share = float(np.mean(1 / sizes)) if not np.isnan(variance).all() else 1.0
    # No scatter at all means a clock too coarse to show it, and would make any difference certain.
    unknown = (np.nan_to_num(df) < LEAST_DF) & (load_df < LEAST_DF)
    unknown |= (np.nan_to_num(variance) == 0) & (by_load == 0)
    typical = float(np.nanmean(variance)) if not np.isnan(variance).all() else 0.0
    apart = max(by_load - share * typical, 0.0) + typical
    drift = None if np.isnan(found.within) else float(np.sqrt(max(apart - found.within, 0.0)))
    variance = np.where(unknown, np.nan, np.nan_to_num(variance))
    return kind(n, mean, variance, df, pool, by_load, load_df, share, by_session, session_df, drift)


def _degrees(found: Visits, pool: Ints) -> Floats:
    """The degrees of freedom of the rest in each load group: visits less trials and rounds, plus 1."""
    groups = np.arange(int(pool.max()) + 1)
    rows = np.bincount(found.group, minlength=len(groups))
    trials = np.bincount(pool, minlength=len(groups))
    turns = np.array([len(np.unique(found.round[found.group == group])) for group in groups])
    return np.maximum(rows - trials - turns + 1, 0).astype("float64")


def _round_effects(found: Visits) -> Floats:
    """What each round has beyond its trials, with mean 0: least squares of visit = trial + round."""
    turns = np.zeros(int(found.round.max()) + 1)
    counts = np.bincount(found.round).astype("float64")
    for _ in range(100):
        own = np.bincount(found.trial, weights=found.value - turns[found.round]) / np.bincount(found.trial)
        before, turns = turns, np.bincount(found.round, weights=found.value - own[found.trial]) / counts
        turns = turns - turns.mean()
        if np.abs(turns - before).max() < 1e-12:
            break
    return turns


def _joined(parts: Sequence[tuple[Floats | float, Floats | float]]) -> tuple[Floats, Floats]:
    """The sum of independent variances and its degrees of freedom (Satterthwaite, Biometrics Bull. 2, 1946)."""
    total = sum((np.asarray(variance, dtype="float64") for variance, _ in parts), np.zeros(()))
    with np.errstate(divide="ignore", invalid="ignore"):
        uncertain = sum(
            (np.nan_to_num(np.asarray(variance) ** 2 / np.asarray(df, dtype="float64")) for variance, df in parts),
            np.zeros(()),
        )
        return total, total**2 / uncertain


def codes_of(names: Sequence[object]) -> Ints:
    """A number for each name, in the order in which they first occur."""
    places: dict[object, int] = {}
    return np.array([places.setdefault(name, len(places)) for name in names], dtype="int64")


def honest_differences(df: Floats, size: int, level: float) -> Floats:
    """How many standard errors the means of two of `size` trials must lie apart to differ, at a level for all pairs.

    Tukey's studentized range over the root of 2 (Tukey, The problem of multiple comparisons, 1953; Kramer, Biometrics
    12, 1956, for unequal errors).
    """
    whole = np.clip(np.floor(np.nan_to_num(df, nan=1.0, posinf=_LARGEST_DF)), 1, _LARGEST_DF).astype("int64")
    found = {count: _studentized(count, size, level) for count in np.unique(whole).tolist()}
    return np.array([found[count] for count in whole.ravel().tolist()]).reshape(whole.shape) / np.sqrt(2)


@cache
def _studentized(df: int, size: int, level: float) -> float:
    from scipy.stats import studentized_range  # a second, which only a sweep of several rounds needs

    return float(studentized_range.ppf(1 - level, max(size, 2), df))
