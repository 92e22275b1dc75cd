"""JSON and JSON Lines: one record per object, named by its JSON pointer ('/' is the whole document).

A number in a list is a record of its own ('/ttfts/3'). If an object holds a table by columns, each row is a record
named '/*/3', in which '*' stands for the column. `json_shapes.py` says what the keys of an object are for.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple, cast

from chimera_dagster.ingest.cells import CONTAINERS, NUMBERS, plain_number
from chimera_dagster.ingest.collector import Added, Collector
from chimera_dagster.ingest.context import Context, described
from chimera_dagster.ingest.field_roles import FieldRoles
from chimera_dagster.ingest.formats.recognise import is_known, read_document
from chimera_dagster.ingest.json_beside import beside_model, beside_settings
from chimera_dagster.ingest.json_cut import breaks_off, whole_records
from chimera_dagster.ingest.json_keys import CHANGE, said_by_keys, with_said
from chimera_dagster.ingest.json_shapes import (
    Above,
    Columnar,
    Object,
    column_roles,
    columnar,
    number_roles,
    object_roles,
    shape_of,
    told,
    under,
)
from chimera_dagster.ingest.json_text import document_in, first_line_is_json, unique_keys
from chimera_dagster.ingest.json_wide import about_split, roles_of, wide_numbers, without
from chimera_dagster.ingest.json_wrapped import numbers_in, wrapped
from chimera_dagster.ingest.number_marks import Look, Problem, StreamNumbers, TextNumbers, make_plain, may_differ
from chimera_dagster.ingest.tables.variants import Split
from chimera_dagster.ingest.trial_reader import read_own
from chimera_dagster.ingest.unlisted_settings import settings_among, settings_of_objects

_FIRST_LINES = 200  # of JSON Lines, in which settings are looked for
_DEEPEST = 100  # levels of records: far below Python's recursion limit, which would stop in the middle of a record
# A document may follow a word of a log on its line; a quote there would be a key, of which the object is a part
_BEGINNING = re.compile(r'[ \t]*+(?=\[)|[^\n{\["]*+(?=\{)')
_END = re.compile(r"[ \t\r]*+(?:\n|\Z)")
_LOG_TAG = re.compile(r'\s*+\[[^\[\]{}",\n]*+\][ \t]*+[^\s,\]]')  # [info] ...
_MOST_PLACES = 3  # of text between documents that are named
_TOP = Above()


def read_json(text: str, collector: Collector, *, lines: bool = False) -> None:
    """Read one document, or with `lines` one per line; a document with data after its end is tried as lines.

    Text around documents, such as the log of the tool that wrote them, is left out and reported.

    A record inherits model, backend, parameters and so on from the objects around it. Records of a JSON Lines file, and
    of several documents in one text, are named 'line 3' and, inside the document, by their pointer: 'line 3/usage'.
    """
    text = text.lstrip("\ufeff")
    if lines:
        before = collector.problem_count
        if not _read_lines(text, collector):
            first_try, count = [*collector.problems], collector.problem_count
            collector.forget_problems(before)
            if not _read_among_text(text, collector):
                collector.problems[:], collector.problem_count = first_try, count
        return
    try:
        document = document_in(text, "", collector.problem)
        make_plain(text, [("", document)], collector)
        _read(document, "", collector, collector.context)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and first_line_is_json(text):
            _read_lines(text, collector)
        elif not (_may_hold_text(text, error) and _read_among_text(text, collector)) and not _read_cut(
            text, error, collector
        ):
            collector.problem(f"line {error.lineno}, column {error.colno}: {error.msg}")
    except ValueError as error:  # an integer of thousands of digits
        collector.problem(f"a value can't be read: {error}")
    except RecursionError:
        collector.problem("the document is nested too deeply")


def _read_lines(text: str, collector: Collector) -> int:
    """As `read_json_lines`, of lines that are all at hand."""
    lines = text.split("\n")
    if not may_differ(text):
        return read_json_lines(lines, collector, lambda *_: None)
    numbers = TextNumbers()
    for _ in _documents(lines, str, lambda _, __, document: numbers.learn(document)):
        pass
    return read_json_lines(lines, collector, lambda at, _, document: numbers.make_plain(document, at, collector))


def read_json_lines(lines: Iterable[str], collector: Collector, look: Look | None = None) -> int:
    """Read one document per line; returns how many could be read.

    A line that names a model and measures nothing, as a header does, describes the lines below it. `look` makes the
    numbers in the texts of a line plain; if it is None, each line is read by those before it.
    """
    context, documents = collector.context, 0
    every = _documents(lines, collector.problem, look or StreamNumbers(collector).look)
    first = [*islice(every, _FIRST_LINES)]
    above = Above(unlisted=settings_of_objects([document for _, document in first]) if len(first) > 1 else None)
    for number, document in chain(first, every):
        try:
            rows = _read(document, f"line {number}", collector, context, above)
        except (ValueError, RecursionError) as error:
            collector.problem(f"line {number}: {_fault(error)}")
            continue
        documents += 1
        if not rows and isinstance(document, dict):
            context = _header(cast("Object", document), context)
    return documents


def _documents(lines: Iterable[str], problem: Problem, look: Look) -> Iterator[tuple[int, object]]:
    """The documents, looked at, with the numbers of their lines; a line that can't be read is a problem."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            document = document_in(line, f"line {number}, ", problem)
        except json.JSONDecodeError as error:
            problem(f"line {number}: {error.msg} at column {error.colno}")
        except (ValueError, RecursionError) as error:
            problem(f"line {number}: {_fault(error)}")
        else:
            look(f"line {number}, ", line, document)
            yield number, document


def _fault(error: ValueError | RecursionError) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _read_cut(text: str, error: json.JSONDecodeError, collector: Collector) -> bool:
    """Read the whole records of a document that breaks off; False if it has another fault, or no whole record.

    A tool writes what its results are about anywhere in its document, so half of one is not read.
    """
    document = _whole_part(text, error, 0, collector)
    make_plain(text, [("", document)], collector)
    rows = 0 if document is None else _read(document, "", collector, collector.context)
    if rows:
        line = text.rstrip().count("\n") + 1
        collector.problem(f"the JSON breaks off in line {line}; only the records before that were read")
    return rows > 0


def _whole_part(text: str, error: json.JSONDecodeError, before: int, collector: Collector) -> object | None:
    """The whole records of a document that breaks off; `error` counts from `before` characters above it."""
    whole = whole_records(text) if breaks_off(text, error.pos - before, error.msg) else None
    try:
        document = None if whole is None else document_in(whole, "", collector.problem)
    except (ValueError, RecursionError):
        return None
    return None if is_known(document) else document


def _may_hold_text(text: str, error: json.JSONDecodeError) -> bool:
    """Whether text may stand around documents, rather than a mistake in the only one."""
    return error.msg == "Extra data" or text.lstrip()[:1] not in ("{", "[") or _LOG_TAG.match(text) is not None


def _read_among_text(text: str, collector: Collector) -> bool:
    """Read the documents between lines of text; False if there is none.

    A document begins on a line of its own, by which it is named if there are others. One that breaks off ends the
    search, as what is inside it would be read without what stands around it.
    """
    at, line = 0, 1
    documents: list[tuple[int, object]] = []  # with the lines on which they begin
    places: list[list[int]] = []  # first and last line of each piece of text
    broken = ""
    while at < len(text):
        next_line = text.find("\n", at) + 1 or len(text)
        try:
            found = _document_at(text, at, f"line {line}, ", collector)
        except json.JSONDecodeError as error:
            if error.pos >= next_line:
                broken = (
                    f"line {error.lineno}, column {error.colno}: {error.msg}, in the JSON that begins in line {line}"
                )
                if (rest := _whole_part(text[at:], error, at, collector)) is not None:
                    documents.append((line, rest))
                break
            found = None
        except (ValueError, RecursionError) as error:
            broken = f"line {line}: {_fault(error)}"
            break
        if found is not None:
            document, next_line = found
            documents.append((line, document))
        elif text[at:next_line].strip():
            if places and places[-1][1] == line - 1:
                places[-1][1] = line
            else:
                places.append([line, line])
        line += text.count("\n", at, next_line)
        at = next_line
    make_plain(text, [(f"line {line}, ", document) for line, document in documents], collector)
    for line, document in documents:
        _read(document, f"line {line}" if len(documents) > 1 else "", collector, collector.context)
    if documents and places:
        named = ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in places[:_MOST_PLACES])
        more = f" and {len(places) - _MOST_PLACES} other places" if len(places) > _MOST_PLACES else ""
        collector.problem(f"text around the JSON was left out: lines {named}{more}")
    if broken:
        collector.problem(broken)
    return bool(documents or broken)


def _document_at(text: str, at: int, where: str, collector: Collector) -> tuple[object, int] | None:
    """The document that begins on the line at `at`, and where the line after it begins; None if none is there alone."""
    begins = _BEGINNING.match(text, at)
    if begins is None:
        return None
    twice: list[str] = []
    decoder = json.JSONDecoder(object_pairs_hook=unique_keys(where, twice))
    document, stop = decoder.raw_decode(text, begins.end())
    end = _END.match(text, stop)
    if end is None or not document:
        return None
    for problem in twice:
        collector.problem(problem)
    return document, end.end()


def _header(document: Object, context: Context) -> Context:
    """The context of the lines below a line that holds no measured number."""
    keys = tuple(document)
    if not shape_of(keys).model:
        return context
    return described(object_roles(keys, Above(), None), [*document.values()], context, "json")


def _read(document: object, line: str, collector: Collector, context: Context, above: Above = _TOP) -> int:
    """Read a document; returns how many rows it gave. `above` says what holds for all documents of a file."""
    return _Walk(collector, line).value(document, "", "", context, above).rows


class _Subtree(NamedTuple):
    """How many rows a subtree gave, and how many settings in it no row shows."""

    rows: int
    unseen: int


class _Walk:
    """Records at and below a value; `line` stands before every pointer."""

    def __init__(self, collector: Collector, line: str) -> None:
        self._sheet, self._line, self._depth = collector, line, 0

    def value(self, value: object, pointer: str, key: str, context: Context, above: Above) -> _Subtree:
        """`key` is the nearest key above `value`."""
        if isinstance(value, CONTAINERS):
            if self._depth == _DEEPEST:
                self._sheet.problem(f"{self._at(pointer)[:200]}: nested too deeply")
                return _Subtree(0, 0)
            self._depth += 1
            if isinstance(value, dict):
                content = cast("Object", value)
                where, before = self._line + pointer, self._sheet.rows
                if not key and read_own(content, where, self._sheet):  # the document, or one in a list
                    below = _Subtree(0, 0)
                elif read_document(content, where, self._sheet, context):
                    below = _Subtree(self._sheet.rows - before, 0)
                else:
                    below = self._object(content, pointer, key, context, above)
            else:
                items = cast("list[object]", value)
                if len(items) > 1 and isinstance(items[0], dict):
                    above = above._replace(unlisted=settings_of_objects(items))
                rows = sum(
                    self.value(item, f"{pointer}/{at}", key, context, above).rows for at, item in enumerate(items)
                )
                below = _Subtree(rows, 0)
            self._depth -= 1
            return below
        if isinstance(value, NUMBERS) and not isinstance(value, bool):
            return _Subtree(self._number(value, pointer, key, context, above), 0)
        return _Subtree(0, 0)

    def _object(self, content: Object, pointer: str, key: str, context: Context, above: Above) -> _Subtree:
        nested = [(name, item) for name, item in content.items() if isinstance(item, CONTAINERS)]
        if nested and (table := columnar(content)):
            return self._table(table, pointer, context, above)
        if nested and (inner := wrapped(nested)):
            return self._wrapper(content, inner, pointer, context, above)
        return self._plain(content, nested, pointer, key, context, above)

    def _plain(
        self,
        content: Object,
        nested: Sequence[tuple[str, object]],
        pointer: str,
        key: str,
        context: Context,
        above: Above,
    ) -> _Subtree:
        keys = tuple(content)
        shape = shape_of(keys)
        if shape.tells:
            context, above = told(content, shape, key, context, above)
        totals = any(isinstance(item, list) and dict in map(type, cast("list[object]", item)) for _, item in nested)
        roles = object_roles(keys, above, self._implied(above, totals=totals))
        keyed = {} if above.attached else said_by_keys(content, key, above.name)
        wide = {} if above.attached or above.settings else wide_numbers(content)
        roles = without(roles, {*keyed, *wide}) if keyed or wide else roles
        nested = [(name, content[name]) for name in content if name in keyed or isinstance(content[name], CONTAINERS)]
        if nested and not above.attached:
            roles = beside_settings(roles, content)
        if nested and not shape.model and context.model_source in (None, "path"):
            roles = beside_model(roles, content)
        # a failure in an attached object was counted for the record around it
        added = self._record(pointer, roles, [*content.values()], context, fails=not above.attached)
        rows, unseen = added.rows + self._wide(wide, content, pointer, added.context, above), added.unseen
        if shape.statistic and isinstance(content[shape.statistic], NUMBERS):
            self._sheet.numbers += 1
            unseen += 1
        if shape.models and above.name:  # numbers of the metric above, by model
            nested = [
                (name, item) for name, item in content.items() if isinstance(item, CONTAINERS) or name in shape.models
            ]
        places = {name: place for place, name in enumerate(keys)}
        for name, item in nested:
            inner, lower = added.context, under(above, name)
            if isinstance(item, dict) and places[name] in roles.attached:
                lower = lower._replace(attached=True)
            if name in shape.models:
                inner = inner._replace(model=name, model_source="json")
            elif said := keyed.get(name):
                inner = with_said(inner, said)
                lower = lower._replace(settings=lower.settings or said is CHANGE)
            below = self.value(item, f"{pointer}/{_escaped(name)}", name, inner, lower)
            rows += below.rows
            unseen += below.unseen if lower.attached else 0
        if rows:
            self._sheet.covered += unseen
        return _Subtree(rows, 0 if rows else unseen)

    def _wide(self, wide: dict[str, Split], content: Object, pointer: str, context: Context, above: Above) -> int:
        """Numbers whose keys say what they are about; how many rows they gave."""
        rows = 0
        for name, split in wide.items():
            roles, about = roles_of(name, split, self._implied(above)), about_split(context, split)
            rows += self._record(f"{pointer}/{_escaped(name)}", roles, [content[name]], about).rows
        return rows

    def _wrapper(self, content: Object, inner: str, pointer: str, context: Context, above: Above) -> _Subtree:
        """An object with one of a known format in it, which says what the numbers around it are about.

        A number that both of them have is read once, and a condition as the known format has it.
        """
        roles = object_roles(tuple(content), above, self._implied(above))
        cells = [*content.values()]
        known, since = cast("Object", content[inner]), self._sheet.heads
        around = described(roles, cells, context, "json")
        rows = self.value(known, f"{pointer}/{_escaped(inner)}", inner, around, under(above, inner)).rows
        own = self._sheet.shared_context(since) or around
        copies = numbers_in(known)
        fields = tuple(field for field in roles.numbers if plain_number(cells[field.place]) not in copies)
        repeated = len(roles.numbers) - len(fields)
        self._sheet.numbers += repeated
        self._sheet.covered += repeated
        conditions = tuple(field for field in roles.conditions if field[0] not in dict(own.conditions))
        roles = roles._replace(numbers=fields, conditions=conditions)
        rows += self._record(pointer, roles, cells, own._replace(n=None)).rows
        for name, item in content.items():
            if name != inner and isinstance(item, CONTAINERS):
                rows += self.value(item, f"{pointer}/{_escaped(name)}", name, around, under(above, name)).rows
        return _Subtree(rows, 0)

    def _table(self, table: Columnar, pointer: str, context: Context, above: Above) -> _Subtree:
        """The rows of a columnar object, and before them what else it holds, which every row inherits."""
        implied = self._implied(above)
        roles = object_roles(tuple(table.others), above, implied)
        added = self._record(pointer, roles, [*table.others.values()], context)
        rows = added.rows
        settings = settings_among(table.names, (cells for _, cells in table.rows))
        columns = column_roles(table.names, above, implied, settings)
        for below, cells in table.rows:
            rows += self._record(f"{pointer}/{below}", columns, cells, added.context).rows
        nested = {key: item for key, item in table.others.items() if isinstance(item, CONTAINERS)}
        for key, item in nested.items():
            rows += self.value(item, f"{pointer}/{_escaped(key)}", key, added.context, under(above, key)).rows
        if rows:
            self._sheet.covered += added.unseen
        return _Subtree(rows, 0 if rows else added.unseen)

    def _number(self, value: object, pointer: str, key: str, context: Context, above: Above) -> int:
        return self._record(pointer, number_roles(key, above, self._implied(above)), [value], context).rows

    def _record(
        self, pointer: str, roles: FieldRoles, cells: Sequence[object], context: Context, *, fails: bool = True
    ) -> Added:
        return self._sheet.record(self._at(pointer), roles, cells, context, "json", fails=fails)

    def _implied(self, above: Above, *, totals: bool = False) -> str | None:
        """The aggregate that numbers have by their place."""
        return "summary" if self._sheet.summary else above.aggregate or ("sum" if totals else None)

    def _at(self, pointer: str) -> str:
        return f"{self._line}{pointer}" or "/"


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
