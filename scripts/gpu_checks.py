"""Check what this project reads of an NVIDIA GPU against nvidia-smi and CUDA; prints the tables of docs/gpu-checks.md.

    python scripts/gpu_checks.py [--python PYTHON] [--only telemetry ...]

The load is a loop of matrix products, so PYTHON has to have PyTorch (default: this interpreter). If OPENAI_BASE_URL is
set, calls of the first model there are measured too. Changes no setting of the GPU. Takes some two minutes, in which
nothing else should use the GPU. Exits with 1 if a check fails and with 2 if there is no GPU.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

from gpu_programs import FORK, FORMS, HOLD, LOAD, VISIBLE, SmiRow, child, poll, read_lines, run, smi_rows

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.openai import OpenAIEngine
from chimera_dagster.errors import ChimeraError
from chimera_dagster.gpu.lanes import LaneConfig, lanes
from chimera_dagster.measure.call import call_metrics, timed_call, warm_up
from chimera_dagster.measure.energy import energy_of
from chimera_dagster.measure.environment import capture
from chimera_dagster.measure.host import HostReader, Owned, Place, place_of
from chimera_dagster.measure.nvml import NVML, NvmlError, read_gpu, survey_gpus, uuids_visible, visible_gpus
from chimera_dagster.measure.samples import GpuSample
from chimera_dagster.measure.telemetry import Telemetry
from chimera_dagster.measure.telemetry_summary import TelemetrySummary, summarise
from chimera_dagster.spec.trial import ParamSet

ROOT = Path(__file__).resolve().parents[1]
CALLS = 12
DUTIES = (("idle", 15.0, None), ("full load", 25.0, (1.0, 0.0)), ("0.7 s of load, 0.7 s of none", 21.0, (0.7, 0.7)))


class Watched(NamedTuple):
    """One window: what telemetry says of it, all of its samples, and what nvidia-smi read."""

    summary: TelemetrySummary
    samples: list[GpuSample]
    start_ms: float
    end_ms: float
    smi: list[SmiRow]


class Checks:
    """Runs the checks on one GPU and prints a table of each; `failed` counts the rows that are wrong."""

    def __init__(self, uuid: str, python: str) -> None:
        self.uuid, self.python, self.failed = uuid, python, 0
        self.index = [gpu.uuid for gpu in survey_gpus().gpus].index(uuid)
        path = os.pathsep.join((str(ROOT), *sys.path[1:]))
        self.environ = os.environ | {"CUDA_VISIBLE_DEVICES": uuid, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}

    def table(self, title: str, *columns: str) -> None:
        print(f"\n### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)

    def row(self, *cells: object, ok: bool | None = None) -> None:
        self.failed += ok is False
        shown = [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells]
        print(f"| {' | '.join(shown)} | {'' if ok is None else 'yes' if ok else 'NO'} |", flush=True)

    def visible(self) -> None:
        """CUDA_VISIBLE_DEVICES as this project reads it, and what CUDA shows."""
        self.table("CUDA_VISIBLE_DEVICES", "value", "GPUs here", "GPUs to CUDA", "agree")
        uuid = self.uuid
        names = {"uuid": uuid, "half": uuid[:12], "upper": uuid.upper(), "lower": uuid.lower(), "bare": uuid[4:]}
        for form in FORMS:
            value = form.format(**names, HALF=uuid[:12].upper())
            environ = os.environ | {"CUDA_VISIBLE_DEVICES": value}
            here, there = uuids_visible(environ=environ), run(sys.executable, "-c", VISIBLE, environ=environ).split()
            self.row(f"`{form!r}`", len(here), len(there), ok=here == there)

    def telemetry(self) -> None:
        """Utilisation, memory, power, temperature, clocks and energy, by telemetry and nvidia-smi at the same time."""
        self.table("Telemetry and nvidia-smi", "window", "quantity", "here", "nvidia-smi", "agree")
        watched: dict[str, Watched] = {}
        for name, seconds, duty in DUTIES:
            with ExitStack() as stack:
                pid = stack.enter_context(self.load(1024, *duty)) if duty else os.getpid()
                time.sleep(3)  # until the clocks and the mean that NVML calls power have settled
                watched[name] = self.watch(seconds, pid)
            self._compare(name, watched[name])
        columns = ("window", "by the counter, J", "by power samples, J", "nvidia-smi's power, J", "windows of 1 s")
        self.table("Energy", *columns, "within 5 %")
        for name, seen in watched.items():
            counter, power = _joules(seen, seen.start_ms, seen.end_ms)
            smi = fmean(row[2] for row in seen.smi) * (seen.end_ms - seen.start_ms) / 1e3
            seconds = range(int((seen.end_ms - seen.start_ms) // 1e3))
            pairs = [_joules(seen, seen.start_ms + 1e3 * k, seen.start_ms + 1e3 * (k + 1)) for k in seconds]
            off = [abs(sampled / counted - 1) for counted, sampled in pairs if counted]
            short = f"{median(off):.1%} apart, at most {max(off):.1%}" if off else "the counter did not move"
            self.row(name, counter, power, smi, short, ok=abs(power - counter) < 0.05 * counter)

    def _compare(self, name: str, seen: Watched) -> None:
        summary, (util, memory, power, heat, clock, bits) = seen.summary, zip(*seen.smi, strict=True)
        for quantity, here, there, tolerance in (
            ("utilisation, mean %", summary.gpu_util_mean_pct, fmean(util), 5.0),
            ("memory, most MiB", summary.gpu_memory_peak_mib, max(memory), 2.0),
            ("power, mean W", summary.power_mean_w, fmean(power), 0.03 * fmean(power)),
            ("temperature, highest °C", summary.temperature_max_c, max(heat), 1.0),
            ("SM clock, mean MHz", summary.sm_clock_mean_mhz, fmean(clock), 0.02 * fmean(clock)),
        ):
            self.row(name, quantity, here, there, ok=here is not None and abs(here - there) <= tolerance)
        reasons = {reason for sample in seen.samples for reason in sample.clock_reasons or ()}
        self.row(name, "clock reasons", " ".join(sorted(reasons)), " ".join({hex(int(each)) for each in bits}))

    def processes(self) -> None:
        """The engine's process and another one, told apart."""
        self.table("Processes", "quantity", "here", "nvidia-smi", "agree")
        with self.load(2048, 0.1, 0.1) as ours, self.load(512, 0.1, 0.1) as other:
            seen = self.watch(3, ours).summary
            apps = run("nvidia-smi", "--query-compute-apps=pid,used_gpu_memory", "--format=csv,noheader,nounits")
        listed = {int(pid): float(mib) for pid, mib in (line.split(",") for line in apps.splitlines())}
        self.row("ids", sorted((ours, other)), sorted(listed), ok={ours, other} == set(listed))
        for quantity, here, there in (
            ("the engine's memory, MiB", seen.gpu_process_memory_peak_mib, listed.get(ours)),
            ("other processes", seen.other_processes_max, len(listed) - 1),
            ("their memory, MiB", seen.other_memory_peak_mib, listed.get(other)),
        ):
            self.row(quantity, here, there, ok=here == there)

    def cost(self) -> None:
        """How often NVML's values change, and what a sample and a second of telemetry cost."""
        self.table("Cost of telemetry", "quantity", "value", "as asked")
        place = Place(True, lambda: Owned(frozenset({os.getpid()})))
        with self.load(512, 0.05, 0.02):
            NVML.nvmlInit()
            (handle,) = visible_gpus(NVML, self.environ)[0]
            reads: dict[str, Callable[[], object]] = {
                "energy counter": lambda: NVML.nvmlDeviceGetTotalEnergyConsumption(handle.device),
                "power": lambda: NVML.nvmlDeviceGetPowerUsage(handle.device),
                "utilisation": lambda: NVML.nvmlDeviceGetUtilizationRates(handle.device).gpu,
                "processes": lambda: len(NVML.nvmlDeviceGetComputeRunningProcesses(handle.device)),
                "a sample of the GPU": lambda: read_gpu(NVML, handle, 0, lambda: 0.0, host.owned()) and None,
                "a sample of the host": lambda: host.read() and None,
            }
            host = HostReader(place)
            for name, read in reads.items():
                took, changes = poll(read, 2.5)
                self.row(f"{name}: milliseconds of a read, and between two changes", f"{took:.2f}, {changes:.0f}")
            for hz in (10.0, 50.0, 200.0):
                with Telemetry(place, hz, environ=self.environ) as telemetry:
                    core, began = time.process_time(), time.perf_counter()
                    time.sleep(4)
                    core, took = time.process_time() - core, time.perf_counter() - began
                seen = telemetry.summary()
                rate = seen.samples / took
                told = f"{rate:.1f} Hz, largest gap {seen.largest_gap_ms or 0:.0f} ms, {core / took:.1%} of a core"
                self.row(f"{hz:g} samples a second", told, ok=rate > 0.9 * hz if hz == 10 else None)

    def lanes(self) -> None:
        """One lane a GPU, whatever names it; a killed holder's lane, and what it leaves on the GPU."""
        self.table("Lanes", "check", "value", "as it should be")
        asked = ([str(self.index)], [self.uuid], [self.uuid[:12]], "auto")
        names = {lane.name for gpus in asked for lane in lanes(LaneConfig(gpus), environ=self.environ)}
        self.row("its names by index, by UUID, by the UUID's beginning, auto", " ".join(names), ok=len(names) == 1)
        pinned = run(sys.executable, "-W", "ignore", "-c", FORK, environ=self.environ)
        self.row("a forked child that is pinned sees its GPU alone", pinned, ok=pinned == "True")
        waits, used, freed = list[float](), list[float](), list[float]()
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:

            def hold(number: int) -> "subprocess.Popen[str]":
                command = (sys.executable, "-c", HOLD, folder, f"trial {number}", "4096")
                return stack.enter_context(child(command, self.environ))

            holder = hold(0)
            read_lines(holder, 4)
            full = survey_gpus().gpus[self.index].memory_used_mib
            for number in range(1, 6):
                heir = hold(number)
                time.sleep(2.5)
                if number == 1:
                    self._shown(folder)
                killed = time.monotonic()
                holder.kill()
                at, mib, until, _ = map(str, read_lines(heir, 4))
                waits.append((float(at) - killed) * 1e3)
                used.append(float(mib))
                freed.append(float(until))
                holder = heir
        self.row("kill -9 of the holder, until the next has the lane, ms", _list(waits))
        self.row(f"memory of the GPU in use then ({full:.0f} MiB before), MiB", _list(used))
        self.row("until most of it is free, ms", _list(freed), ok=max(freed) < 1000)

    def _shown(self, folder: str) -> None:
        command = "from chimera_dagster.cli import main; main()"
        environ = self.environ | {"CHIMERA_LEASES_DIR": folder}
        document = json.loads(run(sys.executable, "-c", command, "gpus", "--json", environ=environ))
        shown = [document["lanes"][0]["holder"]["trial"], *(who["trial"] for who in document["waiting"])]
        self.row("`chimera gpus` shows holder and waiter", ", ".join(shown), ok=shown == ["trial 0", "trial 1"])

    def engine(self) -> None:
        """Calls of a served model: the client's figures, and power and energy beside nvidia-smi's."""
        engine = OpenAIEngine()
        model, prompt = engine.models()[0], "Write a long story about a lighthouse."
        self.table(f"{CALLS} calls of {model} ({engine.version()})", "quantity", "here", "nvidia-smi", "agree")
        request = Request(model, prompt, params=ParamSet(temperature=0.8), max_tokens=2000)
        warm_up(engine, request)
        with Telemetry(place_of(engine), environ=self.environ) as telemetry:
            with smi_rows(self.uuid) as smi:
                start = time.perf_counter()
                calls = [timed_call(engine, request, "check", number, telemetry.began) for number in range(CALLS)]
                end = time.perf_counter()
            time.sleep(0.5)
        engine.close()
        metrics = [call_metrics(call.ledger, call.stats) for call in calls]
        tokens = sum(each.output_tokens or 0 for each in metrics)
        pairs, samples = zip(calls, metrics, strict=True), telemetry.samples
        per_call = [summarise(samples, call.sent_ms, call.end_ms, each.output_tokens) for call, each in pairs]
        seen, joules = telemetry.summary(start, end, output_tokens=tokens), fmean(row[2] for row in smi) * (end - start)
        self.row("tokens", tokens, "")
        for name, values in (
            ("TTFT, ms", [each.ttft_ms for each in metrics]),
            ("tokens a second", [each.decode_tok_s for each in metrics]),
            ("seconds a call", [each.e2e_ms / 1e3 for each in metrics]),
            ("joules a token, by call", [each.joules_per_token for each in per_call]),
        ):
            found = sorted(value for value in values if value is not None)
            self.row(f"{name}: median, least to most", f"{median(found):.4g}, {found[0]:.4g} to {found[-1]:.4g}", "")
        self.row(
            "joules a token, of all calls", seen.joules_per_token, joules / tokens, ok=_near(seen.energy_j, joules)
        )
        power, util = fmean(row[2] for row in smi), fmean(row[0] for row in smi)
        self.row("power, mean W", seen.power_mean_w, power, ok=_near(seen.power_mean_w, power))
        self.row("utilisation, mean %", seen.gpu_util_mean_pct, util, ok=abs((seen.gpu_util_mean_pct or 0) - util) < 10)

    def watch(self, seconds: float, pid: int) -> Watched:
        """Telemetry of an engine that is process `pid`, and nvidia-smi beside it."""
        owned = Owned(frozenset({pid}))
        with Telemetry(Place(True, lambda: owned), environ=self.environ) as telemetry:
            with smi_rows(self.uuid) as smi:
                start = time.perf_counter()
                time.sleep(seconds)
                end = time.perf_counter()
            time.sleep(0.5)
        samples = [sample for sample in telemetry.samples if isinstance(sample, GpuSample)]
        window = (telemetry.offset_ms(start), telemetry.offset_ms(end))
        return Watched(telemetry.summary(start, end), samples, *window, smi)

    @contextmanager
    def load(self, mib: int, on_s: float, off_s: float) -> Generator[int]:
        """Matrix products in a process of their own, from the first one on; its id."""
        with child((self.python, "-c", LOAD, str(mib), str(on_s), str(off_s)), self.environ) as process:
            read_lines(process, 1)
            yield process.pid


def _joules(seen: Watched, start_ms: float, end_ms: float) -> tuple[float, float]:
    """Energy of a window by the counter (0 if that did not move), and by the samples of power."""
    counted = energy_of([seen.samples], start_ms, end_ms)
    sampled = energy_of([[sample._replace(energy_mj=None) for sample in seen.samples]], start_ms, end_ms)
    return (counted.joules or 0.0) if counted.source == "counter" else 0.0, sampled.joules or 0.0


def _near(here: float | None, there: float) -> bool:
    return here is not None and abs(here - there) < 0.05 * there


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values)


def main() -> int:
    names = ("visible", "telemetry", "processes", "cost", "lanes", "engine")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="a Python that has PyTorch, for the load")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="default: all")
    arguments = parser.parse_args()
    uuids, survey = uuids_visible(), survey_gpus()
    if not uuids:
        print(survey.reason or "CUDA_VISIBLE_DEVICES shows no GPU", file=sys.stderr)
        return 2
    machine, gpu = capture(), next(gpu for gpu in survey.gpus if gpu.uuid == uuids[0])
    facts = (
        f"{gpu.name}, {gpu.memory_total_mib:.0f} MiB",
        f"driver {survey.driver}, CUDA {survey.cuda}, nvidia-ml-py {version('nvidia-ml-py')}",
        f"power limit {gpu.power_limit_w} W, persistence mode {gpu.persistence_mode}",
        f"{machine.cpu} with {machine.cores} cores, kernel {machine.kernel}",
    )
    print(f"{datetime.now():%Y-%m-%d}: {'; '.join(facts)}")
    checks = Checks(uuids[0], arguments.python)
    for name in arguments.only:
        if name != "engine" or "OPENAI_BASE_URL" in os.environ:
            try:
                getattr(checks, name)()
            except (NvmlError, ChimeraError, OSError, subprocess.SubprocessError, ValueError) as error:
                checks.row(f"the check failed: {error!r}", "", ok=False)
    print(f"\nRows that do not agree: {checks.failed}")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
