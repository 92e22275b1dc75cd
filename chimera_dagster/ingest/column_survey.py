"""How the cells of a table's columns are to be read: decimal commas and units, decided over whole columns.

A table whose cells are all plain numbers or texts has an empty survey, and its rows are read as they are.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from chimera_dagster.ingest.cells import MISSING, number_in
from chimera_dagster.ingest.metric_names import kinds_of
from chimera_dagster.ingest.quantities import Quantity, decimal_mark, is_two_ways, number_text, quantity_in
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.units import kind_of

_CHUNK = 1_000  # rows
_STARTS = frozenset("0123456789+-.,~≈\N{MINUS SIGN} \t\u00a0")
_TEXTS = frozenset({"engine_version", "dataset", "task", "quantization", "dtype", "kv_cache_type"})  # conditions
_BLANK = frozenset({"", "-", "nan", "None", "N/A"})
_DURATIONS = frozenset({"ms"})

Rows = Callable[[], Iterable[Sequence[str]]]  # gives the rows from the first on, as often as it is called


class Column(NamedTuple):
    """How a column is read: whether `1,234` has decimals (None if its cells contradict), whether 1:27 is a duration."""

    comma: bool | None
    clock: bool

    def read(self, cell: str) -> Quantity | None:
        """The quantity in a cell; None if it has none, or could have two."""
        return None if self.is_unclear(cell) else quantity_in(cell, comma=bool(self.comma), clock=self.clock)

    def is_unclear(self, cell: str) -> bool:
        """Whether nothing decides between the two numbers that a cell may be."""
        return self.comma is None and is_two_ways(number_text(cell) or "")


class Plain(NamedTuple):
    """A row with plain numbers, the units beside them, and the places of numbers that are left out."""

    cells: list[str]
    units: tuple[str | None, ...]
    lost: tuple[int, ...]


class Survey(NamedTuple):
    """The columns that are not read as plain numbers, those that are damaged with the units in their cells, and
    whether `1,234` has decimals wherever a column does not decide, None if columns contradict each other."""

    odd: dict[int, Column]
    damaged: dict[int, str]
    comma: bool | None

    def plain(self, cells: Sequence[str], units: Sequence[str | None] | None = None) -> Plain:
        """A row as it is to be read; `units` are those that the header states."""
        written, stated, lost = [*cells], [*(units or [None] * len(cells))], list[int]()
        for place, column in self.odd.items():
            quantity = column.read(cells[place])
            if column.is_unclear(cells[place]) or (quantity and place in self.damaged):
                written[place] = ""
                lost.append(place)
            elif quantity:
                written[place] = repr(quantity.number)
                stated[place] = quantity.unit or stated[place]
        return Plain(written, tuple(stated), tuple(lost))

    def problems(self, header: Sequence[str]) -> Iterator[str]:
        """What is wrong with whole columns."""
        for place, units in self.damaged.items():
            yield f"column {header[place]!r} is damaged: its cells are in {units}, and none of them is read"


def survey(header: Sequence[str], rows: Rows, delimiter: str, *, units_fit: bool = True) -> Survey:
    """Look at every row of the header's length.

    In files with `delimiter` `;`, commas are decimal marks unless other cells contradict; in one with `,`, a number
    with a decimal comma counts only in a column that the vocabulary knows. `units_fit` is false for a table whose
    columns hold values of several kinds.
    """
    columns = _look(header, rows)
    by_default = delimiter == ";"
    if any("," in column.marks or (by_default and column.two_ways) for column in columns.values()):
        columns = {place: columns.get(place) or _cells_of(name) for place, name in enumerate(header)}
        for across in _chunks(rows, len(header)):
            for place, column in columns.items():
                if not column.is_text:
                    column.add_marks({*across[place]})
    voting = [column for column in columns.values() if column.is_known or delimiter != ","]
    said = {mark for column in voting if len(column.marks) == 1 for mark in column.marks}
    comma = said == {","} or (by_default and said != {"."})
    contradict = len({mark for column in voting for mark in column.marks}) > 1
    odd, damaged = dict[int, Column](), dict[int, str]()
    for place, cells in columns.items():
        column = Column(cells.decimal_comma(comma), cells.clock)
        may_have_commas = comma or delimiter != "," or cells.is_known or "," not in cells.marks
        if may_have_commas and cells.is_odd(column):
            odd[place] = column
            if units_fit and not cells.units_fit():
                damaged[place] = " and ".join(sorted(cells.units))
    return Survey(odd, damaged, None if contradict else comma)


def _look(header: Sequence[str], rows: Rows) -> "dict[int, _Cells]":
    """What was seen in the columns that hold more than floats and texts."""
    columns, texts = dict[int, _Cells](), {*_texts_of(tuple(header))}
    for across in _chunks(rows, len(header)):
        for place, cells in enumerate(across):
            if place in texts:
                continue
            try:
                deque(map(float, cells), maxlen=0)
            except ValueError:
                if different := {*cells} - _BLANK:
                    column = columns.get(place) or columns.setdefault(place, _cells_of(header[place]))
                    if not column.is_text:
                        column.add(different)
                    if column.is_text:
                        texts.add(place)
    return columns


@remembered(maxsize=1_024)
def _texts_of(header: tuple[str, ...]) -> frozenset[int]:
    """The columns that are not read as numbers, whatever is in them."""
    return frozenset(place for place, name in enumerate(header) if not may_be_numbers(name))


def plain_cells(names: Sequence[str], cells: Sequence[str], units: Sequence[str | None], comma: bool | None) -> Plain:
    """A record whose fields stand in different columns, as it is to be read; `comma` is that of the survey."""
    written, stated, lost = [*cells], [*units], list[int]()
    for place, (name, cell) in enumerate(zip(names, cells, strict=True)):
        if not may_be_numbers(name):
            continue
        column = Column(comma, _is_duration(name))
        if column.is_unclear(cell):
            written[place] = ""
            lost.append(place)
        elif quantity := column.read(cell):
            written[place] = repr(quantity.number)
            stated[place] = quantity.unit or stated[place]
    return Plain(written, tuple(stated), tuple(lost))


def _is_duration(name: str) -> bool:
    return kinds_of(name) == _DURATIONS


@remembered(maxsize=10_000)
def may_be_numbers(name: str) -> bool:
    role, which = role_of(name)
    return role in ("number", "parameter", "identifier") or (role == "condition" and which not in _TEXTS)


def _chunks(rows: Rows, width: int) -> Iterator[Sequence[tuple[str, ...]]]:
    """The columns of some rows after others, without those that are not as long as the header."""
    every = iter(rows())
    while chunk := [*islice(every, _CHUNK)]:
        if whole := [row for row in chunk if len(row) == width]:
            yield [*zip(*whole, strict=True)]


def _cells_of(name: str) -> "_Cells":
    return _Cells(role_of(name)[0], kinds_of(name), is_text=not may_be_numbers(name))


@dataclass(slots=True)
class _Cells:
    """What was seen in the cells of a column."""

    role: str
    fitting: frozenset[str]  # the kinds of units that the name may have
    is_text: bool = False  # of no known name, and with a text in it
    strange: bool = False  # with a quantity that is not a plain number
    two_ways: bool = False
    marks: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)

    @property
    def is_known(self) -> bool:
        return bool(self.fitting) or self.role in ("parameter", "condition")

    @property
    def clock(self) -> bool:
        return self.fitting == _DURATIONS

    def add(self, cells: set[str]) -> None:
        """Note the cells that are not plain numbers."""
        for cell in cells:
            if not cell or cell.isdigit():
                continue
            quantity = quantity_in(cell, clock=self.clock) if cell[0] in _STARTS else None
            if quantity is None:
                self.is_text = not self.is_known and cell.strip().lower() not in MISSING
                if self.is_text:
                    return
            elif quantity.unit or not _is_float(cell):
                self.add_marks({number_text(cell) or ""})
                self.strange = self.strange or number_in(cell) is None
                if quantity.unit:
                    self.kinds.add(kind_of(quantity.unit))
                    self.units.add(quantity.unit)

    def add_marks(self, cells: set[str]) -> None:
        for cell in cells:
            if is_two_ways(cell):
                self.two_ways = True
            elif mark := decimal_mark(cell):
                self.marks.add(mark)

    def decimal_comma(self, of_file: bool) -> bool | None:
        return None if len(self.marks) > 1 else "," in self.marks if self.marks else of_file

    def is_odd(self, column: Column) -> bool:
        return not self.is_text and (self.strange or (self.two_ways and column.comma is not False))

    def units_fit(self) -> bool:
        return self.kinds <= self.fitting if self.fitting else len(self.kinds) < 2


def _is_float(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
