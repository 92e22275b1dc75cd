"""The values that a collector has gathered, by metric and record, so that many records are checked at once."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chimera_dagster.ingest.field_roles import MetricColumn

Floats = NDArray[np.float64]
Ints = NDArray[np.signedinteger[Any]]
Truths = NDArray[np.bool_]
Head = tuple[Any, ...]  # what the values of a record share: file, record, model, ... as collector.HEAD names them
NOWHERE = -1
_SAME = 0.01  # two values of a record, one of them rounded
_FILE, _CONDITIONS, _FAILED = 0, 7, -2
_AT_ONCE = ("concurrency", "batch_size")


class Batch:
    """Values in the order of their records; `record` and `kind` have the place of each one's head and kind."""

    def __init__(
        self, heads: Sequence[Head], record: Ints, kinds: list[MetricColumn], kind: Ints, values: Floats
    ) -> None:
        self.heads, self.record, self.kinds, self.kind, self.values = heads, record, kinds, kind, values

    def kind_of(self, row: int) -> MetricColumn:
        return self.kinds[int(self.kind[row])]

    def said(self, row: int) -> str:
        """A value as a message has it: `eval_ms 306.4`."""
        return f"{self.kind_of(row).metric} {self.values[row]:.4g}"

    def file(self, row: int) -> str:
        return self.heads[int(self.record[row])][_FILE]

    def at_once(self, row: int) -> float:
        """How many requests a machine answered at once, as far as the record says it; at least 1."""
        conditions = json.loads(self.heads[int(self.record[row])][_CONDITIONS])
        stated = [value for name in _AT_ONCE if isinstance(value := conditions.get(name), int | float)]
        return max([1.0, *stated])

    @cached_property
    def failed(self) -> Truths:
        """Of each value, whether its record says that its run failed."""
        return np.array([head[_FAILED] for head in self.heads], bool)[self.record]

    def rows_of(self, wanted: Sequence[bool]) -> Ints:
        """The rows of those kinds for which this is true."""
        return np.flatnonzero(np.array(wanted, bool)[self.kind]) if any(wanted) else np.empty(0, np.int32)

    @cached_property
    def sheets(self) -> dict[str | None, "Sheet"]:
        """The values of known metrics by aggregate; None for those of runs."""
        codes: dict[str | None, int] = {}
        of_kind = [
            codes.setdefault(kind.aggregate, len(codes)) if kind.unit is not None else NOWHERE for kind in self.kinds
        ]
        of_row = np.array(of_kind, np.int32)[self.kind]
        return {aggregate: Sheet(self, np.flatnonzero(of_row == code)) for aggregate, code in codes.items()}

    @cached_property
    def metric(self) -> tuple[dict[str, int], Ints]:
        """A number for each metric, and that of each value."""
        codes: dict[str, int] = {}
        of_kind = [codes.setdefault(kind.metric, len(codes)) for kind in self.kinds]
        return codes, np.array(of_kind, np.int32)[self.kind]


class Sheet:
    """The values of one aggregate: for each metric an array with an element per record."""

    def __init__(self, batch: Batch, rows: Ints) -> None:
        self._batch, self._rows = batch, rows
        records = batch.record[rows]
        first = np.ones(len(rows), bool)
        first[1:] = records[1:] != records[:-1]
        self.records = records[first]
        self._column = np.cumsum(first) - 1
        codes, metric = batch.metric
        self._codes, self._metric = codes, metric[rows]
        self._found: dict[str, Ints | None] = {}
        self._values: dict[str, Floats] = {}

    def rows(self, metric: str) -> Ints | None:
        """The row of each record's value, NOWHERE if it has none or several that differ; None if no record has one."""
        if metric not in self._found:
            here = np.flatnonzero(self._metric == self._codes.get(metric, NOWHERE))
            self._found[metric] = self._spread(here) if len(here) else None
        return self._found[metric]

    def row(self, metric: str, place: int) -> int:
        """The row of a metric in the record at this place; NOWHERE if it has none, or several that differ."""
        rows = self.rows(metric)
        return NOWHERE if rows is None else int(rows[place])

    def values(self, *metrics: str) -> list[Floats] | None:
        """The values of each metric, NaN for a record without one; None if no record has any of these metrics."""
        found = [self._value(metric) for metric in metrics]
        return None if any(values is None for values in found) else [values for values in found if values is not None]

    def optional(self, metric: str) -> Floats:
        """As `values`, all NaN if no record has the metric."""
        found = self._value(metric)
        return np.full(len(self.records), np.nan) if found is None else found

    def _value(self, metric: str) -> Floats | None:
        if metric not in self._values:
            rows = self.rows(metric)
            if rows is None:
                return None
            self._values[metric] = np.where(rows >= 0, self._batch.values[rows], np.nan)
        return self._values[metric]

    def _spread(self, here: Ints) -> Ints:
        rows, columns = self._rows[here], self._column[here]
        spread = np.full(len(self.records), NOWHERE, np.int32)
        spread[columns[::-1]] = rows[::-1]
        repeated = np.flatnonzero(columns[1:] == columns[:-1]) + 1
        if len(repeated):
            first, other = (self._batch.values[at] for at in (spread[columns[repeated]], rows[repeated]))
            spread[columns[repeated[np.abs(first - other) > _SAME * np.abs(first)]]] = NOWHERE
        return spread
