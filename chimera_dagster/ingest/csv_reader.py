"""CSV files: one record a row, 'row 1' being the first row of data."""

import csv
import io
from collections.abc import Callable

from chimera_dagster.ingest import vocabulary
from chimera_dagster.ingest.records import MISSING, Context, Quantity, Read, Record, build, number_in

_DELIMITERS = ",;\t|"
_SAMPLE = 20


def read_csv(text: str) -> Read:
    """Read a table with a header; its delimiter is one of , ; tab |.

    A row under the header that holds only units gives the units and is no row of data. Rows whose length differs
    from the header's are left out and named, as a row cut short may end in half a number.
    """
    lines = text.lstrip("\ufeff\r\n")
    delimiter = _sniff(lines)
    rows, problems = _rows(lines, delimiter)
    if not rows:
        return Read([], problems)
    header = [name.strip() for name in rows[0]]
    number = _number(decimal_comma=delimiter == ";")
    if refusal := _refusal(header, rows[1:], number):
        return Read([], [refusal, *problems])
    problems += [f"column {name!r} stands twice in the header" for name in _twice(header)]
    body = rows[1:]
    units: dict[str, str] = {}
    if _starts_with_units(body, number):
        units = {name: cell.strip() for name, cell in zip(header, body[0], strict=False) if cell.strip()}
        body = body[1:]
    measured = [place for place, name in enumerate(header) if vocabulary.is_metric(name)]
    records: list[Record] = []
    for place, row in enumerate(body, start=1):
        where = f"row {place}"
        if len(row) != len(header):
            problems.append(f"{where} has {len(row)} cells, the header has {len(header)}")
            continue
        record = build(where, zip(header, row, strict=True), Context(), "column", number, units)
        records.append(record)
        if not record.context.failed:
            problems += [
                f"{where}, {header[column]}: {row[column][:40]!r} is no number"
                for column in measured
                if row[column].strip().lower() not in MISSING and number(row[column]) is None
            ]
    return Read(records, problems)


def _number(*, decimal_comma: bool) -> Callable[[object], Quantity | None]:
    def number(cell: object) -> Quantity | None:
        value = number_in(str(cell), decimal_comma=decimal_comma)
        return None if value is None else (value, None)

    return number


def _sniff(text: str) -> str:
    """The delimiter that cuts the first rows into the same number of cells, and into the most."""
    sample = text[:65_536].splitlines()[: _SAMPLE + 1]
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (widths.count(widths[0]) / len(widths), widths[0])
            best, best_score = (delimiter, score) if score > best_score else (best, best_score)
    return best


def _rows(text: str, delimiter: str) -> tuple[list[list[str]], list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        rows += [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        return rows, [f"line {reader.line_num}: {error}"]
    return rows, []


def _refusal(header: list[str], body: list[list[str]], number: Callable[[object], Quantity | None]) -> str | None:
    named = [name for name in header if name]
    if all(number(name) is not None for name in named):
        return "line 1: a header is expected, and there are only numbers"
    numeric = any(number(cell) is not None for row in body[:_SAMPLE] for cell in row)
    if len(header) == 1 and not (vocabulary.is_metric(header[0]) or numeric):
        return f"line 1: no table, {header[0][:60]!r} has none of the delimiters , ; tab |"
    return None


def _twice(header: list[str]) -> list[str]:
    return sorted({name for name in header if name and header.count(name) > 1})


def _starts_with_units(body: list[list[str]], number: Callable[[object], Quantity | None]) -> bool:
    """Whether the first row holds no number, and a unit above a number of the second one."""
    if len(body) < 2 or any(number(cell) is not None for cell in body[0]):
        return False
    pairs = zip(body[0], body[1], strict=False)
    return any(vocabulary.is_unit(unit) and number(cell) is not None for unit, cell in pairs)
