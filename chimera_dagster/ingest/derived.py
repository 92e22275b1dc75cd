"""Values that docs/metrics.md defines by others of the same record, computed if the file does not state them.

Only of runs: a mean rate is not the quotient of a mean count and a mean time.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from chimera_dagster.ingest.batch import NOWHERE, Batch, Floats, Ints, Truths
from chimera_dagster.ingest.field_roles import MetricColumn
from chimera_dagster.ingest.plausibility import Doubts, limits
from chimera_dagster.ingest.vocabulary import vocabulary


class Computed(NamedTuple):
    """Values of one kind, in the order of their records."""

    record: Ints
    values: Floats
    kind: MetricColumn
    formula: str


class _Formula(NamedTuple):
    """`words` has each of `parts` in braces; `compute` gets their values. `unless` is a metric that must be missing."""

    metric: str
    words: str
    parts: tuple[tuple[str, str | None], ...]  # metric and aggregate, None for that of a run
    compute: Callable[..., Floats]
    unless: str | None = None


_FORMULAS = (
    _Formula(
        "decode_tok_s",
        "{output_tokens} / {eval_ms}",
        (("output_tokens", None), ("eval_ms", None)),
        # a single token comes with the evaluation of the prompt, and no time is spent on another
        lambda tokens, time: np.where(tokens < 2, np.nan, 1000 * tokens / time),
    ),
    _Formula(
        "prefill_tok_s",
        "({prompt_tokens} - {prompt_cached_tokens}) / {prompt_eval_ms}",
        (("prompt_tokens", None), ("prompt_cached_tokens", None), ("prompt_eval_ms", None)),
        lambda tokens, cached, time: 1000 * (tokens - cached) / time,
    ),
    _Formula(
        "prefill_tok_s",
        "{prompt_tokens} / {prompt_eval_ms}",
        (("prompt_tokens", None), ("prompt_eval_ms", None)),
        lambda tokens, time: 1000 * tokens / time,
        unless="prompt_cached_tokens",
    ),
    _Formula(
        "e2e_ms",
        "{ttft_ms} + {itl_ms}",
        (("ttft_ms", None), ("itl_ms", "sum")),
        lambda first, gaps: first + gaps,
    ),
    _Formula(
        "total_ms",
        "{load_ms} + {prompt_eval_ms} + {eval_ms} + {residual_ms}",
        (("load_ms", None), ("prompt_eval_ms", None), ("eval_ms", None), ("residual_ms", None)),
        lambda load, prompt, answer, residual: load + prompt + answer + residual,
    ),
    _Formula(
        "tpot_ms",
        "({e2e_ms} - {ttft_ms}) / ({output_tokens} - 1)",
        (("e2e_ms", None), ("ttft_ms", None), ("output_tokens", None)),
        lambda whole, first, tokens: np.where(tokens < 2, np.nan, (whole - first) / (tokens - 1)),
    ),
    _Formula(
        "output_tok_s",
        "{output_tokens} / {benchmark_ms}",
        (("output_tokens", "sum"), ("benchmark_ms", None)),
        lambda tokens, time: 1000 * tokens / time,
    ),
    _Formula(
        "requests_per_s",
        "{completed_requests} / {benchmark_ms}",
        (("completed_requests", None), ("benchmark_ms", None)),
        lambda requests, time: 1000 * requests / time,
    ),
)


def derive(batch: Batch, doubts: Doubts) -> list[Computed]:
    """What the formulas give; nothing for failed runs, of doubted values, or that no machine reaches."""
    missing = batch.metric[0].keys().isdisjoint
    possible = [formula for formula in _FORMULAS if not any(missing((metric,)) for metric, _ in formula.parts)]
    if not possible:
        return []
    trusted = ~batch.failed
    trusted[list(doubts)] = False
    found: list[Computed] = []
    for formula in possible:
        found += _by_formula(batch, formula, trusted)
    return found


def _by_formula(batch: Batch, formula: _Formula, trusted: Truths) -> Iterator[Computed]:
    parts = [_rows(batch, metric, aggregate) for metric, aggregate in formula.parts]
    if any(rows is None for rows in parts):
        return
    rows = np.array(parts)
    usable = (rows != NOWHERE).all(axis=0) & trusted[rows].all(axis=0) & ~_stated(batch, formula.metric)
    if formula.unless:
        usable &= ~_stated(batch, formula.unless)
    records = _not_stated_nearby(batch, formula.metric, np.flatnonzero(usable))
    rows = rows[:, records]
    with np.errstate(divide="ignore", invalid="ignore"):
        values = formula.compute(*batch.values[rows])
    low, high = limits(_kind(formula, [""] * len(formula.parts)))
    possible = np.isfinite(values) & (values >= low) & (values <= high)
    records, rows, values = records[possible], rows[:, possible], values[possible]
    for at in _by_kinds(batch, rows):
        names = [batch.kind_of(row).original_name for row in rows[:, at[0]].tolist()]
        yield Computed(records[at], values[at], _kind(formula, names), _said(formula, (m for m, _ in formula.parts)))


def _by_kinds(batch: Batch, rows: Ints) -> Iterator[Ints]:
    """Places of the columns of `rows` whose values are of the same kinds."""
    codes = np.zeros(rows.shape[1], np.int64)
    for of_part in rows:
        codes = codes * len(batch.kinds) + batch.kind[of_part]
    _, group = np.unique(codes, return_inverse=True)
    order = np.argsort(group, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else ()


def _kind(formula: _Formula, names: Iterable[str]) -> MetricColumn:
    unit = vocabulary().metrics[formula.metric].unit
    return MetricColumn(formula.metric, unit, _said(formula, names), None, None)


def _said(formula: _Formula, names: Iterable[str]) -> str:
    """The formula with these names for its parts."""
    return formula.words.format_map({metric: name for (metric, _), name in zip(formula.parts, names, strict=True)})


def _rows(batch: Batch, metric: str, aggregate: str | None) -> Ints | None:
    """The row with each record's value; NOWHERE if it has none, or several that differ; None if no record has one."""
    sheet = batch.sheets.get(aggregate)
    found = None if sheet is None else sheet.rows(metric)
    if sheet is None or found is None:
        return None
    rows = np.full(len(batch.heads), NOWHERE, np.int32)
    rows[sheet.records] = found
    return rows


def _stated(batch: Batch, metric: str, *, runs: bool = False) -> Truths:
    """Which records have the metric, as a run's or, unless `runs`, as any aggregate."""
    of_kind = [kind.metric == metric and not (runs and kind.aggregate) for kind in batch.kinds]
    stated = np.zeros(len(batch.heads), bool)
    stated[batch.record[batch.rows_of(of_kind)]] = True
    return stated


def _not_stated_nearby(batch: Batch, metric: str, records: Ints) -> Ints:
    """Without JSON objects beside which the same run states the metric, in an object around or inside them."""
    runs = np.flatnonzero(_stated(batch, metric, runs=True)).tolist()
    if not runs:
        return records
    names, stating = (
        [(str(file), str(name)) for file, name, *_ in map(batch.heads.__getitem__, places)]
        for places in (records.tolist(), runs)
    )
    if not any("/" in name for _, name in names):
        return records
    stating = set(stating)
    around = {(file, outer) for file, name in stating for outer in _objects_around(name)}
    kept = [
        (file, name) not in around and stating.isdisjoint((file, outer) for outer in _objects_around(name))
        for file, name in names
    ]
    return records[np.array(kept, bool)]


def _objects_around(record: str) -> Iterator[str]:
    """The pointers above a pointer up to the nearest place in a list, at which another run begins."""
    above, slash, key = record.rpartition("/")
    while slash and key and not key.isdigit():
        yield above or "/"
        above, slash, key = above.rpartition("/")
