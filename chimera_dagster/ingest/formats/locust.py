"""Locust: `..._stats.csv`, a row for each endpoint and one for all. Response times are in milliseconds.

The size of the answers and the rates of failures have no metric and stay unread.
"""

from chimera_dagster.ingest.formats.format import TableFormat
from chimera_dagster.ingest.formats.grid import Grid

_TIMES = (
    *(("Median Response Time", "median"), ("Average Response Time", "mean")),
    *(("Min Response Time", "min"), ("Max Response Time", "max")),
)
_PERCENTILES = ("75", "80", "90", "95", "98", "99", "99.9")


def _read(grid: Grid) -> None:
    for row in grid:
        context = grid.describe(
            grid.context,
            n=row.number("Request Count"),
            conditions={"task": " ".join(filter(None, (row.text("Type"), row.text("Name"))))},
        )
        figures = [row.figure("latency_ms", column, aggregate=aggregate) for column, aggregate in _TIMES]
        figures += [row.figure("latency_ms", f"{share}%", aggregate=f"p{share}") for share in _PERCENTILES]
        figures.append(row.figure("requests_per_s", "Requests/s"))
        figures.append(row.figure("failed_requests", "Failure Count"))
        row.record(figures, context)


_COLUMNS = frozenset({"request count", "failure count", "median response time", "average response time", "requests/s"})
CSV = TableFormat("Locust", _COLUMNS, _read)
