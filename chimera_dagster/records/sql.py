"""SQL over a data folder: each table is a DuckDB view; a query can't read anything else, and can't write.

DuckDB itself has no access to any file: pyarrow opens the tables, and reads only what a query needs.
"""

import json
import math
from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from typing import Any, NamedTuple, cast

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow.fs import LocalFileSystem

from chimera_dagster import schemas
from chimera_dagster.errors import InputError, NotIngestedError
from chimera_dagster.records.store import Store

_BATCH_ROWS = 10_000
_HINT = "'chimera sql' lists the views and their columns."
_LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,  # no file except those that pyarrow opened, no extension, no network
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # otherwise the name of a missing view may find a variable of this process
    "temp_directory": "",  # a large sort fails instead of writing a file
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

    def __init__(self, types: dict[str, str], batches: pa.RecordBatchReader) -> None:
        self.types, self._reader = types, batches

    def rows(self) -> Iterator[tuple[Any, ...]]:
        for batch in self._batches():
            yield from self._plain(batch)

    def head(self, most: int) -> tuple[list[tuple[Any, ...]], int]:
        """The first rows, and the number of all rows."""
        first: list[tuple[Any, ...]] = []
        total = 0
        for batch in self._batches():
            first += self._plain(batch.slice(0, most - len(first)))
            total += batch.num_rows
        return first, total

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._reader
        except (duckdb.Error, pa.ArrowException, OSError) as error:  # pyarrow turns DuckDB's errors into the latter
            raise _wrong(error) from error

    def _plain(self, batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
        columns = [
            [_plain(value, kind) for value in column.to_pylist(maps_as_pydicts="strict")]
            for column, kind in zip(batch.columns, self.types.values(), strict=True)
        ]
        return zip(*columns, strict=True)


class Database:
    """The views of a data folder, open for queries; without views whose file does not exist yet."""

    def __init__(self, store: Store) -> None:
        """Raises InputError if a table is damaged."""
        self._connection = duckdb.connect(":memory:", config=_LOCKED)
        self._connection.execute("SET enable_progress_bar = false; SET timezone = 'UTC'")
        found = {name: _dataset(store, name, view) for name, view in VIEWS.items()}
        self.views = [name for name, dataset in found.items() if dataset is not None]
        for name in self.views:
            self._connection.register(f"_{name}", found[name])
            nested = [f"{column}::JSON AS {column}" for column in _NESTED if column in VIEWS[name].descriptions]
            columns = f"* REPLACE ({', '.join(nested)})" if nested else "*"
            self._connection.execute(f"CREATE VIEW {name} AS SELECT {columns} FROM _{name}")
        self._connection.execute("SET lock_configuration = true")

    @property
    def missing(self) -> dict[str, str]:
        """Views whose file does not exist yet, with the command that writes it."""
        return {name: view.made_by for name, view in VIEWS.items() if name not in self.views}

    def ask(self, query: str) -> Answer:
        """The answer to one query. Raises InputError, and NotIngestedError for a view that does not exist yet."""
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
            return Answer(types, found.to_arrow_reader(_BATCH_ROWS))
        except duckdb.CatalogException as error:
            for name in self.missing.keys() & set(map(str.lower, self._connection.get_table_names(query))):
                raise NotIngestedError(
                    f"There is no view {name} yet: '{self.missing[name]}' writes its table."
                ) from error
            raise _wrong(error) from error
        except duckdb.Error as error:
            raise _wrong(error) from error

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
        return Answer(dict.fromkeys(names, "VARCHAR"), table.to_reader())


def text_of(value: Any) -> str:
    """A value of an Answer as a cell of a table or a CSV file; null is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _dataset(store: Store, name: str, view: _View) -> ds.Dataset | None:
    path = store.table_path(name)
    try:
        if view.of_trials:
            return _of_trials(store, name, view)
        return ds.dataset(path, format="parquet") if path.exists() else None
    except pa.ArrowInvalid as error:
        raise InputError(f"{path} is damaged: {error}.", hint=f"Delete it and run '{view.made_by}'.") from error


def _of_trials(store: Store, name: str, view: _View) -> ds.Dataset | None:
    """The same file of all trials that have it, as one dataset whose rows name the trial."""
    paths: dict[str, ds.Expression] = {}
    for trial in store.trials():
        path = store.folder_of(trial).path / f"{name}.parquet"
        if path.exists():
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


def _wrong(error: Exception) -> InputError:
    first = str(error).strip().partition("\n")[0]
    return InputError(f"{first.rstrip('!.')}.", hint=_HINT)
