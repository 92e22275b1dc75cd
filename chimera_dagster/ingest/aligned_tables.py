"""Tables whose columns are told apart by spaces alone, as consoles print them: two or more spaces stand between cells.

A rule of dashes may stand below the header, in one piece or one for each column.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.ingest.metric_names import kinds_of
from chimera_dagster.ingest.quantities import quantity_in
from chimera_dagster.ingest.roles import role_of

# Possessive throughout: a line of a million spaces must not be tried in every way
_CELL = re.compile(r"\S++(?: \S++)*+")
_RULE = re.compile(r"\s*+(?:[-=]{2,}+\s*+)++")
_NOT_HEADER = re.compile(r"[=|:]\s|[=|:]\Z|\A[-*#>\d]")
_FIRST = 5  # rows, one of which has a number
_LONGEST = 400  # characters of a line of a table


class Aligned(NamedTuple):
    """The header of a table, its rows with the places of their lines, and the place after it."""

    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    end: int


class _Span(NamedTuple):
    start: int
    end: int
    text: str


def aligned_table(lines: Sequence[str], place: int) -> Aligned | None:
    """The table whose header is the line at `place`; None if none begins there.

    Its header names two metrics of the vocabulary, or one and what it is of: a list of processes also has a TIME. Each
    row below has a cell for each of its columns, or stands under the headers of those that it has.
    """
    header = _spans(lines[place])
    if len(header) < 2 or not _is_header(header):
        return None
    at = place + 1
    has_rule = at < len(lines) and _is_rule(lines[at])
    columns = header
    if has_rule:
        dashes = _spans(lines[at])
        if len(dashes) > 1:
            columns = dashes
            header = _in_columns(header, columns)
            if header is None:
                return None
        at += 1
    indexed = False
    rows: list[tuple[int, list[str]]] = []
    while at < len(lines) and lines[at].strip() and len(lines[at]) <= _LONGEST:
        if _is_rule(lines[at]):  # before a row of totals, or at the end
            at += 1
            continue
        spans = _spans(lines[at])
        cells = _cells(spans, columns)
        if cells is None and not has_rule and (not rows or indexed) and _is_index(spans, columns):
            cells, indexed = _cells(spans[1:], columns), True
            cells = cells and [spans[0].text, *cells]
        if cells is None:
            break
        rows.append((at, cells))
        at += 1
        if len(rows) == _FIRST and not _has_number(rows):
            return None
    names = tuple(span.text for span in header)
    if not _has_number(rows[:_FIRST]):
        return None
    return Aligned(("", *names) if indexed else names, rows, at)


def _has_number(rows: Sequence[tuple[int, list[str]]]) -> bool:
    return any(quantity_in(cell) for _, cells in rows for cell in cells)


def _spans(line: str) -> list[_Span]:
    text = line.expandtabs()
    return [_Span(found.start(), found.end(), found[0]) for found in _CELL.finditer(text[: _LONGEST + 1])]


def _is_rule(line: str) -> bool:
    return ("--" in line or "==" in line) and _RULE.fullmatch(line) is not None


def _is_header(spans: Sequence[_Span]) -> bool:
    names = [span.text for span in spans]
    if any(_NOT_HEADER.search(name) or quantity_in(name) for name in names) or len({*names}) < len(names):
        return False
    measured = sum(bool(kinds_of(name)) for name in names)
    about = any(role_of(name)[0] in ("context", "condition", "parameter") for name in names)
    return measured > 1 or (measured == 1 and about)


def _is_index(spans: Sequence[_Span], columns: Sequence[_Span]) -> bool:
    """Whether a row begins with a number or a name left of all columns, as pandas prints its index."""
    return len(spans) == len(columns) + 1 and spans[0].end <= columns[0].start


def _cells(spans: Sequence[_Span], columns: Sequence[_Span]) -> list[str] | None:
    if len(spans) == len(columns):
        return [span.text for span in spans]
    placed = _in_columns(spans, columns) if len(spans) < len(columns) and len(spans) > 1 else None
    return None if placed is None else [span.text for span in placed]


def _in_columns(spans: Sequence[_Span], columns: Sequence[_Span]) -> list[_Span] | None:
    """The texts by column, empty for a column without one; None unless each stands in one column alone."""
    placed = [_Span(column.start, column.end, "") for column in columns]
    for span in spans:
        over = [at for at, column in enumerate(columns) if span.start < column.end and column.start < span.end]
        if len(over) != 1 or placed[over[0]].text:
            return None
        placed[over[0]] = span
    return placed
