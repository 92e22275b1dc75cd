"""A folder of benchmark files becomes two tables: one row a file, one row a measured number.

Files are read in the order of their paths, large folders by a pool of processes; what a `Manifest` of the last time
still answers for is not read again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from chimera_dagster.ingest.discover import digest_of_files, discover
from chimera_dagster.ingest.manifest import Manifest, Stamp, reader_version
from chimera_dagster.ingest.parse import FileRow
from chimera_dagster.ingest.pool import chunks_of, read_chunks
from chimera_dagster.ingest.sheet import SCHEMA

_PLAIN = pa.schema(
    [pa.field(each.name, pa.string() if pa.types.is_dictionary(each.type) else each.type) for each in SCHEMA]
)

OnFile = Callable[[int, int], None]  # files done, files in all


class Ingested(NamedTuple):
    """Tables as schemas.BenchmarkFiles and schemas.Measurements say, and the digest that `data_digest` gives."""

    files: pd.DataFrame
    measurements: pd.DataFrame
    digest: str


def ingest_folder(root: Path, on_file: OnFile | None = None) -> Ingested:
    """Read every benchmark file below `root` into memory; `on_file(done, total)` is called as files are done.

    A file that can't be read has a row that says why, and the others go on. Raises NoReportsError.
    """
    reading = Reading(root, None, on_file)
    measurements = pa.concat_tables(reading.measurements())
    return Ingested(reading.files(), measurements.to_pandas(), reading.stamp.digest)


class Reading:
    """One reading of a folder: exhaust `measurements` first, then `files` and `stamp` know every file."""

    def __init__(self, root: Path, manifest: Manifest | None = None, on_file: OnFile | None = None) -> None:
        """What `manifest` answers for is not read again. Raises NoReportsError."""
        self._started = time.time_ns() // 1000
        self._root, self._manifest = root, manifest
        self._found = discover(root)
        self._on_file = on_file or (lambda done, total: None)
        self._rows: list[FileRow] = []
        self._first: dict[str, FileRow] = {}

    @property
    def unchanged(self) -> bool:
        """Whether the manifest answers for every file, and for no other."""
        return self._manifest is not None and self._manifest.same_as(self._found)

    def measurements(self) -> Iterator[pa.Table]:
        """Tables with the columns of schemas.Measurements, at least one, sorted by path and by place in the file."""
        yield _PLAIN.empty_table()
        kept = self._manifest.kept(self._found) if self._manifest else {}
        groups = [(known, [*group]) for known, group in groupby(self._found, key=lambda file: file.path in kept)]
        chunks = [chunk for known, group in groups if not known for chunk in chunks_of(group)]
        with closing(read_chunks(chunks)) as fresh:
            for known, group in groups:
                if known and self._manifest:
                    of_group = [kept[file.path] for file in group]
                    yield from self._own([each.row for each in of_group], self._manifest.tables(of_group))
                    continue
                for _ in chunks_of(group):
                    yield from self._own(*next(fresh))

    def files(self) -> pd.DataFrame:
        """schemas.BenchmarkFiles."""
        types = dict.fromkeys(("bytes", "records", "numbers", "covered", "measurements"), pa.int64())
        types |= {"mtime": pa.timestamp("us", tz="UTC")}
        columns = zip(FileRow._fields, zip(*self._rows, strict=True), strict=True)
        return pa.table({name: pa.array(column, types.get(name, pa.string())) for name, column in columns}).to_pandas()

    @cached_property
    def stamp(self) -> Stamp:
        """What a later manifest needs to know of the tables."""
        digest = digest_of_files((row.path, row.sha256) for row in self._rows)
        return Stamp(str(self._root.resolve()), reader_version(), str(self._started), digest)

    def stamped(self) -> dict[str, str]:
        """The stamp by name, as tables carry it."""
        return self.stamp._asdict()

    def _own(self, rows: Sequence[FileRow], tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """The measurements of files whose content no earlier file had; the others become duplicates."""
        counts = [row.measurements for row in rows]
        owned = [self._enter(row) for row in rows]
        self._on_file(len(self._rows), len(self._found))
        mask = np.repeat(np.array(owned), np.array(counts))
        if mask.all():
            yield from map(_plain, tables)
            return
        start = 0
        for table in tables:
            yield _plain(table.filter(pa.array(mask[start : start + len(table)])))
            start += len(table)

    def _enter(self, row: FileRow) -> bool:
        blank = row.status == "empty" and row.encoding is None
        first = row if row.sha256 is None or blank else self._first.setdefault(row.sha256, row)
        if first is not row:
            row = row._replace(
                encoding=first.encoding,
                family=first.family,
                records=first.records,
                numbers=0,
                covered=0,
                measurements=0,
                status="duplicate_of",
                reason=first.path,
            )
        self._rows.append(row)
        return first is row


def _plain(table: pa.Table) -> pa.Table:
    return table.cast(_PLAIN)
