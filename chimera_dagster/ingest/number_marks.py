"""Which mark separates decimals where no survey of a table looks: in texts of JSON, and in tables of known formats.

`1,234` is two numbers. `0,5` or `1,234,567` beside it says which of them it is, so it is decided by column: over all
values of a key, or all cells below a name. A text between whose numbers nothing decides is not read.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any, cast

from chimera_dagster.ingest.cells import CONTAINERS
from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.column_survey import may_be_numbers
from chimera_dagster.ingest.quantities import decimal_mark, is_two_ways, number_as

_LONGEST = 40  # characters of a number
# A text that begins with a number in which a comma stands, or two points: without one, a point is a point
_MAY_DIFFER = re.compile(r'"\s*+[+-]?\d++(?:\.\d++[.,]|,)\d')
_NUMBERS = re.compile(r"[+-]?\d[\d.,]*+")  # of `58,17 ± 4,40`
_MARKED = re.compile(r"\d,\d|\d\.\d{3}[.,]\d")
_QUOTED = re.compile(r'"[+-]?\d++(?:,|\.\d{3}[.,])\d|\d\.\d{3}\.\d')

Problem = Callable[[str], object]
Look = Callable[[str, str, object], object]  # takes the place of a document in words, its text, and itself
Rows = list[tuple[str, list[str]]]  # each with where it stands


def may_differ(text: str) -> bool:
    """Whether a JSON document may have texts whose marks must be looked at."""
    return _MAY_DIFFER.search(text) is not None


class TextNumbers:
    """The numbers that are texts in JSON documents, by the nearest key above them."""

    def __init__(self) -> None:
        self._marks: defaultdict[str, set[str]] = defaultdict(set)

    def learn(self, document: object) -> list[str]:
        """Note the marks in a document; returns the keys that have a decimal comma for the first time."""
        new: list[str] = []
        for holder, at, key in _texts(document):
            mark = decimal_mark(holder[at])
            if mark is not None and mark not in self._marks[key]:
                self._marks[key].add(mark)
                if mark == ",":
                    new.append(key)
        return new

    def contradict(self, key: str) -> None:
        """From now on, nothing decides between the two meanings of a text."""
        self._marks[key].add(".")

    def make_plain(self, document: object, where: str, collector: Collector) -> None:
        """Write the numbers in a document's texts with a decimal point; what can be read in two ways becomes null."""
        for holder, at, key in _texts(document):
            text: str = holder[at]
            plain = _plain(text, _comma(self._marks[key]))
            holder[at] = plain
            if plain is None:
                collector.problem(_two_ways(f"{where}{key}", text))
                collector.numbers += 1
                collector.unread[key] += 1


class StreamNumbers:
    """Numbers that are texts in JSON Lines of which only one is at hand: those before a line decide how it is read."""

    def __init__(self, collector: Collector) -> None:
        self._numbers, self._collector, self._found, self._first = TextNumbers(), collector, False, True

    def look(self, where: str, line: str, document: object) -> None:
        """Make a line plain. A decimal comma in another than the first line is a problem, as others came before it."""
        self._found = self._found or may_differ(line)
        if self._found:
            for key in self._numbers.learn(document):
                if not self._first:
                    self._numbers.contradict(key)
                    self._collector.problem(f"{where}{key}: a decimal comma, below numbers that were read without one")
            self._numbers.make_plain(document, where, self._collector)
        self._first = False


def make_plain(text: str, documents: Sequence[tuple[str, object]], collector: Collector) -> None:
    """Make all documents of a text plain, each with its place in words."""
    if not may_differ(text):
        return
    numbers = TextNumbers()
    for _, document in documents:
        numbers.learn(document)
    for where, document in documents:
        numbers.make_plain(document, where, collector)


def has_marks(text: str, delimiter: str) -> bool:
    """Whether a CSV file may have numbers with commas, or with two points; a comma between digits may end a cell."""
    return (_QUOTED if delimiter == "," else _MARKED).search(text) is not None


def plain_rows(header: Sequence[str], rows: Rows, problem: Problem, *, by_default: bool = False) -> Rows:
    """The rows of a table with a decimal point in every number.

    `by_default` says whether `1,234` has decimals if no number in the table decides.
    """
    if not any("," in cell or cell.count(".") > 1 for _, cells in rows for cell in cells):
        return rows
    marks = [set[str]() for _ in header]
    for _, cells in rows:
        if len(cells) == len(header):
            for found, cell in zip(marks, cells, strict=True):
                found.update(mark for number in _numbers_in(cell) if (mark := decimal_mark(number)))
    said = {mark for found in marks if len(found) == 1 for mark in found}
    default = said == {","} or (by_default and said != {"."})
    commas = [_comma(found, default=default) for found in marks]
    return [
        (where, _in_points(where, header, cells, commas, problem)) if len(cells) == len(header) else (where, cells)
        for where, cells in rows
    ]


def lose(
    collector: Collector,
    where: str,
    names: Sequence[str],
    cells: Sequence[str],
    lost: Sequence[int],
    damaged: Container[int] = (),
) -> None:
    """Count the numbers of a record that are left out, and report those that are not in a damaged column."""
    for place in lost:
        if place not in damaged:
            collector.problem(_two_ways(f"{where}, {names[place]}", cells[place]))
    collector.numbers += len(lost)
    collector.unread.update(names[place] for place in lost)


def _two_ways(where: str, cell: str) -> str:
    return f"{where}: {cell[:_LONGEST]!r} can be read in two ways"


def _in_points(
    where: str, header: Sequence[str], cells: list[str], commas: Sequence[bool | None], problem: Problem
) -> list[str]:
    written = [*cells]
    for at, (cell, comma) in enumerate(zip(cells, commas, strict=True)):
        if comma is None and any(map(is_two_ways, _numbers_in(cell))):
            problem(_two_ways(f"{where}, {header[at]}", cell))
            written[at] = ""
        elif comma is not False:
            written[at] = in_points(cell)
    return written


def in_points(cell: str) -> str:
    """A cell of a column with decimal commas, its numbers written with points: `58.17 ± 4.4`."""
    if not _numbers_in(cell):
        return cell
    return _NUMBERS.sub(lambda found: _plain(found[0], comma=True) or found[0], cell)


def _numbers_in(cell: str) -> list[str]:
    """The numbers of a cell that consists of them, perhaps with a spread and a unit; none of a text or a list."""
    begins = cell.lstrip()[:2].lstrip("+-~≈")[:1]
    return _NUMBERS.findall(cell) if begins.isdigit() and len(cell) <= _LONGEST else []


def _comma(marks: set[str], *, default: bool = False) -> bool | None:
    """Whether the comma separates decimals; None if cells contradict each other."""
    if not marks:
        return default
    return None if len(marks) > 1 else "," in marks


def _plain(text: str, comma: bool | None) -> str | None:
    """A text that is a number, with a decimal point; as it is if it is not one, None if it could be two."""
    if comma is None and is_two_ways(text):
        return None
    number = number_as(text, comma=bool(comma))
    return text if number is None or text.isdigit() else repr(number)


def _texts(document: object) -> Iterator[tuple[Any, Any, str]]:
    """Each text that may be a number, as its holder and its place there, with the nearest key above it."""
    waiting: list[tuple[object, str]] = [(document, "")]
    while waiting:
        holder, above = waiting.pop()
        is_list = isinstance(holder, list)
        if is_list:
            entries = enumerate(cast("list[object]", holder))
        else:
            entries = cast("dict[str, object]", holder).items() if isinstance(holder, dict) else ()
        for at, item in entries:
            key = above if is_list else str(at)
            if isinstance(item, CONTAINERS):
                waiting.append((item, key))
            elif isinstance(item, str) and _is_number(item) and may_be_numbers(key):
                yield holder, at, key


def _is_number(text: str) -> bool:
    return len(text) <= _LONGEST and text.strip()[-1:].isdigit() and number_as(text, comma=False) is not None
