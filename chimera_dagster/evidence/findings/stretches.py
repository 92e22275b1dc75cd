"""Runs of a model that were slow one after the other: more than outliers, and no other setting explains them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.findings.finding import Figures, Finding, sources_of
from chimera_dagster.evidence.findings.finding_context import FindingContext, joint_codes
from chimera_dagster.schemas import DECODE

_MACHINE = ["model", "backend", "gpu"]
_ALIKE = [*_MACHINE, "conditions", "params"]
_FACTOR = 3.0  # a run is slow if it decodes at less than a third of the usual rate
_LEAST = 5  # runs of a stretch
_MOST_SHARE = 0.4  # of a model's runs; of more, what is usual is not known
_CHANCE = 0.001  # of the longest stretch among slow runs in any order


class SlowStretches(NamedTuple):
    """The runs of a model that were slow one after the other, in `rows`, of `total` that have a time.

    `lengths` are the runs of each stretch, the first one first. On average (geometric mean) the runs decoded `times`
    times as slowly as is usual for the model.
    """

    model: str
    rows: pd.DataFrame
    lengths: tuple[int, ...]
    total: int
    times: float


def slow_stretches(data: FindingContext) -> Iterator[Finding]:
    """Models with five slow runs or more that followed each other, where slow ones in any order would hardly do so.

    The usual rate is the median of the model's runs on the same engine and GPU. Of n warm runs in the order of their
    timestamps, with a share p of slow ones, a stretch of k is expected n * p^k times. Once the longest stretch shows
    that the order is not one of chance, every other one of five runs counts too. Five runs of each at least have
    conditions and parameters with which another run decoded three times as fast, so these do not explain it.
    """
    runs = data.runs
    runs = runs[(runs["model"].notna() & ~runs["cold"] & (runs[DECODE] > 0)).to_numpy()]
    runs = runs.assign(at=data.times_of(runs))
    runs = runs[runs["at"].notna().to_numpy()].sort_values("at", kind="stable")
    if runs.empty:
        return
    logs = pd.Series(np.log(runs[DECODE].to_numpy("float64")))
    usual = logs.groupby(joint_codes(runs, _MACHINE)).transform("median")
    fastest = logs.groupby(joint_codes(runs, _ALIKE)).transform("max")
    runs = runs.assign(behind=(usual - logs).to_numpy(), behind_alike=(fastest - logs).to_numpy())
    for model, rows in runs.groupby("model", observed=True):
        found = _of_model(str(model), rows)
        if found is not None:
            yield _stated(found)


def _of_model(model: str, rows: pd.DataFrame) -> SlowStretches | None:
    slow = rows["behind"].to_numpy("float64") > np.log(_FACTOR)
    unexplained = rows["behind_alike"].to_numpy("float64") > np.log(_FACTOR)
    found = [
        (first, last)
        for first, last in _stretches(slow)
        if last - first >= _LEAST and int(unexplained[first:last].sum()) >= _LEAST
    ]
    lengths, share = tuple(last - first for first, last in found), float(slow.mean())
    if not found or share > _MOST_SHARE or len(rows) * share ** max(lengths) > _CHANCE:
        return None
    chosen = pd.concat([rows.iloc[first:last] for first, last in found])
    return SlowStretches(model, chosen, lengths, len(rows), float(np.exp(chosen["behind"].mean())))


def _stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first and the last place, exclusive, of each stretch."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype("int64")))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _stated(found: SlowStretches) -> Finding:
    figures, rows, many = Figures(), found.rows, len(found.lengths)
    where = f" in {figures.say('stretches', many)} stretches" if many > 1 else ""
    text = (
        f"{figures.say('slow', len(rows))} of {figures.count('runs', found.total, 'warm run')} of {found.model} "
        f"followed each other{where} and decoded {figures.say('times', found.times)} times as slowly as is usual, on "
        f"average. A mean over the runs, and every comparison with another model, is moved by them."
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
