"""What the last ingest left: which files its tables still hold as they are, so that only changed files are read again.

The two tables are the cache: `benchmark_files` is the manifest (path, size, modification time, digest), and
`measurements` has the rows of all files, in the same order. Both carry a stamp; tables with the stamp of another
reader, or with two different stamps, are not used.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from chimera_dagster.code_version import code_version
from chimera_dagster.files.opening import check_file
from chimera_dagster.ingest.collector import SCHEMA
from chimera_dagster.ingest.discover import FoundFile, content_digest
from chimera_dagster.ingest.parse import FileRow, said_by_path
from chimera_dagster.ingest.surroundings.folder_notes import digest_of_notes
from chimera_dagster.ingest.user_vocabulary import user_file
from chimera_dagster.ingest.vocabulary import use_file
from chimera_dagster.settings import load_settings

_RACY_US = 10_000  # file systems count in ticks: a file that is changed twice in one tick keeps its time


class DamagedTableError(Exception):
    """A table of the last ingest turned out to be damaged while it was read; it can't be used."""


class Stamp(NamedTuple):
    """What both tables of one ingest carry; `started` is when reading began, in microseconds since 1970."""

    root: str
    reader: str
    started: str
    digest: str
    notes: str = ""  # digest of what notes beside the files say of them


class Kept(NamedTuple):
    """A file that needs no reading: its row today, and where its measurements lie in the old table."""

    row: FileRow
    start: int
    stop: int
    moved: bool


def reader_version() -> str:
    """Equal if the same bytes give the same rows; the user's vocabulary file is read if it has changed."""
    code, own = code_version("chimera_dagster.ingest", ".py", ".yaml"), use_file(user_file(load_settings()))
    return f"{code}-{own}" if own else code


class Manifest:
    """The files whose rows are in two Parquet files, and the rows themselves."""

    def __init__(self, files: pq.ParquetFile, measurements: pq.ParquetFile, stamp: Stamp) -> None:
        self._files, self._measurements, self.stamp = files, measurements, stamp
        ends = [*accumulate(self._group_rows())]
        self._starts = [0, *ends]
        self._open: tuple[int, pa.Table] | None = None

    @classmethod
    def load(cls, files: Path, measurements: Path, root: Path) -> Self | None:
        """The manifest of two tables; None if they are missing, damaged, another folder's or another reader's."""
        try:
            check_file(files)
            check_file(measurements)
            tables = [
                pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) for path in (files, measurements)
            ]
        except (OSError, pa.ArrowException, UnicodeDecodeError):
            return None
        if [table.schema_arrow.names for table in tables] != [[*FileRow._fields], SCHEMA.names]:
            return None
        stamps = {_stamp(table) for table in tables}
        stamp = stamps.pop()
        if stamps or stamp is None or stamp[:2] != (str(root.resolve()), reader_version()):
            return None
        return cls(tables[0], tables[1], stamp)

    def same_as(self, found: Sequence[FoundFile]) -> bool:
        """Whether nothing changed: the same files, of the same sizes and times. Raises DamagedTableError."""
        table = _whole(self._files.read)
        times = np.fromiter((file.mtime for file in found), np.int64, len(found))
        return (
            len(table) == len(found)
            and bool((times < self._trusted_before).all())
            and np.array_equal(times, table["mtime"].to_numpy().view(np.int64))
            and np.array_equal(np.fromiter((f.size for f in found), np.int64, len(found)), table["bytes"].to_numpy())
            and [file.path for file in found] == table["path"].to_pylist()
            and "unreadable" not in table["status"].unique().to_pylist()
            and not any(file.problem for file in found)
        )

    def entries(self) -> list[tuple[str, int, int, str]] | None:
        """Path, size, time and why it was not read of each file; None if one may have changed while it was read.

        Raises DamagedTableError.
        """
        table = _whole(self._files.read)
        times = table["mtime"].to_numpy().view(np.int64)
        if not (times < self._trusted_before).all():
            return None
        reasons = np.where(table["status"].to_numpy() == "unreadable", table["reason"].to_numpy(), "")
        columns = (table["path"].to_pylist(), table["bytes"].to_pylist(), times.tolist(), reasons.tolist())
        return list(zip(*columns, strict=True))

    def kept(self, found: Sequence[FoundFile]) -> dict[str, Kept]:
        """The files of `found` that need no reading, by path.

        A file with another time or path is hashed, and kept if its content is that of the same path before, or that of
        a file that is gone; what is read from the path alone (a model, or that it is a summary) must be the same.

        Raises DamagedTableError.
        """
        if digest_of_notes(found) != self.stamp.notes:
            return {}
        old = self._old
        paths = {file.path for file in found}
        gone = {
            (kept.row.bytes, kept.row.sha256): kept
            for path, kept in old.items()
            if path not in paths and kept.row.status != "duplicate_of"  # moved, it may come before the file it repeats
        }
        sizes = {size for size, _ in gone}
        result: dict[str, Kept] = {}
        for file in found:
            if file.problem:
                continue
            before = old.get(file.path)
            if before and (before.row.bytes, before.row.mtime) == file[3:5] and file.mtime < self._trusted_before:
                result[file.path] = before
            elif file.size in sizes or (before and before.row.bytes == file.size):
                digest = content_digest(file)
                if before is None or before.row.sha256 != digest:
                    before = gone.get((file.size, digest))
                if before and digest and _read_alike(before.row.path, file.path):
                    row = before.row._replace(path=file.path, mtime=file.mtime)
                    result[file.path] = Kept(row, before.start, before.stop, before.row.path != file.path)
        return {path: kept for path, kept in result.items() if self._has_rows(kept.row, result)}

    def tables(self, kept: Iterable[Kept]) -> Iterator[pa.Table]:
        """The measurements of kept files, in order; a moved file's rows say its new path. Raises DamagedTableError."""
        start = stop = 0
        for file in kept:
            if file.start == stop and not file.moved:
                stop = file.stop
                continue
            yield from self._between(start, stop)
            start, stop = file.start, file.stop
            if file.moved:
                for table in self._between(start, stop):
                    yield table.set_column(0, "file", pa.array([file.row.path] * len(table), pa.string()))
                start = stop
        yield from self._between(start, stop)

    @property
    def _trusted_before(self) -> int:
        return int(self.stamp.started) - _RACY_US

    @cached_property
    def _old(self) -> dict[str, Kept]:
        """Every readable file of the last time by path."""
        table = _whole(self._files.read)
        table = table.set_column(3, "mtime", table["mtime"].cast(pa.int64()))
        rows = [FileRow(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
        stops = [*accumulate(row.measurements for row in rows)]
        return {
            row.path: Kept(row, stop - row.measurements, stop, moved=False)
            for row, stop in zip(rows, stops, strict=True)
            if row.status != "unreadable"
        }

    @staticmethod
    def _has_rows(row: FileRow, kept: dict[str, Kept]) -> bool:
        """A duplicate has no rows of its own: it is kept only with the file that has them."""
        if row.status != "duplicate_of":
            return True
        owner = kept.get(row.reason)
        return owner is not None and owner.row.sha256 == row.sha256

    def _group_rows(self) -> Iterator[int]:
        about = self._measurements.metadata
        return (about.row_group(place).num_rows for place in range(about.num_row_groups))

    def _between(self, start: int, stop: int) -> Iterator[pa.Table]:
        for place, (first, end) in enumerate(zip(self._starts, self._starts[1:], strict=False)):
            if first < stop and start < end:
                yield self._group(place).slice(max(start, first) - first, min(stop, end) - max(start, first))

    def _group(self, place: int) -> pa.Table:
        if self._open is None or self._open[0] != place:
            self._open = (place, _whole(self._measurements.read_row_group, place))
        return self._open[1]


def _read_alike(path: str, other: str) -> bool:
    """Whether the same bytes give the same rows under both names."""
    endings = {name.rpartition(".")[2].lower() for name in (path, other)}
    return len(endings) == 1 and said_by_path(path) == said_by_path(other)


def _stamp(table: pq.ParquetFile) -> Stamp | None:
    about = table.metadata.metadata or {}
    try:
        return Stamp(*(about[f"chimera.{name}".encode()].decode() for name in Stamp._fields))
    except (KeyError, UnicodeDecodeError):
        return None


def _whole(read: Callable[..., pa.Table], *arguments: int) -> pa.Table:
    try:
        table = read(*arguments)
        table.validate(full=True)
    except (OSError, pa.ArrowException) as error:
        raise DamagedTableError(str(error)) from error
    return table
