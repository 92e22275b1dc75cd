"""CSV files: one record per row, 'row 1' being the first row of data.

Where a column is a record, it is 'column 2', and where a row has a record for each group of columns, 'row 1 column 2',
counted as spreadsheets do. A reader only finds records; `collector.py` makes measurements of their fields.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain, islice
from typing import NamedTuple

from chimera_dagster.ingest.cells import MISSING, ToNumber, decimal_comma_number_in, number_in
from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.column_survey import Survey, plain_cells, survey
from chimera_dagster.ingest.context import about
from chimera_dagster.ingest.field_roles import Number
from chimera_dagster.ingest.formats.recognise import read_table
from chimera_dagster.ingest.metric_names import is_metric
from chimera_dagster.ingest.number_marks import has_marks, lose, plain_rows
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.tables.heading import Heading, heading
from chimera_dagster.ingest.tables.long import labels_of, total_of
from chimera_dagster.ingest.tables.parts import is_quantity
from chimera_dagster.ingest.tables.shape import shape_of, with_settings
from chimera_dagster.ingest.tables.transposed import Transposed, places_of
from chimera_dagster.ingest.trial_reader import set_aside
from chimera_dagster.ingest.unlisted_settings import settings_among

_DELIMITERS = ",;\t|"
_SAMPLE = 20
_SMALL = 1 << 20  # characters of a text whose rows may all be in memory
csv.field_size_limit(16 << 20)  # of characters in a cell, for this process; a longer one ends the reading
_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]+")
_STATED = re.compile(r'"?sep=(?P<delimiter>[^\r\n"])"?[ \t]*+[\r\n]++', re.IGNORECASE)
_COMMENT = re.compile(r"#[^\r\n]*+[\r\n]*+")
_SAID = re.compile(r"[#\s\"]*+(?P<name>[^:=,;\t|]{1,40})[:=,;\t|]\s*+(?P<value>[^\r\n]*+)")


class _Table(NamedTuple):
    """Where the rows of a table are in a text; the first `above` of them are its header and what stands over it."""

    text: str
    start: int
    delimiter: str
    comments: bool
    header: tuple[str, ...]
    above: int

    def every_row(self, collector: Collector | None) -> Iterator[list[str]]:
        """The rows below the header, with comments; what can't be read is told to the collector."""
        return islice(_rows(self.text, self.start, self.delimiter, collector), self.above, None)

    def again(self, below: int) -> Iterator[list[str]]:
        """The rows from the one `below` rows under the header on, for another time."""
        rows = self.every_row(None)
        return islice(_without_comments(rows, len(self.header)) if self.comments else rows, below, None)


def read_csv(text: str, collector: Collector) -> None:
    """Read a table with a header; its delimiter is one of , ; tab |, or what a line `sep=;` says.

    Lines above the header that name a model, a GPU and so on hold for every row. A row of units under the header is not
    a row of data. Rows whose length differs from the header's are left out and reported, as a row that was cut short
    may end in half a number.
    """
    table, first, rows = _opened(text, collector)
    header = table.header
    if not (header or first) or set_aside(header, "", collector):
        return
    number = decimal_comma_number_in if table.delimiter == ";" else number_in
    if read_table(header, lambda: _named(table, collector), collector, collector.context, number_in):
        return
    if _is_refused(header, first, number, collector):
        collector.numbers += sum(_numbers(row, number) for row in ([*header], *first, *rows))
        return
    found = heading(header, first)
    for name in found.twice:
        collector.problem(f"column {name!r} appears twice in the header")
    body = chain(first[found.rows :], rows)
    again = lambda: table.again(found.rows)  # noqa: E731
    if len(text) <= _SMALL:
        body = [*body]
        again = lambda: body  # noqa: E731
    shape = shape_of(found, first[found.rows :])
    delimiter = table.delimiter if shape is None or table.delimiter == ";" else ""
    seen = survey(found.names, again, delimiter, units_fit=shape is None)
    for problem in seen.problems(found.names):
        collector.problem(problem)
    settings = frozenset() if isinstance(shape, Transposed) else settings_among(found.names, again())
    reader = _Reader(collector, found, seen, number, settings)
    if isinstance(shape, Transposed):
        parts = [*shape.parts([row for _, row in reader.numbered(body)], has_model=collector.context.model is not None)]
        reader.settings = settings_among(parts[0].names, (part.cells for part in parts))
        for where, part in places_of(parts, reader.settings):
            reader.part(where, part.names, part.cells, part.units)
    elif shape:
        shape = with_settings(shape, settings)
        for place, row in reader.numbered(body):
            for part in shape.parts(row):
                column = "" if part.column is None else f" column {part.column + 1}"
                reader.part(f"row {place}{column}", part.names, part.cells, part.units)
    else:
        reader.rows(body)


def _named(table: _Table, collector: Collector) -> Iterable[tuple[str, list[str]]]:
    """The rows of a table of a known format with their names."""
    rows = ((f"row {place}", row) for place, row in enumerate(table.every_row(collector), start=1) if row)
    if not has_marks(table.text, table.delimiter):
        return rows
    return plain_rows(table.header, [*rows], collector.problem, by_default=table.delimiter == ";")


class _Reader:
    """Adds the records of one table."""

    def __init__(
        self, collector: Collector, found: Heading, seen: Survey, number: ToNumber, settings: frozenset[str]
    ) -> None:
        self._collector, self._found, self._seen, self._number = collector, found, seen, number
        self.settings = settings  # that are not in the vocabulary

    def numbered(self, body: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
        """The rows of the header's length with their numbers; the others are reported."""
        width = len(self._found.names)
        for place, row in enumerate(body, start=1):
            if len(row) == width:
                yield place, row
            elif row and not _is_section(row):
                self._collector.problem(f"row {place} has {len(row)} cells, the header has {width}")
                self._collector.numbers += _numbers(row, self._number)

    def rows(self, body: Iterable[list[str]]) -> None:
        """Add a record for each row."""
        names, units, seen = self._found.names, self._found.units, self._seen
        roles = self._collector.roles(names, units, settings=self.settings)
        numbering = labels_of(names)[1:]
        for place, row in self.numbered(body):
            is_named = row[0].isalpha() or (numbering and any(row[at].isalpha() for at in numbering))
            if is_named and (part := total_of(names, units, row)):
                self.part(f"row {place}", *part[:3])
                continue
            if not seen.odd:
                added = self._collector.record(f"row {place}", roles, row, self._collector.context, "column", number_in)
                if added.rows < len(roles.numbers) and not added.context.failed:
                    self._complain(f"row {place}", roles.numbers, row)
                continue
            plain = seen.plain(row, units)
            lose(self._collector, f"row {place}", names, row, plain.lost, seen.damaged)
            self._add(f"row {place}", names, plain.cells, plain.units)

    def part(self, where: str, names: tuple[str, ...], cells: list[str], units: tuple[str | None, ...]) -> None:
        """Add a record that is not a row."""
        plain = plain_cells(names, cells, units, self._seen.comma)
        lose(self._collector, where, names, cells, plain.lost)
        self._add(where, names, plain.cells, plain.units)

    def _add(self, where: str, names: tuple[str, ...], cells: list[str], units: tuple[str | None, ...]) -> None:
        roles = self._collector.roles(names, units, settings=self.settings)
        added = self._collector.record(where, roles, cells, self._collector.context, "column", number_in)
        if added.rows < len(roles.numbers) and not added.context.failed:
            self._complain(where, roles.numbers, cells)

    def _complain(self, where: str, numbers: Sequence[Number], cells: list[str]) -> None:
        for place, measured, _ in numbers:
            cell = cells[place].strip()
            if measured.unit is not None and number_in(cell) is None and cell.lower() not in MISSING:
                self._collector.problem(f"{where}, {measured.original_name}: {cell[:40]!r} is not a number")


def _opened(text: str, collector: Collector) -> tuple[_Table, list[list[str]], Iterator[list[str]]]:
    """The table in a text, the first rows below its header, and those that follow."""
    start = len(text) - len(text.lstrip("\ufeff\r\n"))
    said, stated = list[str](), ""
    while (line := _COMMENT.match(text, start)) or (line := _STATED.match(text, start)):
        start = line.end()
        if "delimiter" in line.groupdict():
            stated = line["delimiter"]
        else:
            said.append(line[0].rstrip())
    delimiter = stated or _sniff(text[start : start + 65_536])
    rows = _rows(text, start, delimiter, collector)
    first = [*islice(rows, _SAMPLE + 1)]
    comments = "\n#" in text
    if said and first and (names := _header_in(said[-1], delimiter, first[0])):
        table = _Table(text, start, delimiter, comments, names, 0)
        said.pop()
    else:
        titles = _titles(first)
        said += [delimiter.join(row) for row in first[:titles]]
        header = tuple(name.strip() for name in first[titles]) if first else ()
        table = _Table(text, start, delimiter, comments, header, titles + 1)
    if said:
        _hear(said, collector)
    first = first[table.above :]
    if comments:
        first, rows = [*_without_comments(first, len(table.header))], _without_comments(rows, len(table.header))
    return table, first, rows


def _without_comments(rows: Iterable[list[str]], width: int) -> Iterator[list[str]]:
    return (row for row in rows if not row or len(row) == width or not row[0].lstrip().startswith("#"))


def _header_in(comment: str, delimiter: str, row: list[str]) -> tuple[str, ...] | None:
    """The header that a comment above the first row is, if it has as many names as the row has cells."""
    names = tuple(name.strip() for name in comment.lstrip("# ").split(delimiter))
    fits = len(names) == len(row) > 1 and not any(map(is_quantity, names)) and any(map(is_quantity, row))
    return names if fits else None


def _titles(first: list[list[str]]) -> int:
    """How many rows of text stand above the header: it is the first row as long as most, and holds no number."""
    widths = Counter(map(len, first))
    del widths[1]
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    if count < 2 or (len(first[0]) == width and (width < 3 or any(first[0][2:]) or not first[0][0])):
        return 0
    for place, row in enumerate(first):  # a spreadsheet fills up rows with empty cells
        if len(row) == width and any(row[2:] if width > 2 else row[1:]):
            is_header = not any(map(is_quantity, row)) and any(map(is_quantity, chain(*first[place + 1 :])))
            return place if is_header and all(_is_title(above, row) for above in first[:place]) else 0
    return 0


def _is_title(row: list[str], header: list[str]) -> bool:
    is_short = len(row) <= len(header) and sum(map(bool, row)) < sum(map(bool, header))
    return bool(row) and is_short and not is_quantity(row[0])


def _hear(lines: list[str], collector: Collector) -> None:
    """Take what lines above a table say of all its rows: `# gpu: Some GPU`, `Model;alpha:7b`."""
    pairs = [(found["name"].strip(), found["value"].strip(" ,;\t|\"'")) for found in map(_SAID.match, lines) if found]
    pairs = [pair for pair in pairs if role_of(pair[0])[0] in ("context", "condition", "parameter")]
    if pairs:
        names, cells = zip(*pairs, strict=True)
        context, _, _, settings, _ = about(collector.roles(names), cells, collector.context, "text", number_in)
        collector.context = context
        collector.numbers += settings
        collector.covered += settings


def _is_section(row: list[str]) -> bool:
    """Whether a row is the title of those below it, with more or fewer delimiters than they have."""
    return len(row) > 1 and not any(map(str.strip, row[1:])) and not is_quantity(row[0])


def _numbers(row: list[str], number: ToNumber) -> int:
    return sum(number(cell) is not None for cell in row)


def _sniff(text: str) -> str:
    """The delimiter that splits the first rows into the same number of cells, and into the most."""
    sample = [*islice(_lines(text, 0), _SAMPLE + 1)]
    candidates = [delimiter for delimiter in _DELIMITERS if any(delimiter in line for line in sample[:1])]
    if candidates == [","] and all("," in line for line in sample[1:2]):
        return ","
    best, score = _best(sample, candidates, of_first=True)
    # a line of text above the table has no delimiter, or another one
    return best if score > 0.5 or len(sample) < 3 else _best(sample, [*_DELIMITERS], of_first=False)[0]


def _best(sample: list[str], candidates: list[str], *, of_first: bool) -> tuple[str, float]:
    """The best of some delimiters, and the share of rows with as many cells as the first one, or as most."""
    best, best_score = ",", (0.0, 0)
    for delimiter in candidates:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        width = widths[0] if widths and of_first else max({*widths} - {1}, key=widths.count, default=1)
        if widths and width > 1:
            score = (widths.count(width) / len(widths), width)
            best, best_score = (delimiter, score) if score > best_score else (best, best_score)
    return best, best_score[0]


def _rows(text: str, start: int, delimiter: str, collector: Collector | None) -> Iterator[list[str]]:
    """Rows that are not blank; one that can't be read is reported and replaced by an empty one.

    Strict, as a quote that is not closed, or that is closed in the middle of a cell, makes numbers that nobody wrote.
    """
    reader = csv.reader(_lines(text, start), delimiter=delimiter, strict=True)
    problem = collector.problem if collector else str
    while True:
        try:
            for row in reader:
                if any(map(str.strip, row)):
                    yield row
        except csv.Error as error:
            problem(f"line {reader.line_num}: {error}")
            yield []
            if "limit" in str(error):  # the next line may lie within the cell, and would be read as a row
                problem(f"nothing after line {reader.line_num} was read")
                return
        else:
            return


def _lines(text: str, start: int) -> Iterator[str]:
    """The lines with their ends, one at a time: a list of them would take many times the text's memory."""
    return iter(StringIO(text[start:], newline="")) if len(text) <= _SMALL else _lines_of_long(text, start)


def _lines_of_long(text: str, start: int) -> Iterator[str]:
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
    elif len(header) == 1 and not (is_metric(header[0]) or any(_numbers(row, number) for row in body)):
        collector.problem(f"line 1: not a table, {header[0][:60]!r} has none of the delimiters , ; tab |")
    else:
        return False
    return True
