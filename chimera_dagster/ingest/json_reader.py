"""JSON and JSON Lines: one record per object, named by its JSON pointer ('/' is the whole document).

A number in a list is a record of its own ('/ttfts/3'). If an object holds a table by columns, each row is a record
named '/*/3', in which '*' stands for the column.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple, cast

from chimera_dagster.ingest import vocabulary
from chimera_dagster.ingest.cells import CONTAINERS, NUMBERS
from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.recognise import read_document
from chimera_dagster.ingest.trial_reader import read_own

# A cut string reaches to the end. Possessive, as backtracking over 8 MB would take a gigabyte of memory.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\(?:.|\Z)[^"\\]*+)*+(?:"|\Z)|[{}\[\],]', re.DOTALL)
_BRACKET_LINE = re.compile(r"(?<=\n)[{\[]")
_MOST_STARTS = 20  # lines at which a document below log lines is tried to begin
_DEEPEST = 100  # levels of records: far below Python's recursion limit, which would stop in the middle of a record

Object = dict[str, Any]


def read_json(text: str, collector: Collector, *, lines: bool = False) -> None:
    """Read one document, or with `lines` one per line; a document with data after its end is tried as lines.

    Lines above the document, such as those that a tool logs before its result, are left out and reported.

    A record inherits model, backend, parameters and so on from the objects around it. Records of a JSON Lines file
    are named 'line 3' and, inside the line, by their pointer: 'line 3/usage'.
    """
    if lines:
        _read_lines(text, collector)
        return
    try:
        _read(_document(text.lstrip("\ufeff"), "", collector), "", collector)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and _first_line_is_json(text):
            _read_lines(text, collector)
        elif start := _start_below_log(text):
            count = text.count("\n", 0, start)
            collector.problem(f"text above the JSON document was not read: it begins in line {count + 1}")
            _read(_document(text[start:], "", collector), "", collector)
        else:
            collector.problem(f"line {error.lineno}, column {error.colno}: {error.msg}")
    except ValueError as error:  # an integer of thousands of digits
        collector.problem(f"a value can't be read: {error}")
    except RecursionError:
        collector.problem("the document is nested too deeply")


def closed(text: str) -> str:
    """The longest beginning of a cut document that ends after a whole value, with its brackets closed.

    Not pydantic_core's `allow_partial`: it keeps half of a cut number, drops whatever follows the first document, and
    reads nothing if the text has a lone surrogate, which json accepts.
    """
    stack: list[str] = []  # what closes the open brackets
    end, still, closed_since = 0, 0, list[str]()  # of those open at `end`, the first `still` are open
    for token in _TOKEN.finditer(text):
        char = token[0]
        if char in "{[":
            stack.append("}" if char == "{" else "]")
        elif char in "}]" and stack:
            if len(stack) == still:
                still -= 1
                closed_since.append(stack[-1])
            stack.pop()
        elif char == ",":
            end, still = token.start(), len(stack)
            closed_since.clear()
    return text[:end] + "".join(closed_since) + "".join(reversed(stack[:still]))


def _first_line_is_json(text: str) -> bool:
    try:
        json.loads(text.lstrip("\ufeff \t\r\n").partition("\n")[0])
    except (ValueError, RecursionError):
        return False
    return True


def _start_below_log(text: str) -> int:
    """Where the document begins that the rest of the text is, if lines stand above it; 0 if there is none."""
    for found in islice(_BRACKET_LINE.finditer(text), _MOST_STARTS):
        try:
            json.loads(text[found.start() :])
        except json.JSONDecodeError as error:
            if error.msg == "Extra data":  # JSON Lines with a damaged line, of which this is not the last one
                return 0
            continue
        except (ValueError, RecursionError):
            continue
        return found.start()
    return 0


def _read_lines(text: str, collector: Collector) -> None:
    for number, line in enumerate(text.lstrip("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            _read(_document(line, f"line {number}, ", collector), f"line {number}", collector)
        except json.JSONDecodeError as error:
            collector.problem(f"line {number}: {error.msg} at column {error.colno}")
        except (ValueError, RecursionError) as error:
            collector.problem(f"line {number}: {error}")


def _document(text: str, where: str, collector: Collector) -> object:
    """The JSON document in `text`; if an object has a key twice, the last value is read and the key is reported."""

    def unique(pairs: list[tuple[str, object]]) -> Object:
        content = dict(pairs)
        if len(content) < len(pairs):
            for key, count in Counter(key for key, _ in pairs).items():
                if count > 1:
                    twice.append(f"{where}key {key!r} appears {count} times in one object, its last value was read")
        return content

    twice: list[str] = []
    document = json.loads(text, object_pairs_hook=unique)
    for problem in twice:
        collector.problem(problem)
    return document


def _read(document: object, line: str, collector: Collector) -> None:
    _Walk(collector, line).value(document, "", "", collector.context)


class _Subtree(NamedTuple):
    """How many rows a subtree gave, and how many settings in it no row shows."""

    rows: int
    unseen: int


class _Columnar(NamedTuple):
    """A table that an object holds by columns: its names, each row with its place below the object, and the rest."""

    names: tuple[str, ...]
    rows: Sequence[tuple[str, Sequence[Any]]]
    others: Object


class _Walk:
    """Records at and below a value; `line` stands before every pointer."""

    def __init__(self, collector: Collector, line: str) -> None:
        self._sheet, self._line, self._depth = collector, line, 0

    def value(self, value: object, pointer: str, name: str, context: Context, *, attached: bool = False) -> _Subtree:
        """`name` is the nearest key above `value`."""
        if isinstance(value, CONTAINERS):
            if self._depth == _DEEPEST:
                self._sheet.problem(f"{self._at(pointer)[:200]}: nested too deeply")
                return _Subtree(0, 0)
            self._depth += 1
            if isinstance(value, dict):
                content = cast("Object", value)
                where, before = self._line + pointer, self._sheet.rows
                if not name and read_own(content, where, self._sheet):  # the document, or one in a list
                    below = _Subtree(0, 0)
                elif read_document(content, where, self._sheet, context):
                    below = _Subtree(self._sheet.rows - before, 0)
                else:
                    below = self._object(content, pointer, name, context, attached=attached)
            else:
                items = enumerate(cast("list[object]", value))
                below = _Subtree(sum(self.value(item, f"{pointer}/{at}", name, context).rows for at, item in items), 0)
            self._depth -= 1
            return below
        if isinstance(value, NUMBERS) and not isinstance(value, bool):
            return _Subtree(self._add(pointer, (name,), [value], name, context).rows, 0)
        return _Subtree(0, 0)

    def _object(self, content: Object, pointer: str, name: str, context: Context, *, attached: bool) -> _Subtree:
        nested = [(key, item) for key, item in content.items() if isinstance(item, CONTAINERS)]
        if nested and (table := _columnar(content)):
            return self._table(table, pointer, name, context)
        above = any(isinstance(item, list) and dict in map(type, item) for _, item in nested)
        roles = self._sheet.roles(tuple(content), None, name, "sum" if above else None)
        # a failure in an attached object was counted for the record around it
        added = self._sheet.record(self._at(pointer), roles, [*content.values()], context, "json", fails=not attached)
        rows, unseen = added.rows, added.unseen
        for key, item in nested:
            inner = added.context
            role, _ = vocabulary.role_of(key)
            if ":" in key and role != "context" and _is_model(key):
                inner = inner._replace(model=key, model_source="json")
            below = self.value(item, f"{pointer}/{_escaped(key)}", key, inner, attached=role == "attached")
            rows += below.rows
            unseen += below.unseen if role == "attached" else 0
        if rows:
            self._sheet.covered += unseen
        return _Subtree(rows, 0 if rows else unseen)

    def _table(self, table: "_Columnar", pointer: str, name: str, context: Context) -> _Subtree:
        """The rows of a columnar object, and before them what else it holds, which every row inherits."""
        roles = self._sheet.roles(tuple(table.others), None, name)
        added = self._sheet.record(self._at(pointer), roles, [*table.others.values()], context, "json")
        rows = added.rows
        for below, cells in table.rows:
            rows += self._add(f"{pointer}/{below}", table.names, cells, name, added.context).rows
        nested = {key: item for key, item in table.others.items() if isinstance(item, CONTAINERS)}
        for key, item in nested.items():
            rows += self.value(item, f"{pointer}/{_escaped(key)}", key, added.context).rows
        if rows:
            self._sheet.covered += added.unseen
        return _Subtree(rows, 0 if rows else added.unseen)

    def _add(self, pointer: str, names: tuple[str, ...], cells: Any, parent: str, context: Context) -> Any:
        return self._sheet.record(self._at(pointer), self._sheet.roles(names, None, parent), cells, context, "json")

    def _at(self, pointer: str) -> str:
        return f"{self._line}{pointer}" or "/"


def _columnar(content: Object) -> _Columnar | None:
    """The table that an object holds by columns, or None.

    Lists of scalars, all of one length: one of their names must be in the vocabulary, or any two lists that happen to
    match would be a table. Objects with the same numbered keys, and `columns` beside `data`: as pandas writes them.
    """
    names, data = content.get("columns"), content.get("data")
    if isinstance(names, list) and isinstance(data, list) and names:
        rows = [(f"data/{place}", row) for place, row in enumerate(data) if _is_row(row, len(names))]
        if len(rows) == len(data):
            others = {key: value for key, value in content.items() if key not in ("columns", "data", "index")}
            return _Columnar(tuple(map(str, names)), rows, others)
    lists = {key: value for key, value in content.items() if isinstance(value, list)}
    height = len(next(iter(lists.values()))) if lists else 0
    if len(lists) > 1 and height > 1 and all(_is_row(column, height) for column in lists.values()):
        known = (vocabulary.is_metric(key) or vocabulary.role_of(key)[0] in ("parameter", "context") for key in lists)
        if any(known):
            rows = [(f"*/{place}", row) for place, row in enumerate(zip(*lists.values(), strict=True))]
            return _Columnar(tuple(lists), rows, {key: item for key, item in content.items() if key not in lists})
    first = next(iter(content.values()), None)
    if len(content) > 1 and isinstance(first, dict) and first and all(key.isdigit() for key in cast("Object", first)):
        keys = [*cast("Object", first)]
        if all(isinstance(column, dict) and [*column] == keys for column in content.values()):
            rows = [(f"*/{key}", [column[key] for column in content.values()]) for key in keys]
            return _Columnar(tuple(content), rows, {}) if all(_is_row(row, len(content)) for _, row in rows) else None
    return None


def _is_row(row: Any, width: int) -> bool:
    """Whether this is a list of `width` scalars."""
    if not isinstance(row, list | tuple) or len(row) != width:
        return False
    return not any(isinstance(cell, CONTAINERS) for cell in row)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _is_model(key: str) -> bool:
    """Whether a key is a model's tag, as in results that are grouped by model."""
    return "/" not in key and " " not in key and vocabulary.model_in_path(key) is not None
