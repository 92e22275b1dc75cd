"""How far trials differ beyond what their repeats and the parameters explain: the effect of a host's drift."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import root_scalar

from chimera_dagster.compare.factors import Factor, Ints

Floats = NDArray[np.float64]
Together = Sequence[tuple[str, str]]  # pairs of factors that interact

LEAST_DF = 3  # a variance from fewer degrees of freedom says little, and nothing about its own error
_CLIP = 1.345  # Huber's: standard deviations at which residuals are clipped; it costs 5 % if all is normal
_SHARE = float(special.chdtr(3, _CLIP**2) + _CLIP**2 * special.chdtrc(1, _CLIP**2))  # of squares that is left then
_MOST_CELLS = 2_000_000  # of the matrix that leverages are computed from
_MOST_LEVERAGE = 1 - 1e-6  # a mean that alone decides a term has no residual
_ROUNDS = 100  # at most; a complete grid needs about ten


class Between(NamedTuple):
    """Variance of the trials' means on the metric's scale, beyond that of their repeats, and its degrees of freedom."""

    variance: float
    df: int


def between(means: Floats, within: Floats, of_all: Mapping[str, Factor], together: Together) -> Between | None:
    """From the trials' means and the variance of each by its repeats; None if there are too few trials.

    The means are explained by the additive effects of the model and the parameters, and by the interactions `together`.
    The variance is the one with which the sum of the squared residuals, each over its variance, equals the degrees of
    freedom (Paule and Mandel, J. Res. NBS 87, 1982), clipped after Huber (Ann. Math. Statist. 35, 1964), so that a few
    configurations that really differ are not taken for a drift of all. A residual has only 1 - h of its mean's
    variance, h being the leverage, so that it is divided by that before it is clipped, and counts as 1 - h of a mean.
    """
    terms = [factor.codes for factor in of_all.values() if len(factor.names) > 1]
    df = len(means) - 1 - sum(max(len(factor.names) - 1, 0) for factor in of_all.values())
    for one, other in (tuple(of_all[name] for name in pair) for pair in together):
        cells, codes = np.unique(one.codes * len(other.names) + other.codes, return_inverse=True)
        terms.append(codes.astype("int64"))
        df -= max(len(cells) - len(one.names) - len(other.names) + 1, 0)
    if df < LEAST_DF:
        return None
    variance, trust = 0.0, np.ones(len(means))
    for _ in range(_ROUNDS):
        weights = trust / (within + variance)
        free = 1 - _leverage(weights, terms, df)
        squares = unexplained(means, weights, terms) ** 2 / free
        before, variance = variance, _fitting(squares, within, free, _SHARE * float(free.sum()))
        with np.errstate(divide="ignore"):
            trust = np.minimum(1, _CLIP / np.sqrt(squares / (within + variance)))
        if abs(variance - before) <= 1e-3 * (variance + float(within.mean())):
            break
    return Between(variance, df)


def _leverage(weights: Floats, terms: Sequence[Ints], df: int) -> Floats:
    """The share of each mean's variance that the fit takes up: the diagonal of its hat matrix, below 1.

    If that matrix would be large, all have the mean share.
    """
    size = len(weights)
    if size * (size - df) > _MOST_CELLS:
        return np.full(size, 1 - df / size)
    columns = [
        np.ones(size),
        *((codes == level).astype("float64") for codes in terms for level in np.unique(codes)[1:]),
    ]
    design = np.sqrt(weights)[:, np.newaxis] * np.stack(columns, axis=1)
    left, sizes, _ = np.linalg.svd(design, full_matrices=False)
    used = left[:, sizes > 1e-9 * sizes[0]]
    return np.minimum((used**2).sum(axis=1), _MOST_LEVERAGE)


def _fitting(squares: Floats, within: Floats, counts: Floats, target: float) -> float:
    """The variance with which the sum of the clipped squares equals `target`; 0 if the sum is below it without any."""

    def total(variance: float) -> float:
        return float((counts * np.minimum(squares / (within + variance), _CLIP**2)).sum())

    if total(0.0) <= target:
        return 0.0
    high = 2 * float((counts * squares).sum()) / target
    found = root_scalar(lambda variance: total(variance) - target, bracket=(0, high), method="brentq", xtol=1e-9 * high)
    return float(found.root)


def unexplained(means: Floats, weights: Floats, terms: Sequence[Ints]) -> Floats:
    """The residuals of weighted least squares on the levels of all terms, by fitting one term after the other."""
    rest = means - np.average(means, weights=weights)
    enough = 1e-6 * float(np.abs(rest).max(initial=0.0))
    for _ in range(_ROUNDS):
        before = rest
        for codes in terms:
            rest = rest - (np.bincount(codes, weights * rest) / np.bincount(codes, weights))[codes]
        if np.abs(rest - before).max(initial=0.0) <= enough:
            break
    return rest
