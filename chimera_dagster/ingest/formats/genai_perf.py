"""GenAI-Perf's results, which name metrics as AIPerf's do; its raw timestamps are not read."""

from collections.abc import Mapping
from typing import Any

from chimera_dagster.ingest.formats.aiperf import (
    in_folder,
    is_metric,
    read_gpu,
    read_metrics,
    texts_of,
)
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat


def _read_benchmark(document: Document) -> None:
    config = document.at("input_config")
    models = texts_of(config.get("model_names"))
    if len(models) > 1:
        document.problem(f"its figures are over several models, {', '.join(models)}; no model is named")
    base = in_folder(document) if not models else document.context._replace(model=None, model_source=None)
    endpoint, asked = config.at("endpoint"), config.at("input")
    context = document.describe(
        base,
        model=models[0] if len(models) == 1 else None,
        # of another kind of server it is only the default
        backend=endpoint.text("backend") if endpoint.text("service_kind") == "triton" else None,
        conditions={
            "concurrency": config.number("perf_analyzer", "stimulus", "concurrency"),
            "request_rate": config.number("perf_analyzer", "stimulus", "request_rate"),
            "prompt_tokens": asked.number("synthetic_tokens", "mean"),
            "output_tokens": asked.number("output_tokens", "mean"),
            "dataset": (asked.text("file") or "").rpartition("/")[2],
        },
    )
    read_metrics(document, context, document.number("request_count", "avg"))
    for metric in document.each("telemetry_stats"):
        for gpu in metric.content:
            place = gpu.removeprefix("gpu")
            of_gpu = metric.describe(context, labels={"gpu_index": int(place)} if place.isdecimal() else None)
            read_gpu(metric, metric.key, of_gpu, gpu)


def _read_timestamps(document: Document) -> None:
    document.leave_out(
        "the timestamps of all chunks, which are not read; GenAI-Perf's figures of them are in other files"
    )


def _is_benchmark(content: Mapping[str, Any]) -> bool:
    config: Any = content["input_config"]
    known = isinstance(config, dict) and {"perf_analyzer", "endpoint"} <= config.keys()
    return known and any(is_metric(value) for value in content.values())


def _has_timestamps(content: Mapping[str, Any]) -> bool:
    experiments: Any = content["experiments"]
    first: Any = experiments[0] if isinstance(experiments, list) and experiments else None
    return isinstance(first, dict) and {"experiment", "requests"} <= first.keys()


DOCUMENTS = (
    DocumentFormat("GenAI-Perf", frozenset({"input_config"}), _read_benchmark, _is_benchmark),
    DocumentFormat("GenAI-Perf", frozenset({"experiments", "service_kind"}), _read_timestamps, _has_timestamps),
)
