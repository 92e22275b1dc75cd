"""Finds the format of a document, table or text, and has it read."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

from chimera_dagster.ingest.cells import ToNumber
from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats import DOCUMENTS, TABLES, TEXTS
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, NotThisFormatError, TableFormat, TextFormat
from chimera_dagster.ingest.formats.grid import Grid, GridRows
from chimera_dagster.ingest.formats.lines import Lines
from chimera_dagster.ingest.formats.page import Page

_APage = TypeVar("_APage", bound=Page)
_Format = DocumentFormat | TableFormat | TextFormat


def read_document(content: Mapping[str, Any], where: str, collector: Collector, context: Context) -> bool:
    """Read an object of a known format; False, without having added anything, if it has none."""
    for known in _documents(tuple(content)):
        if known.matches(content) and _read(known, known.read, Document(content, where, collector, context)):
            return True
    return False


def is_known(document: object) -> bool:
    """Whether this is an object of a known format."""
    content = cast("Mapping[str, Any]", document) if isinstance(document, dict) else {}
    return any(known.matches(content) for known in _documents(tuple(content)))


def read_table(
    header: tuple[str, ...],
    rows: Callable[[], GridRows],
    collector: Collector,
    context: Context,
    number: ToNumber,
    above: Sequence[str] = (),
    below: Sequence[str] = (),
    headings: Sequence[str] = (),
) -> bool:
    """As `read_document`, of a table; `rows` gives its rows from the first on, as often as it is called. See Grid."""
    for known in _tables(header):
        if known.matches(header) and known.under(headings):
            grid = Grid(header, rows(), collector, context, number, above, below, headings)
            if _read(known, known.read, grid):
                return True
    return False


def read_text(
    lines: Sequence[str],
    first: int,
    collector: Collector,
    context: Context,
    headings: Sequence[str] = (),
    above: Sequence[str] = (),
) -> bool:
    """As `read_document`, of console output; see Lines."""
    for known in TEXTS:
        if any(known.within in line and known.sign.search(line) for line in lines):
            text = Lines(lines, first, collector, context, headings, above)
            if _read(known, known.read, text):
                return True
    return False


def has_console_output(text: str) -> bool:
    """Whether any part of a text may be the console output of a known tool."""
    return any(known.within in text and known.sign.search(text) for known in TEXTS)


def _read(known: _Format, read: Callable[[_APage], None], page: _APage) -> bool:
    try:
        read(page)
    except NotThisFormatError as error:
        page.collector.problem(f"it looks like a file of {known.name}, but {error}; it was read as any other file")
        return False
    page.commit(known.name, is_tool=not known.of_engine)
    return True


@lru_cache(maxsize=1_024)
def _documents(keys: tuple[str, ...]) -> tuple[DocumentFormat, ...]:
    return tuple(known for known in DOCUMENTS if known.keys.issubset(keys))


@lru_cache(maxsize=1_024)
def _tables(header: tuple[str, ...]) -> tuple[TableFormat, ...]:
    names = {name.strip().lower() for name in header}
    return tuple(known for known in TABLES if known.columns <= names)
