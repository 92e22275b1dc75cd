"""Runs of a model that were slow one after the other: more than outliers, and no other setting explains them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.findings.finding import Figures, Finding, sources_of
from chimera_dagster.evidence.findings.finding_context import FindingContext, joint_codes
from chimera_dagster.schemas import DECODE

_ALIKE = ["model", "backend", "gpu", "conditions"]
_FACTOR = 2.0  # a run is slow if it decodes at less than half of the usual rate
_LEAST = 5  # runs of a stretch
_MOST_SHARE = 0.4  # of a model's runs; of more, what is usual is not known
_CHANCE = 0.001  # of such a stretch among slow runs in any order


class SlowStretch(NamedTuple):
    """The longest stretch of a model's runs that were slow, in `rows`, of `total` that have a time.

    They decoded `times` times as slowly as is usual under their conditions (geometric mean).
    """

    model: str
    rows: pd.DataFrame
    total: int
    times: float


def slow_stretches(data: FindingContext) -> Iterator[Finding]:
    """Models with five slow runs or more that followed each other, where slow ones in any order would hardly do so.

    Of n warm runs in the order of their timestamps, with a share p of slow ones, a stretch of k is expected n * p^k
    times. The usual rate is the median of the runs of equal conditions, engine and GPU. Five of the slow ones at least
    have parameters with which other runs were not slow.
    """
    runs = data.runs
    runs = runs[(runs["model"].notna() & ~runs["cold"] & (runs[DECODE] > 0)).to_numpy()]
    runs = runs.assign(at=data.times_of(runs))
    runs = runs[runs["at"].notna().to_numpy()].sort_values("at", kind="stable")
    if runs.empty:
        return
    logs = np.log(runs[DECODE].to_numpy("float64"))
    usual = pd.Series(logs).groupby(joint_codes(runs, _ALIKE)).transform("median").to_numpy("float64")
    runs = runs.assign(behind=usual - logs, alike=joint_codes(runs, [*_ALIKE, "params"]))
    for model, rows in runs.groupby("model", observed=True):
        found = _stretch(str(model), rows)
        if found is not None:
            yield _stated(found)


def _stretch(model: str, rows: pd.DataFrame) -> SlowStretch | None:
    slow = rows["behind"].to_numpy("float64") > np.log(_FACTOR)
    first, last = _longest(slow)
    share, length = float(slow.mean()), last - first
    if length < _LEAST or share > _MOST_SHARE or len(rows) * share**length > _CHANCE:
        return None
    chosen = rows.iloc[first:last]
    if not _varies(rows, slow, chosen):
        return None
    return SlowStretch(model, chosen, len(rows), float(np.exp(chosen["behind"].mean())))


def _varies(rows: pd.DataFrame, slow: NDArray[np.bool_], chosen: pd.DataFrame) -> bool:
    """Whether some of the chosen runs have parameters with which others were not slow: else these may explain it."""
    others = rows.loc[~slow, "alike"].unique()
    return int(chosen["alike"].isin(others).sum()) >= _LEAST


def _longest(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """The first and the last place, exclusive, of the longest stretch."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype("int64")))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return 0, 0
    place = int(np.argmax(ends - starts))
    return int(starts[place]), int(ends[place])


def _stated(found: SlowStretch) -> Finding:
    figures, rows = Figures(), found.rows
    text = (
        f"{figures.say('slow', len(rows))} of {figures.count('runs', found.total, 'warm run')} of {found.model} "
        f"followed each other and decoded {figures.say('times', found.times)} times as slowly as is usual under their "
        f"conditions. A mean over the runs, and every comparison with another model, is moved by them."
    )
    return Finding(
        "slow_stretches",
        "warning",
        found.model,
        text,
        figures,
        found.total,
        sources_of(rows),
        importance=12 + float(np.log(found.times)),
        effect=1 / found.times - 1,
        about=found,
    )
