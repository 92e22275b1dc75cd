"""What measuring a call costs: decode rate and TTFT through `timed_call` with telemetry on, against the bare binding.

    python -m benchmarks.bench_call_overhead

Both sides take turns on the very same server with the same prompt. Prints the ratio of the median rates (1.00:
streaming, the ledger, the thread between and telemetry cost nothing) and the median of the differences in TTFT.
"""

import time
from statistics import median
from typing import Any, NamedTuple

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.measure.call import timed_call
from chimera_dagster.measure.host import place_of
from chimera_dagster.measure.telemetry import Telemetry
from chimera_dagster.trial import ParamSet

MODEL, PROMPT, TOKENS, ROUNDS, NUM_CTX = "smollm2:135m", "Write a story about a lighthouse.", 96, 15, 1024


class Seen(NamedTuple):
    """Chunks a second between the first and the last, and milliseconds until the first."""

    rate: float
    ttft_ms: float


def bare(server: Any) -> Seen:
    """By the binding's own callback."""
    times: list[float] = []
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
        lambda chunk: times.append(time.perf_counter()) if _has_text(chunk) else None,
    )
    return Seen((len(times) - 1) / (times[-1] - times[0]), (times[0] - sent) * 1e3)


def _has_text(chunk: dict[str, Any]) -> bool:
    return any(choice["delta"].get("content") for choice in chunk["choices"])


def measured(engine: EmbeddedEngine) -> Seen:
    request = Request(MODEL, PROMPT, params=ParamSet(num_ctx=NUM_CTX, temperature=0.0), max_tokens=TOKENS, seed=1)
    with Telemetry(place_of(engine)):
        ledger = timed_call(engine, request, "bench").ledger
    return Seen((len(ledger) - 1) / (ledger[-1].at_ms - ledger[0].at_ms) * 1e3, ledger[0].at_ms)


def main() -> None:
    engine = EmbeddedEngine()
    measured(engine)  # loads the model
    assert engine._loaded is not None
    server = engine._loaded[1]  # the very same server, as a second one's threads would compete with its own
    bare(server)
    pairs = [(measured(engine), bare(server)) for _ in range(ROUNDS)]
    ours, theirs = (median(seen.rate for seen in side) for side in zip(*pairs, strict=True))
    print(f"decode_rate_ratio: {ours / theirs:.3f} (measured {ours:.1f}, bare binding {theirs:.1f} chunks/s, medians)")
    later = median(one.ttft_ms - other.ttft_ms for one, other in pairs)
    print(f"ttft_difference_ms: {later:.2f} (median of {ROUNDS}, on {median(one.ttft_ms for _, one in pairs):.0f} ms)")


if __name__ == "__main__":
    main()
