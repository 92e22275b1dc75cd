"""LocalScore: `-o json` and `-o csv`. Each test processes a prompt and then generates, some times over.

Written after its printers in llamafile 0.9.3.
"""

from collections.abc import Iterable
from typing import Any, Protocol, cast

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, NotThisFormatError, TableFormat
from chimera_dagster.ingest.formats.grid import Grid

_FIGURES = (
    ("ttft_ms", "ttft_ms", "mean"),
    ("prefill_tok_s", "prompt_tps", "mean"),
    ("prefill_tok_s", "prompt_tps_stddev", "std"),
    ("decode_tok_s", "gen_tps", "mean"),
    ("decode_tok_s", "gen_tps_stddev", "std"),
    ("e2e_ms", "avg_time_ms", "mean"),
    ("e2e_ms", "stddev_time_ms", "std"),
    ("power_w", "power_watts", "mean"),
)


class _Fields(Protocol):
    def text(self, name: str, /) -> str | None: ...
    def number(self, name: str, /) -> float | None: ...
    def record(self, figures: Iterable[Figure | None], context: Context, /) -> None: ...
    def figure(
        self, metric: str, name: str, /, *, unit: str | None = None, aggregate: str | None = None
    ) -> Figure | None: ...


def _read_json(document: Document) -> None:
    host = document.describe(
        backend=document.text("runtime_info", "name"),
        gpu=document.text("accelerator_info", "name") if document.text("accelerator_info", "type") == "GPU" else None,
        conditions={"engine_version": document.text("runtime_info", "version")},
    )
    tests = [*document.each("results")]
    if not any("gen_tps" in test.content for test in tests):
        raise NotThisFormatError("no test in `results` states gen_tps")
    for test in tests:
        samples = test.get("samples_ns")
        count = len(cast("list[Any]", samples)) if isinstance(samples, list) else 0
        context = _add(test, document, host._replace(n=count or None))
        for place in range(count):
            test.record([test.cell("e2e_ms", "samples_ns", place, "ns")], context, f"*/{place}")


def _read_csv(grid: Grid) -> None:
    for row in grid:
        _add(row, grid, grid.context)


def _add(fields: _Fields, page: Document | Grid, base: Context) -> Context:
    context = page.describe(
        base,
        model=fields.text("model_name"),
        timestamp=fields.text("test_time"),
        conditions={
            "quantization": fields.text("model_quant_str"),
            "prompt_tokens": fields.number("n_prompt"),
            "output_tokens": fields.number("n_gen"),
        },
    )
    size = fields.figure("model_size_mib", "model_size", unit="bytes")
    fields.record([*(fields.figure(metric, name, aggregate=made) for metric, name, made in _FIGURES), size], context)
    return context


_COLUMNS = frozenset({"prompt_tps", "gen_tps", "ttft_ms", "model_quant_str", "gen_tps_stddev"})
CSV = TableFormat("LocalScore", _COLUMNS, _read_csv)
JSON = DocumentFormat("LocalScore", frozenset({"runtime_info", "accelerator_info", "results"}), _read_json)
