"""Markdown: pipe tables ('table 2 row 3') and `key: value` list items ('line 12').

A page mostly repeats results that stand elsewhere, so its numbers are 'reported', not runs; a table that numbers its
runs (a column such as run, seed or timestamp) is read as a log of runs.
"""

import re
from typing import NamedTuple

from chimera_dagster.ingest import vocabulary
from chimera_dagster.ingest.cells import MISSING, number_in
from chimera_dagster.ingest.collector import Added, Collector
from chimera_dagster.ingest.formats.recognise import has_console_output, read_table, read_text
from chimera_dagster.ingest.remembered import remembered

_FENCE = re.compile(r"\s*+(?P<fence>`{3,}+(?=[^`]*+$)|~{3,}+)")
# Possessive throughout: a line of a million spaces or dashes must not be tried in every way
_RULE = re.compile(r"\s*+(?:\|\s*+)?+:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)++(?:\|\s*+)?+")
_ITEM = re.compile(r"\s*[-*+]\s+(?P<key>[^:|]{1,60}):\s*(?P<value>.+)")
_PIPE = re.compile(r"(?<!\\)\|")
_GLUED = re.compile(r"(?<!\s)\s++(?:#{1,6}\s|\|\s).*")
_PAIR = re.compile(r"(?P<key>[^:|\s][^:|]{0,59}):\s+(?P<value>.+)")
_SPREAD = r"(?:\s*+(?:±|\+/-)\s*+[\d.,]++)?+"
_VALUE = re.compile(
    rf"[~≈]?(?P<number>[+-]?[\d.,]++(?:[eE][+-]?\d++)?+)\**+{_SPREAD}"
    rf"(?P<apart>\s*+)(?P<unit>(?:(?!\+/-)[^\s\d(±*])*+){_SPREAD}\**+\s*+(?:\([^)]*+\))?+[^\w)%(.]*+"
)
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[A-Za-z]{1,12}")
_ABOVE, _BELOW = 50, 3  # lines around a block or a table that may say what it is about
_NAMES, _VALUES = {"metric", "measure", "name"}, {"value", "result"}


class _Quantity(NamedTuple):
    number: float
    unit: str | None


def read_markdown(text: str, collector: Collector) -> None:
    """Read the front matter, every table and list item outside code fences, and the output of known tools anywhere.

    A list item or a line of the front matter that names a model, a backend or a GPU holds for all that follows it.
    """
    written = lines_of(text)
    lines = [*written]
    page = _Page(collector, written)
    place = page.front_matter(lines)
    fences = _taken_fences(lines, place)
    console = lines if has_console_output(text) else []
    page.begin_section(place, console)
    while place < len(lines):
        line = lines[place]
        if place in fences:
            page.fence(fences[place], place)
        elif line.startswith("#"):
            page.begin_section(place + 1, console, line)
        if "|" in line and _is_rule(line, lines[place - 1] if place else ""):
            place = page.table(lines, place)
            continue
        if ":" in line and (item := _ITEM.fullmatch(line)):
            page.item(f"line {place + 1}", item["key"], item["value"])
        place += 1


def lines_of(text: str) -> list[str]:
    # str.splitlines also splits at characters at which no editor ends a line
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


class _Page:
    """Adds the records of one page; what the page says of its model and so on is kept for what follows."""

    def __init__(self, collector: Collector, lines: list[str]) -> None:
        self._sheet, self._context, self._tables, self._lines = collector, collector.context, 0, lines
        self._headings: list[tuple[int, str]] = []  # level and text, the nearest one first
        self._section = 0  # place of its first line

    def front_matter(self, lines: list[str]) -> int:
        """Read `key: value` lines between two lines of dashes at the top; returns the place after them, or 0."""
        if not lines or lines[0].strip() != "---":
            return 0
        end = next((place for place, line in enumerate(lines[1:], start=1) if line.strip() == "---"), 0)
        for place, line in enumerate(lines[1:end], start=2):
            if pair := _PAIR.fullmatch(line):
                self.item(f"line {place}", pair["key"], pair["value"])
        return end + 1 if end else 0

    def begin_section(self, place: int, console: list[str], heading: str = "") -> None:
        """Lines up to the next heading; `console` are those of the page if it has output of known tools."""
        self._section = place
        if heading:
            text = heading.lstrip("#")
            level = len(heading) - len(text)
            self._headings = [(level, text.strip("# ")), *(outer for outer in self._headings if outer[0] < level)]
        if console:
            rest = range(place, len(console))
            end = next((at for at in rest if console[at].startswith("#")), len(console))
            self._text(console[place:end], place, [])

    def fence(self, block: list[str], place: int) -> None:
        """Read a fenced block, whose first line is `place`, and tables in it, if they are the output of known tools."""
        if self._text(block, place, self._lines[max(self._section, place - _ABOVE) : place]):
            return
        for rule in [at for at, line in enumerate(block) if at and "|" in line and _is_rule(line, block[at - 1])]:
            rows = [(f"line {place + rule + at + 2}", cells) for at, cells in enumerate(_rows_below(block, rule))]
            self._known_table(_header_above(block, rule), rows, place + rule)

    def _text(self, lines: list[str], place: int, above: list[str]) -> bool:
        headings = [text for _, text in self._headings]
        return read_text(lines, place + 1, self._sheet, self._context, headings, above)

    def item(self, where: str, key: str, value: str) -> None:
        """One `key: value`; a context in it holds from now on."""
        key, value = _bare(key), _bare(_GLUED.sub("", value) if "|" in value or "#" in value else value)
        if _quantity(value) is None and vocabulary.role_of(key)[0] in ("number", "identifier", "parameter"):
            return
        added = self._pair(where, key, value)
        self._context = added.context._replace(prompt=None, parameters=(), labels=(), failed=False)

    def table(self, lines: list[str], rule: int) -> int:
        """Read the table whose rule (the line of dashes) is at `rule`; returns the place after the table.

        Text may be glued before the header and after the last row: the header is the last cells, a row the first.
        """
        self._tables += 1
        where = f"table {self._tables}"
        width = len(_cells(lines[rule]))
        header = _header_above(lines, rule)
        names = [vocabulary.normal(name)[0] for name in header]
        pairs = len(names) >= 2 and names[0] in _NAMES and names[1] in _VALUES
        log = any(name in vocabulary.vocabulary().run_columns for name in names)
        if len(header) < width:
            self._sheet.problem(f"{where}, line {rule + 1}: a header of {width} cells is expected above")
        rows = _rows_below(lines, rule)
        named = [(f"{where} row {number}", cells) for number, cells in enumerate(rows, start=1)]
        if len(header) == width and self._known_table(header, named, rule):
            return rule + 1 + len(rows)
        for at, cells in named:
            if beyond := sum(_quantity(cell) is not None for cell in cells[width:]):
                self._sheet.numbers += beyond
                self._sheet.problem(f"{at} has {len(cells)} cells, the header has {width}")
            if len(cells) < width or len(header) < width:
                self._sheet.numbers += sum(_quantity(cell) is not None for cell in cells[:width])
                if len(header) == width:
                    self._sheet.problem(f"{at} has {len(cells)} cells, the header has {width}")
            elif pairs:
                self._pair(at, cells[0], cells[1])
            else:
                self._add(at, header, cells[:width], log=log)
        return rule + 1 + len(rows)

    def _known_table(self, header: tuple[str, ...], rows: list[tuple[str, list[str]]], rule: int) -> bool:
        end = rule + 1 + len(rows)
        above = self._lines[max(self._section, rule - _ABOVE) : max(rule - 1, 0)]
        below = self._lines[end : end + _BELOW]
        return read_table(header, lambda: rows, self._sheet, self._context, _number, above, below)

    def _pair(self, where: str, key: str, value: str) -> Added:
        return self._add(where, (key,), [value], log=False)

    def _add(self, where: str, names: tuple[str, ...], cells: list[str], *, log: bool) -> Added:
        units = tuple([quantity and quantity.unit for quantity in map(_quantity, cells)])
        roles = self._sheet.roles(names, units, "", None if log else "reported")
        return self._sheet.record(where, roles, cells, self._context, "column", _number, fails=log)


def _header_above(lines: list[str], rule: int) -> tuple[str, ...]:
    width = len(_cells(lines[rule]))
    return tuple(map(_bare, _cells(lines[rule - 1])[-width:])) if rule else ()


def _rows_below(lines: list[str], rule: int) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in lines[rule + 1 :]:
        if "|" not in line or _is_rule(line):
            break
        rows.append([_bare(cell) for cell in _cells(line)])
    return rows


def _is_rule(line: str, header: str = "") -> bool:
    """Whether this is a line of dashes; cells of one dash may hold no value instead, unless a header stands above."""
    if "-" not in line or not _RULE.fullmatch(line):
        return False
    return all("--" in cell for cell in _cells(line)) or len(_cells(header)) == len(_cells(line)) > 1


def _taken_fences(lines: list[str], start: int) -> dict[int, list[str]]:
    """Code fences by the place of their first line; their lines become empty, so that line numbers stay."""
    fences: dict[int, list[str]] = {}
    inside, opened = "", start
    for place in [at for at in range(start, len(lines)) if "```" in lines[at] or "~~~" in lines[at]]:
        if not (found := _FENCE.match(lines[place])):
            continue
        fence = found["fence"]
        if not inside:
            inside, opened = fence, place
        elif fence.startswith(inside) and lines[place].strip() == fence:
            fences[opened] = lines[opened : place + 1]
            lines[opened : place + 1] = [""] * (place + 1 - opened)
            inside = ""
    if inside:
        fences[opened] = lines[opened:]
        lines[opened:] = [""] * (len(lines) - opened)
    return fences


def _cells(line: str) -> list[str]:
    text = line.strip()
    text = text.removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in (_PIPE.split(text) if "\\" in text else text.split("|"))]


def _bare(text: str) -> str:
    return text.strip().strip("*`_ ").replace("\\|", "|")


@remembered(maxsize=10_000)
def _number(cell: str) -> float | None:
    quantity = _quantity(cell)
    return quantity.number if quantity else None


@remembered(maxsize=10_000)
def _quantity(cell: str) -> _Quantity | None:
    """A number, perhaps with a unit and its spread: '99 ± 1 ms'; None for any other text, such as '102 @ 5'.

    A word that the vocabulary does not know counts as a unit if a space separates it from the number: '12 widgets'.
    """
    found = None if cell.lower() in MISSING or not _DIGIT.search(cell) else _VALUE.fullmatch(cell)
    if not found:
        return None
    number, unit = number_in(found["number"]), found["unit"]
    if number is None or (unit and not (vocabulary.is_unit(unit) or (found["apart"] and _WORD.fullmatch(unit)))):
        return None
    return _Quantity(number, unit or None)
