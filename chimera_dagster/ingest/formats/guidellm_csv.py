"""GuideLLM's benchmarks.csv: one row per benchmark, under a header of two or three rows (0.4 to 0.8) or one (0.3).

The rows of a header say group, status and unit, and aggregate: `Time to First Token`, `Successful ms`, `Percentiles`.
A cell of percentiles is a list of eleven numbers. See guidellm.py for what is read, and what is not.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from chimera_dagster.ingest.cells import object_in, plain_number, text_of
from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.format import NotThisFormatError, TableFormat
from chimera_dagster.ingest.formats.grid import Grid, Row
from chimera_dagster.ingest.formats.guidellm import DISTRIBUTIONS, RATES, data_in, load_of, percentile
from chimera_dagster.text.foreign import json_value

_METRICS = {
    "request latency sec": "request_latency",
    "time to first token ms": "time_to_first_token_ms",
    "time to first output token ms": "time_to_first_output_token_ms",
    "inter token latency ms": "inter_token_latency_ms",
    "token metrics input tokens": "prompt_token_count",
    "token metrics output tokens": "output_token_count",
    "token metrics total tokens": "total_token_count",
    "server throughput requests/sec": "requests_per_second",
    "server throughput concurrency": "request_concurrency",
    "token throughput input tokens/sec": "prompt_tokens_per_second",
    "token throughput output tokens/sec": "output_tokens_per_second",
    "token throughput total tokens/sec": "tokens_per_second",
    "token throughput output tok/sec": "output_tokens_per_second",
    **{name.replace("_", " "): name for name in (*RATES, *DISTRIBUTIONS, "request_concurrency")},
}
_LIST = ("min", "p0.1", "p1", "p5", "p10", "p25", "p75", "p90", "p95", "p99", "max")
_MADE = {
    " mean": "mean",
    " median": "median",
    " std dev": "std",
    " percentiles": "list",
    " [min, 0.1, 1, 5, 10, 25, 75, 90, 95, 99, max]": "list",
}


class _Column(NamedTuple):
    """Where an aggregate of a metric (by its name in benchmarks.json) stands; `made` is `list` for all of _LIST."""

    place: int
    metric: str
    made: str


class _Layout(NamedTuple):
    """`names` are the columns' headers in one line, `places` where they stand, in lower case."""

    names: list[str]
    places: dict[str, int]
    columns: list[_Column]

    def place(self, *names: str) -> int:
        return next((self.places[name] for name in names if name in self.places), len(self.names))


def _read(grid: Grid) -> None:
    header: list[Sequence[str]] = [grid.header]
    layout: _Layout | None = None
    for row in grid:
        if layout is None and not any(grid.number(cell) is not None for cell in row.cells):
            header.append(row.cells)
            continue
        layout = layout or _layout(header)
        _add(row, layout)
    if layout is None or not layout.columns:
        raise NotThisFormatError("no column is an aggregate over successful requests")


def _layout(header: Sequence[Sequence[str]]) -> _Layout:
    parts = [[part.strip() for part in column if part.strip()] for column in zip(*header, strict=True)]
    names = [" / ".join(column) for column in parts]
    columns: list[_Column] = []
    for place, column in enumerate(parts):
        before, successful, after = " ".join(column).lower().partition("successful ")
        what, made = _aggregate_in(after)
        metric = _METRICS.get(before + what)
        if successful and metric and made:
            columns.append(_Column(place, metric, made))
    return _Layout(names, {name.lower(): place for place, name in enumerate(names)}, columns)


def _aggregate_in(text: str) -> tuple[str, str | None]:
    """`ms std dev` is ms and std, `ms percentiles p95` is ms and p95."""
    for ending, made in _MADE.items():
        if text.endswith(ending):
            return text.removesuffix(ending), made
    what, _, last = text.rpartition(" percentiles ")
    return what, percentile(last)


def _add(row: Row, layout: _Layout) -> None:
    context = _described(row, layout)
    completed = layout.place("request counts / successful", "successful requests")
    whole = [
        _figure(row, layout, "benchmark_ms", layout.place("timings / duration / sec", "timings / duration (sec)"), "s"),
        _figure(row, layout, "benchmark_ms", layout.place("duration"), "s"),
        _figure(row, layout, "completed_requests", completed),
        _figure(row, layout, "failed_requests", layout.place("request counts / errored", "errored requests")),
    ]
    over_requests: list[Figure | None] = []
    over_tokens: list[Figure | None] = []
    for column in layout.columns:
        if column.metric in RATES:
            if column.made == "mean":
                whole.append(_figure(row, layout, RATES[column.metric], column.place))
        elif column.metric == "request_concurrency":
            if column.made == "mean":
                whole.append(_figure(row, layout, "concurrent_requests", column.place, made="mean"))
        elif column.metric == "inter_token_latency_ms":
            over_tokens += _aggregates(row, layout, column)
        else:
            over_requests += _aggregates(row, layout, column)
    row.record(whole, context)
    row.record(over_requests, row.grid.describe(context, n=row.number(completed)))
    row.record(over_tokens, context)


def _figure(
    row: Row, layout: _Layout, metric: str, place: int, unit: str | None = None, made: str | None = None
) -> Figure | None:
    return row.figure(metric, place, unit, made, name=layout.names[place]) if place < len(layout.names) else None


def _aggregates(row: Row, layout: _Layout, column: _Column) -> Iterator[Figure | None]:
    metric, unit = DISTRIBUTIONS[column.metric]
    if column.made != "list":
        yield _figure(row, layout, metric, column.place, unit, column.made)
        return
    for made, value in zip(_LIST, _numbers_in(row.cells[column.place]), strict=False):
        yield row.figure(metric, column.place, unit, made, value=value, name=layout.names[column.place])


def _numbers_in(cell: str) -> list[float]:
    """The numbers of a list as GuideLLM writes it; empty if one is missing, as their order says what they are."""
    try:
        found: Any = json_value(cell)
    except ValueError:
        return []
    numbers = (
        [number for each in found if (number := plain_number(each)) is not None] if isinstance(found, list) else []
    )
    return numbers if len(numbers) == len(_LIST) else []


def _described(row: Row, layout: _Layout) -> Context:
    def text(*names: str) -> str:
        return row.cell(layout.place(*names)) or ""

    backend, worker = object_in(text("run info / backend")), object_in(text("worker"))
    arguments = object_in(text("runtime info / arguments"))
    asked = object_in(arguments.get("spec")).get("data") or arguments.get("data")
    loader = object_in(text("request loader")).get("data")
    strategy, _, level = text("benchmark / strategy", "name").partition("@")
    rate = row.grid.number(level)
    if rate is None:
        rate = row.number(layout.place("benchmark / requests per second"))
    conditions: dict[str, Any] = load_of(strategy, rate) | data_in(asked or loader)
    return row.grid.describe(
        model=text("run info / model") or text_of(backend.get("model")) or text_of(worker.get("backend_model")),
        timestamp=text("timings / start time", "start time"),
        conditions=conditions,
    )


REPORT = TableFormat("GuideLLM", frozenset({"run info", "benchmark", "timings", "time to first token"}), _read)
OLD_REPORT = TableFormat(
    "GuideLLM", frozenset({"run id", "request loader", "successful requests", "successful request latency mean"}), _read
)
