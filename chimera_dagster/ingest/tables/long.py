"""Long tables: a row for each metric or aggregate, and rows that sum up the others."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.cells import MISSING
from chimera_dagster.ingest.metric_names import is_metric
from chimera_dagster.ingest.names import is_aggregate, normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.tables.parts import (
    UNITS,
    VALUES,
    Part,
    Row,
    bare_unit,
    counts,
    is_measured,
    is_quantity,
    told_apart,
)
from chimera_dagster.ingest.tables.subjects import is_change
from chimera_dagster.ingest.vocabulary import vocabulary

METRICS = frozenset(
    {"metric", "metrics", "metric_name", "measure", "measurement", "kpi", "indicator", "metrik", "指标", "性能指标"}
)
AGGREGATES = frozenset({"aggregate", "aggregation", "agg", "stat", "statistic", "statistics", "percentile", "quantile"})
_TOTALS = frozenset({"total", "totals", "sum", "gesamt", "summe"})


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
            told = "" if metric and normal(column)[0] in VALUES else column
            suffix = self._aggregate(row)
            if suffix in counts() and suffix in names:
                continue
            names.append(suffix if suffix in counts() else " ".join(filter(None, (metric, told, suffix))))
            cells.append(row[place])
            units.append(unit or (self.units[place] if self.units else None))
        yield Part(told_apart(tuple(names)), cells, tuple(units))

    def _aggregate(self, row: Row) -> str:
        if self.aggregate is None:
            return ""
        cell = row[self.aggregate].strip()
        return aggregate_in(cell, self.names[self.aggregate]) or (cell if self.totals else "")


def aggregate_in(cell: str, column: str) -> str:
    """The aggregate that a cell names, `p95` also for 0.95 under `quantile`; empty if it names none."""
    text = cell.strip()
    if normal(text)[0] in counts():
        return normal(text)[0]
    if normal(column)[0] in ("percentile", "quantile") and is_quantity(text):
        text = f"{normal(column)[0]} {text}"
    return text if is_aggregate(text) else ""


def _names_aggregate(column: str) -> Callable[[str], bool]:
    return lambda cell: aggregate_in(cell, column) != ""


def long_table(names: tuple[str, ...], plain: list[str], rows: Sequence[Row]) -> Long | None:
    """The shape of a long table; `plain` are its names in their normal form. None if it is another one."""
    metric = next((place for place, name in enumerate(plain) if name in METRICS), None)
    if metric is None and "name" in plain and share_of(rows, plain.index("name"), is_measured) >= 0.5:
        metric = plain.index("name")
    unit = next((place for place, name in enumerate(plain) if name in UNITS), None)
    aggregate = next((place for place, name in enumerate(plain) if name in AGGREGATES and place != metric), None)
    if aggregate is None and metric != 0 and plain[0] in ("", "index", "name"):
        aggregate = 0
    if aggregate is not None and share_of(rows, aggregate, _names_aggregate(names[aggregate])) < 0.6:
        aggregate = None
    named = {metric, unit, aggregate}
    if metric is None:
        if aggregate is None:
            return None
        return _by_aggregate(names, aggregate)
    values = [place for place, name in enumerate(plain) if name in VALUES]
    values += [
        place for place, name in enumerate(names) if place not in named and is_aggregate(name) and not is_change(name)
    ]
    if len(values) > 1:  # `sum` beside `mean` is of the metric, too
        values += [
            place
            for place, name in enumerate(names)
            if place not in (*named, *values) and role_of(name)[0] == "number" and not is_metric(name)
        ]
    if share_of(rows, metric, is_quantity) > 0.5:
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


def share_of(rows: Sequence[Row], place: int, holds: Callable[[str], bool]) -> float:
    """The share of a column's cells that are not missing for which something holds."""
    cells = [row[place] for row in rows if row[place].strip().lower() not in MISSING]
    return sum(map(holds, cells)) / len(cells) if cells else 0.0
