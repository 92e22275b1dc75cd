"""The check of a real model on the GPU: calls of the embedded engine or of a server, with energy per token."""

import os
import time
from statistics import fmean, median

from gpu_bench import Bench, near
from gpu_programs import smi_rows

from chimera_dagster.engines.base import Engine, Request
from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.engines.openai import OpenAIEngine
from chimera_dagster.measure.call import call_metrics, timed_call, warm_up
from chimera_dagster.measure.host import place_of
from chimera_dagster.measure.telemetry import Telemetry
from chimera_dagster.measure.telemetry_summary import summarise_telemetry
from chimera_dagster.spec.trial import ParamSet

CALLS, MAX_TOKENS = 8, 1_000
_HOW = (
    "no engine here computes on the GPU: set OPENAI_BASE_URL to llama.cpp's server with CUDA or Vulkan, or install a "
    "build of xllamacpp with one of them"
)


def model(bench: Bench) -> None:
    """Calls of a model: the client's figures, and power, energy and memory beside nvidia-smi's."""
    bench.table("A model on the GPU", "quantity", "here", "nvidia-smi")
    engine = _engine()
    if engine is None:
        bench.impossible("joules per token", _HOW)
        return
    try:
        models = engine.models()
        if models:
            _measure(bench, engine, min(models, key=lambda tag: (tag != "smollm2:135m", tag)))
        else:
            bench.impossible("joules per token", f"{engine.name} has no model; run 'chimera models get smollm2:135m'")
    finally:
        engine.close()


def _engine() -> Engine | None:
    if os.environ.get("OPENAI_BASE_URL"):
        return OpenAIEngine()
    import xllamacpp

    has_gpu = any("GPU" in device["type"].name for device in xllamacpp.get_device_info())
    return EmbeddedEngine() if has_gpu else None


def _measure(bench: Bench, engine: Engine, tag: str) -> None:
    params = ParamSet(temperature=0.8, num_gpu=999 if engine.name == "embedded" else None)
    request = Request(tag, "Write a long story about a lighthouse.", params=params, max_tokens=MAX_TOKENS)
    warm_up(engine, request)
    with Telemetry(place_of(engine), nvml=bench.nvml, environ=bench.environ) as telemetry:
        with smi_rows(bench.uuid) as smi:
            start = time.perf_counter()
            calls = [timed_call(engine, request, "check", number, telemetry.began) for number in range(CALLS)]
            end = time.perf_counter()
        time.sleep(0.5)
    metrics = [call_metrics(call.ledger, call.stats) for call in calls]
    tokens = sum(each.output_tokens or 0 for each in metrics)
    bench.row(f"{CALLS} calls of {tag}, {engine.version()}: tokens", tokens, "", ok=tokens > 0)
    per_call = [
        summarise_telemetry(telemetry.samples, call.sent_ms, call.end_ms, each.output_tokens)
        for call, each in zip(calls, metrics, strict=True)
    ]
    for name, values in (
        ("TTFT, ms", [each.ttft_ms for each in metrics]),
        ("tokens a second", [each.decode_tok_s for each in metrics]),
        ("seconds a call", [each.e2e_ms / 1e3 for each in metrics]),
        ("joules a token, by call", [each.joules_per_token for each in per_call]),
    ):
        found = sorted(value for value in values if value is not None)
        shown = f"{median(found):.4g}, {found[0]:.4g} to {found[-1]:.4g}" if found else "not reported"
        bench.row(f"{name}: median, least to most", shown, "")
    seen = telemetry.summary(start, end, output_tokens=tokens)
    power, util = fmean(row[2] for row in smi), fmean(row[0] for row in smi)
    joules = power * (end - start)
    bench.row("joules a token, of all calls", seen.joules_per_token, joules / tokens, ok=near(seen.energy_j, joules))
    bench.row("power, mean W", seen.power_mean_w, power, ok=near(seen.power_mean_w, power))
    bench.row("utilisation, mean %", seen.gpu_util_mean_pct, util, ok=abs((seen.gpu_util_mean_pct or 0) - util) < 10)
    most = max(row[1] for row in smi)
    bench.row("memory of the GPU, most MiB", seen.gpu_memory_peak_mib, most, ok=near(seen.gpu_memory_peak_mib, most))
    if seen.gpu_process_memory_peak_mib is None:
        bench.impossible("memory of the engine", seen.reasons.get("gpu_process_memory_peak_mib", "not reported"))
    else:
        own = seen.gpu_process_memory_peak_mib
        bench.row("memory of the engine, most MiB", own, most, ok=0 < own <= most + 1)
