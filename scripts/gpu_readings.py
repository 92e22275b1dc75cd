"""Checks of what is read of a GPU: NVML against nvidia-smi, energy, clock reasons, memory, processes, and the cost."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import fmean, median

from gpu_bench import SETTLE_S, Bench, Watched
from gpu_programs import STEPS, active_reasons, child, poll, read_lines, run

from chimera_dagster.measure.energy import energy_of
from chimera_dagster.measure.host import HostReader, Owned, Place
from chimera_dagster.measure.nvml import CLOCK_REASONS, THROTTLING, NvmlError, read_gpu, visible_gpus
from chimera_dagster.measure.telemetry import Telemetry

DUTIES = (("idle", 12.0, None), ("full load", 20.0, (1.0, 0.0)), ("0.7 s of load, 0.7 s of none", 21.0, (0.7, 0.7)))
LIMITED_S, RISING_S, FREED_S, BESIDE_S = 4.0, 2.0, 2.0, 3.0  # the other windows, in seconds
FIRST_MIB, SECOND_MIB = 512, 2_048
_CONTEXT_MIB = 1_500  # what CUDA itself may take of a process's memory


def telemetry(bench: Bench) -> None:
    """Utilisation, memory, power, temperature, clocks and energy, by telemetry and nvidia-smi at the same time."""
    bench.table("Telemetry and nvidia-smi", "window", "quantity", "here", "nvidia-smi")
    watched: dict[str, Watched] = {}
    for name, seconds, duty in DUTIES:
        with ExitStack() as stack:
            pid = stack.enter_context(bench.load(1024, *duty)) if duty else os.getpid()
            time.sleep(SETTLE_S)
            watched[name] = bench.watch(seconds, pid)
        _compare(bench, name, watched[name])
    columns = ("window", "by the counter, J", "by power samples, J", "nvidia-smi's power, J", "windows of 1 s")
    bench.table("Energy", *columns)
    for name, seen in watched.items():
        _energy(bench, name, seen)


def _compare(bench: Bench, name: str, seen: Watched) -> None:
    summary, (util, memory, power, heat, clock, _) = seen.summary, zip(*seen.smi, strict=True)
    for quantity, field, here, there, tolerance in (
        ("utilisation, mean %", "gpu_util_mean_pct", summary.gpu_util_mean_pct, fmean(util), 5.0),
        ("memory, most MiB", "gpu_memory_peak_mib", summary.gpu_memory_peak_mib, max(memory), 2.0),
        ("power, mean W", "power_mean_w", summary.power_mean_w, fmean(power), 0.03 * fmean(power)),
        ("temperature, highest °C", "temperature_max_c", summary.temperature_max_c, max(heat), 1.0),
        ("SM clock, mean MHz", "sm_clock_mean_mhz", summary.sm_clock_mean_mhz, fmean(clock), 0.02 * fmean(clock)),
    ):
        if here is None:
            bench.impossible(f"{name}: {quantity}", summary.reasons.get(field, "not reported"))
        else:
            bench.row(name, quantity, here, there, ok=abs(here - there) <= tolerance)


def _energy(bench: Bench, name: str, seen: Watched) -> None:
    counter, power = _joules(seen, seen.start_ms, seen.end_ms)
    if not counter:
        has_counter = any(each.energy_mj is not None for each in seen.samples)
        bench.impossible(name, "the energy counter did not move" if has_counter else "this GPU has no energy counter")
        return
    smi = fmean(row[2] for row in seen.smi) * (seen.end_ms - seen.start_ms) / 1e3
    seconds = range(int((seen.end_ms - seen.start_ms) // 1e3))
    pairs = [_joules(seen, seen.start_ms + 1e3 * k, seen.start_ms + 1e3 * (k + 1)) for k in seconds]
    off = [abs(sampled / counted - 1) for counted, sampled in pairs if counted]
    short = f"{median(off):.1%} apart, at most {max(off):.1%}" if off else "too short"
    bench.row(name, counter, power, smi, short, ok=abs(power - counter) < 0.05 * counter)


def _joules(seen: Watched, start_ms: float, end_ms: float) -> tuple[float, float]:
    """Energy of a window by the counter (0 if that did not move), and by the samples of power."""
    counted = energy_of([seen.samples], start_ms, end_ms)
    sampled = energy_of([[sample._replace(energy_mj=None) for sample in seen.samples]], start_ms, end_ms)
    return (counted.joules or 0.0) if counted.source == "counter" else 0.0, sampled.joules or 0.0


def reasons(bench: Bench) -> None:
    """Why the clocks are reduced under full load, by name, and whether the verdict `throttled` would follow."""
    bench.table("Clock reasons under full load", "quantity", "here", "nvidia-smi")
    with bench.load(512, 1.0, 0.0) as pid:
        time.sleep(SETTLE_S)
        before = active_reasons(bench.uuid)
        seen = bench.watch(LIMITED_S, pid)
        after = active_reasons(bench.uuid)
    told = [set(sample.clock_reasons) for sample in seen.samples if sample.clock_reasons is not None]
    if not told:
        bench.impossible("clock reasons", "this GPU does not report them")
        return
    here = [{name for place, name in enumerate(CLOCK_REASONS) if int(row[5]) >> place & 1} for row in seen.smi]
    for name in sorted(set.union(*told, *here)):
        share, other = (fmean(name in each for each in readings) for readings in (told, here))
        bench.row(f"{name}: share of the samples", share, other, ok=abs(share - other) <= 0.15)
    steady = set.intersection(*told)
    if before != after:
        bench.impossible("the names", f"nvidia-smi's reasons changed meanwhile: {_named(before)}, then {_named(after)}")
    else:
        bench.row("in all samples, by name", _named(steady), _named(before), ok=before <= set.union(*told))
    limited = steady & THROTTLING
    if limited:
        shares = seen.summary.throttle_shares or {}
        bench.row("what makes a trial `throttled`", _named(set(shares)), _named(limited), ok=limited <= set(shares))
    else:
        bench.impossible("what makes a trial `throttled`", "the load reached no limit of power or heat")


def _named(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def memory(bench: Bench) -> None:
    """The peak of a window with an allocation that is freed again, of the GPU and of the engine's process."""
    bench.table("Memory peaks", "quantity", "here", "nvidia-smi")
    command = (sys.executable, "-c", STEPS, str(FIRST_MIB), str(SECOND_MIB))
    with child(command, bench.environ) as process:
        read_lines(process, 1)

        def step() -> None:
            process.send_signal(signal.SIGUSR1)
            read_lines(process, 1)

        rising = bench.watch(RISING_S, process.pid, step)
        step()
        freed = bench.watch(FREED_S, process.pid)
    peak, most = rising.summary.gpu_memory_peak_mib, max(row[1] for row in rising.smi)
    bench.row("peak of the GPU, MiB", peak, most, ok=peak is not None and abs(peak - most) <= 2)
    after, least = freed.summary.gpu_memory_peak_mib, max(row[1] for row in freed.smi)
    bench.row("after the second part was freed, MiB", after, least, ok=after is not None and abs(after - least) <= 2)
    dropped = None if peak is None or after is None else peak - after
    bench.row("what was freed, MiB", dropped, SECOND_MIB, ok=dropped is not None and abs(dropped - SECOND_MIB) <= 8)
    own = rising.summary.gpu_process_memory_peak_mib
    if own is None:
        why = rising.summary.reasons.get("gpu_process_memory_peak_mib", "not reported")
        bench.impossible("peak of the process", why)
    else:
        held = FIRST_MIB + SECOND_MIB
        bench.row("peak of the process, MiB (allocated)", own, held, ok=held <= own <= held + _CONTEXT_MIB)


def processes(bench: Bench) -> None:
    """The engine's process and another one, told apart."""
    bench.table("Processes", "quantity", "here", "nvidia-smi")
    with bench.load(2048, 0.1, 0.1) as ours, bench.load(512, 0.1, 0.1) as other:
        seen = bench.watch(BESIDE_S, ours).summary
        apps = run("nvidia-smi", "--query-compute-apps=pid,used_gpu_memory", "--format=csv,noheader,nounits")
    if seen.gpu_process_memory_peak_mib is None:
        why = seen.reasons.get("gpu_process_memory_peak_mib", "not reported")
        bench.impossible("the processes on the GPU", why)
        return
    listed = {int(pid): float(mib) for pid, mib in (line.split(",") for line in apps.splitlines())}
    bench.row("ids", sorted((ours, other)), sorted(listed), ok={ours, other} <= set(listed))
    for quantity, here, there in (
        ("the engine's memory, MiB", seen.gpu_process_memory_peak_mib, listed.get(ours)),
        ("other processes", seen.other_processes_max, len(listed) - 1),
        ("their memory, MiB", seen.other_memory_peak_mib, sum(listed.values()) - listed.get(ours, 0.0)),
    ):
        bench.row(quantity, here, there, ok=here == there)


def cost(bench: Bench) -> None:
    """How often NVML's values change, and what a sample and a second of telemetry cost."""
    bench.table("Cost of telemetry", "quantity", "value")
    place = Place(True, lambda: Owned(frozenset({os.getpid()})))
    nvml = bench.nvml
    with bench.load(512, 0.05, 0.02):
        nvml.nvmlInit()
        (handle,) = visible_gpus(nvml, bench.environ)[0]
        host = HostReader(place)
        reads: dict[str, Callable[[], object]] = {
            "energy counter": lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle.device),
            "power": lambda: nvml.nvmlDeviceGetPowerUsage(handle.device),
            "utilisation": lambda: nvml.nvmlDeviceGetUtilizationRates(handle.device).gpu,
            "processes": lambda: len(nvml.nvmlDeviceGetComputeRunningProcesses(handle.device)),
            "sample of the GPU": lambda: bool(read_gpu(nvml, handle, 0, time.perf_counter, host.owned())),
            "sample of the host": lambda: bool(host.read()),
        }
        for name, read in reads.items():
            try:
                took, changes = poll(read, 2.0)
            except NvmlError as error:
                bench.impossible(name, str(error))
            else:
                bench.row(f"{name}: milliseconds of a read, and between two changes", f"{took:.2f}, {changes:.0f}")
        for hz in (10.0, 50.0):
            with Telemetry(place, hz, nvml=nvml, environ=bench.environ) as sampled:
                core, began = time.process_time(), time.perf_counter()
                time.sleep(4)
                core, took = time.process_time() - core, time.perf_counter() - began
            seen = sampled.summary()
            rate = seen.samples / took
            told = f"{rate:.1f} Hz, largest gap {seen.largest_gap_ms or 0:.0f} ms, {core / took:.1%} of a core"
            bench.row(f"{hz:g} samples a second", told, ok=rate > 0.9 * hz if hz == 10 else None)
        nvml.nvmlShutdown()
