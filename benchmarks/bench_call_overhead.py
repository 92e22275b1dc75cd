"""What measuring a call costs: decode rate and TTFT through `timed_call` with telemetry on, against the bare binding.

    python -m benchmarks.bench_call_overhead

Both sides take turns, in random order, on the very same server with the same prompt. Prints the median of the ratios of
neighbours (1.00: streaming, the ledger, the thread between and telemetry cost nothing), and what each TTFT has beyond
the prefill that the engine reports for the same call: the machine's speed changes from call to call by more than the
difference that is looked for.
"""

import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.measure.call import call_metrics, timed_call
from chimera_dagster.measure.host import place_of
from chimera_dagster.measure.telemetry import Telemetry
from chimera_dagster.spec.trial import ParamSet

MODEL, PROMPT, TOKENS, ROUNDS, NUM_CTX = "smollm2:135m", "Write a story about a lighthouse.", 48, 61, 1024


class Seen(NamedTuple):
    """Chunks a second between the first and the last, and milliseconds until the first beyond the prefill's."""

    rate: float
    beyond_ms: float


def bare(server: Any) -> Seen:
    """By the binding's own callback."""
    times: list[float] = []
    prefill_ms: list[float] = []

    def on_chunk(chunk: dict[str, Any]) -> None:
        if any(choice["delta"].get("content") for choice in chunk["choices"]):
            times.append(time.perf_counter())
        if "timings" in chunk:
            prefill_ms.append(chunk["timings"]["prompt_ms"])

    sent = time.perf_counter()
    server.handle_chat_completions(
        {
            "messages": [{"role": "user", "content": PROMPT}],
            "max_tokens": TOKENS,
            "seed": 1,
            "stream": True,
            "temperature": 0.0,
            "cache_prompt": False,
        },
        on_chunk,
    )
    return Seen((len(times) - 1) / (times[-1] - times[0]), (times[0] - sent) * 1e3 - prefill_ms[-1])


def measured(engine: EmbeddedEngine) -> Seen:
    request = Request(MODEL, PROMPT, params=ParamSet(num_ctx=NUM_CTX, temperature=0.0), max_tokens=TOKENS, seed=1)
    with Telemetry(place_of(engine)):
        call = timed_call(engine, request, "bench")
    metrics = call_metrics(call.ledger, call.stats)
    assert metrics.prompt_eval_ms is not None
    rate = (len(call.ledger) - 1) / (metrics.e2e_ms - metrics.ttft_ms) * 1e3
    return Seen(rate, metrics.ttft_ms - metrics.prompt_eval_ms)


def main() -> None:
    engine = EmbeddedEngine()
    measured(engine)  # loads the model
    assert engine._loaded is not None
    server = engine._loaded.server  # the very same server, as a second one's threads would compete with its own
    bare(server)
    sides: list[tuple[Callable[[], Seen], list[Seen]]] = [(lambda: measured(engine), []), (lambda: bare(server), [])]
    for _ in range(ROUNDS):
        for call, seen in random.sample(sides, 2):
            seen.append(call())
    (rate, beyond), (bare_rate, bare_beyond) = (map(median, zip(*seen, strict=True)) for _, seen in sides)
    ratio = median(ours.rate / theirs.rate for ours, theirs in zip(*(seen for _, seen in sides), strict=True))
    print(f"decode_rate_ratio: {ratio:.3f} (measured {rate:.1f}, bare {bare_rate:.1f} chunks/s, medians)")
    print(f"ttft_difference_ms: {beyond - bare_beyond:.2f} (beyond the prefill {beyond:.2f}, bare {bare_beyond:.2f})")


if __name__ == "__main__":
    main()
