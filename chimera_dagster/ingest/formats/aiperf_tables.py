"""The CSV files of AIPerf and GenAI-Perf: tables of requests, of the whole benchmark, and of GPUs, which are not read.

Each row is a metric, its first cell the name with the unit: `Time to First Token (ms)`. Model and load are not in them.
"""

from collections.abc import Iterator

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.aiperf import METRICS, aggregate_of, in_folder, unit_of
from chimera_dagster.ingest.formats.format import NotThisFormatError, TableFormat
from chimera_dagster.ingest.formats.grid import Grid, Row

_WHOLE = ("Metric", "Value")  # header of the table of the whole benchmark


def _read_tables(grid: Grid) -> None:
    folder, _, name = grid.collector.file.rpartition("/")[0].rpartition("/")
    if folder.endswith("phases") and name in ("warmup", "profiling"):
        grid.leave_out("figures of a warm-up" if name == "warmup" else "figures that the file of all phases has too")
        return
    tables = [*grid.tables(lambda cells: "Metric" in cells)]
    counts = [grid.number(cells[1]) for table in tables for _, cells in table.rows if _is_count(cells)]
    context = grid.describe(in_folder(grid), n=counts[0] if counts else None)
    found = [_read_row(row, context) for table in tables for row in table]
    if not any(found):
        raise NotThisFormatError("none of its rows is a metric that is known")


def _is_count(cells: list[str]) -> bool:
    return len(cells) == len(_WHOLE) and _named(cells[0])[0] == "request_count"


def _read_row(row: Row, context: Context) -> bool:
    """Add a row as a record; False if it is not a known metric."""
    row.label = row.cell("Metric")
    name, unit = _named(row.label or "")
    metric = METRICS.get(name) if row.grid.places.keys().isdisjoint({"gpu", "gpu_index"}) else None
    if metric:
        row.record(_cells(row, metric, unit), context)
    return metric is not None


def _named(label: str) -> tuple[str, str | None]:
    """The metric's name as JSON has it, and its unit."""
    name, bracket, unit = label.rpartition(" (")
    if not bracket or not unit.endswith(")"):
        name, unit = label, ""
    return name.strip().lower().replace(" ", "_"), unit_of(unit.removesuffix(")").strip() or None)


def _cells(row: Row, metric: str, unit: str | None) -> Iterator[Figure | None]:
    label = row.label or ""
    for column in row.grid.header:
        aggregate = aggregate_of(column)
        if aggregate:
            yield row.figure(metric, column, unit, aggregate, name=f"{label} {column}")
    if row.grid.header == _WHOLE:
        yield row.figure(metric, "Value", unit, name=label)


def _is_table(header: tuple[str, ...]) -> bool:
    """Whether rows may be metrics: columns are percentiles."""
    return header[0] == "Metric" and {"p50", "p95", "p99"} <= {*header}


# AIPerf's has standard deviations
TABLES = (
    TableFormat("AIPerf", frozenset({"metric", "avg", "min", "max", "std"}), _read_tables, _is_table),
    TableFormat("GenAI-Perf", frozenset({"metric", "avg", "min", "max"}), _read_tables, _is_table),
)
