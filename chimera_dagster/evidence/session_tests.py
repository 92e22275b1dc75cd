"""Tests over sessions: what a session gave of an item is one value, however many calls stand behind it.

The calls of a session share its drift, so they say little of the next session. All of it works on logarithms.
"""

from collections.abc import Sequence
from math import factorial, prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special
from scipy.sparse import csgraph

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.difference_tests import Blocked, Pairs, additive, holm, moments, welch_pairs
from chimera_dagster.evidence.measures import LEVEL

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_SESSIONS = 2  # of each of two items, for a test of their difference
_CONCLUSIVE_DF = 3  # with fewer, a difference that the test does not find may still be a large one
_OWN_SCATTER = 3  # sessions of both, for a scatter of their own
_SAME = 1e-9  # difference of logarithms that is rounding
_DENSE = 1000  # visits whose square matrix is small
_CONCLUSIVE_SESSIONS = 3  # likewise, of items that have sessions of their own


class OverSessions(NamedTuple):
    """Items compared by the means of their sessions.

    `mean`, `low` and `high` are log means with 95 % intervals: of `paired` ones (whose sessions, or settings, hold
    several items) the distance from the mean of all, else that of the item by itself (NaN with one session).
    `sessions` counts those of each item. `pairs` have p = NaN where an item has fewer than LEAST_SESSIONS. `blocked` is
    the additive model, None if there are too few sessions for it. `conclusive`, by pair: whether its sessions are
    enough for a difference that the test does not find to be a small one.
    """

    mean: Floats
    low: Floats
    high: Floats
    sessions: Ints
    pairs: Pairs
    paired: bool
    blocked: Blocked | None
    conclusive: NDArray[np.bool_]


class _Visits(NamedTuple):
    """The log mean of each item in each session, what differs between settings and prompts taken out.

    `component`: visits without a setting and prompt in common, directly or through others, are in different ones, and
    their values can't be compared.
    """

    value: Floats
    item: Ints
    session: Ints
    component: Ints


def over_sessions(values: Floats, items: Ints, blocks: Ints, sessions: Ints, width: int) -> OverSessions | None:
    """Logarithms by item (0 to `width` - 1), block (setting and prompt) and session; None if there is no test.

    First the mean of each item and session, a visit, is fitted within blocks. If most sessions hold several items,
    visits are compared within sessions; else, if several items were measured in settings of their own, within those:
    both by the additive model, whose residual is what visits vary by (the paired t-test for two items; Montgomery,
    Design and Analysis of Experiments, ch. 4). Else by Welch's test of visits. There is none if fewer than two items
    have LEAST_SESSIONS, or if nothing connects the items.
    """
    found = np.unique(np.stack([items, sessions]), axis=1)
    counts = np.bincount(found[0], minlength=width)
    if (counts >= LEAST_SESSIONS).sum() < 2 or (counts < 1).any():
        return None
    visits = _visits(values, items, blocks, sessions)
    joint = visits.component * (int(visits.session.max()) + 1) + visits.session
    together = np.unique(joint, return_inverse=True)[1].ravel().astype("int64")
    within = _connected(visits, together, width)
    if within is not None and 2 * within.n >= len(visits.item):
        return _paired(visits, within, together, counts)
    if (visits.component == visits.component[0]).all():
        return _apart(visits, counts)
    fitted = _connected(visits, visits.component, width)
    if fitted is not None:
        return _paired(visits, fitted, visits.component, counts)
    return None if within is None else _paired(visits, within, together, counts)


def _connected(visits: _Visits, blocks: Ints, width: int) -> Blocked | None:
    fitted = additive(visits.value, visits.item, blocks, least_df=1)
    return fitted if fitted is not None and len(fitted.effects) == width else None


def _paired(visits: _Visits, fitted: Blocked, blocks: Ints, counts: Ints) -> OverSessions:
    middle = float(np.mean(visits.value) - np.mean(fitted.effects[visits.item]))
    low, high = fitted.bounds()
    pairs = _testable(_with_own_scatter(fitted.pairs(), visits, blocks, len(counts)), counts)
    if fitted.sigma == 0:  # rounded values; all signs alike is as far as a permutation test gets
        fewer = np.minimum(counts[pairs.first], counts[pairs.second])
        pairs = pairs._replace(p=np.where(pairs.p < 1, 2.0 ** (1 - fewer), pairs.p))
    conclusive = ~np.isnan(pairs.p) & (fitted.df >= _CONCLUSIVE_DF) & ~_undecided(pairs)
    mean = middle + fitted.effects
    return OverSessions(mean, middle + low, middle + high, counts, pairs, True, fitted, conclusive)


def _with_own_scatter(pairs: Pairs, visits: _Visits, blocks: Ints, width: int) -> Pairs:
    """Pairs whose differences vary more than the scatter of all together, by their own: items may scatter unequally.

    The error is that of the paired t-test, and the degrees of freedom at most twice its own: with as many as all
    together have, some 8 to 12 % of folders with one noisy model of six had a false difference.
    """
    size = int(blocks.max()) + 1
    cell = blocks * width + visits.item
    count = np.bincount(cell, minlength=size * width).reshape(size, width)
    value = np.bincount(cell, weights=visits.value, minlength=size * width).reshape(size, width)
    known = (count > 0).astype("float64")
    value = np.divide(value, count, out=np.zeros_like(value), where=count > 0)
    value = known * (value - (value.sum(axis=1) / known.sum(axis=1))[:, np.newaxis])
    common, total, squares, products = known.T @ known, value.T @ known, (value**2).T @ known, value.T @ value
    one, other = pairs.first, pairs.second
    n = common[one, other]
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = squares[one, other] + squares[other, one] - 2 * products[one, other]
        rest -= (total[one, other] - total[other, one]) ** 2 / n
        own = np.sqrt(np.maximum(rest, 0) / (n - 1) / n)
        wider = (n >= _OWN_SCATTER) & (own > pairs.error * (1 + 1e-9))
        error = np.where(wider, own, pairs.error)
        df = np.where(wider, np.minimum(pairs.df, 2 * (n - 1)), pairs.df)
        p = np.where(wider, 2 * special.stdtr(df, -np.abs(pairs.difference) / error), pairs.p)
    return pairs._replace(error=error, df=df, p=p)


def _apart(visits: _Visits, counts: Ints) -> OverSessions:
    groups = moments(visits.value, visits.item, len(counts))
    low, high = groups.bounds()
    fitted = additive(visits.value, visits.item, np.zeros(len(visits.item), dtype="int64"), least_df=1)
    pairs = _testable(welch_pairs(groups), counts)
    conclusive = np.minimum(counts[pairs.first], counts[pairs.second]) >= _CONCLUSIVE_SESSIONS
    conclusive &= ~_undecided(pairs)
    return OverSessions(groups.mean, low, high, counts, pairs, False, fitted, conclusive)


def _undecided(pairs: Pairs) -> NDArray[np.bool_]:
    """Pairs that differ and do not scatter, in too few sessions for a permutation test to tell: that is not a tie."""
    return ~(pairs.error > 0) & (np.abs(pairs.difference) > _SAME) & ~(pairs.p < LEVEL)


def _testable(pairs: Pairs, counts: Ints) -> Pairs:
    enough = (counts[pairs.first] >= LEAST_SESSIONS) & (counts[pairs.second] >= LEAST_SESSIONS)
    return pairs._replace(p=np.where(enough, pairs.p, np.nan))


def _visits(values: Floats, items: Ints, blocks: Ints, sessions: Ints) -> _Visits:
    """Least squares of value = visit + block; visits of one block are plain means."""
    joint = items * (int(sessions.max()) + 1) + sessions
    _, first, visit = np.unique(joint, return_index=True, return_inverse=True)
    visit, size = visit.ravel(), len(first)
    block = np.unique(blocks, return_inverse=True)[1].ravel()
    many = int(block.max()) + 1
    if many == 1:
        mean = np.bincount(visit, weights=values, minlength=size) / np.bincount(visit, minlength=size)
        return _Visits(mean, items[first], sessions[first], np.zeros(size, dtype="int64"))
    counts = sparse.coo_matrix((np.ones(len(values)), (visit, block)), shape=(size, many)).tocsr()
    component = csgraph.connected_components(sparse.bmat([[None, counts], [counts.T, None]]), directed=False)[1][:size]
    if size <= _DENSE:
        in_block = np.bincount(block, minlength=many).astype("float64")
        shared = (counts @ sparse.diags(1 / in_block) @ counts.T).toarray()
        value = _dense(values - (np.bincount(block, weights=values) / in_block)[block], visit, shared, component)
    else:
        value = _sparse(values, visit, block)
    middle = float(np.mean(values - value[visit]))
    return _Visits(value + middle, items[first], sessions[first], component.astype("int64"))


def _dense(centred: Floats, visit: Ints, shared: Floats, component: Ints) -> Floats:
    """Effects of visits by the normal equations, from values less their block's mean."""
    gram = np.diag(np.bincount(visit).astype("float64")) - shared
    gram += component[:, None] == component[None, :]  # makes each component's own mean zero, and the matrix regular
    return np.linalg.solve(gram, np.bincount(visit, weights=centred))


def _sparse(values: Floats, visit: Ints, block: Ints) -> Floats:
    """The same, but for a constant of each component, in memory that grows with the values alone."""
    from scipy.sparse.linalg import lsqr

    row, size = np.arange(len(values)), int(visit.max()) + 1
    places = np.concatenate([row, row]), np.concatenate([visit, size + block])
    design = sparse.coo_matrix((np.ones(2 * len(values)), places)).tocsr()
    return lsqr(design, values - values.mean(), atol=1e-12, btol=1e-12)[0][:size]


class EffectTest(NamedTuple):
    """What is known of levels that are compared all at once, by an F-test over runs or over sessions.

    `fitted` is the model behind the verdict, `p` its p-value corrected over `tests`.
    """

    certainty: Certainty
    p: float
    fitted: Blocked
    tests: int


def effect_tests(fits: Sequence[tuple[Blocked, OverSessions | None]]) -> list[EffectTest]:
    """F-tests of the same levels over runs and over sessions, Holm over all of either.

    The test over sessions decides; if there are too few for it, one over runs may tell the levels apart in these.
    """
    by_session = [None if over is None else _p_of_all(over) for _, over in fits]
    over_sessions = _holm_of([p for p, _ in filter(None, by_session)])
    decided = [found is not None and found[1] for found in by_session]
    over_runs = _holm_of([fitted.p for (fitted, _), done in zip(fits, decided, strict=True) if not done])
    counts = len(over_sessions), len(over_runs)
    sessions, runs = iter(over_sessions), iter(over_runs)
    results: list[EffectTest] = []
    for (fitted, over), found, done in zip(fits, by_session, decided, strict=True):
        p = None if found is None else next(sessions)
        by_run = None if done else next(runs)
        if over is not None and over.blocked is not None and p is not None and (p < LEVEL or done):
            certainty = Certainty.HOLDS if p < LEVEL else Certainty.TIE
            results.append(EffectTest(certainty, p, over.blocked, counts[0]))
        elif by_run is not None:
            certainty = Certainty.IN_SESSION if by_run < LEVEL else Certainty.TIE
            results.append(EffectTest(certainty, by_run, fitted, counts[1]))
    return results


def _p_of_all(over: OverSessions) -> tuple[float, bool] | None:
    """The p-value of the F-test over sessions, and whether it is conclusive; None if a level has too few sessions."""
    fewest = int(over.sessions.min())
    if over.blocked is None or fewest < LEAST_SESSIONS:
        return None
    if over.blocked.sigma > 0 or over.blocked.p == 1:
        return over.blocked.p, over.blocked.df >= _CONCLUSIVE_DF
    # Without scatter, sessions that are too few for their order to say something do not make a difference a tie.
    p = _p_of_order(over, over.blocked.effects)
    return p, p < LEVEL


def _p_of_order(over: OverSessions, effects: Floats) -> float:
    """How likely chance puts the values of levels that do not scatter in the same order in every session.

    That is all that a permutation test can tell of them. Levels of equal value are not told apart.
    """
    alike = np.unique(np.round(effects, 9), return_inverse=True)[1].ravel()
    sizes = np.bincount(alike) if over.paired else np.bincount(alike, weights=over.sessions)
    orders = factorial(int(sizes.sum())) / prod(factorial(int(size)) for size in sizes)
    if over.paired:
        return orders ** (1.0 - int(over.sessions.min()))
    return min(1.0, factorial(len(sizes)) / orders)


def _holm_of(p_values: list[float]) -> list[float]:
    return holm(np.array(p_values)).tolist()
