"""What the results of vLLM's and SGLang's serving benchmarks have in common: SGLang's began as a copy of vLLM's.

Rates are those of the server over all requests. Latencies are over the requests that did not fail; a mean of 0 stands
for "none was measured", as both tools take the mean of an empty list for 0.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.commands import NUM_PROMPTS, is_all_at_once
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.roles import role_of

LATENCIES = {"ttft": "ttft_ms", "tpot": "tpot_ms", "itl": "itl_ms", "e2el": "e2e_ms", "e2e_latency": "e2e_ms"}
_LATENCY = re.compile(rf"(?P<aggregate>mean|median|std|max|p\d{{1,3}}(?:\.\d+)?)_(?P<what>{'|'.join(LATENCIES)})_ms")
OVER_REQUESTS = ("ttft_ms", "e2e_ms")  # one value a request; TPOT needs two tokens, and a request has many gaps
_OF_SERVER = (
    ("benchmark_ms", "duration", "s", None),
    ("requests_per_s", "request_throughput", None, None),
    ("goodput_requests_per_s", "request_goodput", None, None),
    ("output_tok_s", "output_throughput", None, None),
    ("input_tok_s", "input_throughput", None, None),
    ("total_tok_s", "total_token_throughput", None, None),
    ("total_tok_s", "total_throughput", None, None),
    ("completed_requests", "completed", None, None),
    ("failed_requests", "failed", None, None),
    ("prompt_tokens", "total_input_tokens", None, "sum"),
    ("output_tokens", "total_output_tokens", None, "sum"),
)
_PEAKS = (
    ("output_tok_s", "max_output_tokens_per_s", None, "max"),
    ("concurrent_requests", "max_concurrent_requests", None, "max"),
)
_OF_REQUEST = (
    ("ttft_ms", "ttfts", "s"),
    ("e2e_ms", "latencies", "s"),
    ("prompt_tokens", "input_lens", None),
    ("output_tokens", "output_lens", None),
    ("prompt_cached_tokens", "cached_tokens", None),
)


class Fields(Protocol):
    """A JSON object or a row of a table."""

    def number(self, name: str, /) -> float | None: ...
    def setting(self, name: str, /) -> float | str | None: ...
    def record(self, figures: Iterable[Figure | None], context: Context, /) -> None: ...
    def figure(
        self, metric: str, name: str, /, *, unit: str | None = None, aggregate: str | None = None
    ) -> Figure | None: ...


def conditions_in(fields: Fields, names: Iterable[str], besides: Iterable[str] = ()) -> dict[str, Any]:
    """Conditions among the fields, also those that a user or a sweep added; `besides` are not looked at."""
    if fields.setting("request_rate") == "inf":
        besides = (*besides, "burstiness")  # of nothing
    found: dict[str, Any] = {}
    for name in names:
        role, which = role_of(name)
        if role == "condition" and name not in besides and found.get(which) is None:
            found[which] = fields.setting(name)
    return load_of(found)


def load_of(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions without a request rate of infinity, unless nothing else says what the load was."""
    is_limited = conditions.get("concurrency") is not None
    return {name: value for name, value in conditions.items() if not (is_limited and value == "inf")}


def all_at_once(conditions: Mapping[str, Any], requests: float | None) -> dict[str, Any]:
    """The conditions with the number of requests, if it is the load."""
    return {**conditions, NUM_PROMPTS: int(requests)} if requests and is_all_at_once(conditions) else {**conditions}


def engine_of(backend: str | None) -> str | None:
    """The engine that a benchmark's `--backend` names: `sglang-oai` is a protocol of sglang, `openai` is any engine."""
    engine = None if backend is None else backend.partition("-")[0]
    return None if engine == "openai" else engine


def add_result(fields: Fields, names: Iterable[str], context: Context, more: Iterable[Figure | None] = ()) -> None:
    """Add what a benchmark measured as a whole; `more` is what only one of the tools states."""
    completed = fields.number("completed")
    over_requests: list[Figure] = []
    over_others: list[Figure | None] = [fields.figure(*each[:2], aggregate=each[3]) for each in _PEAKS]
    for figure in _latencies(fields, names):
        (over_requests if figure.measured.metric in OVER_REQUESTS else over_others).append(figure)
    whole = [fields.figure(metric, name, unit=unit, aggregate=made) for metric, name, unit, made in _OF_SERVER]
    context = context._replace(failed=completed == 0)
    fields.record([*whole, *over_requests], context._replace(n=None if completed is None else int(completed)))
    over_others += more
    if any(over_others):
        fields.record(over_others, context)


def _latencies(fields: Fields, names: Iterable[str]) -> Iterator[Figure]:
    for name in names:
        found = _LATENCY.fullmatch(name)
        if found and fields.number(f"mean_{found['what']}_ms"):
            figure = fields.figure(LATENCIES[found["what"]], name, aggregate=found["aggregate"])
            if figure:
                yield figure


def add_requests(document: Document, context: Context) -> None:
    """Add each request of the lists that `--save-detailed` and `--output-details` write, if they are there.

    The gaps between tokens (`itls`) stay unread: their means and percentiles are stated.
    """
    lists = {name: len(found) for _, name, _ in _OF_REQUEST if isinstance(found := document.get(name), list)}
    if len({*lists.values()}) > 1:
        document.problem(f"lists differ in length: {', '.join(f'{name} has {size}' for name, size in lists.items())}")
    count = max(lists.values(), default=0)
    some_failed = (document.number("completed") or 0) < count
    for place in range(count):
        figures = [document.cell(metric, name, place, unit) for metric, name, unit in _OF_REQUEST]
        failed = bool(document.get("errors", place)) or (some_failed and _is_empty(figures))
        document.record(figures, document.describe(context, failed=failed), f"*/{place}")


def _is_empty(figures: Iterable[Figure | None]) -> bool:
    """Whether a request shows no answer: SGLang may leave the error of a failed one empty."""
    of_answer = [
        each.value for each in figures if each and each.measured.metric in ("ttft_ms", "e2e_ms", "output_tokens")
    ]
    return bool(of_answer) and not any(of_answer)


def time_of(date: str | None) -> str | None:
    """vLLM's `20260131-235959` as ISO 8601; anything else as it is."""
    try:
        return None if date is None else datetime.strptime(date, "%Y%m%d-%H%M%S").isoformat()
    except ValueError:
        return date
