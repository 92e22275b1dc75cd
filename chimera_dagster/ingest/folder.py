"""A folder of benchmark files becomes two tables: one row a file, one row a measured number.

Files are read in the order of their paths, large folders by a pool of processes; a file that a `Manifest` of the last
ingest still answers for is not read again.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from chimera_dagster.ingest.collector import SCHEMA
from chimera_dagster.ingest.discover import FoundFile, digest_of_files, discover
from chimera_dagster.ingest.manifest import Manifest, Stamp, reader_version
from chimera_dagster.ingest.name_settings import with_name_settings
from chimera_dagster.ingest.parse import FileRow, reading_of
from chimera_dagster.ingest.pool import chunks_of, read_chunks
from chimera_dagster.ingest.surroundings.folder_notes import digest_of_notes, with_notes

_PLAIN = pa.schema(
    [pa.field(field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type) for field in SCHEMA]
)

Sink = Callable[[pa.Table], object]  # takes the measurements, table by table
OnFile = Callable[[int, int], None]  # files done, files in total


class FolderTables(NamedTuple):
    """Tables as schemas.BenchmarkFiles and schemas.Measurements define them, and the digest as `data_digest` has it."""

    files: pd.DataFrame
    measurements: pd.DataFrame
    digest: str


class Ingested(NamedTuple):
    """The table schemas.BenchmarkFiles, and what a later manifest must know about both tables."""

    files: pd.DataFrame
    stamp: Stamp


def read_in_memory(root: Path, on_file: OnFile | None = None) -> FolderTables:
    """Read every benchmark file below `root`; `on_file(done, total)` is called as files are done.

    A file that can't be read has a row that says why. Raises NoReportsError if there is no benchmark file.
    """
    tables: list[pa.Table] = []
    files, stamp = ingest_files(root, discover(root), tables.append, on_file=on_file)
    return FolderTables(files, pa.concat_tables(tables).to_pandas(), stamp.digest)


def ingest_files(
    root: Path,
    found: Sequence[FoundFile],
    sink: Sink,
    manifest: Manifest | None = None,
    on_file: OnFile | None = None,
) -> Ingested:
    """Read the files that `discover` found below `root`, except those that `manifest` answers for.

    `sink` gets at least one table with the columns of schemas.Measurements, sorted by path and by place in the file.
    Raises DamagedTableError if the tables behind `manifest` are damaged.
    """
    found = with_name_settings(with_notes(found))
    started, reader = time.time_ns() // 1000, reader_version()
    kept = manifest.kept(found) if manifest else {}
    groups = [(known, [*group]) for known, group in groupby(found, key=lambda file: file.path in kept)]
    chunks = [chunk for known, group in groups if not known for chunk in chunks_of(group)]
    register = _Register(sink)
    sink(_PLAIN.empty_table())

    def add(rows: Sequence[FileRow], tables: Iterable[pa.Table]) -> None:
        register.add(rows, tables)
        if on_file is not None:
            on_file(len(register.rows), len(found))

    with closing(read_chunks(chunks)) as fresh:
        for known, group in groups:
            if known and manifest:
                files = [kept[file.path] for file in group]
                add([file.row for file in files], manifest.tables(files))
            else:
                for _ in chunks_of(group):
                    add(*next(fresh))
    digest = digest_of_files((row.path, row.sha256) for row in register.rows)
    return Ingested(
        _files_table(register.rows), Stamp(str(root.resolve()), reader, str(started), digest, digest_of_notes(found))
    )


def _files_table(rows: Sequence[FileRow]) -> pd.DataFrame:
    types = dict.fromkeys(("bytes", "records", "numbers", "covered", "measurements"), pa.int64())
    types |= {"mtime": pa.timestamp("us", tz="UTC")}
    columns = zip(FileRow._fields, zip(*rows, strict=True), strict=True)
    return pa.table({name: pa.array(column, types.get(name, pa.string())) for name, column in columns}).to_pandas()


class _Register:
    """The rows of all files so far; passes on the measurements of files that are not duplicates of an earlier one."""

    def __init__(self, sink: Sink) -> None:
        self.rows: list[FileRow] = []
        self._first: dict[str, list[FileRow]] = {}  # by the digest of their content: those that gave measurements
        self._unnamed: set[str] = set()  # files that do not name the model of each of their rows
        self._sink = sink

    def add(self, rows: Sequence[FileRow], tables: Iterable[pa.Table]) -> None:
        if len({row.sha256 for row in rows}) < len(rows):  # whether one is a copy of another depends on its table
            tables = [*tables]
            for table in tables:
                self._note_names(table)
        counts = [row.measurements for row in rows]
        mask = np.repeat(np.array([self._enter(row) for row in rows]), np.array(counts))
        start = 0
        for table in tables:
            self._note_names(table)
            stop = start + len(table)
            kept = table if mask[start:stop].all() else table.filter(pa.array(mask[start:stop]))
            self._sink(kept.cast(_PLAIN))
            start = stop

    def _note_names(self, table: pa.Table) -> None:
        source = table["model_source"].cast(pa.string()).fill_null("path").to_numpy()
        self._unnamed.update(table["file"].filter(pa.array(source == "path")).unique().to_pylist())

    def _enter(self, row: FileRow) -> bool:
        """Whether the file is not a duplicate; the row of one says so."""
        owners = self._first.get(row.sha256 or "", [])
        first = next((owner for owner in owners if self._are_alike(owner, row)), None)
        if first is not None:
            row = row._replace(
                encoding=first.encoding,
                family=first.family,
                records=first.records,
                numbers=0,
                covered=0,
                measurements=0,
                unread="{}",
                status="duplicate_of",
                reason=first.path,
            )
        elif row.measurements and row.sha256:
            self._first.setdefault(row.sha256, []).append(row)
        self.rows.append(row)
        return first is None

    def _are_alike(self, first: FileRow, row: FileRow) -> bool:
        """Whether two files of the same content give the same rows; JSON that was read in full does in any mode."""
        one, other = (reading_of(each.path, each.kind, each.sha256 or "") for each in (first, row))
        if first.status == "ok":
            other = other._replace(is_lines=one.is_lines)
        return one == other if first.path in self._unnamed else one.of_named == other.of_named
