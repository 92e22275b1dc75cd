"""What a schema costs: decode rate and TTFT of an answer held to the analysis schema, against the same call without it.

    python -m benchmarks.bench_constrained_decode [model ...]

Both sides take turns on the same loaded model with the same prompt, once for each number of facts that may be cited.
Prints the ratio of the median rates (1.00: the grammar costs nothing) and the median of the differences in TTFT,
which is the time to build the grammar.
"""

import sys
from statistics import median
from typing import NamedTuple

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.measure.call import timed_call
from chimera_dagster.spec.trial import ParamSet
from chimera_dagster.write.answer_schema import Schema, analysis_schema

PROMPT = "Compare the models {M1} and {M2}. {F1} is the throughput of {M1}, {F2} that of {M2}. Answer in JSON."
FACTS, TOKENS, ROUNDS, NUM_CTX = (5, 40, 100), 96, 3, 1024


class Seen(NamedTuple):
    """Tokens a second by the engine's account, and milliseconds until the first chunk."""

    rate: float
    ttft_ms: float


def seen(engine: EmbeddedEngine, model: str, seed: int, schema: Schema | None) -> Seen:
    params = ParamSet(num_ctx=NUM_CTX, temperature=0.8)
    call = timed_call(
        engine, Request(model, PROMPT, params=params, max_tokens=TOKENS, seed=seed, schema=schema), "bench"
    )
    assert call.stats.output_tokens and call.stats.eval_ms
    return Seen(call.stats.output_tokens / call.stats.eval_ms * 1e3, call.ledger[0].at_ms)


def main() -> None:
    engine = EmbeddedEngine()
    for model in sys.argv[1:] or ["smollm2:135m"]:
        seen(engine, model, 0, None)  # loads the model
        for facts in FACTS:
            schema = analysis_schema([*(f"F{n}" for n in range(1, facts + 1)), "D1", "D2", "M1", "M2"])
            pairs = [(seen(engine, model, seed, schema), seen(engine, model, seed, None)) for seed in range(ROUNDS)]
            held, free = (median(one.rate for one in side) for side in zip(*pairs, strict=True))
            later = median(one.ttft_ms - other.ttft_ms for one, other in pairs)
            print(
                f"{model}, {facts} facts: decode_rate_ratio: {held / free:.3f} "
                f"(held {held:.1f}, free {free:.1f} tok/s, medians of {ROUNDS}), ttft_difference_ms: {later:.1f}"
            )


if __name__ == "__main__":
    main()
