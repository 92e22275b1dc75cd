"""Units that a file does not state at all, if its other numbers leave only one: `ttft` beside `tokens` and `tok_s`.

All names without a unit of a file are decided together. A unit is excluded if it puts nine in ten values of a name
beyond what any machine does, or breaks what must hold in a record: latency x rate = tokens, a part within its whole,
percentiles in order. What is left is the unit if it is the only one; otherwise the numbers stay unread under their own
name. Shares are told from percentages by their column.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from chimera_dagster.ingest.assumed_units import Part
from chimera_dagster.ingest.batch import Batch, Floats, Ints
from chimera_dagster.ingest.batch_rates import batch_rates, is_bare_throughput
from chimera_dagster.ingest.field_roles import MetricColumn
from chimera_dagster.ingest.metric_names import metric_of
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.remembered import remembered

_FACTORS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
# What no benchmark of a language model leaves, in ms: a first token within three milliseconds, or after an hour
_LIMITS = {
    "ttft_ms": (3.0, 3.6e6),
    "tpot_ms": (0.05, 1e4),
    "itl_ms": (0.05, 1e4),
    "ntpot_ms": (0.05, 1e4),
    "e2e_ms": (1.0, 8.64e7),
}
_MOST = 0.9  # of the records in which what must hold does
_LONG = 64  # tokens of an answer or a prompt that take longer than what is around them
_MOST_CHOICES = 4_096
_TOTAL = "total"  # of anything, unless the parts of a time add up to it
_WHOLE = (("ttft_ms", "latency_ms"), ("ttft_ms", "eval_ms"), ("prompt_eval_ms", "eval_ms"))
_TOTAL_AND_RATE = {("total_ms", rate, "output_tokens") for rate in ("decode_tok_s", "request_tok_s")}
_ORDER = ("min", "p1", "p5", "p10", "p25", "p50", "median", "p75", "p90", "p95", "p99", "p99.9", "max")
_CENTRAL = ("mean", None, "reported", "summary", "overall", "median", "p50")
_VALUES = frozenset({*_ORDER, *_CENTRAL})  # aggregates that are values of the metric, not spreads of it
_CONCURRENCY = "concurrency"
_CONDITIONS = 7  # the place in a head

Named = tuple[str, str]  # a file and a name in it
Decided = dict[Named, MetricColumn | None]  # None if nothing tells


class Inferred(NamedTuple):
    """A batch with the units that were found, what to report of a file, and how many numbers of a name got one."""

    batch: Batch
    notices: list[tuple[str, str]]
    numbers: dict[Named, int]


class _Rule(NamedTuple):
    """`ratio` of these metrics, times in ms, lies between `low` and `high` in at least `records` records.

    A rule with a `low` leaves one unit at most. It could leave a wrong one only where the ratio is off by a factor of
    1000, so it does not hold for short answers: the wait for the first token may be that much longer.
    """

    metrics: tuple[str, ...]
    ratio: Callable[..., Floats]
    low: float
    high: float
    records: int = 1


def _rules() -> Iterator[_Rule]:
    def tokens(time: Floats, rate: Floats, count: Floats) -> Floats:
        return np.where(count >= _LONG, time * rate / 1000 / count, np.nan)

    def one(gap: Floats, rate: Floats, count: Floats) -> Floats:
        return np.where(count >= _LONG, gap * rate / 1000, np.nan)

    def at_once(time: Floats, rate: Floats, count: Floats, concurrency: Floats) -> Floats:
        return time * rate / 1000 / count / concurrency

    def added(time: Floats, first: Floats, gap: Floats, count: Floats) -> Floats:
        return np.where(count > 2, (time - first) / (gap * (count - 1)), np.nan)

    for time in ("e2e_ms", "latency_ms", "total_ms"):
        for rate in ("decode_tok_s", "request_tok_s"):
            yield _Rule((time, rate, "output_tokens"), tokens, 0.9, 3)
        # Little's law: no more requests are in a server than may be
        yield _Rule((time, "output_tok_s", "output_tokens", _CONCURRENCY), at_once, 0, 1.5)
        yield _Rule((time, "requests_per_s", _CONCURRENCY), lambda t, r, c: t * r / 1000 / c, 0, 1.5)
    yield _Rule(("eval_ms", "decode_tok_s", "output_tokens"), tokens, 0.8, 1.25)
    yield _Rule(("prompt_eval_ms", "prefill_tok_s", "prompt_tokens"), tokens, 0.8, 1.25)
    for gap in ("tpot_ms", "itl_ms"):
        yield _Rule((gap, "decode_tok_s", "output_tokens"), one, 0.5, 2)
        yield _Rule((gap, "decode_tok_s"), lambda g, r: g * r / 1000, 0.9, 1.1, records=2)
        yield _Rule((gap, "output_tok_s", _CONCURRENCY), lambda g, r, c: g * r / 1000 / c, 0, 1.5)
        for time in ("e2e_ms", "latency_ms"):
            yield _Rule((time, "ttft_ms", gap, "output_tokens"), added, 0.5, 2)
        yield _Rule((gap, "e2e_ms"), lambda g, t: g / t, 0, 1.05)
    yield _Rule(("itl_ms", "tpot_ms"), lambda i, t: i / t, 0.3, 10)
    yield _Rule(("ttft_ms", "e2e_ms"), lambda f, t: f / t, 0, 1.05)
    for parts in _WHOLE:
        yield _Rule((*parts, "total_ms"), lambda f, g, t: (f + g) / t, 0.95, 1.05)
    for part in ("load_ms", "prompt_eval_ms", "eval_ms", "ttft_ms"):
        yield _Rule((part, "total_ms"), lambda p, t: p / t, 0, 1.05)


_RULES = tuple(_rules())


@remembered(maxsize=4_096)
def _target(kind: MetricColumn) -> tuple[str, str] | None:
    """The metric and the unit of a number without a unit, if its name leaves no choice of another kind of unit."""
    if kind.unit is not None or kind.original_unit is not None:
        return None
    if is_bare_throughput(kind):
        return "total_tok_s", "tok/s"
    if normal(kind.metric)[0] == _TOTAL:
        return "total_ms", "ms"
    found = metric_of(kind.metric)
    return found if found and found[1] in ("ms", "share", "score") else None


def infer(batch: Batch, parts: Sequence[Part], decided: Decided) -> Inferred:
    """Find units; `decided` has those of earlier records of a file, and gets the others."""
    targets = [_target(kind) for kind in batch.kinds]
    rows = batch.rows_of([target is not None for target in targets])
    if not len(rows):
        return Inferred(batch, [], {})
    notices: list[tuple[str, str]] = []
    numbers: dict[Named, int] = {}
    kinds, kind, values = [*batch.kinds], batch.kind.copy(), batch.values.copy()
    part_of_row = np.searchsorted([part.stop for part in parts], batch.record[rows], side="right")
    for place in np.unique(part_of_row).tolist():
        part, here = parts[place], rows[part_of_row == place]
        names = {batch.kinds[at].metric for at in np.unique(batch.kind[here]).tolist()}
        if any((part.file, name) not in decided for name in names):
            found = {**_shares(batch, here), **_times(batch, part), **batch_rates(batch, part)}
            new = {name: found.get(name) for name in names if (part.file, name) not in decided}
            decided |= {(part.file, name): column for name, column in new.items()}
            notices += [(part.file, text) for text in _said(new)]
        moved: dict[int, int] = {}
        for row in here.tolist():
            old = batch.kinds[int(batch.kind[row])]
            column = decided[part.file, old.metric]
            if column is None:
                continue
            at = int(batch.kind[row])
            if at not in moved:
                moved[at] = len(kinds)
                kinds.append(column._replace(original_name=old.original_name, aggregate=old.aggregate))
            kind[row] = moved[at]
            values[row] *= _factor(column)
            numbers[part.file, old.metric] = numbers.get((part.file, old.metric), 0) + 1
    return Inferred(Batch(batch.heads, batch.record, kinds, kind, values), notices, numbers)


def _factor(column: MetricColumn) -> float:
    unit = (column.original_unit or "").partition(",")[0]
    return _FACTORS[unit] if column.unit == "ms" else 0.01 if unit == "%" else 1.0


def _said(found: Mapping[str, MetricColumn | None]) -> Iterator[str]:
    for name, column in found.items():
        if column is not None and column.unit in ("ms", "tok/s"):
            yield f"{name} states no unit, and is read in {column.original_unit}"


def _shares(batch: Batch, rows: Ints) -> dict[str, MetricColumn]:
    """Scores by name: shares if none is above 1, percentages if all are up to 100; neither, if there are others."""
    found: dict[str, MetricColumn] = {}
    names = np.array([kind.metric for kind in batch.kinds])[batch.kind[rows]]
    for name in np.unique(names).tolist():
        target = _target(batch.kinds[int(batch.kind[rows[names == name][0]])])
        if target is None or target[1] in ("ms", "tok/s"):
            continue
        values = batch.values[rows[names == name]]
        if target[1] == "score":
            found[name] = MetricColumn(target[0], "score", name, None, None)
        elif (values >= 0).all() and values.max() <= 100:
            unit = "share" if values.max() <= 1 else "%"
            found[name] = MetricColumn(target[0], "share", name, f"{unit}, by its column", None)
    return found


class _Times:
    """The records of a part: arrays by metric and aggregate, NaN for a record without one.

    A time without a unit is there under its metric with a question mark.
    """

    def __init__(self, batch: Batch, part: Part) -> None:
        self.count = part.stop - part.start
        here = np.flatnonzero((batch.record >= part.start) & (batch.record < part.stop) & ~batch.failed)
        self._values: dict[tuple[str, str | None], Floats] = {}
        self.names: dict[str, set[str]] = {}
        for at in np.unique(batch.kind[here]).tolist():
            kind, target = batch.kinds[at], _target(batch.kinds[at])
            if target and target[1] == "ms":
                metric = f"{target[0]}?"
                self.names.setdefault(metric, set()).add(kind.metric)
            elif kind.unit is not None:
                metric = kind.metric
            else:
                continue
            rows = here[batch.kind[here] == at]
            array = self._values.setdefault((metric, kind.aggregate), np.full(self.count, np.nan))
            array[batch.record[rows] - part.start] = batch.values[rows]
        stated = [json.loads(head[_CONDITIONS]).get(_CONCURRENCY) for head in batch.heads[part.start : part.stop]]
        numbers = [value if isinstance(value, int | float) and value > 0 else np.nan for value in stated]
        self._values[_CONCURRENCY, None] = np.array(numbers, float)

    def central(self, metric: str) -> Floats | None:
        """A mean, the value of a run, or a median."""
        found: Floats | None = None
        for aggregate in _CENTRAL:
            array = self._values.get((metric, aggregate))
            if array is not None:
                found = array if found is None else np.where(np.isnan(found), array, found)
        return found

    def without_bare_total(self) -> None:
        """Leave out what is only called `total`, unless there are the parts of a time that it may be."""
        names = self.names.get("total_ms?", set[str]())
        if not any(normal(name)[0] == _TOTAL for name in names):
            return
        if not self.have_parts():
            del self.names["total_ms?"]

    def have_parts(self) -> bool:
        """Whether there are a total and the parts of a time that it may be."""
        known = {metric.rstrip("?") for metric, _ in self._values}
        return "total_ms" in known and any(known.issuperset(parts) for parts in _WHOLE)

    def by_aggregate(self, metric: str) -> dict[str | None, Floats]:
        """Arrays of values, not of spreads."""
        return {made: array for (name, made), array in self._values.items() if name == metric and made in _VALUES}


def _times(batch: Batch, part: Part) -> dict[str, MetricColumn]:
    times = _Times(batch, part)
    times.without_bare_total()
    units = {metric: [*_within_limits(times, metric)] for metric in times.names}
    units = {metric: left for metric, left in units.items() if left}
    by_size = {metric for metric, left in units.items() if len(left) == 1}
    reasons: dict[str, set[str]] = {metric: set() for metric in units}
    rules: list[tuple[tuple[str, ...], Callable[[Mapping[str, str]], bool]]] = []
    adds_up = times.have_parts()
    for rule in _RULES:
        if adds_up and rule.metrics in _TOTAL_AND_RATE:  # the first token may take most of the time
            continue
        for bound in product(*((metric, f"{metric}?") for metric in rule.metrics)):
            unknown = tuple(metric for metric in bound if metric in units)
            arrays = [times.central(metric) for metric in bound]
            if unknown and (check := _check(rule, bound, arrays)):
                rules.append((unknown, check))
                for metric in unknown:
                    reasons[metric] |= {each.rstrip("?") for each in bound if each != metric}
    for metric in units:
        for known, check in _beside_stated(times, metric):
            rules.append(((metric,), check))
            reasons[metric].add(known)
    for metric in units:  # what a name alone allows, beside numbers with a unit
        alone = [check for unknown, check in rules if unknown == (metric,)]
        units[metric] = [unit for unit in units[metric] if all(check({metric: unit}) for check in alone)]
    units = {metric: left for metric, left in units.items() if left}
    units = _together(units, [(unknown, check) for unknown, check in rules if {*unknown} <= units.keys()])
    found: dict[str, MetricColumn] = {}
    for metric, left in units.items():
        if len(left) == 1:
            plain, why = metric.rstrip("?"), " and ".join(sorted(reasons[metric]))
            why = "its size" if metric in by_size else why
            for name in times.names[metric]:
                found[name] = MetricColumn(plain, "ms", name, f"{left[0]}, inferred from {why}", None)
    return found


def _together(
    units: dict[str, list[str]], rules: Sequence[tuple[tuple[str, ...], Callable[[Mapping[str, str]], bool]]]
) -> dict[str, list[str]]:
    """What is left of the units if all names are decided together.

    Only if one unit for all of them is possible: otherwise a rule does not hold for what this file means by a name.
    """
    linked = {metric for unknown, _ in rules if len(unknown) > 1 for metric in unknown}
    choices = {metric: left for metric, left in units.items() if metric in linked}
    if not choices or np.prod([len(left) for left in choices.values()]) > _MOST_CHOICES:
        return units
    valid: list[dict[str, str]] = []
    for chosen in product(*choices.values()):
        assigned = dict(zip(choices, chosen, strict=True))
        if all(check(assigned) for unknown, check in rules if {*unknown} <= assigned.keys()):
            valid.append(assigned)
    if not any(len({*assigned.values()}) == 1 for assigned in valid):
        return units
    return units | {metric: sorted({assigned[metric] for assigned in valid}) for metric in choices}


def _within_limits(times: _Times, metric: str) -> Iterator[str]:
    low, high = _LIMITS.get(metric.rstrip("?"), (0.0, np.inf))
    arrays = [array[array > 0] for array in times.by_aggregate(metric).values()]
    values = np.concatenate(arrays) if arrays else np.empty(0)
    for unit, factor in _FACTORS.items():
        if len(values) and _mostly((values * factor >= low) & (values * factor <= high)):
            yield unit


def _check(
    rule: _Rule, bound: tuple[str, ...], arrays: Sequence[Floats | None]
) -> Callable[[Mapping[str, str]], bool] | None:
    """Whether a rule holds if names are in certain units; None if no record has all that it needs."""
    given = [array for array in arrays if array is not None]
    if len(given) < len(arrays):
        return None
    usable = np.all([array > 0 for array in given], axis=0)
    plain = rule.ratio(*(array[usable] for array in given))
    if np.isfinite(plain).sum() < rule.records:
        return None

    def check(units: Mapping[str, str]) -> bool:
        scaled = (
            array[usable] * (_FACTORS[units[metric]] if metric in units else 1.0)
            for metric, array in zip(bound, given, strict=True)
        )
        ratio = rule.ratio(*scaled)
        ratio = ratio[np.isfinite(ratio)]
        return _mostly((ratio >= rule.low) & (ratio <= rule.high))

    return check


def _beside_stated(times: _Times, metric: str) -> Iterator[tuple[str, Callable[[Mapping[str, str]], bool]]]:
    """The order of other aggregates of the metric whose unit is stated: a p95 is from 1 to 100 times the median."""
    plain = metric.rstrip("?")
    stated = times.by_aggregate(plain)
    for made, array in times.by_aggregate(metric).items():
        for other, known in stated.items():
            usable = (array > 0) & (known > 0)
            ordered = made in _ORDER and other in _ORDER and made != other
            if not usable.any() or not (ordered or {made, other} <= {*_CENTRAL}):
                continue
            ratio, low, high = array[usable] / known[usable], 0.2, 20.0
            if ordered:
                low, high = 0.999, 100.0
                ratio = ratio if _ORDER.index(str(made)) > _ORDER.index(str(other)) else 1 / ratio
            inverse = ordered and _ORDER.index(str(made)) < _ORDER.index(str(other))
            yield f"{plain} {other or ''}".strip(), _order_check(metric, ratio, low, high, inverse=inverse)


def _order_check(
    metric: str, ratio: Floats, low: float, high: float, *, inverse: bool
) -> Callable[[Mapping[str, str]], bool]:
    def check(units: Mapping[str, str]) -> bool:
        factor = _FACTORS[units[metric]]
        scaled = ratio / factor if inverse else ratio * factor
        return _mostly((scaled >= low) & (scaled <= high))

    return check


def _mostly(holds: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> bool:
    return float(holds.mean()) >= _MOST
