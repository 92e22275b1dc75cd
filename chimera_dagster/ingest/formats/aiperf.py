"""AIPerf's results: the figures of a whole benchmark (JSON), and one line per request (JSON Lines).

Its `inter_token_latency` is (request_latency - time_to_first_token) / (output tokens - 1) of a request; the gaps of all
requests together, its `inter_chunk_latency`, are not read. The lines name neither model nor load; the folder does, if
AIPerf named it: `Qwen_Qwen3-8B-openai-chat-concurrency16`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, NotThisFormatError
from chimera_dagster.ingest.formats.page import Page, time_of
from chimera_dagster.ingest.model_names import bare_model

METRICS = {
    "time_to_first_token": "ttft_ms",
    "time_to_first_output_token": "ttfa_ms",  # without reasoning
    "request_latency": "e2e_ms",
    "inter_token_latency": "itl_ms",  # the mean gap of a request
    "output_token_throughput_per_user": "decode_tok_s",  # 1 / inter_token_latency
    "e2e_output_token_throughput": "request_tok_s",
    "output_sequence_length": "output_tokens",  # with reasoning
    "reasoning_token_count": "reasoning_tokens",
    "input_sequence_length": "prompt_tokens",
    "output_token_throughput": "output_tok_s",
    "input_token_throughput": "input_tok_s",
    "total_token_throughput": "total_tok_s",
    "request_throughput": "requests_per_s",
    "goodput": "goodput_requests_per_s",
    "request_goodput": "goodput_requests_per_s",
    "benchmark_duration": "benchmark_ms",
    "request_count": "completed_requests",
    "error_request_count": "failed_requests",
}
# one value for all requests; its `avg` is not a mean
_OF_SERVER = frozenset(
    {"output_tok_s", "input_tok_s", "total_tok_s", "requests_per_s", "goodput_requests_per_s", "benchmark_ms"}
    | {"completed_requests", "failed_requests"}
)
# memory is left out, as their GB are decimal, and so is energy, which is counted in MJ
_GPU_METRICS = {
    "nvidia_power_usage": "power_w",
    "amd_power": "power_w",
    "gpu_power_usage": "power_w",
    "nvidia_gpu_utilization": "gpu_util_pct",
    "gpu_utilization": "gpu_util_pct",
}
_AGGREGATES = {"avg": "mean", "std": "std", "min": "min", "max": "max", "sum": "sum"}
_PERCENTILE = re.compile(r"p\d{1,2}", re.ASCII)
_CONCURRENCY = re.compile(r"concurrency_?(\d++)(?![\d.])", re.ASCII)
_RATE = re.compile(r"request_rate_?(\d++(?:\.\d++)?)", re.ASCII)


def read_metrics(document: Document, context: Context, number: float | None) -> None:
    """Add the figures of each metric: `{"time_to_first_token": {"unit": "ms", "avg": 61.2, "p50": ...}}`.

    `number` is how many requests there were. What is over fewer of them is a record of its own.
    """
    of_all: list[Figure | None] = []
    for tag, metric in METRICS.items():
        part = document.at(tag)
        count = part.number("count")
        if count not in (None, number):
            part.record(_figures(part, metric), part.describe(context, n=count))
        else:
            of_all += _figures(document, metric, tag)
    if not any(of_all):
        raise NotThisFormatError("none of its metrics is known")
    document.record(of_all, document.describe(context, n=number))


def read_gpu(document: Document, tag: str, context: Context, *path: str) -> None:
    """Add the figures of a GPU that stand at `path`; `tag` is the name of the metric."""
    if metric := _GPU_METRICS.get(tag):
        document.at(*path).record(_figures(document.at(*path), metric, unit=document.text("unit")), context)


def _figures(document: Document, metric: str, *path: str, unit: str | None = None) -> Iterator[Figure | None]:
    unit = unit or unit_of(document.text(*path, "unit"))
    if metric in _OF_SERVER:
        yield document.figure(metric, *path, "avg", unit=unit)
        return
    for key in document.at(*path).content:
        if aggregate := aggregate_of(key):
            yield document.figure(metric, *path, key, unit=unit, aggregate=aggregate)


def aggregate_of(name: str) -> str | None:
    """The aggregate that a key or a column stands for."""
    return name if _PERCENTILE.fullmatch(name) else _AGGREGATES.get(name)


def unit_of(text: str | None) -> str | None:
    """The unit as the vocabulary has it; None is that of the metric."""
    return None if text in ("count", "requests") else text


def is_metric(value: object) -> bool:
    """Whether this is what AIPerf and GenAI-Perf write for a metric."""
    return isinstance(value, dict) and "unit" in value and "avg" in value


def in_folder(page: Page) -> Context:
    """What the folder says, if AIPerf or GenAI-Perf named it; a sweep has folders such as `concurrency_16`."""
    model, concurrency, rate = _of_folder(page.collector.file.rpartition("/")[0])
    context = page.describe(conditions={"concurrency": concurrency, "request_rate": rate})
    return context._replace(model=model, model_source="path") if model else context


@lru_cache(maxsize=1_024)
def _of_folder(path: str) -> tuple[str | None, int | None, float | None]:
    concurrency, rate = _CONCURRENCY.search(path), _RATE.search(path)
    load = (int(concurrency[1]) if concurrency else None, float(rate[1]) if rate else None)
    for name in reversed(path.split("/")):
        model, kind, asked = name.rpartition("-openai-")
        if kind and (_CONCURRENCY.search(asked) or _RATE.search(asked)):
            # the slash of an id such as Qwen/Qwen3-8B became an underscore
            model = model.replace("_", "/") if model.count("_") == 1 else model
            return bare_model(model), *load
    return None, *load


def _read_benchmark(document: Document) -> None:
    version = document.text("schema_version")
    if version is not None and version.partition(".")[0] != "1":
        raise NotThisFormatError(f"its schema_version is {version}, and only 1 is read")
    phases = _phases(document)
    if phases is None:
        return
    config = document.at("input_config")
    models = [*_models(config)]
    if len(models) > 1:
        document.problem(f"its figures are over several models, {', '.join(models)}; no model is named")
    if document.get("was_cancelled") is True or document.get("is_complete") is False:
        document.problem("the benchmark did not end; its figures are of the part that ran")
    base = in_folder(document) if not models else document.context._replace(model=None, model_source=None)
    context = document.describe(
        base,
        model=models[0] if len(models) == 1 else None,
        gpu=_only(gpu.text("gpu_name") for gpu in _gpus(document)),
        timestamp=document.text("start_time"),
        conditions=_asked(config) | _load(config, phases),
    )
    read_metrics(document, context, document.number("request_count", "avg"))
    for gpu in _gpus(document):
        of_gpu = gpu.describe(context, gpu=gpu.text("gpu_name"), labels={"gpu_index": gpu.number("gpu_index")})
        for metric in gpu.each("metrics"):
            read_gpu(metric, metric.key, of_gpu)


def _phases(document: Document) -> list[Document] | None:
    """The phases that the figures are of; None if the file is left out.

    Beside the file of the whole benchmark stands one for each phase, `phases/warmup/profile_export_aiperf.json`.
    """
    phases = [*document.each("input_config", "phases")]
    measured = [phase for phase in phases if not _warms_up(phase)]
    folder, _, name = document.collector.file.rpartition("/")[0].rpartition("/")
    own = [phase for phase in phases if phase.text("name") == name] if folder.endswith("phases") else []
    if own and own[0] not in measured:
        document.leave_out("figures of a warm-up")
    elif own and len(measured) == 1:
        document.leave_out("the only measured phase; its figures are those of the whole benchmark")
    else:
        return own or measured
    return None


def _warms_up(phase: Document) -> bool:
    return phase.get("exclude_from_results") is True or "warmup" in (phase.text("kind"), phase.text("name"))


def _models(config: Document) -> Iterator[str]:
    names = [model.text("name") for model in config.each("models", "items")]
    yield from dict.fromkeys(filter(None, [*names, *texts_of(config.get("endpoint", "model_names"))]))


def texts_of(value: Any) -> list[str]:
    """The texts in a list; empty if it is not one."""
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _asked(config: Document) -> dict[str, object]:
    """What was asked of each request; the older form of the configuration has `input` for `datasets`."""
    dataset, asked = config.at("datasets", 0), config.at("input", "prompt")
    file = dataset.text("path") or config.text("input", "file") or ""
    public = config.text("input", "public_dataset")
    return {
        "prompt_tokens": _first(dataset.number("prompts", "isl", "mean"), asked.number("input_tokens", "mean")),
        "output_tokens": _first(dataset.number("prompts", "osl", "mean"), asked.number("output_tokens", "mean")),
        "dataset": dataset.text("dataset") or public or file.rpartition("/")[2],
    }


def _load(config: Document, phases: list[Document]) -> dict[str, object]:
    """Concurrency and request rate, where all phases agree on them."""
    loads = phases or [config.at("loadgen")]
    return {
        "concurrency": _only(load.number("concurrency") for load in loads),
        "request_rate": _only(_first(load.number("rate"), load.number("request_rate")) for load in loads),
    }


def _gpus(document: Document) -> Iterator[Document]:
    for endpoint in document.each("telemetry_data", "endpoints"):
        yield from endpoint.each("gpus")


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _only(values: Iterable[Any]) -> Any:
    different = {*values}
    return different.pop() if len(different) == 1 else None


def _read_request(document: Document) -> None:
    metadata = document.at("metadata")
    if "warmup" in (metadata.text("benchmark_phase"), metadata.text("phase_kind")):
        document.leave_out()
        return
    started = metadata.number("request_start_ns")
    context = document.describe(
        in_folder(document),
        timestamp=time_of(None if started is None else started / 1e9),
        labels={"turn_index": metadata.number("turn_index")},
        failed=document.get("error") is not None or metadata.get("was_cancelled") is True,
    )
    values = document.at("metrics")
    figures = (
        values.figure(metric, tag, "value", unit=values.text(tag, "unit"))
        for tag, metric in METRICS.items()
        if tag in values.content
    )
    values.record(figures, context)


def _is_benchmark(content: Mapping[str, Any]) -> bool:
    config: Any = content["input_config"]
    known = isinstance(config, dict) and "endpoint" in config and "perf_analyzer" not in config
    return known and any(is_metric(value) for value in content.values())


def _is_request(content: Mapping[str, Any]) -> bool:
    metadata: Any = content["metadata"]
    return isinstance(metadata, dict) and {"benchmark_phase", "request_start_ns"} <= metadata.keys()


def _lists_phases(content: Mapping[str, Any]) -> bool:
    return _is_list_of(content["phases"], "phase_kind")


def _is_sent(content: Mapping[str, Any]) -> bool:
    return _is_list_of(content["data"], "payloads")


def _is_list_of(value: Any, key: str) -> bool:
    """Whether this is a list, not empty, of objects that have the key."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) and key in each for each in value)


DOCUMENTS = (
    DocumentFormat("AIPerf", frozenset({"input_config"}), _read_benchmark, _is_benchmark),
    DocumentFormat("AIPerf", frozenset({"metadata", "metrics"}), _read_request, _is_request),
    DocumentFormat(
        "AIPerf",
        frozenset({"timeslices"}),
        lambda document: document.leave_out("slices of a benchmark; the figures of the whole are in another file"),
    ),
    DocumentFormat(
        "AIPerf", frozenset({"phases"}), lambda document: document.leave_out("a list of phases"), _lists_phases
    ),
    DocumentFormat(
        "AIPerf", frozenset({"data"}), lambda document: document.leave_out("the prompts that were sent"), _is_sent
    ),
)
