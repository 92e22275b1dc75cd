"""A folder of benchmark files becomes two tables: one row a file, one row a measured number.

Files are read in the order of their paths, large folders by a pool of processes; what a `Manifest` of the last time
still answers for is not read again.
"""

import os
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property
from itertools import groupby, islice
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from chimera_dagster.ingest.discover import FoundFile, digest_of_files, discover
from chimera_dagster.ingest.manifest import Manifest, Stamp, reader_version
from chimera_dagster.ingest.parse import FileRow, parse_files, parse_to_file
from chimera_dagster.ingest.sheet import SCHEMA
from chimera_dagster.ingest.worker import Worker

_CHUNK_FILES, _CHUNK_BYTES = 256, 4 << 20
_POOL_FILES, _POOL_BYTES = 2_000, 16 << 20  # from either on, starting processes pays
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
        fresh = _read([chunk for known, group in groups if not known for chunk in _chunks(group)])
        for known, group in groups:
            if known and self._manifest:
                of_group = [kept[file.path] for file in group]
                yield from self._own([each.row for each in of_group], self._manifest.tables(of_group))
                continue
            for _ in _chunks(group):
                yield from self._own(*next(fresh))
        fresh.close()

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
        if all(owned):
            yield from map(_plain, tables)
            return
        mask = np.repeat(np.array(owned), np.array(counts))
        start = 0
        for table in tables:
            yield _plain(table).filter(pa.array(mask[start : start + len(table)]))
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
            )
            row = row._replace(status="duplicate_of", reason=first.path)
        self._rows.append(row)
        return first is row


def _chunks(files: Sequence[FoundFile]) -> Iterator[list[FoundFile]]:
    chunk: list[FoundFile] = []
    size = 0
    for file in files:
        if chunk and (len(chunk) == _CHUNK_FILES or size + file.size > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(file)
        size += file.size
    if chunk:
        yield chunk


def _read(chunks: list[list[FoundFile]]) -> Generator[tuple[list[FileRow], Iterator[pa.Table]]]:
    """Rows and tables of each chunk, in order; a chunk's tables must be taken before the next chunk is."""
    files, size = sum(map(len, chunks)), sum(file.size for chunk in chunks for file in chunk)
    if files < _POOL_FILES and size < _POOL_BYTES:
        for chunk in chunks:
            tables: list[pa.Table] = []
            rows = parse_files(chunk, tables.append)
            yield rows, iter(tables)
        return
    with tempfile.TemporaryDirectory(prefix="chimera-ingest-") as folder, ExitStack() as stack:
        scratch = [str(Path(folder, f"{place}.arrows")) for place in range(len(chunks))]
        for rows, path in zip(_parsed(chunks, scratch, stack), scratch, strict=True):
            yield rows, _tables(path)
            Path(path).unlink()


def _parsed(chunks: list[list[FoundFile]], scratch: list[str], stack: ExitStack) -> Iterator[list[FileRow]]:
    """Read chunks into scratch files, several processes at a time; what one holds would be too much for a pipe."""
    workers = min(cores(), len(chunks))
    if workers < 2:
        yield from map(parse_to_file, chunks, scratch)
        return
    free: SimpleQueue[Worker] = SimpleQueue()
    for _ in range(workers):
        free.put(stack.enter_context(Worker()))

    def parse(chunk: list[FoundFile], path: str) -> list[FileRow]:
        worker = free.get()
        try:
            return worker.parse(chunk, path)
        finally:
            free.put(worker)

    pool = ThreadPoolExecutor(workers)
    stack.callback(pool.shutdown, cancel_futures=True)
    jobs = zip(chunks, scratch, strict=True)
    ahead = deque(pool.submit(parse, *job) for job in islice(jobs, 2 * workers))
    while ahead:
        yield ahead.popleft().result()
        ahead.extend(pool.submit(parse, *job) for job in islice(jobs, 1))


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tables(path: str) -> Iterator[pa.Table]:
    with pa.memory_map(path) as source, pa.ipc.open_stream(source) as stream:
        for batch in stream:
            yield pa.Table.from_batches([batch])


def _plain(table: pa.Table) -> pa.Table:
    return table.cast(_PLAIN)
