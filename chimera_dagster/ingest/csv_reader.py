"""CSV files: one record per row, 'row 1' being the first row of data.

A reader only finds records; `collector.py` makes measurements of their fields.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice

from chimera_dagster.ingest import vocabulary
from chimera_dagster.ingest.cells import MISSING, ToNumber, decimal_comma_number_in, number_in
from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.formats.recognise import read_table
from chimera_dagster.ingest.trial_reader import set_aside

_DELIMITERS = ",;\t|"
_SAMPLE = 20
csv.field_size_limit(16 << 20)  # of characters in a cell, for this process; a longer one ends the reading
_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]+")


def read_csv(text: str, collector: Collector) -> None:
    """Read a table with a header; its delimiter is one of , ; tab |.

    A row of units under the header is not a row of data. Rows whose length differs from the header's are left out and
    reported, as a row that was cut short may end in half a number.
    """
    start = len(text) - len(text.lstrip("\ufeff\r\n"))
    delimiter = _sniff(text[start : start + 65_536])
    number = decimal_comma_number_in if delimiter == ";" else number_in
    rows = _rows(text, start, delimiter, collector)
    header = tuple(name.strip() for name in next(rows, []))
    first = [*islice(rows, _SAMPLE)]
    if not (header or first) or set_aside(header, "", collector):
        return
    if read_table(header, lambda: _named(text, start, delimiter, collector), collector, collector.context, number):
        return
    if _is_refused(header, first, number, collector):
        collector.numbers += sum(_numbers(row, number) for row in ([*header], *first, *rows))
        return
    for name in sorted(name for name, count in Counter(header).items() if name and count > 1):
        collector.problem(f"column {name!r} appears twice in the header")
    units = None
    if _starts_with_units(first, number):
        units = tuple(cell.strip() or None for cell in first.pop(0))
        units = (*units, *[None] * (len(header) - len(units)))
    roles, width = collector.roles(header, units), len(header)
    for place, row in enumerate(chain(first, rows), start=1):
        if not row:
            continue
        if len(row) != width:
            collector.problem(f"row {place} has {len(row)} cells, the header has {width}")
            collector.numbers += _numbers(row, number)
            continue
        added = collector.record(f"row {place}", roles, row, collector.context, "column", number)
        if added.rows < len(roles.numbers) and not added.context.failed:
            for column, measured, _ in roles.numbers:
                if measured.unit is not None and number(row[column]) is None:
                    cell = row[column].strip()
                    if cell.lower() not in MISSING:
                        collector.problem(f"row {place}, {header[column]}: {cell[:40]!r} is not a number")


def _named(text: str, start: int, delimiter: str, collector: Collector) -> Iterator[tuple[str, list[str]]]:
    """The rows below the header with their names; rows that can't be read have none but count."""
    rows = islice(_rows(text, start, delimiter, collector), 1, None)
    return ((f"row {place}", row) for place, row in enumerate(rows, start=1) if row)


def _numbers(row: list[str], number: ToNumber) -> int:
    return sum(number(cell) is not None for cell in row)


def _sniff(text: str) -> str:
    """The delimiter that splits the first rows into the same number of cells, and into the most."""
    sample = [*islice(_lines(text, 0), _SAMPLE + 1)]
    best, best_score = ",", (0.0, 0)
    candidates = [delimiter for delimiter in _DELIMITERS if any(delimiter in line for line in sample[:1])]
    if candidates == [best]:
        return best
    for delimiter in candidates:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (widths.count(widths[0]) / len(widths), widths[0])
            best, best_score = (delimiter, score) if score > best_score else (best, best_score)
    return best


def _rows(text: str, start: int, delimiter: str, collector: Collector) -> Iterator[list[str]]:
    """Rows that are not blank; one that can't be read is reported and replaced by an empty one.

    Strict, as a quote that is not closed, or that is closed in the middle of a cell, makes numbers that nobody wrote.
    """
    reader = csv.reader(_lines(text, start), delimiter=delimiter, strict=True)
    while True:
        try:
            for row in reader:
                if any(map(str.strip, row)):
                    yield row
        except csv.Error as error:
            collector.problem(f"line {reader.line_num}: {error}")
            yield []
            if "limit" in str(error):  # the next line may lie within the cell, and would be read as a row
                collector.problem(f"nothing after line {reader.line_num} was read")
                return
        else:
            return


def _lines(text: str, start: int) -> Iterator[str]:
    """The lines with their ends, one at a time: a list of them would take many times the text's memory."""
    if text.count("\r") > text.count("\r\n"):
        yield from (line[0] for line in _LINE.finditer(text, start))
        return
    while start < len(text):
        stop = text.find("\n", start) + 1 or len(text)
        yield text[start:stop]
        start = stop


def _is_refused(header: tuple[str, ...], body: list[list[str]], number: ToNumber, collector: Collector) -> bool:
    named = [name for name in header if name]
    if not header:
        collector.problem("the header can't be read, so no row can be read")
    elif all(number(name) is not None for name in named):
        collector.problem("line 1: expected a header, found only numbers")
    elif len(header) == 1 and not (vocabulary.is_metric(header[0]) or any(_numbers(row, number) for row in body)):
        collector.problem(f"line 1: not a table, {header[0][:60]!r} has none of the delimiters , ; tab |")
    else:
        return False
    return True


def _starts_with_units(body: list[list[str]], number: ToNumber) -> bool:
    """Whether the first row holds no number, and a unit above a number of the second one."""
    if len(body) < 2 or any(number(cell) is not None for cell in body[0]):
        return False
    pairs = zip(body[0], body[1], strict=False)
    return any(vocabulary.is_unit(unit) and number(cell) is not None for unit, cell in pairs)
