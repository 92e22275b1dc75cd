"""The original project's `metrics.json`: agents, each with its runs and what they have in common.

Written after its Rust agents (`demo_agent`, `demo_multiagent`), and the older Python ones, which keep no single runs.
"""

from collections.abc import Mapping
from typing import Any, cast

from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat

_RUN = {
    "ttft_ms": "ttft_ms",
    "throughput_tokens_per_sec": "decode_tok_s",
    "total_duration_ms": "total_ms",
    "prompt_eval_duration_ms": "prompt_eval_ms",
    "eval_duration_ms": "eval_ms",
    "load_duration_ms": "load_ms",
    "tokens_generated": "output_tokens",
}
# Over all runs: durations and tokens are sums
_AGGREGATE = {
    "average_ttft_ms": ("ttft_ms", "mean"),
    "stddev_ttft": ("ttft_ms", "std"),
    "p95_ttft_ms": ("ttft_ms", "p95"),
    "average_tokens_per_second": ("decode_tok_s", "mean"),
    "stddev_throughput": ("decode_tok_s", "std"),
    "p95_tokens_per_second": ("decode_tok_s", "p95"),
    "total_duration_ms": ("total_ms", "sum"),
    "prompt_eval_duration_ms": ("prompt_eval_ms", "sum"),
    "eval_duration_ms": ("eval_ms", "sum"),
    "load_duration_ms": ("load_ms", "sum"),
    "total_tokens_generated": ("output_tokens", "sum"),
}
_PARAMETERS = ("num_gpu", "num_ctx", "temperature", "top_p", "top_k", "repeat_penalty")


def _is_agent(content: Mapping[str, Any]) -> bool:
    aggregates = content["aggregate_metrics"]
    return isinstance(aggregates, dict) and not _AGGREGATE.keys().isdisjoint(cast("dict[str, Any]", aggregates))


def _read(agent: Document) -> None:
    settings = agent.at("configuration" if "configuration" in agent.content else "options")
    context = agent.describe(
        model=agent.text("model"),
        prompt=agent.text("prompt"),
        timestamp=agent.text("timestamp"),
        parameters={name: settings.number(name) for name in _PARAMETERS},
    )
    runs, together = [*agent.each("individual_runs")], agent.at("aggregate_metrics")
    counts = (agent.number("runs"), together.number("runs"), together.number("total_requests"), len(runs) or None)
    figures = [together.figure(metric, name, aggregate=made) for name, (metric, made) in _AGGREGATE.items()]
    together.record(figures, agent.describe(context, n=next(filter(None, counts), None)))
    for run in runs:
        run.record(
            [run.figure(metric, name) for name, metric in _RUN.items()],
            agent.describe(context, labels={"run": run.number("run")}),
        )


AGENT = DocumentFormat("Chimera agents", frozenset({"aggregate_metrics"}), _read, _is_agent, of_engine=True)
