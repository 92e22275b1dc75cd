"""A table of a known format, as its reader sees it: a CSV file or a table of a Markdown page."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy

from chimera_dagster.ingest.cells import ToNumber, number_in, text_in
from chimera_dagster.ingest.collector import Collector, Figure
from chimera_dagster.ingest.context import Context, condition_of
from chimera_dagster.ingest.formats.page import Page, figure_of

GridRows = Iterable[tuple[str, list[str]]]  # the name of a row, 'row 3', and its cells


class Grid(Page):
    """A header and rows. Iterate once; a row whose length differs from the header's is reported and left out.

    A file with several tables, one below the other, is iterated by `tables`. `rows` are the rows as they stand.

    `above` and `below` are lines of the page around a Markdown table: those since the last heading, and the paragraph
    after it; `headings` are those that it stands under, the nearest one first. In a CSV file a line that begins with
    `#` is not a row; `remark` is the last one above the current row.
    """

    source = "column"

    def __init__(
        self,
        header: Sequence[str],
        rows: GridRows,
        collector: Collector,
        context: Context,
        number: ToNumber = number_in,
        above: Sequence[str] = (),
        below: Sequence[str] = (),
        headings: Sequence[str] = (),
    ) -> None:
        super().__init__(collector, context)
        self.number, self.above, self.below, self.headings, self.remark = number, above, below, headings, ""
        self._read, self._unread = Counter[str](), Counter[str]()
        self._begin(header, rows)

    def _begin(self, header: Sequence[str], rows: GridRows) -> None:
        self.header, self.rows = tuple(header), rows
        self.places: dict[str, int] = {}
        for place, name in enumerate(self.header):
            self.places.setdefault(name.strip().lower(), place)

    def tables(self, is_header: Callable[[list[str]], bool]) -> Iterator["Grid"]:
        """This table and those below it in the file; `is_header` holds for a row that begins one.

        Their `rows` are lists. A row of the second table is 'table 2 row 1', as in a Markdown page.
        """
        found: list[tuple[Sequence[str], list[tuple[str, list[str]]]]] = [(self.header, [])]
        for where, cells in self.rows:
            if is_header(cells):
                found.append((cells, []))
            else:
                rows = found[-1][1]
                rows.append((f"table {len(found)} row {len(rows) + 1}" if len(found) > 1 else where, cells))
        for header, rows in found:
            table = copy(self)  # what it reads and adds counts for the whole page
            table._begin(header, rows)
            yield table

    def __iter__(self) -> Iterator["Row"]:
        for where, cells in self.rows:
            if cells[0].startswith("#") and len(cells) != len(self.header):
                self.remark = ",".join(cells)
                continue
            if len(cells) != len(self.header):
                self.problem(f"{where} has {len(cells)} cells, the header has {len(self.header)}")
                self._unread.update(["cells of rows left out"] * sum(self.number(cell) is not None for cell in cells))
                continue
            row = Row(self, where, cells)
            yield row
            self._read["cells"] += len(row.read)
            for place, cell in enumerate(cells):
                if place not in row.read and self.number(cell) is not None:
                    self._unread[row.label or self.header[place]] += 1

    def counted(self) -> tuple[int, Counter[str]]:
        return self._read.total(), self._unread


class Row:
    """One row; columns are named without regard to case, or by their place if two have one name.

    `label` is for rows that are named in one of their cells: it names the numbers that stay unread.
    """

    label: str | None = None

    def __init__(self, grid: Grid, where: str, cells: list[str]) -> None:
        self.grid, self.where, self.cells = grid, where, cells
        self.read = set[int]()

    def cell(self, column: str | int) -> str | None:
        """The cell as written; None if there is no such column."""
        place = column if isinstance(column, int) else self.grid.places.get(column.lower())
        return None if place is None or place >= len(self.cells) else self.cells[place]

    def text(self, column: str | int) -> str | None:
        """The text of a cell; None if it is missing or says that nothing is there."""
        cell = self._taken(column)
        return None if cell is None else text_in(cell)

    def number(self, column: str | int) -> float | None:
        """The number that a cell is."""
        cell = self._taken(column)
        return None if cell is None else self.grid.number(cell)

    def setting(self, column: str | int) -> float | str | None:
        """A number or a text, as conditions have them."""
        cell = self._taken(column)
        return None if cell is None else condition_of(cell, self.grid.number)

    def figure(
        self,
        metric: str,
        column: str | int,
        unit: str | None = None,
        aggregate: str | None = None,
        *,
        value: float | None = None,
        name: str | None = None,
    ) -> Figure | None:
        """The number in a cell as a value of `metric`; `unit` is that of the file, None for the canonical one.

        `value` is for a cell with more than one number, such as `58.17 ± 4.40`; `name` for a header in several rows.
        """
        cell = self._taken(column)
        if cell is None:
            return None
        place = column if isinstance(column, int) else self.grid.places[column.lower()]
        number = self.grid.number(cell) if value is None else value
        return figure_of(metric, number, name or self.grid.header[place], unit, aggregate)

    def record(self, figures: Iterable[Figure | None], context: Context) -> None:
        """Add this row as a record."""
        self.grid.add(self.where, figures, context)

    def _taken(self, column: str | int) -> str | None:
        place = column if isinstance(column, int) else self.grid.places.get(column.lower())
        if place is None or place >= len(self.cells):
            return None
        if self.grid.number(self.cells[place]) is not None:
            self.read.add(place)
        return self.cells[place]
