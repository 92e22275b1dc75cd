"""Tables of a page, in whatever notation: found, named by where they stand, and read as a known tool's or as any other.

The notations are pipes, HTML, columns told apart by spaces, and CSV in a fence.
"""

import csv
from collections.abc import Sequence

from chimera_dagster.ingest.aligned_tables import aligned_table
from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.recognise import read_table
from chimera_dagster.ingest.html_tables import Grid, tables_and_titles
from chimera_dagster.ingest.markdown_lines import (
    ITEM,
    LONGEST_LINE,
    bare,
    end_of_table,
    header_above,
    number_of,
    quantity_of,
    rows_below,
    width_of,
)
from chimera_dagster.ingest.markdown_rows import Rows, TextTable, add_rows
from chimera_dagster.ingest.markdown_sections import Sections
from chimera_dagster.ingest.number_marks import plain_rows
from chimera_dagster.ingest.tables.subjects import subject_of

_BELOW = 3  # lines below a table that may say what it is about


class Tables:
    """Reads the tables of one page; those outside of fences are counted."""

    def __init__(self, sheet: Collector, sections: Sections) -> None:
        self._sheet, self._sections, self._count = sheet, sections, 0

    def pipes(self, lines: list[str], rule: int) -> int:
        """Read the table whose rule (the line of dashes) is at `rule`; returns the place after the table.

        Text may be glued before the header and after the last row: the header is the last cells, a row the first.
        """
        self._count += 1
        where = f"table {self._count}"
        width, header = width_of(lines[rule]), header_above(lines, rule)
        if len(header) < width:
            self._sheet.problem(f"{where}, line {rule + 1}: a header of {width} cells is expected above")
        rows = [*rows_below(lines, rule)]
        after = end_of_table(lines, rows[-1][0] + 1) if rows else rule + 1
        named = [(f"{where} row {number}", cells) for number, (_, cells) in enumerate(rows, start=1)]
        if len(header) < width:
            self._sheet.numbers += sum(quantity_of(cell) is not None for _, cells in named for cell in cells)
        elif not self._known(header, named, rule):
            caption = _caption(lines, rule)
            self._add(where, header, named, self._sections.captioned(caption), caption)
        return after

    def pipes_in_fence(self, block: list[str], at: int, place: int, *, is_code: bool) -> int:
        """Read the table whose rule is at `at` of a fenced block, which begins at `place`; returns the place after it.

        In code only those of known tools are read.
        """
        rows = [*rows_below(block, at)]
        named = [(f"line {place + below + 1}", cells) for below, cells in rows]
        header = header_above(block, at)
        if not self._known(header, named, place + at) and not is_code:
            where = f"lines {place + at}-{place + at + 1 + len(rows)}"
            self._add(where, header, named, self._sections.context)
        return end_of_table(block, rows[-1][0] + 1) if rows else at + 1

    def html(self, lines: list[str], place: int, end: int | None) -> int:
        """Read the HTML tables on the lines from `place` to before `end`; returns the place after them."""
        if end is None:
            self._sheet.problem(f"line {place + 1}: a table in HTML that does not end is not read")
            return place + 1
        for found in tables_and_titles("\n".join(lines[place:end]), place):
            if isinstance(found, Grid):
                self.grid(found)
        return end

    def grid(self, grid: Grid) -> None:
        """Read an HTML table; a row that is a single cell says what the rows below it are about."""
        self._count += 1
        where = f"table {self._count}"
        header, *others = grid.header
        titles = {at: subject_of(grid.rows[at][0]) for at in grid.titles}
        kinds = {kind for kind, _ in titles.values()}
        named = [("header", cells) for cells in others]
        if kinds:
            about = kinds.pop() if len(kinds) == 1 else "section"
            header, named = [*header, about], [(at, [*cells, about]) for at, cells in named]
        above = ""
        for at, cells in enumerate(grid.rows):
            if at in titles:
                above = titles[at][1]
            else:
                named.append((f"{where} row {at + 1}", [*cells, above] if titles else cells))
        names = tuple(map(bare, header))
        named = [(at, [*map(bare, cells)]) for at, cells in named]
        if not self._known(names, named, grid.line):
            self._add(where, names, named, self._sections.captioned(grid.caption), grid.caption)

    def aligned(self, lines: list[str], at: int, before: int) -> int | None:
        """Read a table whose columns are told apart by spaces, if its header is the line at `at` of `lines`.

        `before` is the place of the first of `lines` on the page. Returns the place after the table.
        """
        found = aligned_table(lines, at)
        if found is None:
            return None
        first = before + at
        named = [(f"line {before + place + 1}", [*map(bare, cells)]) for place, cells in found.rows]
        header = tuple(map(bare, found.header))
        if not self._known(header, named, first):
            self._add(f"lines {first + 1}-{before + found.end}", header, named, self._sections.context)
        return found.end

    def delimited(self, lines: Sequence[str], place: int, delimiter: str) -> None:
        """Read lines that are a CSV file, from `place` on; a row is named by the line that it ends on."""
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            (_, names), *rows = [(f"line {place + reader.line_num}", row) for row in reader if row] or [("", [])]
        except csv.Error as error:
            self._sheet.problem(f"line {place + reader.line_num}: {error}")
            return
        header = tuple(name.strip() for name in names)
        if rows and not self._known(header, rows, place):
            self._add(f"lines {place + 1}-{place + len(lines)}", header, rows, self._sections.context)

    def _known(self, header: tuple[str, ...], rows: Rows, rule: int) -> bool:
        """Read a table of a known format, whose header is above `rule`; False if it has none."""
        end = rule + 1 + len(rows)
        above = self._sections.above(rule, header=1)
        below = self._sections.lines[end : end + _BELOW]
        titles, context = self._sections.titles, self._sections.context
        plain = lambda: plain_rows(header, rows, self._sheet.problem)  # noqa: E731
        return read_table(header, plain, self._sheet, context, number_of, above, below, titles)

    def _add(self, where: str, header: tuple[str, ...], rows: Rows, context: Context, caption: str = "") -> None:
        titles = (caption, *self._sections.titles[:1])
        said = add_rows(self._sheet, TextTable(where, header, rows, titles), context)
        if said:
            self._sections.say(said)


def _caption(lines: list[str], rule: int) -> str:
    """The line above a table, if it is one of text."""
    above = next((line for line in reversed(lines[max(rule - 3, 0) : max(rule - 1, 0)]) if line.strip()), "")
    plain = "|" not in above and not above.startswith("#") and len(above) <= LONGEST_LINE
    return above if plain and not ITEM.fullmatch(above) else ""
