"""What telemetry costs: decode rate of the embedded engine with it at 10 Hz and without, in turns, same prompt.

    python -m benchmarks.bench_telemetry_overhead

Prints the median of the ratios of neighbours (1.00: it costs nothing), and how long one sample takes. Where no GPU is
there, the samples are of the host alone, and a stand-in plays NVML for the time of a sample: that is then our own part
of it, without the driver's. Keep the machine idle: beside other work the pairs differ by more than telemetry costs,
which the range of the ratios shows.
"""

import time
from statistics import median
from types import SimpleNamespace
from typing import Any

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.measure.call import timed_call
from chimera_dagster.measure.host import HostReader, place_of
from chimera_dagster.measure.nvml import NVML, Handle, read_gpu, survey_gpus
from chimera_dagster.measure.telemetry import Telemetry
from chimera_dagster.spec.trial import ParamSet

MODEL, PROMPT, TOKENS, ROUNDS, SAMPLES, HZ = "smollm2:135m", "Write a story about a lighthouse.", 96, 9, 300, 10


class StandIn:
    """Answers every question of NVML with a number, at once."""

    def __getattr__(self, name: str) -> Any:
        answer = [] if name.endswith("Processes") else SimpleNamespace(gpu=1, used=1) if name.endswith(_RECORDS) else 1
        return lambda *arguments: answer


_RECORDS = ("UtilizationRates", "MemoryInfo")


def rate(engine: EmbeddedEngine) -> float:
    """Tokens a second between the first and the last chunk."""
    request = Request(MODEL, PROMPT, params=ParamSet(num_ctx=1024, temperature=0.0), max_tokens=TOKENS, seed=1)
    ledger = timed_call(engine, request, "bench").ledger
    return (len(ledger) - 1) / (ledger[-1].at_ms - ledger[0].at_ms) * 1e3


def watched_rate(engine: EmbeddedEngine) -> float:
    with Telemetry(place_of(engine), hz=HZ):
        return rate(engine)


def sample_times(engine: EmbeddedEngine) -> tuple[float, float, str]:
    """Milliseconds that reading the host and one GPU take, medians, and whose NVML that was."""
    found = survey_gpus()
    host, gpu = HostReader(place_of(engine)), Handle("stand-in", None)
    nvml: Any = StandIn()
    if found.gpus:
        NVML.nvmlInit()
        nvml, gpu = NVML, Handle(found.gpus[0].uuid, NVML.nvmlDeviceGetHandleByUUID(found.gpus[0].uuid))
    times: list[tuple[float, float]] = []
    for number in range(SAMPLES):
        started = time.perf_counter()
        host.read()
        between = time.perf_counter()
        read_gpu(nvml, gpu, number, time.perf_counter, host.owned())
        times.append(((between - started) * 1e3, (time.perf_counter() - between) * 1e3))
        time.sleep(0.01)
    host_ms, gpu_ms = (median(side) for side in zip(*times, strict=True))
    return host_ms, gpu_ms, found.gpus[0].name if found.gpus else f"a stand-in for NVML, as there is {found.reason}"


def main() -> None:
    engine = EmbeddedEngine()
    rate(engine)  # loads the model
    pairs: list[tuple[float, float]] = []
    for number in range(ROUNDS):  # who goes first changes, so that a drift of the machine favours neither
        if number % 2:
            watched = watched_rate(engine)
            pairs.append((watched, rate(engine)))
        else:
            bare = rate(engine)
            pairs.append((watched_rate(engine), bare))
    ratios = sorted(watched / bare for watched, bare in pairs)
    watched, bare = (median(side) for side in zip(*pairs, strict=True))
    host_ms, gpu_ms, whose = sample_times(engine)
    print(
        f"telemetry_decode_ratio: {median(ratios):.3f}x at {HZ} Hz (from {ratios[0]:.3f} to {ratios[-1]:.3f}; "
        f"with {watched:.1f}, without {bare:.1f} chunks/s, medians of {ROUNDS})"
    )
    share = (host_ms + gpu_ms) * HZ / 1e3
    print(f"one sample: host {host_ms:.2f} ms, GPU {gpu_ms:.2f} ms ({whose}); {share:.1%} of one core at {HZ} Hz")


if __name__ == "__main__":
    main()
