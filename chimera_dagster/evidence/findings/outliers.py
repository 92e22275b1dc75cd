"""Single runs far from the others of their model."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.findings.finding import Figures, Finding, sources_of
from chimera_dagster.evidence.findings.finding_context import (
    DECODE,
    LOAD,
    PROMPT_EVAL,
    PROMPT_TOKENS,
    TTFT,
    FindingContext,
    joined_codes,
    joint_codes,
)
from chimera_dagster.evidence.prompt_cache import CACHED
from chimera_dagster.evidence.runs import coded
from chimera_dagster.schemas import PREFILL

# Each metric with what its size depends on besides the model: runs are compared with others of about that size. Times
# that grow with the answer are compared as rates.
_JUDGED: dict[str, tuple[str, str | None]] = {
    DECODE: ("tok/s", None),
    PREFILL: ("tok/s", PROMPT_TOKENS),
    "tpot_ms": ("ms", None),
    TTFT: ("ms", PROMPT_TOKENS),
    PROMPT_EVAL: ("ms", PROMPT_TOKENS),
    LOAD: ("ms", None),
}
_WITH_LOAD = (TTFT, LOAD)
_OF_PROMPT = (TTFT, PREFILL, PROMPT_EVAL)  # shorter if a cache had the prompt
_ALIKE = ("model", "backend", "gpu", "conditions")
_LEAST_GROUP = 5
_FACTOR = 2.0
_LARGEST_SHARE = 0.1  # more than that is not outliers but another regime


class Outliers(NamedTuple):
    """Runs of a model, of `total`, whose `metric` is far from what is `usual`; `rows` has both, the farthest first."""

    model: str
    metric: str
    unit: str
    rows: pd.DataFrame
    total: int


def outliers(data: FindingContext) -> Iterator[Finding]:
    """Runs whose logarithm is more than 7 robust deviations (median, 1.4826 MAD) and a factor of 2 off the median.

    Iglewicz and Hoaglin (How to Detect and Handle Outliers, 1993) flag from 3.5 on, which for the skewed times of few
    runs is far too often. With 7, and 10 below 10 runs, under 2 in 1000 runs of log-normal times are flagged in groups
    of 6 or more, and under 6 in 1000 in groups of 5; with a log standard deviation of 0.2 hardly any. Cold and warm
    runs are separate groups, and so are engines, GPUs, conditions and prompts of different sizes (powers of 4). A group
    in which more than a tenth would be flagged (one run is always allowed) has two regimes and no outliers.
    """
    runs = data.runs[data.runs["model"].notna().to_numpy()]
    model, models = coded(runs["model"])
    alike, cold = joint_codes(runs, _ALIKE), runs["cold"].to_numpy("int64")
    cached = runs["prompt_cache"].to_numpy("int64")
    for metric, (unit, size) in _JUDGED.items():
        value = runs[metric].to_numpy("float64")
        judged = value > 0
        if metric in _OF_PROMPT:  # times of cached prompts depend on the cache, not on the prompt
            judged &= ~np.isin(cached, CACHED)
        if metric == PREFILL:  # a rate derived from a time repeats what that time says
            judged &= runs[PROMPT_EVAL].isna().to_numpy()
        places = np.flatnonzero(judged)
        if not len(places):
            continue
        bucket = _bucket(runs[size].to_numpy("float64")) if size else np.zeros(len(runs), dtype="int64")
        kept, apart = [alike[places], bucket[places]], cold[places]
        if metric in _OF_PROMPT:
            kept.append(cached[places])
        groups = joined_codes([*kept, apart])
        if metric not in _WITH_LOAD:
            # Too few cold runs for a group of their own: a metric without loading joins the warm ones.
            apart = np.where(np.bincount(groups)[groups] < _LEAST_GROUP, 0, apart)
            groups = joined_codes([*kept, apart])
        flagged, usual = flagged_runs(np.log(value[places]), groups)
        found = runs.iloc[places[flagged]].assign(apart=apart[flagged], usual=np.exp(usual[flagged]))
        of_model, counts = model[places[flagged]], np.bincount(model[places], minlength=len(models))
        for code in np.unique(of_model).tolist():
            yield _stated(str(models[code]), metric, unit, found[of_model == code], int(counts[code]))


def _bucket(size: NDArray[np.float64]) -> NDArray[np.int64]:
    """A power of 4; an unknown size counts as 1."""
    return np.floor(np.log(np.where(size > 1, size, 1.0)) / np.log(4)).astype("int64")


def flagged_runs(logs: NDArray[np.float64], groups: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which logarithms are outliers of their group, and each one's group median."""
    frame = pd.DataFrame({"log": logs, "group": groups})
    median = frame.groupby("group")["log"].transform("median").to_numpy()
    distance = np.abs(logs - median)
    mad = frame.assign(log=distance).groupby("group")["log"].transform("median").to_numpy()
    n = np.bincount(groups)[groups]
    limit = np.maximum(np.log(_FACTOR), np.where(n < 10, 10, 7) * 1.4826 * mad)
    flagged = (distance > limit) & (n >= _LEAST_GROUP)
    share = np.bincount(groups, weights=flagged)[groups]
    return flagged & (share <= np.maximum(1, _LARGEST_SHARE * n)), median


def _stated(model: str, metric: str, unit: str, rows: pd.DataFrame, total: int) -> Finding:
    figures = Figures()
    off = np.abs(np.log(rows[metric].to_numpy("float64") / rows["usual"].to_numpy("float64")))
    order = np.argsort(-off, kind="stable")
    worst = rows.iloc[int(order[0])]
    value, usual = float(worst[metric]), float(worst["usual"])
    many = len(rows) > 1
    text = (
        f"{figures.say('outliers', len(rows))} of {figures.count('runs', total, 'run')} of {model} "
        f"{'have' if many else 'has'} a {metric} far from the others'{', the farthest' if many else ':'} "
        f"{figures.say('value', value, unit)} in {worst['file']}, {worst['record']}, where "
        f"{figures.say('usual', usual, unit)} is usual. A mean over the runs is moved by "
        f"{'them' if many else 'it'}."
    )
    return Finding(
        "outliers",
        "warning" if off.max() > np.log(10) else "notice",
        f"{metric} of {model}",
        text,
        figures,
        total,
        sources_of(rows.iloc[order]),
        importance=10 + float(off.max()),
        effect=value / usual - 1,
        about=Outliers(model, metric, unit, rows.iloc[order], total),
    )
