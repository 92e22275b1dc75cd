"""What measuring a call costs: decode rate through `timed_call` against the bare binding, in turns, same prompt.

    python -m benchmarks.bench_call_overhead

Prints the ratio of the median rates; 1.00 means that streaming, the ledger and the thread between cost nothing.
"""

import time
from statistics import median
from typing import Any

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.measure.call import timed_call
from chimera_dagster.trial import ParamSet

MODEL, PROMPT, TOKENS, ROUNDS, NUM_CTX = "smollm2:135m", "Write a story about a lighthouse.", 96, 9, 1024


def bare_rate(server: Any) -> float:
    """Tokens a second between the first and the last chunk, by the binding's own callback."""
    times: list[float] = []
    server.handle_chat_completions(
        {
            "messages": [{"role": "user", "content": PROMPT}],
            "max_tokens": TOKENS,
            "seed": 1,
            "stream": True,
            "temperature": 0.0,
            "cache_prompt": False,
        },
        lambda chunk: times.append(time.perf_counter()) and False,
    )
    return (len(times) - 1) / (times[-1] - times[0])


def measured_rate(engine: EmbeddedEngine) -> float:
    request = Request(MODEL, PROMPT, params=ParamSet(num_ctx=NUM_CTX, temperature=0.0), max_tokens=TOKENS, seed=1)
    ledger = timed_call(engine, request, "bench").ledger
    return (len(ledger) - 1) / (ledger[-1].at_ms - ledger[0].at_ms) * 1e3


def main() -> None:
    engine = EmbeddedEngine()
    measured_rate(engine)  # loads the model
    assert engine._loaded is not None
    server = engine._loaded[1]  # the very same server, as a second one's threads would compete with its own
    bare_rate(server)
    pairs = [(measured_rate(engine), bare_rate(server)) for _ in range(ROUNDS)]
    measured, bare = (median(side) for side in zip(*pairs, strict=True))
    print(
        f"decode_rate_ratio: {measured / bare:.3f} (measured {measured:.1f}, bare binding {bare:.1f} chunks/s, medians)"
    )


if __name__ == "__main__":
    main()
