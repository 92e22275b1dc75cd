"""inference-perf's reports on the lifecycle of requests: of one stage of load, of all stages, and of each request.

None of them names the model but the report of each request, in what was sent; the load is named in that of a stage.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, NotThisFormatError
from chimera_dagster.text.foreign import json_value

_LATENCIES = {
    "request_latency": "e2e_ms",
    "time_to_first_token": "ttft_ms",
    "normalized_time_per_output_token": "ntpot_ms",
}
# of requests with two tokens or more, and of tokens: how many is not stated
_BETWEEN_TOKENS = {"time_per_output_token": "tpot_ms", "inter_token_latency": "itl_ms"}
_RATES = {
    "output_tokens_per_sec": ("output_tok_s", "tok/s"),
    "input_tokens_per_sec": ("input_tok_s", "tok/s"),
    "total_tokens_per_sec": ("total_tok_s", "tok/s"),
    "requests_per_sec": ("requests_per_s", "req/s"),
}
# the server's counts come before those of the client's tokenizer; before version 0.5 only the latter were there
_TOKENS = {"prompt_tokens": "prompt_tokens", "prompt_len": "prompt_tokens"}
_OUTPUT = {"output_tokens": "output_tokens", "output_len": "output_tokens"}
_PERCENTILE = re.compile(r"p\d{1,2}(?:\.\d++)?", re.ASCII)
_AGGREGATES = {"mean": "mean", "median": "median", "min": "min", "max": "max", "total": "sum"}


def _read_report(document: Document) -> None:
    successes, load = document.at("successes"), document.at("load_summary")
    concurrency, rate = load.number("concurrency"), load.number("requested_rate")
    context = document.describe(
        n=successes.number("count"),
        conditions={
            "concurrency": concurrency,
            # with a concurrency, it is only the number of requests / a nominal second
            "request_rate": rate if concurrency is None else None,
            "load_pattern": "all stages" if rate is None and concurrency is None else None,
        },
    )
    figures = [
        document.figure("completed_requests", "successes", "count"),
        document.figure("failed_requests", "failures", "count"),
        document.figure("benchmark_ms", "benchmark_time_seconds", unit="s"),
    ]
    for key, metric in _LATENCIES.items():
        figures += _spread(document, metric, "s", "successes", "latency", key)
    for key, (metric, unit) in _RATES.items():
        figures.append(document.figure(metric, "successes", "throughput", key, unit=unit))
    for names in (_TOKENS, _OUTPUT):
        found = next((key for key in names if isinstance(successes.get(key), dict)), None)
        figures += _spread(document, names[found], None, "successes", found) if found else ()
    if not any(figures):
        raise NotThisFormatError("none of its figures is a number")
    document.record(figures, context)
    for key, metric in _BETWEEN_TOKENS.items():
        part = document.at("successes", "latency", key)
        part.record(_spread(part, metric, "s"), context._replace(n=None))


def _spread(document: Document, metric: str, unit: str | None, *path: str) -> Iterator[Figure | None]:
    for key in document.at(*path).content:
        aggregate = key if _PERCENTILE.fullmatch(key) else _AGGREGATES.get(key)
        if aggregate:
            yield document.figure(metric, *path, key, unit=unit, aggregate=aggregate)


def _read_request(document: Document) -> None:
    asked = _sent(document)
    of_response = ("info", "response_metrics")
    has_usage = document.get(*of_response, "server_usage", "completion_tokens") is not None
    model = asked.get("model")
    context = document.describe(
        model=model if isinstance(model, str) else None,
        conditions={"output_tokens": asked.get("max_completion_tokens") or asked.get("max_tokens")},
        failed=document.get("error") is not None,
    )
    output = (*of_response, "server_usage", "completion_tokens") if has_usage else (*of_response, "output_tokens")
    new = document.get("info", "request_metrics") is not None
    prompt = ("info", "request_metrics", "text", "input_tokens") if new else ("info", "input_tokens")
    figures = (document.figure("prompt_tokens", *prompt), document.figure("output_tokens", *output))
    document.record(() if context.failed else figures, context)


def _sent(document: Document) -> dict[str, Any]:
    """The body of the request."""
    try:
        body: Any = json_value(document.get("request"))
    except (TypeError, ValueError):
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def _is_report(content: Mapping[str, Any]) -> bool:
    successes: Any = content["successes"]
    return isinstance(successes, dict) and isinstance(cast("dict[str, Any]", successes).get("latency"), dict)


def _is_request(content: Mapping[str, Any]) -> bool:
    info: Any = content["info"]
    return isinstance(info, dict) and ("request_metrics" in info or "input_tokens" in info)


DOCUMENTS = (
    DocumentFormat("inference-perf", frozenset({"load_summary", "successes", "failures"}), _read_report, _is_report),
    DocumentFormat(
        "inference-perf", frozenset({"start_time", "end_time", "request", "info", "error"}), _read_request, _is_request
    ),
)
