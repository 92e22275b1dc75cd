"""Markdown: pipe tables ('table 2 row 3') and `key: value` list items ('line 12').

A page mostly repeats results that stand elsewhere, so its numbers are 'reported', not runs; a table that numbers its
runs (a column such as run, seed or timestamp) is read as a log of runs.
"""

import re
from typing import NamedTuple

from chimera_dagster.ingest import vocabulary
from chimera_dagster.ingest.records import MISSING, Context, Quantity, Read, Record, build, number_in

_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)+\|?\s*")
_ITEM = re.compile(r"\s*[-*+]\s+(?P<key>[^:|]{1,60}):\s*(?P<value>.+)")
_PIPE = re.compile(r"(?<!\\)\|")
_GLUED = re.compile(r"\s+(?:#{1,6}\s|\|\s).*")
_VALUE = re.compile(r"(?P<number>[+-]?[\d.,]+(?:[eE][+-]?\d+)?)\s*(?P<unit>[^\s\d(]*)\s*(?:\([^)]*\))?[^\w)%(.]*")
_NAMES, _VALUES = {"metric", "measure", "name"}, {"value", "result"}


class _Table(NamedTuple):
    header: list[str]
    rows: list[list[str]]


def read_markdown(text: str) -> Read:
    """Read every table and list item outside code fences.

    A list item that names a model, a backend or a GPU holds for everything that follows it.
    """
    records: list[Record] = []
    problems: list[str] = []
    context = Context()
    lines = _outside_fences(text.splitlines())
    tables = 0
    place = 0
    while place < len(lines):
        line = lines[place]
        item = _ITEM.fullmatch(line)
        if item:
            record = _item(f"line {place + 1}", item["key"], item["value"], context)
            context = record.context._replace(prompt=None, params=(), failed=False)
            records += [record] if record.numbers else []
        if _RULE.fullmatch(line):
            tables += 1
            table, place, wrong = _table(lines, place, f"table {tables}")
            problems += wrong
            records += _table_records(table, f"table {tables}", context)
            continue
        place += 1
    return Read(records, problems)


def _outside_fences(lines: list[str]) -> list[str]:
    """The lines, blank where they stand in a code fence, so that line numbers stay."""
    fenced = False
    kept: list[str] = []
    for line in lines:
        fence = line.lstrip().startswith(("```", "~~~"))
        kept.append("" if fenced or fence else line)
        fenced ^= fence
    return kept


def _table(lines: list[str], rule: int, where: str) -> tuple[_Table, int, list[str]]:
    """The table whose rule stands at `rule`, the place after it, and what was wrong.

    Text may be glued before the header and behind the last row: the header is the last cells, a row the first ones.
    """
    width = len(_cells(lines[rule]))
    header = _cells(lines[rule - 1])[-width:] if rule else []
    rows: list[list[str]] = []
    problems: list[str] = []
    place = rule + 1
    while place < len(lines) and "|" in lines[place] and not _RULE.fullmatch(lines[place]):
        cells = _cells(lines[place])
        rows.append(cells[:width])
        if len(cells) < width:
            problems.append(f"{where} row {len(rows)} has {len(cells)} cells, the header has {width}")
        place += 1
    if len(header) < width:
        return _Table([], []), place, [f"{where}, line {rule + 1}: a header of {width} cells is expected above"]
    return _Table(header, rows), place, problems


def _table_records(table: _Table, where: str, context: Context) -> list[Record]:
    names = [vocabulary.normal(name)[0] for name in table.header]
    records: list[Record] = []
    for place, row in enumerate(table.rows, start=1):
        if len(row) < len(table.header):
            continue
        at = f"{where} row {place}"
        if len(names) >= 2 and names[0] in _NAMES and names[1] in _VALUES:
            records.append(_item(at, row[0], row[1], context))
            continue
        record = build(at, zip(table.header, map(_bare, row), strict=True), context, "column", _quantity)
        log = any(name in vocabulary.vocabulary().run_columns for name in names)
        records.append(record if log else record._replace(kind="reported", failed_by=None))
    return records


def _item(where: str, key: str, value: str, context: Context) -> Record:
    text = _bare(_GLUED.sub("", value))
    return build(where, [(_bare(key), text)], context, "column", _quantity)._replace(kind="reported", failed_by=None)


def _cells(line: str) -> list[str]:
    text = line.strip()
    return [cell.strip() for cell in _PIPE.split(text.removeprefix("|").removesuffix("|"))]


def _bare(text: str) -> str:
    return text.strip().strip("*`_ ").replace("\\|", "|")


def _quantity(value: object) -> Quantity | None:
    """A number with a unit or without one; text such as '102 @ 5' or '99 ± 1' is none."""
    text = _bare(str(value))
    found = None if text.lower() in MISSING else _VALUE.fullmatch(text)
    if not found:
        return None
    number, unit = number_in(found["number"]), found["unit"].strip("*")
    if number is None or (unit and not vocabulary.is_unit(unit)):
        return None
    return number, unit or None
