"""One file becomes a row of the files table and rows of the measurements table.

Does not import pandas, so that worker processes start fast and stay small.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from io import BufferedReader
from typing import NamedTuple

import pyarrow as pa

from chimera_dagster.files.opening import open_file
from chimera_dagster.ingest.collector import SCHEMA, Collector
from chimera_dagster.ingest.context import Context, within
from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.discover import OTHER, FoundFile
from chimera_dagster.ingest.formats.recognise import read_text
from chimera_dagster.ingest.json_cut import whole_records
from chimera_dagster.ingest.json_reader import read_json, read_json_lines
from chimera_dagster.ingest.line_stream import LineStream, is_utf_16
from chimera_dagster.ingest.markdown_lines import lines_of
from chimera_dagster.ingest.markdown_reader import read_html, read_markdown
from chimera_dagster.ingest.model_names import model_in_path
from chimera_dagster.ingest.python_text import json_of_python
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.surroundings.path_names import card_in_path
from chimera_dagster.ingest.text import decode

MAX_BYTES = 64 * 1024 * 1024
SAMPLE_BYTES = 8 * 1024 * 1024
_PEEKED = 4_096  # bytes in which UTF-16 shows
_CHANGED = "the file changed while it was read"
_MOST_UNREAD = 20  # names of unread numbers that are kept of a file


class FileRow(NamedTuple):
    """One row of the files table, in the order of its columns; `mtime` in microseconds since 1970."""

    path: str
    kind: str
    bytes: int
    mtime: int
    sha256: str | None = None
    encoding: str | None = None
    family: str | None = None
    records: int = 0
    numbers: int = 0
    covered: int = 0
    measurements: int = 0
    format: str | None = None
    unread: str = "{}"
    status: str = "ok"
    reason: str = ""


class Reading(NamedTuple):
    """What the rows of a file follow from: its content, the reader, and what its path says.

    Files of the same content are duplicates only if these are the same too, but for the model that a path names if the
    content names others (`of_named`).
    """

    sha256: str
    kind: str
    is_lines: bool
    model: str | None
    is_summary: bool

    @property
    def of_named(self) -> "Reading":
        """How a file is read that names the model of each of its rows itself."""
        return self._replace(model="")


def reading_of(path: str, kind: str, sha256: str) -> Reading:
    """How a file with this content is read."""
    context, summary = said_by_path(path)
    return Reading(sha256, kind, _has_lines(path), context.model, summary)


@remembered(maxsize=1024)
def said_by_path(path: str) -> tuple[Context, bool]:
    """What a file's path says: a model, a GPU, and whether the file summarises runs that are in other files."""
    model = model_in_path(path)
    gpu, count = card_in_path(path)
    summary = path.rpartition("/")[2].rpartition(".")[0].lower().endswith("_summary")
    conditions = (("gpu_count", count),) if count else ()
    return Context(model, "path" if model else None, gpu=gpu, conditions=conditions), summary


def _start(path: str, collector: Collector) -> Context:
    """Begin a file with what its path and the notes beside it say."""
    (context, summary), noted = said_by_path(path), collector.noted
    named_by = {"gpu": "path"} if context.gpu else {}
    if noted.gpu_source and not context.gpu:
        context = context._replace(gpu=noted.gpu)
        named_by["gpu"] = noted.gpu_source
    if noted.backend_source:
        context = context._replace(backend=noted.backend)
        named_by["backend"] = noted.backend_source
    if noted.conditions:
        context = context._replace(conditions=within(noted.conditions, dict(context.conditions)))
    context = context._replace(parameters=noted.parameters)
    collector.start(path, context, summary=summary, named_by=named_by)
    return context


def parse_files(files: Iterable[FoundFile], sink: Callable[[pa.Table], object]) -> list[FileRow]:
    """Read files one after the other; `sink` gets their measurements, tables of collector.SCHEMA.

    A file with the `Reading` of an earlier one that gave rows gives none here: `folder.ingest_files` makes it a
    duplicate of that one.
    """
    collector = Collector(sink)
    rows = [_parse(file, collector) for file in files]
    collector.flush()
    return [with_later(row, collector) for row in rows]


def with_later(row: FileRow, collector: Collector) -> FileRow:
    """The row of a file with what the collector found out about it when it passed its measurements on."""
    found = collector.found_later.get(row.path)
    if found is None:
        return row
    reason = "; ".join(filter(None, (row.reason, *found.notices)))
    status = "partial" if row.status == "ok" and reason else row.status
    row = row._replace(measurements=row.measurements + found.rows, status=status, reason=reason)
    if found.read:
        unread = {
            name: left for name, count in json.loads(row.unread).items() if (left := count - found.read[name]) > 0
        }
        row = row._replace(covered=row.covered + found.read.total(), unread=json.dumps(unread))
    return row


def parse_to_file(files: Iterable[FoundFile], path: str) -> list[FileRow]:
    """As `parse_files`, the measurements as an Arrow stream in a file."""
    with pa.OSFile(path, "wb") as out, pa.ipc.new_stream(out, SCHEMA) as writer:
        return parse_files(files, writer.write_table)


def _parse(file: FoundFile, collector: Collector) -> FileRow:
    row = FileRow(file.path, file.kind, file.size, file.mtime)
    collector.noted = file.noted
    if file.problem or file.kind == OTHER:
        status, reason = (
            ("unreadable", file.problem) if file.problem else ("left_out", "files of this kind are not read")
        )
        return row._replace(status=status, reason=reason)
    try:
        with open_file(file.full) as content:
            size = os.fstat(content.fileno()).st_size
            if size > SAMPLE_BYTES and _has_lines(file.path) and not is_utf_16(content.peek()[:_PEEKED]):
                return _streamed(row, content, size, collector)
            raw = content.read(min(size, MAX_BYTES) + 1)
            if len(raw) > size:  # the file grew; only now, as a buffer of MAX_BYTES costs more than a small file
                raw += content.read(MAX_BYTES + 1 - len(raw))
            if len(raw) > MAX_BYTES:
                return _sampled(row, raw[:SAMPLE_BYTES], raw, content, collector)
    except OSError as error:
        return row._replace(status="unreadable", reason=error.strerror or str(error))
    digest = hashlib.sha256(raw).hexdigest()
    if not raw.strip():
        return row._replace(sha256=digest, status="empty", reason="the file is empty")
    return _read(row, digest, raw, collector, _CHANGED if len(raw) != size else "")


def _streamed(row: FileRow, content: BufferedReader, size: int, collector: Collector) -> FileRow:
    """Read JSON Lines of any size; if they turn out to be those of an earlier file, `folder` leaves out the rows."""
    _start(row.path, collector)
    lines = LineStream(content, collector.problem)
    read_json_lines(lines, collector)
    _remember(reading_of(row.path, row.kind, lines.digest), collector)
    if lines.size != size:
        collector.problem(_CHANGED)
    return _finished(row, lines.digest, lines.encoding, collector)


def _has_lines(path: str) -> bool:
    return path.lower().endswith((".jsonl", ".ndjson"))


def _sampled(row: FileRow, sample: bytes, raw: bytes, rest: BufferedReader, collector: Collector) -> FileRow:
    digest, size = hashlib.sha256(raw), len(raw)
    while more := rest.read(1 << 20):
        digest.update(more)
        size += len(more)
    sampled = f"{size} bytes, of which only the first {len(sample)} were read; the limit is {MAX_BYTES}"
    return _read(row, digest.hexdigest(), sample, collector, "", sampled)


def _read(row: FileRow, digest: str, raw: bytes, collector: Collector, changed: str, sampled: str = "") -> FileRow:
    reading = reading_of(row.path, row.kind, digest)
    if reading in collector.contents or reading.of_named in collector.contents:
        return row._replace(sha256=digest)
    decoded = decode(raw, cut=bool(sampled))
    if decoded.problem:
        reason = "; ".join(filter(None, (sampled, decoded.problem)))
        return row._replace(sha256=digest, encoding=decoded.encoding, status="malformed", reason=reason)
    context = _start(row.path, collector)
    text, lines = decoded.text, _has_lines(row.path)
    if sampled:
        is_document = row.kind == "json" and not lines
        text = _beginning(text) if is_document else text[: max(text.rfind("\n"), text.rfind("\r")) + 1]
    if row.kind in ("csv", "json") and (printed := json_of_python(text)):
        read_json(printed, collector)
    elif row.kind == "csv":
        read_csv(text, collector)
    elif row.kind == "json":
        read_json(text, collector, lines=lines)
    elif row.kind == "html":
        read_html(text, collector)
    elif row.kind == "markdown" or not read_text(lines_of(text), 1, collector, context):
        read_markdown(text, collector, is_console=row.kind == "text")
    if changed:
        collector.problem(changed)
    _remember(reading, collector)
    return _finished(row, digest, decoded.encoding, collector, sampled)


def _remember(reading: Reading, collector: Collector) -> None:
    """So that a copy is not read; of a file that gave nothing, as it can't be read, a copy says the same itself."""
    if collector.rows:
        collector.contents.add(reading.of_named if collector.is_named else reading)


def _beginning(text: str) -> str:
    """The whole records at the beginning of a long document; the text itself if nothing is open at its end."""
    return whole_records(text) or text


def _finished(row: FileRow, digest: str, encoding: str | None, collector: Collector, sampled: str = "") -> FileRow:
    status, reason = _verdict(collector)
    if sampled:
        status, reason = "too_large", "; ".join(filter(None, (sampled, reason)))
    counts = (collector.records, collector.numbers, collector.covered, collector.rows)
    about = (collector.format, json.dumps(dict(collector.unread.most_common(_MOST_UNREAD))))
    return FileRow(*row[:4], digest, encoding, _family(collector), *counts, *about, status, reason)


def _verdict(collector: Collector) -> tuple[str, str]:
    more = collector.problem_count - len(collector.problems)
    reason = "; ".join([*collector.problems, *([f"and {more} more"] if more else [])])
    if collector.left_out:
        status, why = collector.left_out
        return status, "; ".join(filter(None, (why, reason)))
    if reason:
        return ("partial" if collector.records else "malformed"), reason
    if not collector.records:
        return "empty", "no record with a number was found"
    return ("ok", "") if collector.rows else ("empty", f"none of {collector.records} records holds a measured number")


def _family(collector: Collector) -> str | None:
    """`runs-1a2b3c4d`: what kind of numbers a file holds, and a digest of its field names."""
    if not collector.rows:
        return None
    shapes = collector.shapes
    aggregates = frozenset[str | None]().union(*shapes.values())
    kind = "reported" if aggregates <= {"reported"} else "aggregates"
    if None in aggregates or not aggregates:
        kind = "runs"
    return f"{kind}-{_shape(frozenset(shapes)):08x}"


@lru_cache(maxsize=1024)
def _shape(names: frozenset[tuple[str, ...]]) -> int:
    different = sorted({name for of_record in names for name in of_record})
    return zlib.crc32(repr(different).encode("utf-8", "replace"))
