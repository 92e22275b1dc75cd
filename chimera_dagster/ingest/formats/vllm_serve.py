"""vLLM `bench serve`: its result as JSON, also with `--save-detailed` or appended, and the summary.csv of a sweep.

Written after vLLM 0.33.0 (vllm/benchmarks/serve.py, sweep/serve.py); the older benchmark_serving.py has the same keys.
"""

from collections.abc import Iterable

from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, TableFormat
from chimera_dagster.ingest.formats.grid import Grid, Row
from chimera_dagster.ingest.formats.page import Page
from chimera_dagster.ingest.formats.serving import (
    add_requests,
    add_result,
    all_at_once,
    conditions_in,
    engine_of,
    time_of,
)
from chimera_dagster.ingest.roles import role_of

_KEYS = frozenset({"model_id", "num_prompts", "completed", "total_input_tokens", "request_throughput"})


def _read(document: Document) -> None:
    context = _described(document, document, document.content)
    add_result(document, document.content, context)
    add_requests(document, context)


def _read_sweep(grid: Grid) -> None:
    for row in grid:
        add_result(row, grid.header, _described(grid, row, grid.header))


def _described(page: Page, fields: Document | Row, names: Iterable[str]) -> Context:
    gpu = next((name for name in names if role_of(name) == ("context", "gpu")), None)
    return page.describe(
        model=fields.text("model_id"),
        backend=engine_of(fields.text("backend")),
        gpu=fields.text(gpu) if gpu else None,
        timestamp=time_of(fields.text("date")),
        conditions=all_at_once(conditions_in(fields, names), fields.number("num_prompts")),
        labels={name: fields.number(name) for name in ("num_prompts", "run_number")},
    )


RESULT = DocumentFormat("vLLM bench serve", _KEYS, _read)
SWEEP = TableFormat("vLLM bench serve", _KEYS, _read_sweep)
