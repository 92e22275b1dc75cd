"""Synthetic data of a trial, the same each time: estimates, calls and telemetry."""

from random import Random

from chimera_dagster.measure.samples import GpuSample, HostSample, Sample
from chimera_dagster.render.report.charts import Estimate, Trace
from chimera_dagster.render.report.telemetry_chart import Span


def estimates(count: int) -> list[Estimate]:
    """Some without an interval, with labels as long as they get."""
    chance = Random(1)
    found: list[Estimate] = []
    for number in range(count):
        mean, half, n = 40 + 70 * chance.random(), 1 + 4 * chance.random(), chance.choice((1, 2, 5, 30))
        label = f"model{number % 3}:{number}b, num_ctx={1024 << number % 4}, temperature={number / 10}, top_p=0.95"
        found.append(Estimate(label, n, mean, mean - half, mean + half) if n > 2 else Estimate(label, n, mean))
    return found


def traces(repeats: int, chunks: int = 320) -> list[Trace]:
    chance = Random(2)
    found: list[Trace] = []
    for number in range(repeats):
        for stage, first in (("analysis", 610.0), ("report", 940.0)):
            at = [first + 40 * chance.random()]
            for _ in range(chunks - 1 - 20 * number):
                at.append(at[-1] + (chance.uniform(14, 22) if chance.random() > 0.01 else chance.uniform(120, 400)))
            found.append(Trace(f"{stage} {number + 1}", stage, at))
    return found


def spans(traces: list[Trace]) -> list[Span]:
    """The calls one after the other, a pause before each."""
    found: list[Span] = []
    now = 0.0
    for trace in traces:
        found.append(Span(trace.name, now + 800, now + 800 + trace.at_ms[-1]))
        now = found[-1].end_ms
    return found


def samples(calls: list[Span], gpus: int = 0) -> list[Sample]:
    """Ten a second until a second after the last call; the last of several GPUs has no power."""
    chance = Random(3)
    found: list[Sample] = []
    for number in range(int(calls[-1].end_ms / 100) + 10):
        at = 100.0 * number
        busy = any(call.start_ms <= at <= call.end_ms for call in calls)
        found.append(HostSample(number, at, chance.uniform(85, 99) if busy else 4.0, 9_000.0, 640.0 if busy else 610.0))
        for gpu in range(gpus):
            power = None if gpus > 1 and gpu == gpus - 1 else (240.0 if busy else 62.0) + chance.uniform(-9, 9)
            found.append(
                GpuSample(
                    number,
                    at,
                    f"GPU-{gpu}",
                    gpu_util_pct=chance.uniform(78, 97) - 20 * gpu if busy else 0.0,
                    memory_used_mib=11_200.0 + 900 * gpu if busy else 10_400.0,
                    power_w=power,
                )
            )
    return found
