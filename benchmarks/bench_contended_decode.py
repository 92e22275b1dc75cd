"""What a busy machine does to the embedded engine: decode rate with one other process per core, as shipped and as
libgomp would wait by default (300,000 spins before a thread sleeps).

    python -m benchmarks.bench_contended_decode

Prints the ratio of the median rates of the two, measured in turns; above 1 is what the engine's setting gains.
"""

import multiprocessing
import os
import subprocess
import sys
from statistics import median

TOKENS, ROUNDS = 8, 3
GOMP_DEFAULT = "300000"  # https://gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html


def spin() -> None:
    while True:
        pass


def child() -> None:
    """Print the decode rate of one call, model loaded before it."""
    from chimera_dagster.engines.base import Request
    from chimera_dagster.engines.embedded import EmbeddedEngine
    from chimera_dagster.measure.call import call_metrics, timed_call
    from chimera_dagster.spec.trial import ParamSet

    engine = EmbeddedEngine()
    for tokens in (1, TOKENS):
        params = ParamSet(num_ctx=512, temperature=0)
        call = timed_call(engine, Request("smollm2:135m", "Write a story.", params=params, max_tokens=tokens), "bench")
    print(call_metrics(call.ledger, call.stats).decode_tok_s)


def rate(spin_count: str | None) -> float:
    env = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    if spin_count is not None:
        env["GOMP_SPINCOUNT"] = spin_count
    done = subprocess.run([sys.executable, __file__, "child"], env=env, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    others = [multiprocessing.Process(target=spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    for other in others:
        other.start()
    try:
        pairs = [(rate(None), rate(GOMP_DEFAULT)) for _ in range(ROUNDS)]
    finally:
        for other in others:
            other.kill()
    shipped, default = (median(side) for side in zip(*pairs, strict=True))
    print(
        f"contended_decode_ratio: {shipped / default:.2f} (shipped {shipped:.1f}, default {default:.1f} tok/s, medians)"
    )


if __name__ == "__main__":
    child() if sys.argv[1:] == ["child"] else main()
