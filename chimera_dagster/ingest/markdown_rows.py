"""Records of a table of a page: of each row, of each column, or of each cell, as the shape of the table says.

Where the table stands, and in which notation, does not matter here.
"""

from collections.abc import Container, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.column_survey import Plain, Survey, plain_cells, survey
from chimera_dagster.ingest.context import Context, about, described
from chimera_dagster.ingest.markdown_lines import number_of, quantity_of
from chimera_dagster.ingest.markdown_records import Shared, add_pair, add_record
from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.metric_names import kinds_of
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.number_marks import in_points, lose, plain_rows
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.tables.heading import Heading, heading
from chimera_dagster.ingest.tables.long import total_of
from chimera_dagster.ingest.tables.matrix import matrix_of
from chimera_dagster.ingest.tables.parts import Part
from chimera_dagster.ingest.tables.shape import shape_of, with_settings
from chimera_dagster.ingest.tables.transposed import Transposed, places_of
from chimera_dagster.ingest.unlisted_settings import settings_among
from chimera_dagster.ingest.vocabulary import vocabulary

Rows = list[tuple[str, list[str]]]  # each with where it stands
_NAMES, _VALUES = {"metric", "measure", "name", "key"}, {"value", "result"}
_FIELDS = {*_NAMES, "", "field", "property", "parameter", "setting", "item", "attribute", "condition"}
_ABOUT = (("context", "model"), ("context", "backend"))
_LENGTHS = ("prompt_tokens", "output_tokens")


class TextTable(NamedTuple):
    """A table of texts: `titles` are those that may name its metric, the likeliest first."""

    where: str
    header: tuple[str, ...]
    rows: Rows
    titles: Sequence[str] = ()


def add_rows(sheet: Collector, table: TextTable, context: Context) -> Context | None:
    """Add the records of a table: a row each, or as its shape says.

    Returns what a table that measures nothing says of the section that it stands in, None of other tables.
    """
    where, header = table.where, table.header
    rows = [(at, cells[: len(header)]) for at, cells in table.rows if _is_whole(sheet, at, cells, len(header))]
    names = [normal(name)[0] for name in header]
    if len(names) == 2 and names[0] in _FIELDS and names[1] in {*_VALUES, ""} and (said := _said(sheet, rows, context)):
        return said
    if len(names) == 2 and names[0] in _NAMES and names[1] in _VALUES:
        _add_pairs(sheet, rows, context)
        return None
    found = heading(header, [cells for _, cells in rows])
    rows = rows[found.rows :]
    body = [cells for _, cells in rows]
    shape = shape_of(found, body)
    if shape is None and (matrix := _matrix(found, body, table.titles)):
        shape, found = shape_of(matrix, body), matrix
    seen = survey(found.names, lambda: body, "", units_fit=shape is None)
    for problem in seen.problems(found.names):
        sheet.problem(f"{where}, {problem}")
    is_log = any(name in vocabulary().run_columns for name in names)
    if isinstance(shape, Transposed):
        parts = [*shape.parts(body, has_model=context.model is not None)]
        settings = settings_among(parts[0].names, (part.cells for part in parts))
        adder = _Adder(sheet, seen, Shared(context, is_log, settings))
        for at, part in places_of(parts, settings):
            adder.part(f"{where} {at}", part)
        return None
    settings = settings_among(found.names, body)
    adder = _Adder(sheet, seen, Shared(context, is_log, settings))
    shape = shape and with_settings(shape, settings)
    for at, cells in rows:
        if shape:
            for part in shape.parts(cells):
                adder.part(at if part.column is None else f"{at} column {part.column + 1}", part)
        else:
            adder.row(at, found, cells)
    return None


class _Adder(NamedTuple):
    """Adds rows and parts of rows, their numbers made plain as the `seen` columns say."""

    sheet: Collector
    seen: Survey
    shared: Shared

    def row(self, at: str, found: Heading, cells: list[str]) -> None:
        if self.shared.log and (part := total_of(found.names, found.units, cells)):
            self.part(at, part)
            return
        plain = self.seen.plain(cells, found.units)
        lose(self.sheet, at, found.names, cells, plain.lost, self.seen.damaged)
        commas = {place for place, column in self.seen.odd.items() if column.comma}
        add_record(self.sheet, at, found.names, _with_spreads(cells, plain, commas), plain.units, self.shared)

    def part(self, at: str, part: Part) -> None:
        plain = plain_cells(part.names, part.cells, part.units, self.seen.comma)
        lose(self.sheet, at, part.names, part.cells, plain.lost)
        commas = range(len(part.cells)) if self.seen.comma else ()
        add_record(self.sheet, at, part.names, _with_spreads(part.cells, plain, commas), plain.units, self.shared)


def _with_spreads(written: list[str], plain: Plain, commas: Container[int]) -> list[str]:
    """The plain numbers of cells, with their spreads where these follow; `commas` are the cells with decimal commas."""
    if written == plain.cells:
        return written
    return [
        (in_points(cell) if place in commas else cell) if _has_spread(cell) and place not in plain.lost else number
        for place, (cell, number) in enumerate(zip(written, plain.cells, strict=True))
    ]


def _has_spread(cell: str) -> bool:
    return "±" in cell or "+/-" in cell


def _matrix(found: Heading, body: list[list[str]], titles: Sequence[str]) -> Heading | None:
    """The header of a table whose metric is that of one of its titles."""
    return next((matrix for title in titles if (matrix := matrix_of(found, body, title))), None)


def _is_whole(sheet: Collector, at: str, cells: list[str], width: int) -> bool:
    """Whether a row has a cell for each name; what it has beyond them is counted and reported."""
    if len(cells) == width:
        return True
    beyond = sum(quantity_of(cell) is not None for cell in cells[width:])
    sheet.numbers += beyond
    if beyond or len(cells) < width:
        sheet.problem(f"{at} has {len(cells)} cells, the header has {width}")
    if len(cells) < width:
        sheet.numbers += sum(quantity_of(cell) is not None for cell in cells)
    return len(cells) >= width


def _said(sheet: Collector, rows: Rows, context: Context) -> Context | None:
    """What rows of a field and its value say of a page, if they name a model or an engine, and measure nothing.

    Lengths in tokens are then those that were asked for.
    """
    names = tuple(cells[0] for _, cells in rows)
    if len({*names}) < len(names) or not any(role_of(name) in _ABOUT for name in names):
        return None
    lengths = {name for name in names if role_of(name)[0] == "number" and meaning(name).metric in _LENGTHS}
    measured = (cells for _, cells in rows if cells[0] not in lengths and role_of(cells[0])[0] == "number")
    if any(kinds_of(name) and quantity_of(value) for name, value in measured):
        return None
    roles = sheet.roles(names, settings=frozenset(lengths))
    said, _, _, shown, unused = about(roles, [cells[1] for _, cells in rows], context, "column", number_of)
    sheet.numbers += shown + unused
    sheet.covered += shown
    return None if said is context else said


def _add_pairs(sheet: Collector, rows: Rows, context: Context) -> None:
    """Rows of a metric and its value; what other rows say holds for all of them."""
    settings = [cells for _, cells in rows if role_of(cells[0])[0] in ("context", "condition")]
    if settings:
        names, values = zip(*settings, strict=True)
        context = described(sheet.roles(names), values, context, "column")
    for at, cells in plain_rows(("name", "value"), rows, sheet.problem):
        add_pair(sheet, at, cells[0], cells[1], context)
