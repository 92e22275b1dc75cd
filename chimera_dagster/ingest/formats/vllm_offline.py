"""vLLM `bench throughput` and `bench latency`: their `--output-json`. Written after vLLM 0.33.0."""

from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat

_MADE = {"avg_latency": "mean", "std_latency": "std"}


def _read_throughput(document: Document) -> None:
    context = document.describe(
        model=document.text("model_id") or document.text("model"),
        n=document.number("num_requests"),
    )
    figures = [
        document.figure("benchmark_ms", "elapsed_time", unit="s"),
        document.figure("requests_per_s", "requests_per_second"),
        document.figure("total_tok_s", "tokens_per_second"),  # prompt and output of all requests
        document.figure("total_tokens", "total_num_tokens", aggregate="sum"),
    ]
    document.record(figures, context)


def _read_latency(document: Document) -> None:
    """A latency is that of a whole batch, whose size and lengths the file does not state."""
    latencies = document.get("latencies")
    count = len(latencies) if isinstance(latencies, list) else 0
    context = document.describe(model=document.text("model_id") or document.text("model"))
    figures = [document.figure("latency_ms", name, unit="s", aggregate=made) for name, made in _MADE.items()]
    figures += [
        document.figure("latency_ms", "percentiles", name, unit="s", aggregate=f"p{name}")
        for name in document.at("percentiles").content
    ]
    document.record(figures, context._replace(n=count or None))
    for place in range(count):
        document.record([document.cell("latency_ms", "latencies", place, "s")], context, f"*/{place}")


THROUGHPUT = DocumentFormat(
    "vLLM bench throughput",
    frozenset({"elapsed_time", "num_requests", "total_num_tokens", "tokens_per_second"}),
    _read_throughput,
)
LATENCY = DocumentFormat("vLLM bench latency", frozenset({"avg_latency", "latencies", "percentiles"}), _read_latency)
