"""Makes measurements of the records that readers find, and passes them on as Arrow tables before they grow large.

`field_roles.py` decides what each field of a record is, `cells.py` what number its text holds.
"""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from chimera_dagster.ingest.assumed_units import Part, Units, settle
from chimera_dagster.ingest.batch import Batch, Ints
from chimera_dagster.ingest.cells import ToNumber, number_in, overflows, plain_number
from chimera_dagster.ingest.context import Context, about, json_of
from chimera_dagster.ingest.derived import Computed, derive
from chimera_dagster.ingest.discover import Noted
from chimera_dagster.ingest.field_roles import FieldRoles, MetricColumn, field_roles
from chimera_dagster.ingest.inferred_units import Decided, infer
from chimera_dagster.ingest.plausibility import Doubts, find_doubts
from chimera_dagster.ingest.server_rates import with_server_rates
from chimera_dagster.ingest.two_units import stated_again
from chimera_dagster.schemas import FAILED

_NOTHING: Mapping[str, str] = MappingProxyType({})
FLUSH_ROWS = 32_768
_SHOWN_PROBLEMS = 3
_LARGEST_COUNT = 1 << 53  # that a float holds exactly
_TEXT = pa.dictionary(pa.int32(), pa.string())
_HEAD = (
    *("file", "record", "model", "model_source", "backend", "gpu", "params", "conditions", "labels", "prompt"),
    *("timestamp", "named_by"),
)
_CONDITIONS = _HEAD.index("conditions")
_OF_SAMPLE = [*map(_HEAD.index, ("model", "backend", "gpu", "params", "conditions", "prompt"))]
SCHEMA = pa.schema(
    [
        *((name, _TEXT) for name in (*_HEAD, "metric")),
        ("value", pa.float64()),
        *((name, _TEXT) for name in ("unit", "original_name", "original_unit", "aggregate")),
        ("n", pa.float64()),
        *((name, _TEXT) for name in ("derived", "doubt")),
        ("error", pa.bool_()),
    ]
)


class Figure(NamedTuple):
    """A finite number as it stands in the file, what it is, and the factor that brings it to the canonical unit."""

    measured: MetricColumn
    value: float
    factor: float


class Added(NamedTuple):
    """What became of a record: its context, its rows, and how many of its numbers are settings that no row shows."""

    context: Context
    rows: int
    unseen: int


@dataclass
class FoundLater:
    """What is known of a file only once its records are looked at together: rows that were computed, notices,
    and how many numbers of a name turned out to be those of a known metric."""

    rows: int = 0
    notices: list[str] = field(default_factory=list[str])
    read: Counter[str] = field(default_factory=Counter[str])


class Collector:
    """Gathers the records of one file after another and passes tables of SCHEMA to `sink`, in order.

    `contents` are the readings (`parse.Reading`) that gave rows. The other attributes are about the current `file`:
    how many `records` and `rows` it gave, the `numbers` found in it, how many of them are `covered` (a known metric,
    condition, parameter, label or other column of a row), the names of those that are `unread` and how often each was
    found, the `shapes` of its rows (field names, and the aggregates of their numbers), its `problems`, the known
    `format` that it has, `is_named`, whether each of its rows has a model that it names itself, and `left_out`, a
    status and its reason if the whole file is left out. `noted` is what notes beside it say. `found_later` is about all
    files that were flushed, by path.
    """

    def __init__(self, sink: Callable[[pa.Table], object]) -> None:
        self._sink = sink
        self.contents: set[tuple[object, ...]] = set()
        self.found_later: dict[str, FoundLater] = {}
        self.noted = Noted()
        self.flushes = 0
        self._units: Units = {}
        self._inferred: Decided = {}
        self._latest = Context()
        self.file = ""
        self._clear()
        self.start("", Context())

    def start(
        self, file: str, context: Context, *, summary: bool = False, named_by: Mapping[str, str] = _NOTHING
    ) -> None:
        """Begin a file; `context` is what its path and notes beside it say, and `named_by` which of them named what.

        `summary` is whether its name says that it summarises.
        """
        self.file, self.context, self.summary = file, context, summary
        self._named_by, self._given = named_by, context
        self._starts.append((file, len(self._heads)))
        self.records = self.rows = self.numbers = self.covered = self.problem_count = 0
        self.problems: list[str] = []
        self.left_out: tuple[str, str] | None = None
        self.is_named = True
        self.unread: Counter[str] = Counter()
        self.shapes: dict[tuple[str, ...], frozenset[str | None]] = {}
        self.format: str | None = None

    def problem(self, text: str) -> None:
        """Note what was left out, and where; the first few notes are kept, all are counted."""
        self.problem_count += 1
        if len(self.problems) < _SHOWN_PROBLEMS:
            self.problems.append(_storable(text))

    def forget_problems(self, count: int) -> None:
        """Keep only the first `count` problems: the others were of a first try."""
        del self.problems[count:]
        self.problem_count = count

    def leave_out(self, status: str, reason: str) -> None:
        """Leave out the whole file, which was understood; `status` is one of schemas.FILE_STATUSES."""
        self.left_out = (status, reason)

    def roles(
        self,
        names: tuple[str, ...],
        units: tuple[str | None, ...] | None = None,
        parent: str = "",
        implied: str | None = None,
        settings: frozenset[str] | None = None,
    ) -> FieldRoles:
        """The roles of records with these names, as by `field_roles`; in a file that summarises, all are summaries."""
        return field_roles(names, units, parent, "summary" if self.summary else implied, settings)

    def record(
        self,
        where: str,
        roles: FieldRoles,
        cells: Sequence[object],
        inherited: Context,
        source: str,
        number: ToNumber = plain_number,
        *,
        fails: bool = True,
    ) -> Added:
        """Add a record; each of its numbers becomes a row, and so does an error in it unless `fails` is false."""
        context, failed_by, fields, settings, unused = about(roles, cells, inherited, source, number)
        if roles.twice:
            again = stated_again(roles.twice, cells, number)
            fields = [field for field in fields if field.place not in again]
            settings += len(again)
        kinds, values = self._kinds, self._values
        before = len(values)
        unknown: list[str] = []
        for place, measured, factor in fields:
            value = number(cells[place])
            if value is None and measured.unit is not None and isinstance(text := cells[place], str):
                value = number_in(text)  # JSON made from a CSV file has its numbers as texts
            if value is not None:
                value *= factor
                if value - value == 0:  # finite
                    kinds.append(measured)
                    values.append(value)
                    if measured.unit is None:
                        unknown.append(measured.metric)
                else:
                    unused += 1
                    self._too_large(where, measured, cells[place])
            elif overflows(cells[place]):
                unused += 1
                self._too_large(where, measured, cells[place])
        found = len(values) - before
        self.numbers += found + settings + unused
        self.records += 1
        if failed_by and fails:
            kinds.append(MetricColumn(FAILED, None, failed_by, None, None))
            values.append(1.0)
        rows = len(values) - before
        if not rows:
            return Added(context, 0, settings)
        self.covered += found - len(unknown) + settings
        if unknown:
            self.unread.update(unknown)
        self.shapes[roles.names] = roles.aggregates
        self._end_record(where, context, rows)
        return Added(context, rows, 0)

    def add(self, where: str, context: Context, figures: Iterable[Figure]) -> int:
        """Add a record of a known format, whose reader counts its numbers; returns how many rows it became."""
        kinds, values = self._kinds, self._values
        before = len(values)
        for figure in figures:
            value = figure.value * figure.factor
            if value - value == 0:  # finite
                kinds.append(figure.measured)
                values.append(value)
            else:
                self._too_large(where, figure.measured, figure.value)
        if context.failed:
            kinds.append(MetricColumn(FAILED, None, FAILED, None, None))
            values.append(1.0)
        rows = len(values) - before
        self.records += 1
        if rows:
            added = kinds[before:]
            names = tuple([kind.original_name for kind in added])
            self.shapes[names] = frozenset([kind.aggregate for kind in added])
            self._end_record(where, context, rows)
        return rows

    @property
    def heads(self) -> int:
        """How many records with rows were added since the last flush."""
        return len(self._heads)

    def shared_context(self, since: int) -> Context | None:
        """The context of the records from the one at `since` on, if they all have the same; None if they have not."""
        same = {head[2:10] for head in self._heads[since:]}
        return self._latest if len(same) == 1 else None

    def samples(self, start: int, stop: int) -> Iterator[object]:
        """What each value of the records from `start` to `stop` measures, and under what: equal ones are one sample."""
        first, last = bisect_left(self._head_of_value, start), bisect_left(self._head_of_value, stop)
        for place in range(first, last):
            head, kind = self._heads[self._head_of_value[place]], self._kinds[place]
            yield kind.metric, kind.aggregate, *(head[column] for column in _OF_SAMPLE)

    def add_condition(self, start: int, stop: int, name: str, value: str) -> None:
        """Give the records from `start` to `stop`, which were not passed on yet, a condition that they lack."""
        for place in range(start, stop):
            head = self._heads[place]
            conditions = {name: value} | json.loads(str(head[_CONDITIONS]))
            said = json_of(tuple(sorted(conditions.items())))
            self._heads[place] = (*head[:_CONDITIONS], said, *head[_CONDITIONS + 1 :])

    def _end_record(self, where: str, context: Context, rows: int) -> None:
        self.rows += rows
        self._latest = context
        self._head_of_value.extend((len(self._heads),) * rows)
        model, model_source, backend, gpu, prompt, timestamp, parameters, conditions, labels, failed, n = context
        if model_source is None or model_source == "path":
            self.is_named = False
        settings = (json_of(parameters), json_of(conditions), json_of(labels))
        if n is not None and not 0 <= n <= _LARGEST_COUNT:
            n = None
        named_by = self._names_of(gpu, backend) if self._named_by else None
        self._heads.append(
            (self.file, where, model, model_source, backend, gpu, *settings, prompt, timestamp, named_by, failed, n)
        )
        if len(self._values) >= FLUSH_ROWS:
            self.flush()

    def _names_of(self, gpu: str | None, backend: str | None) -> str | None:
        """What named the GPU and the engine of a record, as JSON, if they are those that the file was given."""
        given = {"gpu": gpu is self._given.gpu, "backend": backend is self._given.backend}
        found = {name: source for name, source in self._named_by.items() if given[name]}
        return json.dumps(found, sort_keys=True) if found else None

    def _too_large(self, where: str, measured: MetricColumn, cell: object) -> None:
        self.problem(
            f"{where}, {measured.original_name}: {str(cell)[:40]} is too large, in {measured.unit or 'any unit'}"
        )

    def flush(self) -> None:
        """Pass what was gathered to the sink."""
        if not self._values:
            return
        inferred = infer(self._batch(), self._parts(), self._inferred)
        settled = settle(inferred.batch, self._parts(), self._units)
        batch = with_server_rates(settled.batch)
        doubts = find_doubts(batch) | settled.doubts
        computed = derive(batch, doubts)
        self._note([*inferred.notices, *settled.notices], computed)
        for (file, name), count in inferred.numbers.items():
            self.found_later.setdefault(file, FoundLater()).read[name] += count
        self._sink(_table(batch, doubts, computed))
        self._clear()

    def _batch(self) -> Batch:
        identities = [*map(id, self._kinds)]
        different = dict(zip(identities, self._kinds, strict=True))
        places = {identity: place for place, identity in enumerate(different)}
        kind = np.array([*map(places.__getitem__, identities)], np.int32)
        record = np.array(self._head_of_value, np.int32)
        return Batch(self._heads, record, [*different.values()], kind, np.array(self._values))

    def _parts(self) -> list[Part]:
        """The files of the records since the last flush."""
        starts = [*self._starts, ("", len(self._heads))]
        return [Part(file, start, stop) for (file, start), (_, stop) in pairwise(starts)]

    def _note(self, notices: Sequence[tuple[str, str]], computed: Sequence[Computed]) -> None:
        """Keep what only a flush finds out about files, for their rows in the files table."""
        for file, text in notices:
            self.found_later.setdefault(file, FoundLater()).notices.append(_storable(text))
        parts = self._parts()
        for values in computed:
            rows = np.bincount(np.searchsorted([part.stop for part in parts], values.record, side="right"))
            for place in np.flatnonzero(rows).tolist():
                self.found_later.setdefault(parts[place].file, FoundLater()).rows += int(rows[place])
        self._inferred = {key: column for key, column in self._inferred.items() if key[0] == self.file}
        self._units = {key: unit for key, unit in self._units.items() if key[0] == self.file}

    def _clear(self) -> None:
        self.flushes += 1
        self._starts: list[tuple[str, int]] = [(self.file, 0)]
        self._heads: list[tuple[object, ...]] = []
        self._head_of_value: list[int] = []
        self._kinds: list[MetricColumn] = []
        self._values: list[float] = []


def _table(batch: Batch, doubts: Doubts, computed: Sequence[Computed]) -> pa.Table:
    """The values that were read and those that were computed, each of these after the others of its record."""
    sizes = [len(batch.values), *(len(each.values) for each in computed)]
    own = np.repeat(np.arange(-1, len(computed)), sizes)  # which formula, -1 for a value that was read
    record = np.concatenate([batch.record, *(each.record for each in computed)])
    kind = np.concatenate([batch.kind, own[own >= 0] + len(batch.kinds)])
    values = np.concatenate([batch.values, *(each.values for each in computed)])
    doubt = np.full(len(values), -1)
    doubt[[*doubts]] = range(len(doubts))
    if computed:
        order = np.argsort(record, kind="stable")
        own, record, kind, values, doubt = own[order], record[order], kind[order], values[order], doubt[order]
    *heads, failed, n = zip(*batch.heads, strict=True)
    counts = pa.array([count and float(count) for count in n], pa.float64())  # of any size
    records = pa.record_batch([*map(_texts, heads), pa.array(failed, pa.bool_()), counts], [*_HEAD, "error", "n"])
    kinds = [*batch.kinds, *(each.kind for each in computed)]
    measures = pa.record_batch([*map(_texts, zip(*kinds, strict=True))], [*MetricColumn._fields])
    batches = (records.take(pa.array(record)), measures.take(pa.array(kind)))
    columns = {name: batch[name] for batch in batches for name in batch.schema.names}
    is_run, unstated = (columns[name].is_null().to_numpy(zero_copy_only=False) for name in ("aggregate", "n"))
    columns["n"] = pa.array(columns["n"].to_numpy(zero_copy_only=False), mask=is_run | unstated)
    columns["value"] = pa.array(values)
    columns["derived"] = _chosen([each.formula for each in computed], own)
    columns["doubt"] = _chosen([*doubts.values()], doubt)
    return pa.table({name: columns[name] for name in SCHEMA.names}, SCHEMA)


def _chosen(texts: Sequence[str], places: Ints) -> pa.Array:
    """The text at each place; null for -1."""
    if not texts:
        return pa.nulls(len(places), _TEXT)
    return _texts(texts).take(pa.array(places, mask=places < 0))


def _texts(column: Sequence[Any]) -> pa.DictionaryArray:
    try:
        texts = pa.array(column, pa.string())
    except UnicodeEncodeError:
        texts = pa.array([text if text is None else _storable(text) for text in column], pa.string())
    return texts.dictionary_encode()


def _storable(text: str) -> str:
    """A lone surrogate, which a JSON key may hold, as JSON writes it: `\ud83d`."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
