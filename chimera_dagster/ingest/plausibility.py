"""Why a measured number can't be true: the `doubt` of the measurements table, which no statistic uses.

Only what no rounding, no cache and no clock explains is doubted. Of values that contradict each other all are doubted,
unless another value of the record says which one is right.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf, ulp
from typing import NamedTuple

import numpy as np

from chimera_dagster.ingest.batch import NOWHERE, Batch, Floats, Ints, Sheet
from chimera_dagster.ingest.field_roles import MetricColumn
from chimera_dagster.ingest.names import stem
from chimera_dagster.ingest.rate_doubts import (
    FASTEST_TOK_S,
    Doubts,
    doubt_decode_rates,
    doubt_haste,
    doubt_rates,
    is_of_request,
)
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.vocabulary import vocabulary

_MONTH_MS = 30 * 86_400_000.0  # no request takes longer
_SHORTEST_MS = {"tpot_ms": 0.01, "ttft_ms": 0.001, "ttfa_ms": 0.001, "e2e_ms": 0.001, "total_ms": 0.001}
_AMOUNTS = frozenset(
    {"ms", "tok/s", "req/s", "tokens", "requests", "chars", "MiB", "W", "J", "MHz", "%", "share"}
)  # never below 0
_SIGNED = frozenset({"residual_ms"})  # a difference
_POSITIVE = frozenset({"ttft_ms", "ttfa_ms", "e2e_ms", "total_ms", "tpot_ms", "decode_tok_s", "prefill_tok_s"})
_OF_ANY_TIME = ("latency", "response")  # the metric latency_ms has also `elapsed`, which may start at 0
_SHARES = (
    *("accuracy", "f1", "exact_match", "pass_at_1"),
    *("mmlu", "gsm8k", "humaneval", "hellaswag", "gpqa", "arc_challenge", "truthfulqa", "ifeval"),
    *("arc_easy", "mmlu_pro", "boolq", "piqa", "winogrande", "openbookqa", "triviaqa", "lambada", "bbh"),
    *("ceval", "cmmlu", "mbpp", "math_500", "aime", "livecodebench", "swe_bench"),
)
# At most all of it; of processors, 100 % may be one core
_WHOLE = {"gpu_util_pct": 101.0, **dict.fromkeys(_SHARES, 1.0)}
_EPOCHS = tuple((1e9 * factor, 4e9 * factor) for factor in (1, 1e3, 1e6, 1e9))  # 2001 to 2096 in s, ms, us, ns
_SPREADS = frozenset({"std", "cv", "ci"})

_LONGER = 1.05  # a part is longer than the whole by more than that
_TOGETHER = 1.1
_WAY_MS = (
    250.0  # to a server and back: a client's first token may come later than the server was done with a short answer
)
_ORDER_SLACK = 0.02
_PERCENTILE = re.compile(r"p\d{1,2}(?:\.\d+)?")
_RANKS = {"min": 0.0, "median": 50.0, "max": 100.0}
_MEAN = "mean"
_OTHER_SENSE = "best"  # read as a maximum, it is the minimum of a time


class _Within(NamedTuple):
    """`part` is a time within `whole`; `ours` if only Ollama's names say so."""

    part: str
    whole: str
    ours: bool = False


_PARTS = (
    _Within("eval_ms", "total_ms"),
    _Within("prompt_eval_ms", "total_ms"),
    _Within("load_ms", "total_ms", ours=True),  # llama.cpp prints the load of the first of many runs
    _Within("ttft_ms", "e2e_ms"),
    _Within("ttft_ms", "total_ms"),
    _Within("ttft_ms", "latency_ms"),
    _Within("ttfa_ms", "e2e_ms"),
    _Within("ttft_ms", "ttfa_ms"),
    _Within("eval_ms", "e2e_ms"),
    _Within("prompt_eval_ms", "e2e_ms"),
)


def find_doubts(batch: Batch) -> Doubts:
    """The rows that can't be trusted, each with the reason; the first reason that is found counts."""
    doubts: Doubts = {}
    for find in (_of_single_values, _of_order):
        for row, reason in find(batch):
            doubts.setdefault(row, reason)
    for aggregate, sheet in batch.sheets.items():
        if aggregate not in _SPREADS:
            _doubt_parts(batch, sheet, doubts)
            _doubt_sums(batch, sheet, doubts)
            doubt_rates(batch, sheet, doubts)
            doubt_haste(batch, sheet, doubts)
    if runs := batch.sheets.get(None):
        doubt_decode_rates(batch, runs, doubts)
    return doubts


class _Limits(NamedTuple):
    low: float
    high: float


def limits(kind: MetricColumn) -> tuple[float, float]:
    """The smallest and the largest value of this kind that a machine can produce."""
    return _limits(kind.metric, kind.unit, kind.aggregate, kind.original_name)


@remembered(maxsize=10_000)
def _limits(metric: str, unit: str | None, aggregate: str | None, name: str) -> _Limits:
    if unit not in _AMOUNTS or metric in _SIGNED or aggregate == "ci":
        return _Limits(-inf, inf)
    if aggregate in _SPREADS:
        return _Limits(0.0, inf)
    positive = metric in _POSITIVE or (metric == "latency_ms" and any(word in name.lower() for word in _OF_ANY_TIME))
    low = _SHORTEST_MS.get(metric, ulp(0.0)) if positive else 0.0
    high = FASTEST_TOK_S.get(metric, _MONTH_MS if unit == "ms" else inf)
    if aggregate == "sum":
        return _Limits(low, inf)
    return _Limits(low, _WHOLE.get(metric, high))


def _of_single_values(batch: Batch) -> Iterator[tuple[int, str]]:
    low, high = np.array([limits(kind) for kind in batch.kinds]).T
    values = batch.values
    for row in np.flatnonzero((values < low[batch.kind]) | (values > high[batch.kind])).tolist():
        if reason := _of_value(batch, row):
            yield row, reason
    if batch.failed.any():
        measured = np.array([kind.unit in _AMOUNTS for kind in batch.kinds], bool)[batch.kind]
        for row in np.flatnonzero(batch.failed & measured & (values == 0)).tolist():
            yield row, f"{batch.said(row)} is of a run that failed"


def _of_value(batch: Batch, row: int) -> str | None:
    kind, value, said = batch.kind_of(row), float(batch.values[row]), batch.said(row)
    if value < 0:
        return f"{said} is negative"
    if value == 0:
        return f"{said} is of a run that failed" if batch.failed[row] else f"{kind.metric} is zero"
    if kind.metric in _WHOLE:
        return f"{said} is more than 100 %"
    if kind.unit == "ms" and value >= _MONTH_MS:
        in_file = value / _factor(kind)
        is_time = any(low <= in_file <= high for low, high in _EPOCHS)
        return f"{said} is a point in time, not a duration" if is_time else f"{said} is longer than a month"
    if kind.unit == "ms" and kind.metric != "tpot_ms":
        return f"{said} is too short"
    rate = value if kind.unit == "tok/s" else 1000 / value
    fastest = FASTEST_TOK_S.get(kind.metric, FASTEST_TOK_S["decode_tok_s"])
    return f"{said} is faster than any machine" if rate > fastest * batch.at_once(row) else None


def _factor(kind: MetricColumn) -> float:
    """What brings a number of the file to the canonical unit."""
    units = vocabulary().units.get(kind.unit or "", {})
    return units.get((kind.original_unit or "").lower(), 1.0)


def _step(batch: Batch, row: int) -> float:
    """What rounding in the file may have taken from or added to a value: half of its last decimal place."""
    factor = _factor(batch.kind_of(row))
    digits = f"{batch.values[row] / factor:.9f}".rstrip("0").partition(".")[2]
    return 0.5 * factor * 10.0 ** -len(digits)


def _exceeds(batch: Batch, parts: Sequence[int], whole: int, share: float) -> bool:
    """Whether the parts are longer than the whole even if all were rounded in the file."""
    slack = sum(_step(batch, row) for row in (*parts, whole))
    return float(batch.values[list(parts)].sum()) > batch.values[whole] * share + slack


@remembered(maxsize=10_000)
def _is_ollamas(name: str) -> bool:
    """Whether this is one of Ollama's names, with or without a unit: `load_duration_ms`."""
    return stem(name).endswith("_duration")


@remembered(maxsize=10_000)
def _rank(kind: MetricColumn) -> float | None:
    """Where an aggregate lies among those of one metric, in percent; None if it has no place, also for a mean."""
    aggregate = kind.aggregate or ""
    if kind.unit is None or _OTHER_SENSE in kind.original_name.lower():
        return None
    return float(aggregate[1:]) if _PERCENTILE.fullmatch(aggregate) else _RANKS.get(aggregate)


def _of_order(batch: Batch) -> Iterator[tuple[int, str]]:
    """Minimum, percentiles and maximum that do not rise, and a mean that does not lie between the extremes."""
    ranks = [_rank(kind) for kind in batch.kinds]
    means = [kind.unit is not None and kind.aggregate == _MEAN for kind in batch.kinds]
    rows = batch.rows_of([rank is not None or mean for rank, mean in zip(ranks, means, strict=True)])
    if len(rows) < 2:
        return
    stems: dict[tuple[str, str], int] = {}
    of_kind = [stems.setdefault((kind.metric, stem(kind.original_name)), len(stems)) for kind in batch.kinds]
    key = batch.record[rows].astype(np.int64) * len(stems) + np.array(of_kind, np.int64)[batch.kind[rows]]
    rank = np.array([np.nan if rank is None else rank for rank in ranks])[batch.kind[rows]]
    is_mean = np.isnan(rank)
    extreme = (rank == 0) | (rank == 100)
    of_mean = np.where(is_mean, 50.0, rank)
    wrong = np.union1d(
        _falling(batch, rows[~is_mean], key[~is_mean], rank[~is_mean]),
        _falling(batch, rows[is_mean | extreme], key[is_mean | extreme], of_mean[is_mean | extreme]),
    )
    if len(wrong):
        groups: dict[int, list[int]] = {}
        for at in np.flatnonzero(np.isin(key, wrong)).tolist():
            groups.setdefault(int(key[at]), []).append(int(rows[at]))
        for group in groups.values():
            yield from _out_of_order(batch, group)


def _falling(batch: Batch, rows: Ints, key: Ints, rank: Floats) -> Ints:
    """The keys for which a value of a higher rank is smaller."""
    order = np.lexsort((rank, key))
    key, rank, values = key[order], rank[order], batch.values[rows[order]]
    falls = (key[1:] == key[:-1]) & (rank[1:] > rank[:-1]) & (values[1:] < values[:-1])
    return np.unique(key[1:][falls])


def _out_of_order(batch: Batch, rows: Sequence[int]) -> Iterator[tuple[int, str]]:
    ranks = {row: _rank(batch.kind_of(row)) for row in rows}
    if len(set(ranks.values())) < len(ranks):
        return  # two values for one place: not of one thing
    conflicts = {
        (low, high) for low in rows for high in rows if _before(ranks[low], ranks[high]) and _above(batch, low, high)
    }
    inner = [row for row, rank in ranks.items() if rank is not None and 0 < rank < 100]
    pairs = {(low, high) for low in inner for high in inner if _before(ranks[low], ranks[high])}
    if len(inner) > 1 and batch.kind_of(rows[0]).unit != "ms" and pairs <= conflicts:
        return  # of a rate, some tools count percentiles from the best
    while conflicts:
        count = Counter(row for pair in conflicts for row in pair)
        most = max(count.values())
        worst = {row for row, conflicting in count.items() if conflicting == most}
        for row in worst:
            low, high = next(pair for pair in sorted(conflicts) if row in pair)
            yield (
                row,
                (
                    f"{batch.kind_of(low).aggregate} of {batch.said(low)} is above "
                    f"{batch.kind_of(high).aggregate} of {batch.said(high)}"
                ),
            )
        conflicts = {pair for pair in conflicts if worst.isdisjoint(pair)}


def _before(low: float | None, high: float | None) -> bool:
    """Whether a value of one rank can't be above one of the other; that of a mean is None."""
    if low is None or high is None:
        return low == 0 or high == 100
    return low < high


def _above(batch: Batch, low: int, high: int) -> bool:
    slack = _ORDER_SLACK * abs(batch.values[low]) + _step(batch, low) + _step(batch, high)
    return bool(batch.values[low] > batch.values[high] + slack)


def _doubt_parts(batch: Batch, sheet: Sheet, doubts: Doubts) -> None:
    for part, whole, ours in _PARTS:
        values = sheet.values(part, whole)
        if values is None:
            continue
        for place in np.flatnonzero(values[0] > values[1] * _LONGER).tolist():
            of_part, of_whole = sheet.row(part, place), sheet.row(whole, place)
            names = [batch.kind_of(row).original_name for row in (of_part, of_whole)]
            if of_part in doubts or of_whole in doubts or (ours and not all(map(_is_ollamas, names))):
                continue
            if part == "ttft_ms" and not _includes_first_token(batch, sheet, place, of_whole):
                continue
            if _exceeds(batch, [of_part], of_whole, _LONGER):
                reason = f"{batch.said(of_part)} is longer than {batch.said(of_whole)}"
                for row in _wrong_ones(batch, sheet, place, of_part, of_whole):
                    doubts[row] = reason


def _includes_first_token(batch: Batch, sheet: Sheet, place: int, whole: int) -> bool:
    """Whether a time must be longer than that to the first token: not one of a token, nor a server's by its clock."""
    kind = batch.kind_of(whole)
    if kind.metric == "latency_ms":
        rate = sheet.optional("decode_tok_s")[place]
        is_of_token = 1 / 1.5 < rate * batch.values[whole] / 1000 < 1.5
        return is_of_request(kind.original_name) and not is_of_token
    if kind.metric == "e2e_ms":
        return True
    if sheet.row("e2e_ms", place) != NOWHERE:  # by the same clock as the first token
        return False
    load_row = sheet.row("load_ms", place)
    load = 0.0 if load_row == NOWHERE else float(batch.values[load_row])
    first = float(batch.values[sheet.row("ttft_ms", place)])
    return first > (batch.values[whole] + load) * _LONGER + _WAY_MS


def _wrong_ones(batch: Batch, sheet: Sheet, place: int, part: int, whole: int) -> Sequence[int]:
    """Of a part and a whole that is shorter, the one that another value of the record contradicts; else both."""
    if batch.kind_of(part).metric == "eval_ms" and (agreement := sheet.values("decode_tok_s", "output_tokens")):
        rate, count = (float(values[place]) for values in agreement)
        if rate > 0 and count > 0 and 1 / 1.5 < rate * batch.values[part] / 1000 / count < 1.5:
            return (whole,)
    other = "e2e_ms" if batch.kind_of(whole).metric == "total_ms" else "total_ms"
    beside = sheet.row(other, place)
    if beside != NOWHERE and 1 / 1.2 < batch.values[beside] / batch.values[whole] < 1.2:
        return (part,)
    return part, whole


def _doubt_sums(batch: Batch, sheet: Sheet, doubts: Doubts) -> None:
    values = sheet.values("prompt_eval_ms", "eval_ms", "total_ms")
    if values is None:
        return
    prompt, answer, whole = values
    load = np.nan_to_num(sheet.optional("load_ms"))
    for place in np.flatnonzero(load + prompt + answer > whole * _TOGETHER).tolist():
        total = sheet.row("total_ms", place)
        parts = [sheet.row(metric, place) for metric in ("load_ms", "prompt_eval_ms", "eval_ms")]
        if parts[0] == NOWHERE or not all(_is_ollamas(batch.kind_of(row).original_name) for row in (parts[0], total)):
            parts = parts[1:]
        if doubts.keys().isdisjoint([*parts, total]) and _exceeds(batch, parts, total, _TOGETHER):
            reason = f"{' + '.join(map(batch.said, parts))} is longer than {batch.said(total)}"
            doubts.update(dict.fromkeys([*parts, total], reason))
