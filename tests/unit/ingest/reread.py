"""Whether the rows of the measurements table stand in their file, by parsing that shares no code with the readers.

A value that was computed must follow from others of its record. The words 'row 3', 'table 2 row 3', 'line 12',
'lines 3-9', 'row 2 to row 6' and a JSON pointer are all that is taken from them; what a record is, is worked out anew
with csv, json and re.
"""

import ast
import csv
import io
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
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
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60_000),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600_000),
    **dict.fromkeys(
        (
            f"{what}{per}{second}"
            for what in ("tok", "toks", "token", "tokens", "t", "req", "reqs", "request", "requests")
            for per in ("/", "_", "_per_", " per ")
            for second in ("s", "sec", "second")
        ),
        1,
    ),
    **dict.fromkeys(("tok/s/user", "tokens/s/user", "tokens/sec/user", "rps", "requests", "request", "token(s)"), 1),
    **dict.fromkeys(("tps", "tokens", "token", "tok", "chars", "characters", "mib", "mb"), 1),
    **{"tib": 2**20, "tb": 2**20, "kw": 1000, "kwh": 3_600_000, "kj": 1000, "mj": 1e-3, "percentage": 1},
    **{"gib": 1024, "gb": 1024, "kib": 2**-10, "kb": 2**-10, "bytes": 2**-20, "byte": 2**-20},
    **{"w": 1, "watt": 1, "watts": 1, "mw": 1e-3, "j": 1, "joule": 1, "joules": 1, "wh": 3600},
    **dict.fromkeys(("req/s", "reqs/s", "request/s", "requests/s", "req/sec", "requests/sec", "requests/second"), 1),
    **dict.fromkeys(("requests", "request", "per sec", "tokens/sec/user"), 1),
    "requests/min": 1 / 60,
    **dict.fromkeys(("%", "percent", "pct", "c", "°c", "celsius", "mhz", "x"), 1),
    "ghz": 1000,
}
FACTORS |= {"share": 1, "kwh": 3.6e6, "megabytes": 1e6 / 2**20, "samples/s": 1}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_VERDICT = re.compile("error|exception|fail|succe|ok|status|outcome", re.IGNORECASE)

_ANSWER = re.compile("text|answer|response|output|content", re.IGNORECASE)


class Row(NamedTuple):
    """What is checked of a row of the measurements table."""

    record: str
    metric: str
    value: float
    unit: str | None
    original_name: str
    original_unit: str | None
    derived: str | None


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
    if suffix in ("csv", "tsv"):
        return min(map(_Tried(rows), _Csv.readings(text)), key=len)
    if suffix in ("json", "jsonl", "ndjson"):
        return _wrong(rows, _Json(text, lines=suffix != "json"))
    wrong = _wrong(rows, _Markdown(text))
    if wrong and '{"' in text:  # JSON of a known tool on lines of a page
        objects, page = _Json(text, lines=True), _Markdown(text)
        records = {row.record: [other for other in rows if other.record == row.record] for row in rows}
        return [each for found in records.values() if _wrong(found, objects) for each in _wrong(found, page)]
    return wrong


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
        if row.derived:
            wrong += [] if _follows(row, [other for other in rows if other.record == row.record]) else [f"{row}"]
            continue
        failure = row.metric == FAILED and row.value == 1.0 and _VERDICT.search(row.original_name)
        if failure and file.says(row.record, row.original_name):
            continue
        in_answer = row.metric == FAILED and row.value == 1.0 and _ANSWER.search(row.original_name)
        if in_answer and any(_VERDICT.search(text) for text in file.texts(row.record, row.original_name)):
            continue
        # a format may imply the canonical unit
        factor = FACTORS[row.original_unit.lower().partition(",")[0]] if row.unit and row.original_unit else 1
        factor /= 100 if row.unit == "share" and str(row.original_unit)[:1] in "%p" else 1
        here = [*file.numbers(row.record, row.original_name)]
        if not any(math.isclose(row.value, number * factor, rel_tol=1e-12) for number in here):
            wrong.append(f"{row} where there is {here}")
    return wrong


def _follows(computed: Row, record: list[Row]) -> bool:
    """Whether the value is what its formula gives for values that were read in its record."""
    metrics = dict.fromkeys(re.findall(r"[a-z]\w*", computed.derived or ""))
    parts = [[row for row in record if row.metric == metric and not row.derived] for metric in metrics]
    for chosen in itertools.product(*parts):
        values = {row.metric: row.value / 1000 if row.unit == "ms" else row.value for row in chosen}
        names = {row.metric: row.original_name for row in chosen}
        formula = compile(ast.parse(computed.derived, mode="eval"), "formula", "eval")
        value = eval(formula, {"__builtins__": {}}, values) * (1000 if computed.unit == "ms" else 1)
        named = re.sub(r"[a-z]\w*", lambda found, names=names: names[found[0]], computed.derived)
        if math.isclose(value, computed.value, rel_tol=1e-12) and named == computed.original_name:
            return True
    return False


def _shown(name: str) -> str:
    """As a table shows a name that is no UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()


class _Tried:
    """What is wrong with rows by one reading of a file; once nothing is, the other readings are not tried."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows, self._done = rows, False

    def __call__(self, file: "_Csv") -> list[str]:
        wrong = ["not tried"] * (len(self._rows) + 1) if self._done else _wrong(self._rows, file)
        self._done = self._done or not wrong
        return wrong


class _Csv:
    """Rows by their number below the header, which is `above` rows of the text; one that can't be read is empty."""

    _DEEPEST = 12

    def __init__(self, rows: list[list[str]], above: int, *, comments: bool = False) -> None:
        head = [[cell.strip() for cell in row] for row in rows[max(above - 3, 0) : above]]
        if len(head) > 1 and len(head[-1]) < len(head[-2]):
            head.pop()  # units, of the first columns
        if head and head[-1]:
            head[-1][0] = head[-1][0].lstrip("# ")
        width = len(head[-1]) if head else 0
        self._head = [row for row in head if len(row) == width]
        self._tables = rows_by_table(rows)
        body = rows[above:]
        self._rows = [
            row for row in body if comments or not (row and row[0].lstrip().startswith("#") and len(row) != width)
        ]

    @classmethod
    def readings(cls, text: str) -> Iterator["_Csv"]:
        """With every delimiter, and every number of rows that the header may have."""
        text = text.lstrip("\ufeff\r\n")
        stated = re.match(r'(?:#[^\r\n]*[\r\n]+)*"?sep=(.)"?[ \t]*[\r\n]+', text, re.IGNORECASE)
        comments = re.match(r"(?:#[^\r\n]*[\r\n]+)*", text)
        starts = {0, *([stated.end()] if stated else []), *([comments.end()] if comments else [])}
        lines = re.findall(r"#[^\r\n]*[\r\n]+", comments[0]) if comments else []
        for start in sorted(starts, reverse=True):
            for delimiter in stated[1] if stated else ",;\t|":
                rows = [*csv_rows(text[start:], delimiter)]
                for above in range(1, min(cls._DEEPEST, len(rows)) + 1):
                    if cls._may_be_above(rows, above):
                        yield cls(rows, above)
                yield cls(rows, 1, comments=True)  # which a known format may number
                if lines:
                    yield cls([*csv_rows(lines[-1].lstrip("# "), delimiter), *rows], 1)

    @staticmethod
    def _may_be_above(rows: list[list[str]], above: int) -> bool:
        """Whether the header can end there: it has no numbers, and what is over it is shorter, or ends in blanks."""
        over, header = rows[: above - 1], rows[above - 1]
        if any(number_of(cell) is not None for row in rows[1:above][-3:] for cell in row):
            return False
        titles = [row for row in over[:-2] if len(row) == len(header) and all(row[2:]) and len(row) > 2]
        return above == 1 or not titles

    def _levels(self, place: int, *, fill: bool = True) -> list[str]:
        """The texts above a column, from the top; a group may be written above the first of its columns only."""
        found = []
        for row in self._head[:-1]:
            filled = [cell for cell in row[: place + 1] if cell] if fill else [row[place]]
            found.append(filled[-1] if filled else "")
        return [*found, self._head[-1][place]]

    @cached_property
    def _names(self) -> list[set[str]]:
        """What each column may be called: some of the texts above it, with ` (2)` at a second one."""
        names = [set[str]() for _ in (self._head[-1] if self._head else [])]
        for fill in (True, False):
            seen = Counter[str]()
            for place, found in enumerate(names):
                levels = self._levels(place, fill=fill)
                masks = range(1, 1 << len(levels))
                some = [[text for at, text in enumerate(levels) if mask >> at & 1 and text] for mask in masks]
                called = {" ".join(texts) for texts in some} - {""}
                seen.update(called)
                found.update(called, (f"{name} ({seen[name]})" for name in called if seen[name] > 1))
        return names

    def _cells(self, record: str, name: str) -> Iterator[str]:
        step, _, column = name.partition(" ")
        if self._head and {"STEP", column} <= set(self._head[-1]):  # a run has a row a step
            first, _, last = record.partition(" to ")
            places = range(*[int(row.removeprefix("row ")) + more for row, more in ((first, 0), (last or first, 1))])
            for row in [f"row {place}" for place in places]:
                if step in map(str.strip, self._cells(row, "STEP")):
                    yield from self._cells(row, column)
            return
        if found := re.fullmatch(r"column ([1-9][0-9]*)", record):
            place, said = int(found[1]) - 1, name.strip()
            above = self._names[place] if place < len(self._names) else set[str]()
            for row in self._rows:
                label = row[0].strip() if row else ""
                named = said == label or said.startswith(f"{label} ") if label else said in above or not said
                if named and place < len(row):
                    yield row[place]
            return
        if found := re.fullmatch(r"table ([1-9][0-9]*) row ([1-9][0-9]*)", record):
            header, *rows = self._tables[int(found[1]) - 1] if int(found[1]) <= len(self._tables) else [[]]
            row = rows[int(found[2]) - 1] if int(found[2]) <= len(rows) else []
            # a row that is named in its first cell: 'Latency (ms) p99', or 'Requests' where it has one value
            for title, cell in zip(header, row, strict=False):
                if name in (title, f"{row[0]} {title}", row[0]):
                    yield cell
            return
        found = re.fullmatch(r"row ([1-9][0-9]*)(?: column ([1-9][0-9]*))?", record)
        if not found or int(found[1]) > len(self._rows):
            return
        row = self._rows[int(found[1]) - 1]
        if len(row) != len(self._head[-1] if self._head else []):
            return
        called = [place for place in range(len(row)) if name in self._names[place]]
        if found[2] and int(found[2]) <= len(row):
            group = {*self._levels(int(found[2]) - 1)} - {name}
            called = [place for place in called if group & {*self._levels(place)}]
        yield from (row[place] for place in called)
        others = [] if name in self._head[-1] else [place for place in range(len(row)) if place not in called]
        said = self._said_in(row, name) if others else []
        yield from (row[place] for place in others if self._is_called(place, name, said))

    def _said_in(self, row: list[str], name: str) -> list[tuple[int, str]]:
        """The cells of a row that a name holds, each with its place: as they are, and with the header before them."""
        texts = [(at, cell.strip()) for at, cell in enumerate(row) if cell.strip()]
        texts += [(at, f"{self._head[-1][at]} {cell.strip()}") for at, cell in enumerate(row)]
        return [(at, text) for at, text in texts if text in name]

    def _is_called(self, place: int, name: str, said: list[tuple[int, str]]) -> bool:
        """Whether a name is made of other cells of the row, and of what stands above the column."""
        around = ["", *(text for at, text in said if at != place)]
        above = ["", *(text for text in self._names[place] if text in name)]
        made = (filter(None, parts) for parts in itertools.product(around, above, around))
        return bool(name) and any(" ".join(parts) == name for parts in made)

    def numbers(self, record: str, name: str) -> Iterator[float]:
        for cell in self._cells(record, name):
            yield from quantities_of(cell)

    def texts(self, record: str, name: str) -> Iterator[str]:
        return self._cells(record, name)

    def says(self, record: str, name: str) -> bool:
        """Whether a cell of this name, or a JSON object in one, can report a failure."""
        found = re.match(r"row ([1-9][0-9]*)", record)
        row = self._rows[int(found[1]) - 1] if found and int(found[1]) <= len(self._rows) else []
        return any(map(str.strip, self._cells(record, name))) or any(f'"{name}"' in cell for cell in row)


def quantities_of(cell: str) -> set[float]:
    """The numbers that a cell with a number and perhaps a unit can be, with any mark for decimals and thousands."""
    text = cell.strip().replace("\N{MINUS SIGN}", "-").lstrip("~≈ ")
    found = re.match(r"[+-]?[0-9.,'\u2019\u00a0\u202f\u2009 ]*[0-9][.]?(?:[eE][+-]?[0-9]+)?", text)
    numbers = set[float]()
    for decimal, thousands in (".,", ",.") if found else ():
        whole = found[0].partition(decimal)[0]
        if thousands in found[0] and not re.search(rf"\{thousands}[0-9]{{3}}$", whole):
            continue
        plain = "".join(char for char in found[0] if char.isalnum() or char in f"+-{decimal}").replace(decimal, ".")
        value = number_of(plain)
        numbers |= set() if value is None else {value}
    seconds = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}
    parts = re.findall(r"([0-9.]+) *(ms|[dhms])[a-z]*", text.lower())
    if parts:
        numbers.add(sum(float(number) * seconds[unit] for number, unit in parts if number_of(number) is not None))
    if clock := re.fullmatch(r"(?:([0-9]+) days? )?(?:([0-9]+):)?([0-9]+):([0-9.]+)", text):
        days, hours, minutes, rest = (float(part or 0) for part in clock.groups())
        numbers.add(days * 86_400 + hours * 3_600 + minutes * 60 + rest)
    return numbers


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
                lines = True
                self._documents[""] = _before_the_cut(text)
        found = _among_text(text) if lines else {}
        if len(found) == 1:  # named as if nothing stood around it
            self._documents[""] = next(iter(found.values()))
        self._documents |= found
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
                yield from quantities_of(value)
                number = number_of(value)
            if isinstance(number, int | float) and not isinstance(number, bool):
                try:
                    number = float(number)
                except OverflowError:
                    continue
                if math.isfinite(number):
                    yield number

    def texts(self, record: str, name: str) -> Iterator[str]:
        return map(str, self._values(record, name))

    def says(self, record: str, name: str) -> bool:
        if any(value not in (None, "") for value in self._values(record, name)):
            return True
        line, slash, pointer = record.partition("/")
        place = self._documents.get(line)
        for escaped in [part for part in pointer.split("/") if part] if slash else []:
            part = escaped.replace("~1", "/").replace("~0", "~")
            if part == "*":
                break
            inner = place[int(part) :][:1] if isinstance(place, list) else _field(place, part)
            if not inner:
                return False
            place = inner[0]
        return f'"{name}"' in json.dumps(place, ensure_ascii=False)


def _in_columns(columns: list[object], parts: list[str]) -> Iterator[object]:
    """The place in each column that `*/3` or, if the lists stand in objects, `*/values/3` names."""
    for part in parts[:-1]:
        columns = [inner for column in columns for inner in _field(column, part)]
    for column in columns if parts else []:
        if isinstance(column, list) and parts[-1].isdigit() and int(parts[-1]) < len(column):
            yield column[int(parts[-1])]
        yield from _field(column, parts[-1])


def _before_the_cut(text: str) -> object:
    """What is whole in a document that breaks off: brackets are closed after the last value that something follows."""
    stack: list[str] = []
    kept = ""
    for found in re.finditer(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[{}\[\],]', text, re.DOTALL):
        mark = found[0]
        if mark in "{[":
            stack.append("}" if mark == "{" else "]")
        elif mark in "}]" and stack:
            stack.pop()
            kept = text[: found.end()] + "".join(reversed(stack))
        elif mark == ",":
            kept = text[: found.start()] + "".join(reversed(stack))
    try:
        return json.loads(kept)
    except (ValueError, RecursionError):
        return None


def _among_text(text: str) -> dict[str, object]:
    """Documents that begin on a line and end on one, by the line; one that breaks off ends the search."""
    found: dict[str, object] = {}
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        start = re.match(r"\s*(?=\[)|[^{[\"]*(?=\{)", lines[place])
        rest = "\n".join(lines[place:])
        place += 1
        if not start:
            continue
        try:
            document, end = json.JSONDecoder().raw_decode(rest, start.end())
        except json.JSONDecodeError as error:
            if error.pos >= len(lines[place - 1]) + (place < len(lines)):
                if whole := _before_the_cut(rest[start.end() :]):
                    found[f"line {place}"] = whole
                break
            continue
        except (ValueError, RecursionError):
            break
        if document and not rest[end:].partition("\n")[0].strip():
            found[f"line {place}"] = document
            place += rest[:end].count("\n")
    return found


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
    titles = next((value[key] for key in ("columns", "headers", "header") if key in value), None)
    data = value.get(part)
    if part in ("data", "rows") and len(rest) == 1 and isinstance(titles, list) and isinstance(data, list):
        row = data[int(rest[0])] if rest[0].isdigit() and int(rest[0]) < len(data) else []
        if isinstance(row, list) and len(row) == len(titles):
            yield from (cell for title, cell in zip(titles, row, strict=True) if _shown(str(title)) == name)
    for inner in _field(value, part):
        yield from _at(inner, rest, part, name)


class _Table(NamedTuple):
    """A pipe table: its header, its rows cut to the header's width, and the places of their lines."""

    header: list[str]
    rows: list[list[str]]
    places: list[int]

    def cells(self, place: int | None, column: str, name: str) -> Iterator[str]:
        """The cells under a name in one row, or in a column; the first rows may belong to the header, as in CSV."""
        width = len(self.header)
        whole = [at for at, row in enumerate(self.rows) if len(row) >= width > 0]  # the others are no rows of it
        nth = whole.index(place) if place in whole else None
        for above in range(1, min(4, len(whole) + 1)):
            if place is None or (nth is not None and nth + 2 > above):
                at = column.strip() if nth is None else f"row {nth + 2 - above}{column}"
                table = _Csv([self.header, *(self.rows[at][:width] for at in whole)], above, comments=True)
                for called in {name, name.lstrip("# ")}:
                    yield from table._cells(at, called)
        row = [] if place is None else self.rows[place]
        if len(row) > 1 and row[0] == name and self.header[:1] and self.header[0].lower() in _LABELS:
            yield row[1]


_LABELS = ("metric", "measure", "name")


def _tables_of(lines: list[str], first: int = 0) -> list[_Table]:
    """The tables in some lines, whose first one has the place `first`."""
    tables: list[_Table] = []
    at = 0
    while at < len(lines):
        at += 1
        if not _is_rule(lines[at - 1], lines[at - 2] if at > 1 else ""):
            continue
        is_grid = _is_grid(lines[at - 1])
        width = len(_split(lines[at - 1].replace("+", "|")))
        header = [_bare(cell) for cell in _split(lines[at - 2])][-width:] if at > 1 else []
        table = _Table(header, [], [])
        while at < len(lines):
            if not (is_grid and _is_grid(lines[at])):
                if "|" not in lines[at] or _is_rule(lines[at]):
                    break
                table.rows.append([_bare(cell) for cell in _split(lines[at])])
                table.places.append(first + at)
            at += 1
        tables.append(table)
    return tables


class _Markdown:
    """Lines by number, and the cells of tables by table and row."""

    def __init__(self, text: str) -> None:
        self._lines = [_without_boxes(line) for line in re.split(r"\r\n|\n|\r", text)]
        blocks = self._fences()
        hidden = {place for block in blocks for place in block}
        shown = ["" if place in hidden else line for place, line in enumerate(self._lines)]
        begin = self._front_matter_end()
        self._tables = _tables_of(shown[begin:], begin)
        self._fenced = [
            table for block in blocks for table in _tables_of(self._lines[block.start : block.stop], block.start)
        ]

    def _front_matter_end(self) -> int:
        if self._lines[0].strip() != "---":
            return 0
        return next((at + 1 for at, line in enumerate(self._lines) if at and line.strip() == "---"), 0)

    def _fences(self) -> list[range]:
        """The lines of code fences, with the fences."""
        blocks: list[range] = []
        fence, start = "", 0
        for place, line in enumerate(self._lines):
            if place < self._front_matter_end():
                continue
            text = line.strip()
            run = text[: len(text) - len(text.lstrip(text[:1]))] if text[:1] in ("`", "~") else ""
            if fence:
                if run == text and run.startswith(fence):
                    blocks.append(range(start, place + 1))
                    fence = ""
            elif len(run) >= 3 and not (run[0] == "`" and "`" in line.lstrip()[len(run) :]):
                fence, start = run, place
        return [*blocks, *([range(start, len(self._lines))] if fence else [])]

    def _cells(self, record: str, name: str) -> Iterator[str]:
        found = re.fullmatch(r"(.+?)( column [1-9][0-9]*)?", record)
        where, column = (found[1], found[2] or "") if found else ("", "")
        if found := re.fullmatch(r"lines? ([1-9][0-9]*)(?:-([1-9][0-9]*))?", where):
            places = range(int(found[1]) - 1, min(int(found[2] or found[1]), len(self._lines)))
            for place in places:
                yield from _on_line(self._lines[place], name)
            for table in self._fenced:
                rows = [at for at, place in enumerate(table.places) if place in places]
                whole = [None] if found[2] and column and rows else []  # a record that is a column
                for at in [*whole, *rows]:
                    yield from table.cells(at, column, name)
        if found := re.fullmatch(r"table ([1-9][0-9]*)(?: row ([1-9][0-9]*))?", where):
            tables = self._tables[int(found[1]) - 1 : int(found[1])]
            for table in tables:
                place = int(found[2]) - 1 if found[2] else None
                if place is None or place < len(table.rows):
                    yield from table.cells(place, column, name)

    def numbers(self, record: str, name: str) -> Iterator[float]:
        for cell in self._cells(record, name):
            yield from quantities_of(cell)
            yield from quantities_of(re.split(r"±|\+/?-", cell)[0])
            if spread := re.search(r"[0-9][^±]*?(?:±|\+/?-)\s*([0-9]+(?:[.,][0-9]+)*)", cell):
                yield from quantities_of(spread[1])

    def texts(self, record: str, name: str) -> Iterator[str]:
        return self._cells(record, name)

    def says(self, record: str, name: str) -> bool:
        return any(self._cells(record, name))


def _on_line(line: str, name: str) -> Iterator[str]:
    """What a line of text says under a name: `name: 5`, `name=5`, a column of SQL, or a step of Ollama's benchmark."""
    yield from re.findall(rf"(?<![\w.%/]){re.escape(name)} *=\s*([^\s=,;|]+)", line)
    for text in (line, re.sub(r"^\s*(?:[-*+]|[0-9]{1,3}[.)])\s", "", line)):
        for mark in (":", " = ", " =\t"):
            key, _, value = text.partition(mark)
            if name in (_bare(key), _bare(key.strip("> "))):
                yield _bare(value)
    if found := re.fullmatch(r"INSERT INTO \w+ \((.+?)\) VALUES \('(.+)'\);", line):
        columns = zip(found[1].split(", "), found[2].split("', '"), strict=False)
        yield from (value for title, value in columns if title == name)
    step, _, unit = name.partition(" ")
    if re.search(rf"/step={re.escape(step)}\s", line):
        yield from line.split()[1:2] if unit == "count" else re.findall(rf"([0-9.]+)\s+{re.escape(unit)}", line)


def _without_boxes(line: str) -> str:
    if not re.search("[─━═│┃║]", line):
        return line
    line = re.sub("[│┃║╎┊]", "|", re.sub("[─━═╌┄]", "-", line))
    return re.sub("[\u2500-\u257f]", "+", line)


def _is_grid(line: str) -> bool:
    return "+" in line and re.fullmatch(r"\s*[|+][-=:]+(?:[|+][-=:]+)*[|+]\s*", line) is not None


def _is_rule(line: str, header: str = "") -> bool:
    """One dash a cell is enough below a header."""
    if header and "|" in header and _is_grid(line):
        columns = re.split("[|+]", line.strip()[1:-1])
        return len(columns) == len(_split(header)) > 1
    if re.fullmatch(r"\s*\|\s*:?-+:?\s*\|\s*", line):
        return header.strip().startswith("|") and len(_split(header)) == 1
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
