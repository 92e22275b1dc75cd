"""Check what this project reads of an NVIDIA GPU against nvidia-smi and CUDA; prints the tables of docs/gpu-checks.md.

    python scripts/gpu_checks.py [--only telemetry ...] [--seconds 350]

The load is a kernel that the driver compiles, so nothing but this project, the driver and nvidia-smi is needed. The
model is one of the embedded engine if its build computes on the GPU, or of the server at OPENAI_BASE_URL. Changes no
setting of the GPU, on which nothing else should run meanwhile. A row is `pass`, `FAIL` or `not possible here`, with the
reason; one without a result is a figure for the document. Exits with 1 if a row fails and with 2 if there is no GPU.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NamedTuple

from gpu_bench import Bench, Counts
from gpu_model import model
from gpu_readings import cost, memory, processes, reasons, telemetry
from gpu_sharing import leases, two_lanes, visible

from chimera_dagster.errors import ChimeraError
from chimera_dagster.measure.environment import capture
from chimera_dagster.measure.nvml import NVML, Nvml, NvmlError, survey_gpus, uuids_visible


class Check(NamedTuple):
    """A check and how many seconds it may take."""

    run: Callable[[Bench], None]
    seconds: float


CHECKS = {
    "telemetry": Check(telemetry, 75),
    "reasons": Check(reasons, 12),
    "memory": Check(memory, 12),
    "processes": Check(processes, 10),
    "lanes": Check(two_lanes, 15),
    "model": Check(model, 60),
    "leases": Check(leases, 20),
    "cost": Check(cost, 25),
    "visible": Check(visible, 60),
}


def check_gpu(bench: Bench, names: Sequence[str], seconds: float) -> dict[str, tuple[Counts, float]]:
    """Run checks until the time is used up; the rows of each by result, and the seconds that it took."""
    found: dict[str, tuple[Counts, float]] = {}
    began = time.monotonic()
    for name in names:
        started = time.monotonic()
        if started - began + CHECKS[name].seconds > seconds:
            bench.table(name)
            bench.impossible(name, f"no time is left of the {seconds:g} s; run it with --only {name}")
        else:
            try:
                CHECKS[name].run(bench)
            except (NvmlError, ChimeraError, OSError, subprocess.SubprocessError, ValueError) as error:
                bench.row(f"the check ended early: {error!r}", ok=False)
        found[name] = bench.take_counts(), time.monotonic() - started
    return found


def summary(found: dict[str, tuple[Counts, float]]) -> str:
    """A row for each check, and which rows did not pass in one line."""
    rows = [
        f"| {name} | {counts.result} | {counts.passed} | {counts.failed} | {counts.impossible} | {seconds:.0f} |"
        for name, (counts, seconds) in found.items()
    ]
    failed = sum(counts.failed for counts, _ in found.values())
    head = ("\n### Summary\n", "| check | result | pass | FAIL | not possible here | seconds |", f"|{'---|' * 6}")
    return "\n".join((*head, *rows, f"\nRows that fail: {failed}"))


def main(arguments: Sequence[str] | None = None, nvml: Nvml = NVML) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(CHECKS), default=list(CHECKS), help="default: all")
    parser.add_argument("--seconds", type=float, default=350, help="leave out what would take longer than this")
    given = parser.parse_args(arguments)
    uuids, survey = uuids_visible(nvml), survey_gpus(nvml)
    if not uuids:
        print(survey.reason or "CUDA_VISIBLE_DEVICES shows no GPU", file=sys.stderr)
        return 2
    if shutil.which("nvidia-smi") is None:
        print("nvidia-smi, which the GPU's figures are compared with, is not installed", file=sys.stderr)
        return 2
    machine, gpu = capture(), next((gpu for gpu in survey.gpus if gpu.uuid == uuids[0]), None)
    if gpu is None:
        print(f"CUDA_VISIBLE_DEVICES names the MIG instance {uuids[0]}; name the GPU that it is on", file=sys.stderr)
        return 2
    facts = (
        f"{gpu.name}, {gpu.memory_total_mib:.0f} MiB",
        f"driver {survey.driver}, CUDA {survey.cuda}, nvidia-ml-py {version('nvidia-ml-py')}",
        f"power limit {gpu.power_limit_w} W, persistence mode {gpu.persistence_mode}",
        f"{machine.cpu} with {machine.cores} cores, kernel {machine.kernel}",
    )
    print(f"{datetime.now(UTC):%Y-%m-%d}: {'; '.join(facts)}")
    found = check_gpu(Bench(gpu.uuid, nvml), given.only, given.seconds)
    print(summary(found))
    return 1 if any(counts.failed for counts, _ in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
