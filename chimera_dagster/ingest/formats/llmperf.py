"""LLMPerf's results: the summary of a run, and a list of its requests.

Its `inter_token_latency_s` is the time until the last token / the number of tokens, with the first one: NTPOT here. Its
`request_output_throughput_token_per_s` is not read, as files of 2023 count chunks in it and do not say so.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, NotThisFormatError
from chimera_dagster.ingest.formats.page import time_of
from chimera_dagster.ingest.model_names import bare_model
from chimera_dagster.ingest.vocabulary import vocabulary

_METRICS = {
    "ttft_s": ("ttft_ms", "s"),
    "end_to_end_latency_s": ("e2e_ms", "s"),
    "inter_token_latency_s": ("ntpot_ms", "s"),
    "number_input_tokens": ("prompt_tokens", "tokens"),
    "number_output_tokens": ("output_tokens", "tokens"),
}
_OF_ALL = {
    "results_mean_output_throughput_token_per_s": ("output_tok_s", "tok/s"),
    "results_num_completed_requests_per_min": ("requests_per_s", "requests/min"),
    "results_num_completed_requests": ("completed_requests", None),
    "results_number_errors": ("failed_requests", None),
}
_AGGREGATES = {"mean": "mean", "min": "min", "max": "max", "stddev": "std"}
_PERCENTILES = ("p25", "p50", "p75", "p90", "p95", "p99")
_SENT = "additional_sampling_params_"
_VERSION = "2023-08-31"
_NAME = re.compile(r"(.+)_(\d++)_(\d++)_individual_responses\.json", re.ASCII)


def _read_summary(document: Document) -> None:
    if (version := document.text("version")) != _VERSION:
        raise NotThisFormatError(f"its version is {version}, and only {_VERSION} is read")
    context = document.describe(
        model=document.text("model"),
        timestamp=time_of(document.number("timestamp")),
        parameters={name: document.number(_SENT + name) for name in vocabulary().parameters},
        conditions={
            "concurrency": document.number("num_concurrent_requests"),
            "prompt_tokens": document.number("mean_input_tokens"),
            "output_tokens": document.number("mean_output_tokens"),
        },
        n=document.number("results_num_completed_requests"),
    )
    figures = [figure for key in _METRICS for figure in _spread(document, key)]
    if not any(figures):
        raise NotThisFormatError("none of its results is a number")
    of_all = (document.figure(metric, key, unit=unit) for key, (metric, unit) in _OF_ALL.items())
    document.record([*figures, *of_all], context)


def _spread(document: Document, key: str) -> Iterator[Figure | None]:
    metric, unit = _METRICS[key]
    for word, aggregate in _AGGREGATES.items():
        yield document.figure(metric, f"results_{key}_{word}", unit=unit, aggregate=aggregate)
    for percentile in _PERCENTILES:
        yield document.figure(metric, f"results_{key}_quantiles_{percentile}", unit=unit, aggregate=percentile)


def _read_request(document: Document) -> None:
    context = document.describe(_in_name(document), failed=document.get("error_code") is not None)
    document.record((document.figure(metric, key, unit=unit) for key, (metric, unit) in _METRICS.items()), context)


def _in_name(document: Document) -> Context:
    """What the file's name says, if LLMPerf gave it: model, prompt and output tokens."""
    found = _NAME.fullmatch(document.collector.file.rpartition("/")[2])
    if not found:
        return document.context
    context = document.describe(conditions={"prompt_tokens": int(found[2]), "output_tokens": int(found[3])})
    return context._replace(model=bare_model(found[1]), model_source="path")


def _is_summary(content: Mapping[str, Any]) -> bool:
    return any(key.startswith("results_ttft_s_") for key in content)


DOCUMENTS = (
    DocumentFormat("LLMPerf", frozenset({"version", "model", "num_concurrent_requests"}), _read_summary, _is_summary),
    DocumentFormat("LLMPerf", frozenset({"ttft_s", "end_to_end_latency_s", "number_output_tokens"}), _read_request),
)
