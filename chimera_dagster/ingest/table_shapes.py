"""Tables that are not one record a row under one header, whether in a CSV file or on a Markdown page.

Headers in two rows, a row of units, long tables (a row for each value), transposed tables (a column for each record)
and tables by groups of columns (a record for each group). The functions see a header and rows of its length, and know
of no file: those who call them say where a record is.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.bench_tests import by_test, tests_among
from chimera_dagster.ingest.cells import MISSING
from chimera_dagster.ingest.gpu_names import is_card, names_gpu
from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.metric_names import is_metric, kinds_of
from chimera_dagster.ingest.model_names import model_in_text
from chimera_dagster.ingest.names import is_aggregate, normal
from chimera_dagster.ingest.quantities import quantity_in
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.units import is_unit
from chimera_dagster.ingest.vocabulary import vocabulary

_METRICS = frozenset({"metric", "metrics", "metric_name", "measure", "measurement", "kpi", "indicator", "metrik"})
_LABELS = _METRICS | {
    "",
    "key",
    "name",
    "parameter",
    "property",
    "field",
    "quantity",
    "item",
    "statistic",
    "stat",
    "test",
}
_VALUES = frozenset({"value", "values", "result", "results", "reading", "measured", "metric_value", "wert", "valeur"})
_UNITS = frozenset({"unit", "units", "metric_unit", "einheit", "unité"})
_AGGREGATES = frozenset(
    {"aggregate", "aggregation", "agg", "stat", "statistic", "statistics", "percentile", "quantile"}
)
_TOTALS = frozenset({"total", "totals", "sum", "gesamt", "summe"})
_MOST_TRANSPOSED = 1_000  # rows: a table of records is not read as one of columns because its first rows look like it
_RUN = re.compile(r"#?(?:(?:run|trial|iteration|repeat|seed)[ _#]?)?(?P<number>\d{1,6})", re.IGNORECASE | re.ASCII)
_QUANTIZATION = re.compile(
    r"(?:(?:ud-)?i?q\d[\w.]*|[bf]p?16|fp?(?:32|8)|b?float(?:16|32)|int[48]|awq|gptq\S*|nf4|mxfp4|\d-?bit)",
    re.IGNORECASE | re.ASCII,
)
_LEVEL = re.compile(r"(?P<name>[A-Za-z][A-Za-z_ ]{0,30}[A-Za-z])[ _-]?(?P<value>\d{1,7})", re.ASCII)
_SIZED = re.compile(
    r"\d{1,3}(?:\.\d)?[BM](?:[ -](?:i?q\d\w*|[bf]p?16|fp8|int[48]|awq|gptq))?", re.IGNORECASE | re.ASCII
)
_UNIT_IN_CAPTION = re.compile(r"[(\[](?:unit:|in)?+\s*+(?P<unit>[^()\[\]]{1,40})[)\]]", re.IGNORECASE)
_LONGEST_CAPTION, _LONGEST_NAME = 200, 4  # characters, words
_CHANGES = frozenset({"delta", "change", "diff", "difference", "improvement", "speedup", "ratio", "gain", "winner"})
_VARIANTS = frozenset(
    {"baseline", "base", "current", "now", "previous", "prev", "before", "after", "candidate", "control", "treatment"}
    | {
        "reference",
        "old",
        "new",
        "original",
        "optimized",
        "optimised",
        "tuned",
        "default",
        "patched",
        "proposed",
        "ours",
    }
)
_PAIR = re.compile(r"(?P<name>[^=:]{1,40})[=:]\s*+(?P<value>\S.*)")
Row = Sequence[str]


class Heading(NamedTuple):
    """The names of a table's columns, their units if a row states them, and how many rows below the first these took.

    `subjects` are the texts above or below the names that say what a group of columns is about: `alpha:7b`; two groups
    have columns of one name.
    """

    names: tuple[str, ...]
    units: tuple[str | None, ...] | None = None
    rows: int = 0
    subjects: tuple[str, ...] = ()
    about: str = ""  # the kind of the subjects, if the table names it
    twice: tuple[str, ...] = ()  # the names that stand for two columns, of which the second is `ttft (2)`


class Part(NamedTuple):
    """A record of a table: its names, cells and units, and the column that it is or begins at, if it is not a row."""

    names: tuple[str, ...]
    cells: list[str]
    units: tuple[str | None, ...]
    column: int | None = None


def is_quantity(cell: str) -> bool:
    """Whether a cell is a number, perhaps with a unit."""
    return quantity_in(cell) is not None


def _is_data(cell: str) -> bool:
    return is_quantity(cell) and not is_aggregate(cell)


def heading(first: Row, below: Sequence[Row]) -> Heading:
    """The header that begins with the row `first`; `below` are the rows under it, as many as there are at hand."""
    names = tuple(name.strip() for name in first)
    found = Heading(names)
    if below and not any(map(_is_data, below[0])):
        if three := _three_levels(names, below):
            return three
        body = [row for row in below if len(row) == len(first)]
        if len(body) > 1 and len(body[0]) == len(below[0]) and (levels := _two_levels(names, body)):
            found = levels
        rest = below[found.rows :]
        if _is_units(rest) and len(rest[0]) <= len(names):
            units = [*map(bare_unit, rest[0]), *[None] * (len(names) - len(rest[0]))]
            found = found._replace(units=tuple(units), rows=found.rows + 1)
    if found.subjects or len({*found.names}) == len(names):
        return found
    twice = sorted(name for name, count in Counter(found.names).items() if name and count > 1)
    return found._replace(names=told_apart(found.names), twice=tuple(twice))


def told_apart(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names with ` (2)` at the second of two that are equal, and so on."""
    if len({*names}) == len(names):
        return names
    seen, apart = Counter[str](), list[str]()
    for name in names:
        seen[name] += 1
        apart.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return tuple(apart)


def bare_unit(cell: str) -> str | None:
    """The unit in a cell such as `[ms]`; None if it is empty."""
    return cell.strip().strip("()[]").strip() or None


def _is_units(below: Sequence[Row]) -> bool:
    """Whether the first row holds no number, and a unit above a number of the second one."""
    if len(below) < 2 or any(is_quantity(cell) for cell in below[0]) or (below[0] and _is_setting(below[0][0])):
        return False
    pairs = [(bare_unit(unit) or "", cell) for unit, cell in zip(below[0], below[1], strict=False)]
    return any(is_unit(unit) and is_quantity(cell) for unit, cell in pairs)


def _two_levels(names: tuple[str, ...], body: Sequence[Row]) -> Heading | None:
    """A header in two rows: groups of columns, and what they are within their group; or None.

    The second row tells apart columns to which the first gives one name, or it has only aggregates. As pandas writes
    them, a third row names the columns on the left.
    """
    second = [cell.strip() for cell in body[0]]
    if any(map(_is_data, second)) or not any(second):
        return None
    groups = _filled(names, second)
    numeric = [place for place in range(len(names)) if any(is_quantity(row[place]) for row in body[1:])]
    groups_of = Counter(group for group in groups if group)
    repeated = [place for place, group in enumerate(groups) if groups_of[group] > 1]
    aggregates = [cell for cell in second if cell and (is_aggregate(cell) or normal(cell)[0] in _counts())]
    apart = {(groups[place], second[place]) for place in repeated}
    tells_apart = len(apart) == len(repeated) and all(second[place] for place in repeated)
    if not {*numeric} & {*(repeated or range(len(names)))} or not tells_apart:
        return None
    if not repeated and (len(aggregates) < sum(map(bool, second[1:])) or not aggregates):
        return None
    left, rows = _index_names(names, second, body[1])
    if {*left} & {*repeated}:
        left, rows = dict[int, str](), 0
    levels = [*zip(groups, second, strict=True)]
    is_label = role_of(second[0] or names[0])[0] != "number"
    columns = [place for place in numeric if place not in left and not (place == 0 and is_label)]
    for measured, other in ((0, 1), (1, 0)):
        if columns and all(_is_subject(levels[place][other], levels[place][measured]) for place in columns):
            subjects = tuple(level[other] if place in columns else "" for place, level in enumerate(levels))
            in_groups = tuple(left.get(place) or level[measured] or level[other] for place, level in enumerate(levels))
            corner = (names[0], second[0])[other]
            about = corner if _is_setting(corner) else ""
            return Heading(in_groups, None, 1 + rows, subjects, about)
    joined = [left.get(place) or _joined(*level) for place, level in enumerate(levels)]
    for place in range(len(levels)):
        if joined[place] in _counts() and joined[place] in joined[:place]:  # the first one is the record's n
            joined[place] = " ".join(levels[place])
    joined = tuple(joined)
    return Heading(joined, None, 1 + rows)


def _three_levels(names: tuple[str, ...], below: Sequence[Row]) -> Heading | None:
    """A header in three rows, of which the last two say what the numbers are, and the first only groups them; or None.

    The last row has aggregates, perhaps with units, and none above the columns that name a record.
    """
    if len(below) < 3 or any(len(row) != len(names) for row in below[:3]) or any(map(is_quantity, below[1])):
        return None
    second, third = ([cell.strip() for cell in row] for row in below[:2])
    numeric = {place for place, cell in enumerate(below[2]) if is_quantity(cell)}
    made = {place for place, cell in enumerate(third) if cell}
    if not made or not all(is_aggregate(third[place]) for place in made) or not made <= numeric or "" in second[:1]:
        return None
    groups = _filled(tuple(second), third)
    joined = tuple(f"{group} {name}" if name else group for group, name in zip(groups, third, strict=True))
    known = all(is_metric(joined[place]) for place in made) and len({*joined}) == len(joined)
    return Heading(joined, None, 2) if known and all(joined) else None


def matrix_of(found: Heading, body: Sequence[Row], caption: str) -> Heading | None:
    """The header of a table with a column for each model, quantization or GPU and the metric only in its caption.

    None if the table or its caption is another one.
    """
    first, *others = found.names
    if len({*others}) < len(others) or not others or found.subjects or found.units or not _is_setting(first):
        return None
    if not all(_says_subject(name) for name in others) or not (said := metric_in(caption)):
        return None
    cells = [cell for row in body for cell in row[1:] if quantity_in(cell.partition("±")[0]) is not None]
    if len({row[0] for row in body}) < len(body) or 3 * len(cells) < len(body) * len(others):
        return None
    name, unit = said
    return Heading((first, *[name] * len(others)), (None, *[unit] * len(others)), found.rows, ("", *others))


def _says_subject(name: str) -> bool:
    return not _is_known(name) and (subject_of(name)[0] in ("quantization", "gpu") or _names_model(name))


def _names_model(name: str) -> bool:
    return model_in_text(name) is not None or _SIZED.fullmatch(name) is not None


@remembered(maxsize=1_024)
def metric_in(caption: str) -> tuple[str, str] | None:
    """The name of a metric in a caption such as `Average decode speed (tok/s) on one GPU`, and its unit."""
    for found in _UNIT_IN_CAPTION.finditer(caption[:_LONGEST_CAPTION]):
        unit = found["unit"].replace(" ", "")
        words = re.findall(r"[\w/%-]+", caption[: found.start()])
        for count in range(min(_LONGEST_NAME, len(words)), 0, -1):
            name = " ".join(words[-count:])
            if is_unit(unit) and meaning(name, unit).unit:
                return name, unit
    return None


def _is_subject(name: str, beside: str) -> bool:
    return bool(name and kinds_of(beside)) and not _is_known(name)


def _is_setting(name: str) -> bool:
    return role_of(name)[0] in ("context", "condition", "parameter")


def _counts() -> list[str]:
    return vocabulary().counts


def _filled(names: tuple[str, ...], second: Sequence[str]) -> list[str]:
    """The names of groups, which a spreadsheet writes only above the first column of each."""
    groups, group = list[str](), ""
    for name, below in zip(names, second, strict=True):
        group = name or (group if below else "")
        groups.append(group)
    return groups


def _index_names(names: tuple[str, ...], second: Sequence[str], third: Row) -> tuple[dict[int, str], int]:
    """The names of the columns on the left, if a third row has nothing else, and how many rows that took."""
    found = {place: cell.strip() for place, cell in enumerate(third) if cell.strip()}
    levels = [(names[place], second[place]) for place in found]
    on_the_left = [*found] == [*range(len(found))] and 0 < len(found) < len(third)
    if not on_the_left or any(is_quantity(cell) for cell in found.values()):
        return {}, 0
    unnamed = all(not group and not name for group, name in levels)
    return (found, 1) if unnamed or all(role_of(cell)[0] != "number" for cell in found.values()) else ({}, 0)


def _joined(group: str, name: str) -> str:
    """One name of the two levels: what is measured and the aggregate, or the lower one if it says all itself."""
    if not (group and name) or group == name:
        return group or name
    if normal(name)[0] in _counts():
        return name
    whole = f"{group} {name}"
    says_all = role_of(name)[0] not in ("number", "identifier") or is_metric(name)
    return name if says_all and not is_metric(whole) and not is_aggregate(name) else whole


def _is_known(name: str) -> bool:
    """Whether a name says what a number is, or how it was made."""
    if is_aggregate(name) or normal(name)[0] in (*_counts(), *_VALUES, *_UNITS):
        return True
    return bool(kinds_of(name)) or role_of(name)[0] != "number"


class Groups(NamedTuple):
    """A table with a group of columns for each model, or another subject, in a row."""

    heading: Heading

    def parts(self, row: Row) -> Iterator[Part]:
        """A record for each group: its columns and those that are in none."""
        names, units, _, subjects, about, _ = self.heading
        common = [place for place, subject in enumerate(subjects) if not subject]
        for subject in dict.fromkeys(filter(None, subjects)):
            own = [place for place, other in enumerate(subjects) if other == subject]
            name, value = (about, subject) if about else subject_of(subject)
            places = [*common, *own]
            yield Part(
                (*(names[place] for place in places), name),
                [*(row[place] for place in places), value],
                (*(units[place] if units else None for place in places), None),
                own[0],
            )


class Tests(NamedTuple):
    """A table with tests of llama-bench as columns: each is a record of its own."""

    names: tuple[str, ...]
    units: tuple[str | None, ...] | None
    settings: frozenset[str] = frozenset()  # unlisted names that are conditions

    def parts(self, row: Row) -> Iterator[Part]:
        """A record for each test of a row."""
        for place, names, cells, units in by_test(self.names, row, self.units, self.settings):
            yield Part(names, cells, units, place)


def with_settings(shape: "_OfRows", settings: frozenset[str]) -> "_OfRows":
    """The shape, which may have to know the unlisted names that are conditions."""
    return shape._replace(settings=settings) if isinstance(shape, Tests) else shape


class UnitsBeside(NamedTuple):
    """A table in which the unit of a column stands in another one, in each row: `ttft`, `ttft_unit`."""

    names: tuple[str, ...]
    units: tuple[str | None, ...] | None
    of: tuple[tuple[int, int], ...]  # the places of a column and of that with its unit

    def parts(self, row: Row) -> Iterator[Part]:
        """The record of a row."""
        units = [*(self.units or [None] * len(self.names))]
        for place, unit in self.of:
            units[place] = bare_unit(row[unit]) or units[place]
        yield Part(self.names, [*row], tuple(units))


class Long(NamedTuple):
    """A table with a row for each metric, or each aggregate: the places of its columns by kind."""

    names: tuple[str, ...]
    metric: int | None
    unit: int | None
    aggregate: int | None
    values: tuple[int, ...]  # the numbers that the metric's name is for; without one, every number
    others: tuple[int, ...]
    units: tuple[str | None, ...] | None = None  # that a row of the header states
    totals: bool = False  # whether the aggregate may be a word such as `total`, too

    def parts(self, row: Row) -> Iterator[Part]:
        """The record of a row. A number is named by the metric, its column if it is an aggregate, and the aggregate."""
        names, cells, units = list[str](), list[str](), list[str | None]()
        metric = row[self.metric].strip() if self.metric is not None else ""
        unit = bare_unit(row[self.unit]) if self.unit is not None else None
        for place in self.others:
            names.append(self.names[place])
            cells.append(row[place])
            units.append(None)
        for place in self.values:
            column = self.names[place]
            told = "" if metric and normal(column)[0] in _VALUES else column
            suffix = self._aggregate(row)
            if suffix in _counts() and suffix in names:
                continue
            names.append(suffix if suffix in _counts() else " ".join(filter(None, (metric, told, suffix))))
            cells.append(row[place])
            units.append(unit or (self.units[place] if self.units else None))
        yield Part(told_apart(tuple(names)), cells, tuple(units))

    def _aggregate(self, row: Row) -> str:
        if self.aggregate is None:
            return ""
        cell = row[self.aggregate].strip()
        return aggregate_in(cell, self.names[self.aggregate]) or (cell if self.totals else "")


_OfRows = Groups | Tests | UnitsBeside | Long  # of which each row gives records


class Transposed(NamedTuple):
    """A table with a column for each record: the metrics' names on the left, what the record is about at the top."""

    names: tuple[str, ...]
    unit: int | None
    columns: tuple[int, ...]

    def parts(self, rows: Sequence[Row]) -> Iterator[Part]:
        """A record for each column."""
        labels = tuple(row[0].strip() for row in rows)
        units = tuple(bare_unit(row[self.unit]) if self.unit is not None else None for row in rows)
        says_model = any(role_of(label) == ("context", "model") for label in labels)
        for place in self.columns:
            cells = [row[place] for row in rows]
            header, aggregate = _aggregate_apart(self.names[place])
            names = tuple(f"{label} {aggregate}" if aggregate else label for label in labels)
            if normal(header)[0].removesuffix("_percent").strip("_") in _CHANGES:  # compares the other columns
                yield Part(told_apart(tuple(f"{label} {header}" for label in labels)), cells, units, place)
                continue
            about, subject = (self.names[0], header) if _is_setting(self.names[0]) else subject_of(header)
            plain = normal(header)[0] in _VALUES or not header
            if plain or (says_model and about == "model"):
                yield Part(told_apart(names), cells, units, place)
            else:
                yield Part((*told_apart(names), about), [*cells, subject], (*units, None), place)


def places_of(parts: Iterable[Part], settings: frozenset[str]) -> Iterator[tuple[str, Part]]:
    """The records of a transposed table with their places: `column 2`; of several tests `row 3 column 2` each."""
    for part in parts:
        column = f"column {(part.column or 0) + 1}"
        if not tests_among(part.names):
            yield column, part
            continue
        for place, names, cells, units in by_test(part.names, part.cells, part.units, settings):
            yield (column if place is None else f"row {place + 1} {column}"), Part(names, cells, units, part.column)


def subject_of(text: str) -> tuple[str, str]:
    """What a column's header is about, as a name and its value: a model unless it says otherwise."""
    if (pair := _PAIR.fullmatch(text)) and _is_setting(pair["name"]):
        return pair["name"].strip(), pair["value"].strip()
    if (run := _RUN.fullmatch(text)) and not is_card(text):
        return "run", run["number"]
    if _QUANTIZATION.fullmatch(text):
        return "quantization", text
    if names_gpu(text) and model_in_text(text) is None:
        return "gpu", text
    if (pair := _LEVEL.fullmatch(text)) and role_of(pair["name"])[0] in ("condition", "parameter"):
        return pair["name"], pair["value"]
    return ("variant" if _is_variant(text) else "model"), text


def _is_variant(text: str) -> bool:
    """Whether a text is what a comparison calls one of its sides: `baseline`, `Q4_K_M now`."""
    *before, last = text.split() or [""]
    return normal(last)[0] in _VARIANTS and all(map(_QUANTIZATION.fullmatch, before))


def aggregate_in(cell: str, column: str) -> str:
    """The aggregate that a cell names, `p95` also for 0.95 under `quantile`; empty if it names none."""
    text = cell.strip()
    if normal(text)[0] in _counts():
        return normal(text)[0]
    if normal(column)[0] in ("percentile", "quantile") and is_quantity(text):
        text = f"{normal(column)[0]} {text}"
    return text if is_aggregate(text) else ""


def _names_aggregate(column: str) -> Callable[[str], bool]:
    return lambda cell: aggregate_in(cell, column) != ""


def _aggregate_apart(header: str) -> tuple[str, str]:
    """`alpha:7b mean` is about alpha:7b, and a mean."""
    stem, _, last = header.rpartition(" ")
    return (stem.strip(), last) if stem and is_aggregate(last) else (header, "")


def shape_of(found: Heading, body: Sequence[Row]) -> _OfRows | Transposed | None:
    """The shape of a table with this header; `body` are rows below it, as many as there are at hand. None is usual."""
    if found.subjects:
        return Groups(found)
    names = found.names
    if beside := _units_beside(names):
        return UnitsBeside(names, found.units, beside)
    if tests_among(names):
        return Tests(names, found.units)
    is_long, is_transposed = _may_be_shaped(names)
    if not (is_long or is_transposed):
        return None
    plain = [normal(name)[0] for name in names]
    rows = [row for row in body if len(row) == len(names)]
    if is_long and (long := _long(names, plain, rows)):
        return long._replace(units=found.units)
    return _transposed(names, plain, rows) if is_transposed else None


@remembered(maxsize=1_024)
def _units_beside(names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """The places of columns and of those that have their units; none unless the vocabulary knows one of the columns."""
    plain = [name.lower().replace(" ", "_") for name in names]
    found = [
        (plain.index(stem), place)
        for place, name in enumerate(plain)
        if name.endswith("_unit") and (stem := name.removesuffix("_unit")) in plain
    ]
    return tuple(found) if any(kinds_of(names[place]) for place, _ in found) else ()


@remembered(maxsize=1_024)
def _may_be_shaped(names: tuple[str, ...]) -> tuple[bool, bool]:
    """Whether a table with this header can be a long one, and a transposed one."""
    spelled = [name.lower().replace(" ", "_") for name in names]
    is_labelled = spelled[0] in _LABELS or _is_setting(names[0])
    others = [name for name, lower in zip(names[1:], spelled[1:], strict=True) if lower not in _VALUES | _UNITS]
    is_transposed = is_labelled and not any(_is_known(name) and not _RUN.fullmatch(name) for name in others)
    return len(names) > 1 and bool({*spelled} & (_LABELS | _AGGREGATES)), len(names) > 1 and is_transposed


def _long(names: tuple[str, ...], plain: list[str], rows: Sequence[Row]) -> Long | None:
    metric = next((place for place, name in enumerate(plain) if name in _METRICS), None)
    if metric is None and "name" in plain and _share(rows, plain.index("name"), _is_measured) >= 0.5:
        metric = plain.index("name")
    unit = next((place for place, name in enumerate(plain) if name in _UNITS), None)
    aggregate = next((place for place, name in enumerate(plain) if name in _AGGREGATES and place != metric), None)
    if aggregate is None and metric != 0 and plain[0] in ("", "index", "name"):
        aggregate = 0
    if aggregate is not None and _share(rows, aggregate, _names_aggregate(names[aggregate])) < 0.6:
        aggregate = None
    named = {metric, unit, aggregate}
    if metric is None:
        if aggregate is None:
            return None
        return _by_aggregate(names, aggregate)
    values = [place for place, name in enumerate(plain) if name in _VALUES]
    values += [place for place, name in enumerate(names) if place not in named and is_aggregate(name)]
    if len(values) > 1:  # `sum` beside `mean` is of the metric, too
        values += [
            place
            for place, name in enumerate(names)
            if place not in (*named, *values) and role_of(name)[0] == "number" and not is_metric(name)
        ]
    if _share(rows, metric, is_quantity) > 0.5:
        return None
    others = [place for place in range(len(names)) if place not in (*named, *values)]
    labels = [row[metric or 0].strip() for row in rows]
    if metric == 0 and len(values) == 1 and not others and aggregate is None and len({*labels}) == len(labels):
        return None  # one record, a field a row
    return Long(names, metric, unit, aggregate, tuple(values), tuple(others)) if values else None


def _by_aggregate(names: tuple[str, ...], aggregate: int) -> Long:
    values = tuple(place for place, name in enumerate(names) if place != aggregate and role_of(name)[0] == "number")
    others = tuple(place for place in range(len(names)) if place not in (aggregate, *values))
    return Long(names, None, None, aggregate, values, others)


def total_of(names: tuple[str, ...], units: tuple[str | None, ...] | None, row: Row) -> Part | None:
    """What a row at the end of a table of runs says if it is called `mean` or `total`; None if it is a run.

    It is called that in its first cell, or where the others have the number of the run.
    """
    for place in labels_of(names):
        label = row[place].strip().lower()
        if label.isalpha() and (label in _TOTALS or is_aggregate(label)):
            return next(_by_aggregate(names, place)._replace(totals=True, units=units).parts(row))
    return None


@remembered(maxsize=1_024)
def labels_of(names: tuple[str, ...]) -> tuple[int, ...]:
    """The places of the cells that name a row, or number its run."""
    runs = vocabulary().run_columns
    numbering = (place for place, name in enumerate(names) if normal(name)[0] in runs and place)
    return (0, *(place for place in numbering if role_of(names[place])[0] == "identifier"))


def _transposed(names: tuple[str, ...], plain: list[str], rows: Sequence[Row]) -> Transposed | None:
    if not (plain[0] in _LABELS or _is_setting(names[0])) or not rows or len(rows) > _MOST_TRANSPOSED:
        return None
    unit = next((place for place, name in enumerate(plain) if name in _UNITS), None)
    columns = tuple(place for place in range(1, len(names)) if place != unit)
    others = [name for place, name in enumerate(names) if place in columns and plain[place] not in _VALUES]
    if not columns or any(_is_known(name) and not _RUN.fullmatch(name) for name in others):
        return None
    labels = [row[0].strip() for row in rows if row[0].strip()]
    measured = sum(map(_is_measured, labels))
    if not measured or 2 * sum(map(_is_known, labels)) < len(labels):
        return None
    return Transposed(names, unit, columns)


def _is_measured(name: str) -> bool:
    return bool(kinds_of(name)) and not is_aggregate(name)


def _share(rows: Sequence[Row], place: int, holds: Callable[[str], bool]) -> float:
    """The share of a column's cells that are not missing for which something holds."""
    cells = [row[place] for row in rows if row[place].strip().lower() not in MISSING]
    return sum(map(holds, cells)) / len(cells) if cells else 0.0
