"""Tables in HTML, whole pages or what a Markdown page has of it, as rows of texts: spans are filled in.

Text that is raised, struck out or not shown is left out: `45.2<sup>1</sup>` is not 45.21.
"""

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import NamedTuple

from chimera_dagster.ingest.cells import number_in

_MOST_COLUMNS, _MOST_CELLS = 500, 200_000  # a span of a million columns is not one of a table of results
_HIDDEN = frozenset({"sup", "del", "s", "strike", "script", "style", "svg", "template", "select", "button"})
_HEADING = re.compile(r"h[1-6]")
_APART = frozenset({"br", "p", "div", "li"})
_MARK = re.compile(r"</?table\b", re.IGNORECASE)
_BREAK = "\v"  # of a line, as it is shown
_SPACE = re.compile(r"\s+")


class Grid(NamedTuple):
    """A table: its first line (from 0), its caption, the rows of its header, and those below.

    `titles` has the places of rows that are one cell over all columns.
    """

    line: int
    caption: str
    header: list[list[str]]
    rows: list[list[str]]
    titles: frozenset[int]


class Title(NamedTuple):
    """A heading of a page: its line (from 0), its level and its text."""

    line: int
    level: int
    text: str


class _Cell(NamedTuple):
    parts: list[str]
    is_header: bool
    rows: int
    columns: int


class _Table:
    """A table that is being read."""

    def __init__(self, line: int) -> None:
        self.line, self.caption, self.rows, self.heads = line, list[str](), list[list[_Cell]](), 0
        self.in_head, self.text = False, self.caption


class _Parser(HTMLParser):
    """Collects the tables and headings of a page, tables in the order in which they end."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self.found: list[Grid | Title] = []
        self._first, self._open, self._hidden = first, list[_Table](), list[str]()
        self._title: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        line = self._first + self.getpos()[0] - 1
        table = self._open[-1] if self._open else None
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag == "table":
            self._open.append(_Table(line))
        elif table is None:
            if _HEADING.fullmatch(tag):
                self._title = []
        elif tag == "thead":
            table.in_head = True
        elif tag == "tbody":
            table.in_head = False
        elif tag == "tr":
            table.rows.append([])
            table.heads += table.in_head
        elif tag in ("td", "th"):
            self._hidden.clear()
            said = dict(attrs)
            cell = _Cell([], tag == "th", _span(said.get("rowspan")), _span(said.get("colspan")))
            if not table.rows:
                table.rows.append([])
            table.rows[-1].append(cell)
            table.text = cell.parts
        elif tag == "caption":
            table.text = table.caption
        elif tag in _APART:
            table.text.append(_BREAK)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        elif tag == "table" and self._open:
            self.found += _grid(self._open.pop())
        elif tag == "thead" and self._open:
            self._open[-1].in_head = False
        elif self._title is not None and _HEADING.fullmatch(tag):
            text = _SPACE.sub(" ", "".join(self._title)).strip()
            self.found.append(Title(self._first + self.getpos()[0] - 1, int(tag[1]), text))
            self._title = None

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._open:
            self._open[-1].text.append(data.replace(_BREAK, " "))
        elif self._title is not None:
            self._title.append(data)


def tables_and_titles(text: str, first: int = 0) -> list[Grid | Title]:
    """The tables and headings of HTML in the order of their lines; `first` is the place of the text's first line.

    Tables within cells of others are apart. One without a row below its header is left out.
    """
    parser = _Parser(first)
    parser.feed(text)
    parser.close()
    return sorted(parser.found, key=lambda found: found.line)


def ends_of_html(lines: Sequence[str]) -> dict[int, int]:
    """By the place of a line on which tables begin, the place after the line on which the last of them ends.

    A table that does not end is not there.
    """
    ends, opened = dict[int, int](), list[int]()
    for place, line in enumerate(lines):
        for mark in _MARK.findall(line) if "<" in line else ():
            if mark[1] != "/":
                opened.append(place)
            elif opened:
                ends[opened.pop()] = place + 1
    return ends


def _span(said: str | None) -> int:
    return min(int(said), _MOST_COLUMNS) if said and said.isascii() and said.isdigit() and int(said[:6]) else 1


def _grid(table: _Table) -> list[Grid]:
    """The table with every cell where it is shown."""
    filled = _filled(table.rows)
    width = max(map(len, filled), default=0)
    rows = [row + [""] * (width - len(row)) for row in filled]
    heads = table.heads or next(
        (at for at, row in enumerate(table.rows) if not all(cell.is_header for cell in row)), len(rows)
    )
    heads = max(heads, 1)
    below = [row for row in rows[heads:] if any(row)]
    if width < 2 or not below:
        return []
    kept = [at for at in range(heads, len(rows)) if any(rows[at])]
    titles = {at for at, row in enumerate(kept) if len(table.rows[row]) == 1 and len({*rows[row]}) == 1}
    return [Grid(table.line, _said("".join(table.caption)), rows[:heads], below, frozenset(titles))]


def _filled(rows: Sequence[Sequence[_Cell]]) -> list[list[str]]:
    """The texts of the cells; that of a cell over several rows or columns stands in each of them."""
    reaching: dict[int, tuple[int, str]] = {}  # by column: into how many rows more, and which text
    found, count = list[list[str]](), 0
    for row in rows:
        texts = {column: text for column, (_, text) in reaching.items()}
        reaching = {column: (left - 1, text) for column, (left, text) in reaching.items() if left > 1}
        column = 0
        for cell in row:
            while column in texts:
                column += 1
            text = _said("".join(cell.parts))
            for place in range(column, min(column + cell.columns, _MOST_COLUMNS)):
                texts.setdefault(place, text)
                if cell.rows > 1:
                    reaching[place] = (cell.rows - 1, text)
            column += cell.columns
        found.append([texts.get(place, "") for place in range(max(texts, default=-1) + 1)])
        count += len(found[-1])
        if count > _MOST_CELLS:
            break
    return found


def _said(text: str) -> str:
    """A text as it is shown, on one line; two numbers below each other do not become one."""
    parts = [part for part in (_SPACE.sub(" ", part).strip() for part in text.split(_BREAK)) if part]
    numbers = sum(number_in(part.partition(" ")[0]) is not None for part in parts)
    return (" / " if numbers > 1 else " ").join(parts)
