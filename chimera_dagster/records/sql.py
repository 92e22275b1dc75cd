"""SQL over a data folder: each table is a DuckDB view; a query can't read anything else, and can't write.

DuckDB itself has no access to any file but its own temporary ones: pyarrow opens the tables, and reads only what a
query needs. A query runs in a thread of its own, as the main thread would not notice Ctrl-C within DuckDB.
"""

import json
import math
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, time
from decimal import Decimal
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar, cast

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow.fs import LocalFileSystem

from chimera_dagster import schemas
from chimera_dagster.errors import DamagedFileError, InputError, NotIngestedError
from chimera_dagster.records.reading import is_parquet, read_footer
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import MEASURE_AGAIN

_BATCH_ROWS = 10_000
_HINT = "'chimera sql' lists the views and their columns."
_MOST_THREADS = 4  # each needs a part of the memory
_SLOW_S = 10.0  # in which an interrupted query has ended; waiting longer would not end it either
_T = TypeVar("_T")
_Config = dict[str, str | bool | int | float | list[str]]
_LOCKED: _Config = {
    "enable_external_access": False,  # no file except those that pyarrow opened, no extension, no network
    "memory_limit": "1GB",  # a larger sort or join is continued in the temporary folder
    "threads": min(_MOST_THREADS, os.cpu_count() or 1),
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # otherwise the name of a missing view may find a variable of this process
}
_NESTED = ("values", "sources", "reasons", "clock_reasons")  # text columns that hold JSON
_TRIAL_COLUMNS = {"model": "model tag of the trial", "params": "key of the trial's parameter set"}


class _View(NamedTuple):
    """`made_by` is the command that writes the table.

    If `of_trials`, each trial has its own file, and two columns identify the trial.
    """

    schema: type[schemas.Table]
    made_by: str
    of_trials: bool = False

    @property
    def descriptions(self) -> dict[str, str]:
        columns = self.schema.to_schema().columns
        own = {name: column.description or "" for name, column in columns.items()}
        return (_TRIAL_COLUMNS if self.of_trials else {}) | own


VIEWS = {
    "benchmark_files": _View(schemas.BenchmarkFiles, "chimera ingest"),
    "measurements": _View(schemas.Measurements, "chimera ingest"),
    "data_summary": _View(schemas.DataSummary, "chimera ingest"),
    "facts": _View(schemas.Facts, "chimera ingest"),
    "findings": _View(schemas.Findings, "chimera ingest"),
    "notes": _View(schemas.Notes, "chimera ingest"),
    "trials": _View(schemas.Trials, "chimera compare"),
    "standings": _View(schemas.Standings, "chimera compare"),
    "effects": _View(schemas.Effects, "chimera compare"),
    "calls": _View(schemas.Calls, "chimera sweep", of_trials=True),
    "telemetry": _View(schemas.Telemetry, "chimera sweep", of_trials=True),
}


class Answer:
    """A query result. `types` maps columns to DuckDB types; the rows are streamed and can be read only once.

    The values of a row are JSON values: NaN is null, times are ISO 8601. Reading raises InputError if the query fails
    while it runs.
    """

    def __init__(self, types: dict[str, str], batches: Iterator[pa.RecordBatch]) -> None:
        self.types, self._batches = types, batches

    def rows(self) -> Iterator[tuple[Any, ...]]:
        for batch in self._batches:
            yield from self._plain(batch)

    def head(self, most: int) -> tuple[list[tuple[Any, ...]], int]:
        """The first rows, and the number of all rows."""
        first: list[tuple[Any, ...]] = []
        total = 0
        for batch in self._batches:
            first += self._plain(batch.slice(0, most - len(first)))
            total += batch.num_rows
        return first, total

    def _plain(self, batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
        columns = [
            _plain_column(column, name, kind)
            for column, (name, kind) in zip(batch.columns, self.types.items(), strict=True)
        ]
        return zip(*columns, strict=True)


class Database:
    """The views of a data folder, open for queries; without views whose file does not exist yet, or is damaged.

    `left_out` says which files are damaged, and what to do. A context manager, which removes its temporary folder.
    """

    def __init__(self, store: Store) -> None:
        self.left_out: list[DamagedFileError] = [*store.damaged_plans().values()]
        scratch = tempfile.mkdtemp(prefix="chimera-sql-")
        config: _Config = {**_LOCKED, "temp_directory": scratch}
        self._connection = duckdb.connect(":memory:", config=config)
        self._thread = ThreadPoolExecutor(1)
        self.close = weakref.finalize(self, _close, self._connection, self._thread, scratch)
        self._connection.execute("SET enable_progress_bar = false; SET timezone = 'UTC'")
        found = {name: _dataset(store, name, view, self.left_out) for name, view in VIEWS.items()}
        self.views = [name for name, dataset in found.items() if dataset is not None]
        for name in self.views:
            self._connection.register(f"_{name}", found[name])
            nested = [f"{column}::JSON AS {column}" for column in _NESTED if column in VIEWS[name].descriptions]
            columns = f"* REPLACE ({', '.join(nested)})" if nested else "*"
            self._connection.execute(f"CREATE VIEW {name} AS SELECT {columns} FROM _{name}")
        self._connection.execute("SET lock_configuration = true")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def missing(self) -> dict[str, str]:
        """Views whose file does not exist yet or is damaged, with the command that writes it."""
        return {name: view.made_by for name, view in VIEWS.items() if name not in self.views}

    def ask(self, query: str) -> Answer:
        """The answer to one query. Raises InputError, and NotIngestedError for a view that does not exist yet."""
        try:
            query.encode()
        except UnicodeEncodeError as error:  # DuckDB would raise a TypeError
            raise InputError("The query has bytes that are not UTF-8.", hint=_HINT) from error
        return self._run(lambda: self._asked(query))

    def _asked(self, query: str) -> Answer:
        try:
            statements = self._connection.extract_statements(query)
            if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
                raise InputError(
                    "Expected one query that only reads: SELECT, FROM, WITH, DESCRIBE or SUMMARIZE.",
                    hint=_HINT,
                )
            found = self._connection.sql(statements[0])
            names = found.project("*").columns  # of two columns with one name the second gets another
            types = dict(zip(names, map(str, found.types), strict=True))
            return Answer(types, self._batches(found.to_arrow_reader(_BATCH_ROWS)))
        except duckdb.CatalogException as error:
            for name in self.missing.keys() & self._tables_in(query):
                raise NotIngestedError(
                    f"There is no view {name} yet: '{self.missing[name]}' writes its table."
                ) from error
            raise _wrong(error) from error
        except duckdb.Error as error:
            raise _wrong(error) from error

    def _tables_in(self, query: str) -> set[str]:
        try:
            return {name.lower() for name in self._connection.get_table_names(query)}
        except duckdb.Error:  # it names a function that does not exist, too
            return set()

    def listing(self) -> Answer:
        """The views, each followed by its columns."""
        rows: list[tuple[Any, ...]] = []
        for name in self.views:
            view, found = VIEWS[name], self._connection.view(name)
            rows.append((name, None, None, " ".join((view.schema.__doc__ or "").split())))
            rows += [
                (name, column, str(kind), view.descriptions.get(column, ""))
                for column, kind in zip(found.columns, found.types, strict=True)
            ]
        names = ("view", "column", "type", "what")
        table = pa.table([pa.array(column, pa.string()) for column in zip(*rows, strict=True)] or [[]] * 4, [*names])
        return Answer(dict.fromkeys(names, "VARCHAR"), iter(table.to_batches()))

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            while (batch := self._run(lambda: next(reader, None))) is not None:
                yield batch
        except (duckdb.Error, pa.ArrowException, OSError) as error:  # pyarrow turns DuckDB's errors into the latter
            raise _wrong(error) from error

    def _run(self, work: Callable[[], _T]) -> _T:
        """What a call of DuckDB's returns; Ctrl-C ends it."""
        running = self._thread.submit(work)
        try:
            return running.result()
        except BaseException:
            if not running.done():
                self._connection.interrupt()
                wait([running], _SLOW_S)
            raise


def text_of(value: Any) -> str:
    """A value of an Answer as a cell of a table or a CSV file; null is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _dataset(store: Store, name: str, view: _View, left_out: list[DamagedFileError]) -> ds.Dataset | None:
    if view.of_trials:
        return _of_trials(store, name, view, left_out)
    path = store.table_path(name)
    if not os.path.lexists(path):
        return None
    try:
        read_footer(path, view.schema, f"Run '{view.made_by}', which writes it again.")
    except DamagedFileError as error:
        left_out.append(error)
        return None
    return ds.dataset(path, format="parquet")


def _of_trials(store: Store, name: str, view: _View, left_out: list[DamagedFileError]) -> ds.Dataset | None:
    """The same file of all trials that have it, as one dataset whose rows name the trial."""
    paths: dict[str, ds.Expression] = {}
    for folder, trial in store.trials_by_folder().items():
        path = folder.path / f"{name}.parquet"
        if not os.path.lexists(path):
            continue
        if not is_parquet(path):
            left_out.append(DamagedFileError(f"{path} is empty or damaged.", hint=MEASURE_AGAIN))
            continue
        paths[str(path)] = (ds.field("model") == trial.model) & (ds.field("params") == trial.params.key)
    if not paths:
        return None
    columns = pa.Schema.from_pandas(schemas.as_table([], view.schema), preserve_index=False)
    return ds.FileSystemDataset.from_paths(
        [*paths],
        schema=pa.schema([*((column, pa.string()) for column in _TRIAL_COLUMNS), *columns]),
        format=ds.ParquetFileFormat(),
        filesystem=LocalFileSystem(),
        partitions=[*paths.values()],
    )


def _plain(value: Any, kind: str = "") -> Any:
    """A value as a JSON value; a decimal without a fraction, such as the sum of integers, becomes an integer."""
    if kind == "JSON" and isinstance(value, str):
        value = json.loads(value)
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in cast("dict[object, object]", value).items()}
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return None if isinstance(value, float) and not math.isfinite(value) else value
    return str(value)


def _plain_column(column: pa.Array, name: str, kind: str) -> list[Any]:
    try:
        return [_plain(value, kind) for value in column.to_pylist(maps_as_pydicts="strict")]
    except (pa.ArrowException, ValueError, OverflowError, KeyError) as error:  # such as a day after the year 9999
        raise InputError(
            f"A value of the column {name} can't be shown: {str(error).partition(chr(10))[0]}.",
            hint=f"Cast it to a text: {name}::varchar.",
        ) from error


def _close(connection: duckdb.DuckDBPyConnection, thread: ThreadPoolExecutor, scratch: str) -> None:
    connection.close()
    thread.shutdown(wait=False)
    shutil.rmtree(scratch, ignore_errors=True)


def _wrong(error: Exception) -> InputError:
    first = str(error).strip().partition("\n")[0]
    return InputError(f"{first.rstrip('!.')}.", hint=_HINT)
