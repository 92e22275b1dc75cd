"""A folder of benchmark files becomes two tables: one row a file, one row a measured number."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from chimera_dagster.ingest import vocabulary
from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.discover import FoundFile, content_digest, digest_of_files, discover
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.markdown_reader import read_markdown
from chimera_dagster.ingest.records import Number, Read, Record
from chimera_dagster.ingest.text import decode
from chimera_dagster.schemas import FAILED, BenchmarkFiles, Measurements

MAX_BYTES = 64 * 1024 * 1024
_SHOWN_PROBLEMS = 3
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Row = tuple[object, ...]


class Ingested(NamedTuple):
    """Tables as schemas.BenchmarkFiles and schemas.Measurements say, and the digest that `data_digest` gives."""

    files: pd.DataFrame
    measurements: pd.DataFrame
    digest: str


class _File(NamedTuple):
    """One row of the files table, in the order of its columns."""

    path: str
    kind: str
    bytes: int = 0
    mtime: datetime = _NEVER
    sha256: str | None = None
    encoding: str | None = None
    family: str | None = None
    records: int = 0
    numbers: int = 0
    covered: int = 0
    measurements: int = 0
    status: str = "ok"
    reason: str = ""


def ingest_folder(root: Path, on_file: Callable[[int, int], None] | None = None) -> Ingested:
    """Read every benchmark file below `root`; `on_file(done, total)` is called after each.

    A file that can't be read has a row that says why, and the others go on. Raises NoReportsError.
    """
    found = discover(root)
    files: list[_File] = []
    rows: list[Row] = []
    first: dict[str, _File] = {}
    for done, file in enumerate(found, start=1):
        row, measured = _ingest(file, first)
        files.append(row)
        rows += measured
        if row.sha256:
            first.setdefault(row.sha256, row)
        if on_file:
            on_file(done, len(found))
    return Ingested(
        _frame(files, BenchmarkFiles).astype({"mtime": "datetime64[us, UTC]"}),
        _frame(rows, Measurements).astype({"value": "float64", "error": "bool"}),
        digest_of_files((file.path, file.sha256) for file in files),
    )


def _ingest(file: FoundFile, first: dict[str, _File]) -> tuple[_File, list[Row]]:
    row = _File(file.path, file.kind)
    try:
        about = file.full.stat()
        row = row._replace(bytes=about.st_size, mtime=datetime.fromtimestamp(about.st_mtime, UTC))
        if about.st_size > MAX_BYTES:
            reason = f"{about.st_size} bytes; at most {MAX_BYTES} are read"
            return row._replace(sha256=content_digest(file.full), status="too_large", reason=reason), []
        raw = file.full.read_bytes()
    except OSError as error:
        return row._replace(status="unreadable", reason=error.strerror or str(error)), []
    row = row._replace(sha256=hashlib.sha256(raw).hexdigest())
    if not raw.strip():
        return row._replace(status="empty", reason="there is nothing in the file"), []
    if earlier := first.get(row.sha256 or ""):
        repeated = row._replace(encoding=earlier.encoding, records=earlier.records)
        return repeated._replace(status="duplicate_of", reason=earlier.path), []
    decoded = decode(raw)
    row = row._replace(encoding=decoded.encoding)
    if decoded.problem:
        return row._replace(status="malformed", reason=decoded.problem), []
    read = _read(file, decoded.text)
    measured = [each for record in read.records for each in _measurements(file.path, record)]
    status, reason = _verdict(read, len(measured))
    row = row._replace(records=len(read.records), measurements=len(measured))
    return row._replace(status=status, reason=reason), measured


def _read(file: FoundFile, text: str) -> Read:
    if file.kind == "csv":
        return read_csv(text)
    if file.kind == "json":
        return read_json(text, lines=file.path.lower().endswith(".jsonl"))
    return read_markdown(text)


def _verdict(read: Read, measured: int) -> tuple[str, str]:
    shown = read.problems[:_SHOWN_PROBLEMS]
    more = len(read.problems) - len(shown)
    reason = "; ".join([*shown, *([f"and {more} more"] if more else [])])
    if reason:
        return ("partial" if read.records else "malformed"), reason
    if not read.records:
        return "empty", "no record with a number was found"
    return ("ok", "") if measured else ("empty", f"none of {len(read.records)} records holds a measured number")


def _measurements(path: str, record: Record) -> Iterator[Row]:
    """Rows of the measurements table for one record."""
    context = record.context
    model, source = context.model, context.model_source
    if model is None and (model := vocabulary.model_in_path(path)):
        source = "path"
    params = vocabulary.canonical_params(dict(context.params))
    labels = vocabulary.canonical_params(
        {name: int(value) if value.is_integer() else value for name, value in context.labels}
    )
    about = (model, source, context.backend, context.gpu, params, labels, context.prompt, context.timestamp)
    head = (path, record.where, *about)
    for number in record.numbers:
        meaning = vocabulary.meaning(number.name, number.unit, number.parent)
        aggregate = meaning.aggregate or _implied_aggregate(path, record, number)
        value = number.value * meaning.factor
        if abs(value) != float("inf"):
            yield (
                *head,
                meaning.metric,
                value,
                meaning.unit,
                number.name,
                meaning.original_unit,
                aggregate,
                context.failed,
            )
    if record.failed_by:
        yield (*head, FAILED, 1.0, None, record.failed_by, None, None, True)


def _implied_aggregate(path: str, record: Record, number: Number) -> str | None:
    """What a number sums up although its name does not say so: its file or its place does."""
    if path.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower().endswith("_summary"):
        return "summary"
    if record.kind == "totals" and number.name.lower().startswith("total"):
        return "sum"
    return "reported" if record.kind == "reported" else None


def _frame(rows: list[_File] | list[Row], schema: type[BenchmarkFiles] | type[Measurements]) -> pd.DataFrame:
    """The rows as a table with the schema's columns; texts are strings also where a column is all null."""
    columns = list(schema.to_schema().columns)
    frame = pd.DataFrame.from_records(list(rows), columns=columns)
    texts = [name for name in columns if name not in ("bytes", "mtime", "records", "numbers", "covered", "measurements", "value", "error")]
    return frame.astype(dict.fromkeys(texts, "str"))
