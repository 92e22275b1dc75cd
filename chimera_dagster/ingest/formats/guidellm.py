"""GuideLLM's benchmarks.json: per benchmark, distributions over its requests, and each of the requests.

Written after GuideLLM 0.8.1, and the sources of 0.5.4 and 0.3.1, which have the model and the load in other places.

Of a rate and of the concurrency only the mean is read: it is that of the whole benchmark, and the other aggregates are
over the moments between two tokens. `tokens_per_second` counts prompt and output. `time_per_output_token_ms` stays
unread: it includes the first token (in 0.3, it divides by one token too many).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from chimera_dagster.ingest.cells import number_in, object_in, plain_number, text_of
from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, NotThisFormatError
from chimera_dagster.ingest.formats.page import time_of

RATES = {
    "requests_per_second": "requests_per_s",
    "prompt_tokens_per_second": "input_tok_s",
    "output_tokens_per_second": "output_tok_s",
    "tokens_per_second": "total_tok_s",
}
DISTRIBUTIONS = {
    "request_latency": ("e2e_ms", "s"),
    "time_to_first_token_ms": ("ttft_ms", "ms"),
    "time_to_first_output_token_ms": ("ttfa_ms", "ms"),
    "inter_token_latency_ms": ("itl_ms", "ms"),
    "prompt_token_count": ("prompt_tokens", None),
    "output_token_count": ("output_tokens", None),
    "total_token_count": ("total_tokens", None),
}
_OF_REQUEST = {
    **{name: DISTRIBUTIONS[name] for name in DISTRIBUTIONS if not name.endswith("count")},
    "output_tokens_per_second": ("request_tok_s", None),
    "prompt_tokens": ("prompt_tokens", None),
    "cached_tokens": ("prompt_cached_tokens", None),
    "output_tokens": ("output_tokens", None),
    "total_tokens": ("total_tokens", None),
}
LENGTHS = ("prompt_tokens", "output_tokens")
_MADE = {"mean": "mean", "median": "median", "std_dev": "std", "min": "min", "max": "max"}


def _matches(content: Mapping[str, Any]) -> bool:
    benchmarks = content["benchmarks"]
    if not isinstance(benchmarks, list) or not benchmarks or not isinstance(benchmarks[0], dict):
        return False
    metrics = benchmarks[0].get("metrics")
    return isinstance(metrics, dict) and {"request_latency", "requests_per_second"} <= metrics.keys()


def _read(document: Document) -> None:
    for benchmark in document.each("benchmarks"):
        metrics = benchmark.at("metrics")
        if not any(metrics.get(name, "successful", "mean") is not None for name in DISTRIBUTIONS):
            raise NotThisFormatError(f"benchmark {benchmark.key} has no distribution over successful requests")
        context = _described(document, benchmark)
        completed = _add_whole(benchmark, context)
        for name, (metric, unit) in DISTRIBUTIONS.items():
            count = metrics.number(name, "successful", "count")
            if count and metrics.number(name, "successful", "mean"):  # 0 stands for "none was measured"
                figures = _distribution(benchmark, metric, unit, name)
                # a distribution with the weights of tokens counts tokens, which are not runs
                benchmark.record(figures, benchmark.describe(context, n=count if count <= completed else None))
        _add_requests(benchmark, context)


def _add_whole(benchmark: Document, context: Context) -> float:
    """Add what a benchmark is as a whole, its rates and counts; returns how many of its requests were answered."""
    # 0.3 has the counts beside the metrics
    totals = ("metrics", "request_totals") if benchmark.get("metrics", "request_totals") else ("request_totals",)
    figures = [
        benchmark.figure("benchmark_ms", "duration", unit="s"),
        benchmark.figure("completed_requests", *totals, "successful"),
        benchmark.figure("failed_requests", *totals, "errored"),
        *(benchmark.figure(metric, "metrics", name, "successful", "mean") for name, metric in RATES.items()),
    ]
    concurrency = ("metrics", "request_concurrency", "successful", "mean")
    figures.append(benchmark.figure("concurrent_requests", *concurrency, aggregate="mean"))
    benchmark.record(figures, context)
    return benchmark.number(*totals, "successful") or 0


def _distribution(benchmark: Document, metric: str, unit: str | None, name: str) -> Iterator[Figure | None]:
    path = ("metrics", name, "successful")
    for key, made in _MADE.items():
        yield benchmark.figure(metric, *path, key, unit=unit, aggregate=made)
    for key in benchmark.at(*path, "percentiles").content:
        if made := percentile(key):
            yield benchmark.figure(metric, *path, "percentiles", key, unit=unit, aggregate=made)


def _add_requests(benchmark: Document, context: Context) -> None:
    """Add each request that ended; one that the end of the benchmark cut off says nothing of a whole answer."""
    for status in ("successful", "errored"):
        for request in benchmark.each("requests", status):
            figures = [request.figure(metric, name, unit=unit) for name, (metric, unit) in _OF_REQUEST.items()]
            started = _time(request, "request_start_time") or _time(request, "start_time")
            request.record(figures, request.describe(context, timestamp=started, failed=status == "errored"))


def _described(document: Document, benchmark: Document) -> Context:
    model = (
        benchmark.text("config", "backend", "model")
        or document.text("config", "spec", "backend", "model")
        or document.text("args", "model")
        or benchmark.text("worker", "backend_model")
    )
    strategy = benchmark.at("config", "strategy")
    if not strategy.content:
        strategy = benchmark.at("args", "strategy")
    level = strategy.number("streams") if strategy.get("streams") else strategy.number("rate")
    data = document.at("config", "spec", "data", 0)
    conditions = load_of(strategy.text("type_") or "", level) | {name: data.number(name) for name in LENGTHS}
    if not data.content:
        conditions |= data_in(document.get("args", "data") or benchmark.get("request_loader", "data"))
    elif dataset := data.text("source") or data.text("path"):
        conditions["dataset"] = dataset
    return benchmark.describe(model=model, timestamp=_time(benchmark, "start_time"), conditions=conditions)


def load_of(strategy: str, level: float | None) -> dict[str, Any]:
    """The load of a strategy: `level` is its streams or its rate."""
    if strategy == "synchronous":
        return {"concurrency": 1}
    if strategy == "concurrent":
        return {"concurrency": level}
    if strategy in ("constant", "poisson"):
        return {"request_rate": level, "load_pattern": strategy}
    return {"request_rate": "inf"} if strategy == "throughput" else {}


def data_in(asked: Any) -> dict[str, Any]:
    """The lengths that synthetic data was asked for with, `prompt_tokens=256,output_tokens=128`, or else the dataset.

    Only the first of several datasets is looked at.
    """
    first = asked[0] if isinstance(asked, list) and asked else asked
    fields: Mapping[str, Any] = object_in(first)
    if not fields and isinstance(first, str):
        pairs = (part.partition("=") for part in first.split(","))
        fields = {key.strip(): number_in(value) for key, equals, value in pairs if equals} or {"source": first}
    found: dict[str, Any] = {name: plain_number(fields.get(name)) for name in LENGTHS}
    return found | {"dataset": text_of(fields.get("source") or fields.get("path"))}


def percentile(name: str) -> str | None:
    """`p001` is the 0.1th percentile, `p05` the 5th, `p999` the 99.9th."""
    digits = name[1:]
    if not name.startswith("p") or not digits.isdecimal() or len(digits) < 2:
        return None
    return f"p{float(f'{digits[:2]}.{digits[2:]}'):g}"


def _time(part: Document, name: str) -> str | None:
    return time_of(part.number(name), "milliseconds")


REPORT = DocumentFormat("GuideLLM", frozenset({"benchmarks"}), _read, _matches)
