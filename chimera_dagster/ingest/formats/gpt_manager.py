"""TensorRT-LLM's gptManagerBenchmark: the CSV file of `--output_csv`, a row for each run of the benchmark.

Written after benchmarks/cpp/gptManagerBenchmark.cpp of TensorRT-LLM 0.14. `token_throughput` is of generated tokens.
The file names neither model nor load. Columns that a script added are read if they are those of a known metric.
"""

from collections.abc import Iterable

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.formats.format import TableFormat
from chimera_dagster.ingest.formats.grid import Grid, Row
from chimera_dagster.ingest.meanings import meaning

_WHOLE = {
    "total_latency(ms)": "benchmark_ms",
    "seq_throughput(seq/sec)": "requests_per_s",
    "token_throughput(token/sec)": "output_tok_s",
    "avg_num_concurrent_requests": "concurrent_requests",
    "num_error_samples": "failed_requests",
}
_MEAN = "avg_num_concurrent_requests"
_LATENCIES = {
    "sequence_latency(ms)": "e2e_ms",
    "time_to_first_token(ms)": "ttft_ms",
    "inter_token_latency(ms)": "itl_ms",
}
_MADE = {"avg": "mean", "max": "max", "min": "min", "p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99"}
_STATED = {
    **{name: (metric, "mean" if name == _MEAN else None) for name, metric in _WHOLE.items()},
    **{f"{made}_{name}": (metric, how) for name, metric in _LATENCIES.items() for made, how in _MADE.items()},
}


def _read(grid: Grid) -> None:
    for row in grid:
        context = grid.describe(backend="tensorrt_llm", n=row.number("num_samples"))
        row.record(_figures(row, grid.header), context)


def _figures(row: Row, header: Iterable[str]) -> Iterable[Figure | None]:
    for column in header:
        name = column.strip().lower()
        if name in _STATED:
            metric, made = _STATED[name]
            yield row.figure(metric, column, aggregate=made)
        elif (meant := meaning(column)).unit is not None:
            yield row.figure(meant.metric, column, unit=meant.original_unit, aggregate=meant.aggregate)


_COLUMNS = frozenset({"num_samples", "num_error_samples", "seq_throughput(seq/sec)", "token_throughput(token/sec)"})
CSV = TableFormat("TensorRT-LLM gptManagerBenchmark", _COLUMNS, _read)
