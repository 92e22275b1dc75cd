"""SGLang `bench_serving`: one result per line, also with `--output-details`.

Written after SGLang 0.5.23 (sglang/benchmark/serving.py). The file names no model; only what the server said of itself
(`server_info`) does, if it is an SGLang server.
"""

from typing import Any

from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat
from chimera_dagster.ingest.formats.serving import add_requests, add_result, conditions_in, engine_of

_KEYS = frozenset({"backend", "completed", "request_throughput", "total_output_tokens_retokenized"})
_OF_RANDOM = ("random_input_len", "random_output_len")  # written whatever the dataset is
_OF_SERVER = {
    "tp_size": "tensor_parallel",
    "dp_size": "data_parallel",
    "pp_size": "pipeline_parallel",
    "quantization": "quantization",
    "dtype": "dtype",
    "kv_cache_dtype": "kv_cache_type",
    "version": "engine_version",
}


def _read(document: Document) -> None:
    server = document.at("server_info")
    is_random = str(document.get("dataset_name")).startswith("random")
    besides = ("concurrency", *(() if is_random else _OF_RANDOM))  # `concurrency` was measured
    conditions: dict[str, Any] = conditions_in(document, document.content, besides)
    for name, condition in _OF_SERVER.items():
        if (value := server.setting(name)) not in (None, "auto"):
            conditions[condition] = value
    path = server.text("model_path")
    context = document.describe(
        model=server.text("served_model_name") if path is None or path.startswith("/") else path,
        backend=engine_of(document.text("backend")),
        conditions=conditions,
    )
    mean = document.figure("concurrent_requests", "concurrency", aggregate="mean")
    add_result(document, document.content, context, [mean])
    add_requests(document, context)


RESULT = DocumentFormat("SGLang bench_serving", _KEYS, _read)
