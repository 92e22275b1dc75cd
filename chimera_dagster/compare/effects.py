"""The effect of each parameter on each metric over the whole sweep, and the interactions of two parameters."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy import special
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from chimera_dagster.compare.factors import MOST_LEVELS, Factor, Ints, factors
from chimera_dagster.compare.host_drift import unexplained
from chimera_dagster.compare.metrics import METRICS, Metric
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.ranking import LEVEL
from chimera_dagster.compare.visits import Visits, visits
from chimera_dagster.evidence.difference_tests import Blocked, additive, holm, inverse_of
from chimera_dagster.spec.goals import MetricName

Unit = Literal["trials", "visits", "loads", "repeats"]  # the last one in comparisons of earlier versions
_LOADING = frozenset({"model", "num_gpu", "num_ctx"})  # what a load group has in common, as trial.load_order says
_BLIND = 5.0  # on a log scale: if a test would miss even a factor of 150, its least effect is not worth stating


class Level(BaseModel):
    """One value of a parameter, against the mean over all of its values.

    `effect`, `low` and `high` are ratios minus 1, or differences for a share; the interval is one of 95 %.
    """

    model_config = ConfigDict(frozen=True)

    value: str
    effect: float
    low: float | None
    high: float | None


class Effect(BaseModel):
    """A parameter's effect on a metric, all else being equal; with `interaction`, that of two beyond both alone.

    `p` is corrected by Holm over all effects and interactions of the comparison. `detectable` is the least effect that
    the test would have found in four of five cases. `n` values were compared, in `blocks` within which all else is
    equal. In a sweep of one round they are means of trials, as the repeats of a trial are measured at about the same
    time; else they are visits in one round, or, for what loads a model anew, means of the visits of one load.
    """

    model_config = ConfigDict(frozen=True)

    metric: MetricName
    parameter: str
    interaction: str | None = None
    p: float
    detected: bool
    range: float
    detectable: float | None
    levels: list[Level]
    n: int
    blocks: int
    unit: Unit


class _Test(NamedTuple):
    metric: Metric
    parameter: str
    interaction: str | None
    fitted: Blocked
    names: list[str]
    p: float
    unit: Unit


def effects(trials: Sequence[Observed]) -> list[Effect]:
    """Effects of all parameters and the model on all metrics, of valid trials: F-tests of the additive block model.

    A parameter with a single value, or whose values never occur with all else equal, has no effect. Interactions of two
    are tested if both combine in some block. `untested` has those for which there are too few trials or rounds.
    """
    of_all = factors(trials)
    tests = [test for metric in METRICS.values() for test in _tests(metric, trials, of_all)]
    adjusted = holm(np.array([test.p for test in tests]))
    return [_effect(test, p, len(tests)) for test, p in zip(tests, adjusted.tolist(), strict=True)]


def untested(trials: Sequence[Observed], found: Sequence[Effect]) -> list[str]:
    """What varies between trials but has no test, as there are too few trials or rounds."""
    tested = {effect.parameter for effect in found if effect.interaction is None}
    varied = [name for name, factor in factors(trials).items() if 1 < len(factor.names) <= MOST_LEVELS]
    return [name for name in varied if name not in tested]


def together(effects: Sequence[Effect], metrics: Collection[MetricName]) -> list[tuple[str, str]]:
    """The pairs of factors with a detected interaction, over trials, in any of these metrics."""
    found = [
        (effect.parameter, effect.interaction)
        for effect in effects
        if effect.metric in metrics and effect.interaction is not None and effect.detected and effect.unit == "trials"
    ]
    return list(dict.fromkeys(found))


def _tests(metric: Metric, trials: Sequence[Observed], of_all: Mapping[str, Factor]) -> Iterator[_Test]:
    having = np.array([place for place, trial in enumerate(trials) if trial.values.get(metric.name)], dtype="int64")
    values = [metric.scaled(trials[place].values[metric.name]) for place in having.tolist()]
    seen = [trials[place] for place in having.tolist()]
    in_rounds = metric.by_round and any(len(trial.rounds) > 1 for trial in seen)
    found_visits = visits(seen, values) if in_rounds else None
    if found_visits is None:
        tables = {"trials": _Table(having, of_all, np.array([fmean(repeats) for repeats in values]))}
    else:
        tables = _by_visits(found_visits, having, of_all)
    varied = tables["trials" if found_visits is None else "visits"].varied
    for names in itertools.chain(((name,) for name in varied), itertools.combinations(varied, 2)):
        unit: Unit = "trials" if found_visits is None else "loads" if set(names) <= _LOADING else "visits"
        found = tables[unit].test(*names) if unit in tables else None
        if found is not None:
            fitted, levels, p = found
            yield _Test(metric, names[0], names[1] if len(names) > 1 else None, fitted, levels, p, unit)


def _by_visits(found: Visits, having: Ints, of_all: Mapping[str, Factor]) -> "dict[str, _Table]":
    """The visits, and the means of those of one load group in one round, each with its round as a block.

    What parameters of a call, which all load groups have in common, do to visits is taken out of the means, so that
    groups with unequal sets of them can be compared. Without such means if no chain of common sets joins the groups.
    """
    tables = {"visits": _Table(having[found.trial], of_all, found.value, found.round)}
    free = [of_all[name].codes[having] for name in of_all if name not in _LOADING]
    sets = joint_codes(free, len(having))[found.trial]
    rounds = int(found.round.max()) + 1
    _, first, load = np.unique(found.group * rounds + found.round, return_index=True, return_inverse=True)
    load = load.ravel()
    links = coo_matrix((np.ones(len(load)), (load, len(first) + sets)), shape=(len(first) + int(sets.max()) + 1,) * 2)
    pieces, piece = connected_components(links, directed=False)
    if pieces > 1 and len(np.unique(piece[load])) > 1:
        return tables
    rest = unexplained(found.value, np.ones(len(load)), [load, sets])
    # value - rest is the sum of both terms; the same sum for one set of parameters is that of the load alone
    fitted = found.value - rest
    means = _of_loads(fitted, load, sets, len(first))
    tables["loads"] = _Table(having[found.trial[first]], of_all, means, found.round[first], only=_LOADING)
    return tables


def _of_loads(fitted: NDArray[np.float64], load: Ints, sets: Ints, size: int) -> NDArray[np.float64]:
    """The term of each load in a sum of a load's and a set's, but for a constant: sets are reached from each other."""
    of_set = np.full(int(sets.max()) + 1, np.nan)
    of_load = np.full(size, np.nan)
    of_set[sets[0]] = 0.0
    while np.isnan(of_load).any():
        known = ~np.isnan(of_set[sets])
        of_load[load[known]] = fitted[known] - of_set[sets[known]]
        told = ~np.isnan(of_load[load])
        of_set[sets[told]] = fitted[told] - of_load[load[told]]
    return of_load


class _Table:
    """Values on a metric's scale, with the levels of the factors; `places` says which trial each value is from.

    `rounds` are blocks, and no factor. With `only`, other factors do not count: the values are means over them.
    """

    def __init__(
        self,
        places: Ints,
        of_all: Mapping[str, Factor],
        values: NDArray[np.float64],
        rounds: Ints | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        self._values, self._rounds = values, [] if rounds is None else [rounds]
        counted = {name: factor for name, factor in of_all.items() if only is None or name in only}
        self._factors = {name: factor.at(places) for name, factor in counted.items()}
        self.varied = [name for name, factor in self._factors.items() if 1 < len(factor.names) <= MOST_LEVELS]
        self._blocking = [name for name, factor in self._factors.items() if len(factor.names) > 1]

    def test(self, name: str, other: str | None = None) -> "tuple[Blocked, list[str], float] | None":
        """The test of one factor, or of the interaction of two; None if the trials allow no test."""
        rest = [self._factors[blocking].codes for blocking in self._blocking if blocking not in (name, other)]
        blocks = joint_codes([*rest, *self._rounds], len(self._values))
        factor = self._factors[name]
        if other is not None:
            return _interaction(self._values, factor, self._factors[other], blocks)
        fitted = additive(self._values, factor.codes, blocks)
        if fitted is None or len(fitted.effects) != len(factor.names):
            return None
        return fitted, factor.names, fitted.p


def _interaction(
    values: NDArray[np.float64], one: Factor, other: Factor, blocks: Ints
) -> tuple[Blocked, list[str], float] | None:
    """F-test of the cells of two factors beyond the sum of both (Searle, Linear Models, 1971, ch. 7)."""
    width = len(other.names)
    if len(one.names) * width > MOST_LEVELS:
        return None
    cells, codes = np.unique(one.codes * width + other.codes, return_inverse=True)
    fitted = additive(values, codes.astype("int64"), blocks)
    if fitted is None or len(fitted.effects) != len(cells) or not fitted.sigma > 0:
        return None
    design = np.hstack([np.eye(len(one.names))[cells // width], np.eye(width)[cells % width]])
    # the part of the cells' effects, in the norm of their Gram matrix, that no sum of two single effects explains
    root = np.linalg.cholesky(fitted.gram + 1e-9 * np.eye(len(cells)))
    mixed = root.T @ design
    coefficients, _, rank, _ = np.linalg.lstsq(mixed, root.T @ fitted.effects, rcond=1e-7)
    unexplained = root.T @ fitted.effects - mixed @ coefficients
    df = len(cells) - int(rank)
    if df < 1:
        return None
    p = float(special.fdtrc(df, fitted.df, float(unexplained @ unexplained) / df / fitted.sigma**2))
    beyond = fitted.effects - design @ coefficients
    names = [f"{one.names[cell // width]}, {other.names[cell % width]}" for cell in cells]
    return fitted._replace(effects=beyond, df_effect=df, p=p), names, p


def _effect(test: _Test, p: float, tests: int) -> Effect:
    metric, fitted = test.metric, test.fitted
    shown = (lambda x: float(np.expm1(x))) if metric.is_log else float
    half = np.full(len(fitted.effects), np.nan)
    if test.interaction is None and fitted.sigma > 0:
        spread = np.sqrt(np.maximum(np.diag(inverse_of(fitted.gram)), 0))
        half = special.stdtrit(fitted.df, 0.975) * fitted.sigma * spread
    smallest = fitted.detectable_shift(LEVEL / tests) if test.interaction is None else np.nan
    if smallest > _BLIND:
        smallest = np.nan
    return Effect(
        metric=metric.name,
        parameter=test.parameter,
        interaction=test.interaction,
        p=p,
        detected=p < LEVEL,
        range=shown(float(fitted.effects.max() - fitted.effects.min())),
        detectable=None if np.isnan(smallest) else shown(smallest),
        levels=[
            Level(
                value=name,
                effect=shown(effect),
                low=None if np.isnan(around) else shown(effect - around),
                high=None if np.isnan(around) else shown(effect + around),
            )
            for name, effect, around in zip(test.names, fitted.effects.tolist(), half.tolist(), strict=True)
        ],
        n=fitted.n,
        blocks=fitted.blocks,
        unit=test.unit,
    )


def joint_codes(codes: Sequence[Ints], size: int) -> Ints:
    """One code for each combination; without any codes, all rows are one block."""
    joint = np.zeros(size, dtype="int64")
    for factor in codes:
        width = int(factor.max()) + 1
        if (int(joint.max()) + 1) * width >= 2**63:  # six parameters that a search draws
            joint = np.unique(joint, return_inverse=True)[1].astype("int64")
        joint = joint * width + factor
    return np.unique(joint, return_inverse=True)[1].astype("int64")
