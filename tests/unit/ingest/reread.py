"""Whether the rows of the measurements table stand in their file, by parsing that shares no code with the readers.

The words 'row 3', 'table 2 row 3', 'line 12', 'lines 3-9', 'row 2 to row 6' and a JSON pointer are all that is taken
from them; what a record is, is worked out anew with csv, json and re.
"""

import contextlib
import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

FAILED = "failed"
# what a value in the file was multiplied with, by the unit that the file states
FACTORS = {
    **{
        "ns": 1e-6,
        "us": 1e-3,
        "\N{MICRO SIGN}s": 1e-3,
        "\N{GREEK SMALL LETTER MU}s": 1e-3,
        "ms": 1,
        "msec": 1,
        "millisecond": 1,
        "milliseconds": 1,
    },
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1000),
    **dict.fromkeys(("tok/s", "toks/s", "token/s", "tokens/s", "t/s", "tok/sec", "tokens/sec", "tokens/second"), 1),
    **dict.fromkeys(
        ("token/sec", "tok_s", "tokens_s", "tps", "tokens", "token", "tok", "chars", "characters", "mib", "mb"), 1
    ),
    **{"gib": 1024, "gb": 1024, "kib": 2**-10, "kb": 2**-10, "bytes": 2**-20, "byte": 2**-20},
    **{"w": 1, "watt": 1, "watts": 1, "mw": 1e-3, "j": 1, "joule": 1, "joules": 1, "wh": 3600},
    **dict.fromkeys(("req/s", "reqs/s", "request/s", "requests/s", "req/sec", "requests/sec", "requests/second"), 1),
    **dict.fromkeys(("requests", "request", "per sec", "tokens/sec/user"), 1),
    "requests/min": 1 / 60,
    **dict.fromkeys(("%", "percent", "pct", "c", "°c", "celsius", "mhz", "x"), 1),
    "ghz": 1000,
}
FACTORS |= {"kwh": 3.6e6, "megabytes": 1e6 / 2**20, "samples/s": 1}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_VERDICT = re.compile("error|exception|fail|succe|ok", re.IGNORECASE)
_MARKDOWN_NUMBER = re.compile(rf"[~≈]?({_GROUPED.pattern}(?![0-9,])|{_NUMBER.pattern})")


class Row(NamedTuple):
    """What is checked of a row of the measurements table."""

    record: str
    metric: str
    value: float
    unit: str | None
    original_name: str
    original_unit: str | None


def by_file(measurements: "pd.DataFrame") -> dict[str, list[Row]]:
    """The rows of the measurements table, in their order."""
    rows: dict[str, list[Row]] = {}
    columns = (measurements[name].astype(object).where(measurements[name].notna(), None) for name in Row._fields)
    for path, *cells in zip(measurements["file"].tolist(), *columns, strict=True):
        rows.setdefault(path, []).append(Row(*cells))
    return rows


def complaints(raw: bytes, path: str, encoding: str, rows: Iterable[Row]) -> list[str]:
    """What is wrong with a file's rows; empty where every value stands in the file at its record."""
    rows = list(rows)
    text = decoded(raw, encoding)
    suffix = path.rpartition(".")[2].lower()
    if suffix == "csv":
        return min((_wrong(rows, _Csv(text, each)) for each in ",;\t|"), key=len)
    if suffix in ("json", "jsonl", "ndjson"):
        return _wrong(rows, _Json(text, lines=suffix != "json"))
    return _wrong(rows, _Markdown(text))


def decoded(raw: bytes, encoding: str) -> str:
    for mangled in (b"\xc3\xbf\xc3\xbe", b"\xc3\xbe\xc3\xbf"):
        if encoding.startswith("utf-16-"):
            raw = raw.removeprefix(mangled)
    if encoding.startswith("utf-16-"):
        raw = raw[: len(raw) // 2 * 2]
    return raw.decode(encoding, "ignore").lstrip("\ufeff")


def number_of(text: str, *, decimal_comma: bool = False) -> float | None:
    """The finite number that a text consists of."""
    text = text.strip()
    if decimal_comma and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


def _wrong(rows: list[Row], file: "_Csv | _Json | _Markdown") -> list[str]:
    wrong: list[str] = []
    for row in rows:
        failure = row.metric == FAILED and row.value == 1.0 and _VERDICT.search(row.original_name)
        if failure and file.says(row.record, row.original_name):
            continue
        # a format may imply the canonical unit
        factor = FACTORS[row.original_unit.lower()] if row.unit and row.original_unit else 1
        here = [*file.numbers(row.record, row.original_name)]
        if not any(math.isclose(row.value, number * factor, rel_tol=1e-12) for number in here):
            wrong.append(f"{row} where there is {here}")
    return wrong


def _shown(name: str) -> str:
    """As a table shows a name that is no UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()


class _Csv:
    """Rows by their number; one that can't be read is empty."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._comma = delimiter == ";"
        rows = [*csv_rows(text, delimiter)]
        self._header = [name.strip() for name in rows[0]] if rows else []
        self._rows = rows[1 + has_units(rows, decimal_comma=self._comma) :]
        self._tables = rows_by_table(rows)

    def _row(self, record: str) -> tuple[list[str], list[str]]:
        """The header and the cells of a row."""
        if found := re.fullmatch(r"row ([1-9][0-9]*)", record):
            place = int(found[1]) - 1
            return self._header, self._rows[place] if place < len(self._rows) else []
        if found := re.fullmatch(r"table ([1-9][0-9]*) row ([1-9][0-9]*)", record):
            number, place = int(found[1]), int(found[2])
            table = self._tables[number - 1] if number <= len(self._tables) else [[]]
            return table[0], table[place] if place < len(table) else []
        return [], []

    def _cells(self, record: str, name: str) -> list[str]:
        step, _, column = name.partition(" ")
        if "STEP" in self._header and column in self._header:  # a run has a row a step
            first, _, last = record.partition(" to ")
            places = range(*[int(row.removeprefix("row ")) + more for row, more in ((first, 0), (last or first, 1))])
            rows = [f"row {place}" for place in places]
            return [
                cell
                for row in rows
                if step in map(str.strip, self._cells(row, "STEP"))
                for cell in self._cells(row, column)
            ]
        header, row = self._row(record)
        if len(row) != len(header):
            return []
        named = [cell for title, cell in zip(header, row, strict=True) if title == name]
        # a row that is named in its first cell: 'Latency (ms) p99', or 'Requests' where it has one value
        of_label = [cell for title, cell in zip(header, row, strict=True) if f"{row[0]} {title}" == name]
        return named or of_label or (row[1:2] if row and row[0] == name else [])

    def numbers(self, record: str, name: str) -> Iterator[float]:
        for cell in self._cells(record, name):
            for comma in {False, self._comma}:
                if (value := number_of(cell, decimal_comma=comma)) is not None:
                    yield value

    def says(self, record: str, name: str) -> bool:
        """Whether a cell of this name, or a JSON object in one, can report a failure."""
        return any(map(str.strip, self._cells(record, name))) or any(
            f'"{name}"' in cell for title in self._header for cell in self._cells(record, title)
        )


def rows_by_table(rows: list[list[str]]) -> list[list[list[str]]]:
    """The tables of a file, with their headers: each but the first begins with a row that has a cell `Metric`."""
    tables: list[list[list[str]]] = []
    for place, row in enumerate(rows):
        if not place or "Metric" in row:
            tables.append([])
        if row:
            tables[-1].append(row)
    return tables


def csv_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """The header and the rows that are not blank; an unreadable one is empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = []
            yield row
        if any(cell.strip() for cell in row):
            yield row


def has_units(rows: list[list[str]], *, decimal_comma: bool = False) -> bool:
    """Whether the row under the header holds units: no number, and a known unit above one."""
    if len(rows) < 3 or any(number_of(cell, decimal_comma=decimal_comma) is not None for cell in rows[1]):
        return False
    below = [number_of(cell, decimal_comma=decimal_comma) for cell in rows[2]]
    return any(
        unit.strip().lower() in FACTORS and value is not None for unit, value in zip(rows[1], below, strict=False)
    )


class _Json:
    """Values by pointer, and by line and pointer."""

    def __init__(self, text: str, *, lines: bool) -> None:
        self._documents: dict[str, object] = {}
        if not lines:
            try:
                self._documents[""] = json.loads(text)
            except ValueError:
                self._documents[""] = _below_log(text)
                lines = self._documents[""] is None
        for place, line in enumerate(text.split("\n") if lines else [], start=1):
            try:
                self._documents[f"line {place}"] = json.loads(line)
            except (ValueError, RecursionError):
                continue

    def _values(self, record: str, name: str) -> Iterator[object]:
        line, slash, pointer = record.partition("/")
        if line not in self._documents:
            return
        document = self._documents[line]
        parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")] if slash else []
        if not pointer:  # '/' is the whole document
            yield from _at(document, [], "", name)
        if parts:
            yield from _at(document, parts, "", name)
        if "/" in name:  # the keys that lead from the record to the number
            *inner, last = (part.replace("~1", "/").replace("~0", "~") for part in name.split("/"))
            yield from _at(document, [*(part for part in parts if part), *inner], "", last)

    def numbers(self, record: str, name: str) -> Iterator[float]:
        for value in self._values(record, name):
            number = value
            if isinstance(value, str):
                number = number_of(value)
            if isinstance(number, int | float) and not isinstance(number, bool):
                try:
                    number = float(number)
                except OverflowError:
                    continue
                if math.isfinite(number):
                    yield number

    def says(self, record: str, name: str) -> bool:
        if any(value not in (None, "") for value in self._values(record, name)):
            return True
        line, slash, pointer = record.partition("/")
        place = self._documents.get(line)
        for escaped in [part for part in pointer.split("/") if part] if slash else []:
            part = escaped.replace("~1", "/").replace("~0", "~")
            if part == "*":
                break
            place = place[int(part)] if isinstance(place, list) else _field(place, part)[0]
        return f'"{name}"' in json.dumps(place, ensure_ascii=False)


def _in_columns(columns: list[object], parts: list[str]) -> Iterator[object]:
    """The place in each column that `*/3` or, if the lists stand in objects, `*/values/3` names."""
    for part in parts[:-1]:
        columns = [inner for column in columns for inner in _field(column, part)]
    for column in columns if parts else []:
        if isinstance(column, list) and parts[-1].isdigit() and int(parts[-1]) < len(column):
            yield column[int(parts[-1])]
        yield from _field(column, parts[-1])


def _below_log(text: str) -> object:
    """The document that the rest of the text is from some line on; not the last one of several."""
    with contextlib.suppress(ValueError):
        json.loads(text.partition("\n")[0])
        return None
    for found in re.finditer(r"(?m)(?<=\n)^[{\[]", text):
        try:
            return json.loads(text[found.start() :])
        except ValueError as error:
            if "Extra data" in str(error):
                return None
    return None


def _field(content: object, name: str) -> list[object]:
    """The value of a key, in a list; a key may be shown otherwise than it is."""
    if not isinstance(content, dict):
        return []
    return [content[name]] if name in content else [value for key, value in content.items() if _shown(key) == name]


def _at(value: object, parts: list[str], above: str, name: str) -> Iterator[object]:
    """What a pointer and a name lead to from `value`, whose nearest key is `above`."""
    if not parts:
        if isinstance(value, dict):
            yield from _field(value, name)
        elif not isinstance(value, list) and _shown(above) == name:
            yield value
        return
    part, *rest = parts
    if isinstance(value, list):
        if part.isdigit() and int(part) < len(value):
            yield from _at(value[int(part)], rest, above, name)
        return
    if not isinstance(value, dict):
        return
    if part == "*":
        yield from _in_columns(_field(value, name), rest)
    titles, data = value.get("columns"), value.get("data")
    if part == "data" and len(rest) == 1 and isinstance(titles, list) and isinstance(data, list):
        row = data[int(rest[0])] if rest[0].isdigit() and int(rest[0]) < len(data) else []
        if isinstance(row, list) and len(row) == len(titles):
            yield from (cell for title, cell in zip(titles, row, strict=True) if _shown(str(title)) == name)
    for inner in _field(value, part):
        yield from _at(inner, rest, part, name)


class _Markdown:
    """Lines by number, and the cells of tables by table and row."""

    def __init__(self, text: str) -> None:
        self._lines = re.split(r"\r\n|\n|\r", text)
        self._tables: list[tuple[list[str], list[list[str]]]] = []
        hidden = self._hidden()
        shown = ["" if place in hidden else line for place, line in enumerate(self._lines)]
        place = self._front_matter_end()
        while place < len(shown):
            place += 1
            if not _is_rule(shown[place - 1], shown[place - 2] if place > 1 else ""):
                continue
            width = len(_split(shown[place - 1]))
            header = [_bare(cell) for cell in _split(shown[place - 2])][-width:] if place > 1 else []
            rows: list[list[str]] = []
            while place < len(shown) and "|" in shown[place] and not _is_rule(shown[place]):
                rows.append([_bare(cell) for cell in _split(shown[place])])
                place += 1
            self._tables.append((header, rows))

    def _front_matter_end(self) -> int:
        if self._lines[0].strip() != "---":
            return 0
        return next((at + 1 for at, line in enumerate(self._lines) if at and line.strip() == "---"), 0)

    def _hidden(self) -> set[int]:
        """Lines within code fences, with the fences."""
        hidden: set[int] = set()
        fence = ""
        for place, line in enumerate(self._lines):
            if place < self._front_matter_end():
                continue
            text = line.strip()
            run = text[: len(text) - len(text.lstrip(text[:1]))] if text[:1] in ("`", "~") else ""
            if fence:
                hidden.add(place)
                if run == text and run.startswith(fence):
                    fence = ""
            elif len(run) >= 3 and not (run[0] == "`" and "`" in line.lstrip()[len(run) :]):
                fence = run
                hidden.add(place)
        return hidden

    def _cells(self, record: str, name: str) -> Iterator[str]:
        if found := re.fullmatch(r"lines? ([1-9][0-9]*)(?:-([1-9][0-9]*))?", record):
            for place in range(int(found[1]) - 1, min(int(found[2] or found[1]), len(self._lines))):
                yield from _on_line(self._lines[place], name)
                yield from _in_fenced_row(self._lines, place, name)
        if found := re.fullmatch(r"table ([1-9][0-9]*) row ([1-9][0-9]*)", record):
            table, place = int(found[1]) - 1, int(found[2]) - 1
            header, rows = self._tables[table] if table < len(self._tables) else ([], [])
            row = rows[place] if place < len(rows) else []
            yield from (cell for title, cell in zip(header, row, strict=False) if title == name)
            if len(row) > 1 and row[0] == name and header[0].lower() in ("metric", "measure", "name"):
                yield row[1]

    def numbers(self, record: str, name: str) -> Iterator[float]:
        for cell in self._cells(record, name):
            found = _MARKDOWN_NUMBER.match(cell)
            if found and (value := number_of(found[1])) is not None:
                yield value
            if found and (spread := re.fullmatch(r"\s*(?:±|\+/?-)\s*([0-9]+(?:\.[0-9]+)?)", cell[found.end() :])):
                yield float(spread[1])
            if "m" in cell and re.fullmatch(r"(?:[0-9]+h)?(?:[0-9]+m)?[0-9.]+s", cell):  # 1m27.5s
                minutes, _, seconds = cell.rpartition("m")
                hours, _, minutes = minutes.rpartition("h")
                yield int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.rstrip("s"))

    def says(self, record: str, name: str) -> bool:
        return any(self._cells(record, name))


def _on_line(line: str, name: str) -> Iterator[str]:
    """What a line of text says under a name: `name: 5`, a column of SQL, or a step of Ollama's bench command."""
    for text in (line, re.sub(r"^\s*[-*+]\s", "", line)):
        key, _, value = text.partition(":")
        if _bare(key.strip("> ")) == name:
            yield _bare(value)
    if found := re.fullmatch(r"INSERT INTO \w+ \((.+?)\) VALUES \('(.+)'\);", line):
        columns = zip(found[1].split(", "), found[2].split("', '"), strict=False)
        yield from (value for title, value in columns if title == name)
    step, _, unit = name.partition(" ")
    if re.search(rf"/step={re.escape(step)}\s", line):
        yield from line.split()[1:2] if unit == "count" else re.findall(rf"([0-9.]+)\s+{re.escape(unit)}", line)


def _in_fenced_row(lines: list[str], place: int, name: str) -> Iterator[str]:
    """The cells under a header of the table that a line belongs to."""
    rule = place
    while rule and "|" in lines[rule] and not _is_rule(lines[rule], lines[rule - 1]):
        rule -= 1
    if rule and rule < place and "|" in lines[rule]:
        header = [_bare(cell) for cell in _split(lines[rule - 1])]
        yield from (_bare(cell) for title, cell in zip(header, _split(lines[place]), strict=False) if title == name)


def _is_rule(line: str, header: str = "") -> bool:
    """One dash a cell is enough below a header."""
    cells = _split(line)
    dashes = "-+" if len(_split(header)) == len(cells) else "--+"
    return "|" in line and len(cells) > 1 and all(re.fullmatch(f":?{dashes}:?", cell) for cell in cells)


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", re.sub(r"^\||\|$", "", line.strip()))]


def _bare(text: str) -> str:
    return text.strip().strip("*`_ ").replace("\\|", "|")


def count_csv(text: str, delimiter: str) -> int:
    """Numeric cells below the header and the units row, in rows of any length."""
    rows = [*csv_rows(text, delimiter)]
    comma = delimiter == ";"
    body = rows[1 + has_units(rows, decimal_comma=comma) :]
    return sum(number_of(cell, decimal_comma=comma) is not None for row in body for cell in row)


def count_json(value: object) -> int:
    """Numeric leaves: finite numbers, neither truth values nor numbers in texts."""
    if isinstance(value, dict):
        return sum(map(count_json, value.values()))
    if isinstance(value, list):
        return sum(map(count_json, value))
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
