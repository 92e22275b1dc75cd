"""EvalScope (`evalscope perf`): benchmark_summary.json.

Written after its sources of 2025; older versions have these keys too.
"""

from typing import NamedTuple

from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat


class _Of(NamedTuple):
    metric: str
    unit: str
    aggregate: str | None = None


_FIGURES = {
    "Time taken for tests (s)": _Of("benchmark_ms", "s"),
    "Succeed requests": _Of("completed_requests", "requests"),
    "Failed requests": _Of("failed_requests", "requests"),
    "Output token throughput (tok/s)": _Of("output_tok_s", "tok/s"),
    "Total token throughput (tok/s)": _Of("total_tok_s", "tok/s"),
    "Request throughput (req/s)": _Of("requests_per_s", "req/s"),
    "Average latency (s)": _Of("e2e_ms", "s", "mean"),
    "Average time to first token (s)": _Of("ttft_ms", "s", "mean"),
    "Average time per output token (s)": _Of("tpot_ms", "s", "mean"),
    "Average inter-token latency (s)": _Of("itl_ms", "s", "mean"),
    "Average input tokens per request": _Of("prompt_tokens", "tokens", "mean"),
    "Average output tokens per request": _Of("output_tokens", "tokens", "mean"),
}


def _read(document: Document) -> None:
    rate = document.number("Request rate (req/s)")
    context = document.describe(
        conditions={
            "concurrency": document.number("Number of concurrency"),
            "request_rate": "inf" if rate is not None and rate < 0 else rate,  # -1 means unlimited
        },
        labels={"total_requests": document.number("Total requests")},
        n=document.number("Succeed requests"),
    )
    figures = [document.figure(of.metric, name, unit=of.unit, aggregate=of.aggregate) for name, of in _FIGURES.items()]
    document.record(figures, context)


SUMMARY = DocumentFormat(
    "evalscope",
    frozenset({"Time taken for tests (s)", "Number of concurrency", "Succeed requests", "Average latency (s)"}),
    _read,
)
