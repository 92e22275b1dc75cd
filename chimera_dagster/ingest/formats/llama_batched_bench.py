"""llama.cpp's llama-batched-bench: its table and its JSON Lines. Several sequences are processed together.

Written after tools/batched-bench/batched-bench.cpp of September 2025. The output names no model.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, TableFormat
from chimera_dagster.ingest.formats.grid import Grid

_OF_TABLE = {
    "t_pp": "T_PP s",
    "speed_pp": "S_PP t/s",
    "t_tg": "T_TG s",
    "speed_tg": "S_TG t/s",
    "t": "T s",
    "speed": "S t/s",
    "pp": "PP",
    "tg": "TG",
    "pl": "B",
}
_CONDITIONS = {
    "batch_size": "n_batch",
    "micro_batch_size": "n_ubatch",
    "threads": "n_threads",
    "flash_attention": "flash_attn",
}


class _Fields(Protocol):
    def number(self, name: str, /) -> float | None: ...
    def record(self, figures: Iterable[Figure | None], context: Context, /) -> None: ...
    def figure(self, metric: str, name: str, /, *, unit: str | None = None) -> Figure | None: ...


def _read_json(document: Document) -> None:
    context = document.describe(
        conditions={name: document.number(key) for name, key in _CONDITIONS.items()},
        parameters={"num_gpu": document.number("n_gpu_layers"), "num_ctx": document.number("n_kv_max")},
    )
    _add(document, document, context, {key: key for key in _OF_TABLE})


def _read_table(grid: Grid) -> None:
    for row in grid:
        _add(row, grid, grid.context, _OF_TABLE)


def _read_sweep(grid: Grid) -> None:
    """llama-sweep-bench, of ik_llama.cpp: one sequence, at a depth of N_KV tokens."""
    for row in grid:
        context = grid.describe(
            grid.context,
            backend="llama.cpp",
            conditions={
                "prompt_tokens": row.number("PP"),
                "output_tokens": row.number("TG"),
                "context_depth": row.number("N_KV"),
            },
        )
        figures = [
            row.figure("prompt_eval_ms", "T_PP s", unit="s"),
            row.figure("prefill_tok_s", "S_PP t/s"),
            row.figure("eval_ms", "T_TG s", unit="s"),
            row.figure("decode_tok_s", "S_TG t/s"),
        ]
        row.record(figures, context)


def _add(fields: _Fields, page: Document | Grid, base: Context, named: Mapping[str, str]) -> None:
    """The rates count all sequences, so only those of one sequence are its own."""
    sequences = fields.number(named["pl"])
    prefill, decode = ("prefill_tok_s", "decode_tok_s") if sequences == 1 else ("input_tok_s", "output_tok_s")
    context = page.describe(
        base,
        backend="llama.cpp",
        conditions={
            "prompt_tokens": fields.number(named["pp"]),
            "output_tokens": fields.number(named["tg"]),
            "concurrency": sequences,
        },
    )
    figures = [
        fields.figure("prompt_eval_ms", named["t_pp"], unit="s"),
        fields.figure(prefill, named["speed_pp"]),
        fields.figure("eval_ms", named["t_tg"], unit="s"),
        fields.figure(decode, named["speed_tg"]),
        fields.figure("e2e_ms", named["t"], unit="s"),
        fields.figure("total_tok_s", named["speed"]),
    ]
    fields.record(figures, context)


JSON = DocumentFormat("llama-batched-bench", frozenset({"pp", "tg", "pl", "n_kv", "speed_pp", "speed_tg"}), _read_json)
TABLE = TableFormat("llama-batched-bench", frozenset({"pp", "tg", "b", "n_kv", "s_pp t/s", "s_tg t/s"}), _read_table)
SWEEP = TableFormat(
    "llama-sweep-bench",
    frozenset({"pp", "tg", "n_kv", "t_pp s", "s_pp t/s", "t_tg s", "s_tg t/s"}),
    _read_sweep,
    lambda header: "B" not in {name.strip() for name in header},
)
