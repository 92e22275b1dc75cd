"""InferenceX (InferenceMAX): rows of `agg_*.json`, alone or in a list.

Times are in seconds, rates are those of one GPU. Written after utils/process_result.py of August 2026.
"""

import re

from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat

_LATENCIES = {"ttft": "ttft_ms", "tpot": "tpot_ms", "itl": "itl_ms", "e2el": "e2e_ms"}
_LATENCY = re.compile(rf"(?P<made>mean|median|std|p\d{{1,2}}(?:\.\d)?)_(?P<what>{'|'.join(_LATENCIES)})")
_RATES = {
    "tput_per_gpu": "total_tok_s_per_gpu",
    "output_tput_per_gpu": "output_tok_s_per_gpu",
    "input_tput_per_gpu": "input_tok_s_per_gpu",
}
_PARALLEL = {"tensor_parallel": "tp", "pipeline_parallel": "pp", "expert_parallel": "ep"}


def _read(row: Document) -> None:
    context = row.describe(
        model=row.text("model"),
        backend=row.text("framework"),
        gpu=row.text("hw"),
        conditions={
            "concurrency": row.number("conc"),
            "prompt_tokens": row.number("isl"),
            "output_tokens": row.number("osl"),
            "dtype": row.text("precision"),
            "engine_version": row.text("image"),
            "speculative_decoding": row.text("spec_decoding"),
            **{condition: _parallel(row, name) for condition, name in _PARALLEL.items()},
        },
    )
    latencies = [
        row.figure(_LATENCIES[found["what"]], name, unit="s", aggregate=found["made"])
        for name in row.content
        if (found := _LATENCY.fullmatch(name))
    ]
    rates = [row.figure(metric, name) for name, metric in _RATES.items()]
    # 1 / TPOT is the rate of a stream only for the median: that of the mean or a percentile is not their mean
    speed = row.figure("decode_tok_s", "median_intvty", aggregate="median")
    power = row.figure("power_w", "avg_power_w", aggregate="mean")
    row.record([*rates, *latencies, speed, power], context)


def _parallel(row: Document, name: str) -> float | str | None:
    """Of one engine, or `4+8` where one prefills and another one decodes."""
    apart = [row.text(f"{stage}_{name}") for stage in ("prefill", "decode")]
    return "+".join(filter(None, apart)) if any(apart) else row.number(name)


ROW = DocumentFormat("InferenceX", frozenset({"hw", "conc", "framework", "precision", "tput_per_gpu"}), _read)
