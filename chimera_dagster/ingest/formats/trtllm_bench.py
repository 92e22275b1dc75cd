"""TensorRT-LLM `trtllm-bench --report_json`.

Written after tensorrt_llm/bench/dataclasses/reporting.py of version 1.0.
"""

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, NotThisFormatError

_MADE = {"minimum": "min", "maximum": "max", "average": "mean", "p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99"}
_DISTRIBUTIONS = {  # and the key that repeats the average
    ("performance", "request_latency_percentiles_ms"): ("e2e_ms", "avg_request_latency_ms"),
    ("streaming_metrics", "ttft_percentiles"): ("ttft_ms", "avg_ttft_ms"),
    ("streaming_metrics", "tpot_percentiles"): ("tpot_ms", "avg_tpot_ms"),
    ("streaming_metrics", "gen_tps_percentiles"): ("decode_tok_s", "token_output_speed_tok_s"),
}
_PERFORMANCE = {
    "total_latency_ms": ("benchmark_ms", None),
    "request_throughput_req_s": ("requests_per_s", None),
    "system_output_throughput_tok_s": ("output_tok_s", None),
    "system_total_throughput_tok_s": ("total_tok_s", None),
    "output_throughput_per_gpu_tok_s": ("output_tok_s_per_gpu", None),
    "output_throughput_per_user_tok_s": ("request_tok_s", "mean"),
}


def _read(document: Document) -> None:
    if not document.at("performance").content:
        raise NotThisFormatError("`performance` holds no figures")
    engine, world, requests = document.at("engine"), document.at("world_info"), document.at("request_info")
    context = document.describe(
        model=engine.text("model"),
        backend="TensorRT-LLM",
        gpu=document.text("machine", "name"),
        conditions={
            "engine_version": engine.text("version"),
            "quantization": engine.text("quantization"),
            "dtype": engine.text("dtype"),
            "kv_cache_type": engine.text("kv_cache_dtype"),
            "tensor_parallel": world.number("tp_size"),
            "pipeline_parallel": world.number("pp_size"),
            "expert_parallel": world.number("ep_size"),
            "gpu_count": world.number("world_size"),
            "batch_size": world.number("max_batch_size"),
            "prompt_tokens": requests.number("avg_input_length"),
            "output_tokens": requests.number("avg_output_length"),
        },
        n=requests.number("num_requests"),
    )
    for (part, name), (metric, mean) in _DISTRIBUTIONS.items():
        values = document.at(part, name)
        figures = [values.figure(metric, key, aggregate=made) for key, made in _MADE.items()]
        values.record(figures, context)
        if not any(figures):
            document.at(part).record([document.at(part).figure(metric, mean, aggregate="mean")], context)
        elif document.get(part, mean) == values.get("average"):
            document.number(part, mean)
    performance = document.at("performance")
    whole: list[Figure | None] = [
        performance.figure(metric, name, aggregate=made) for name, (metric, made) in _PERFORMANCE.items()
    ]
    performance.record(whole, context)
    load = requests.figure("concurrent_requests", "avg_num_concurrent_requests", aggregate="mean")
    requests.record([load], context)


REPORT = DocumentFormat("trtllm-bench", frozenset({"engine", "world_info", "request_info", "performance"}), _read)
