"""What the GPU checks share: one GPU, a load on it, telemetry beside nvidia-smi, and the tables of results."""

import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gpu_programs import LOAD, SmiRow, child, read_lines, smi_rows

from chimera_dagster.measure.host import Owned, Place
from chimera_dagster.measure.nvml import NVML, Nvml, survey_gpus
from chimera_dagster.measure.samples import GpuSample
from chimera_dagster.measure.telemetry import Telemetry
from chimera_dagster.measure.telemetry_summary import TelemetrySummary

ROOT = Path(__file__).resolve().parents[1]
SETTLE_S = 3.0  # until the clocks and the mean that NVML calls power have settled
NOT_POSSIBLE = "not possible here"


class Watched(NamedTuple):
    """One window: what telemetry says of it, all of its samples, and what nvidia-smi read."""

    summary: TelemetrySummary
    samples: list[GpuSample]
    start_ms: float
    end_ms: float
    smi: list[SmiRow]


class Counts(NamedTuple):
    """Rows of one check by their result."""

    passed: int = 0
    failed: int = 0
    impossible: int = 0

    @property
    def result(self) -> str:
        if self.failed:
            return "FAIL"
        return "pass" if self.passed else NOT_POSSIBLE


class Bench:
    """One GPU with what the checks do to it. A row is `pass`, `FAIL`, `not possible here`, or a figure for the docs."""

    def __init__(self, uuid: str, nvml: Nvml = NVML) -> None:
        self.uuid, self.nvml = uuid, nvml
        self.index = [gpu.uuid for gpu in survey_gpus(nvml).gpus].index(uuid)
        path = os.pathsep.join((str(ROOT), *sys.path[1:]))
        self.environ = os.environ | {"CUDA_VISIBLE_DEVICES": uuid, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
        self.counts = Counts()

    def table(self, title: str, *columns: str) -> None:
        print(f"\n### {title}\n\n| {' | '.join((*columns, 'result'))} |\n|{'---|' * (len(columns) + 1)}", flush=True)

    def row(self, *cells: object, ok: bool | None = None) -> None:
        shown = [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells]
        self._print(shown, "" if ok is None else "pass" if ok else "FAIL")
        if ok is not None:
            passed, failed, impossible = self.counts
            self.counts = Counts(passed + ok, failed + (not ok), impossible)

    def impossible(self, what: str, why: str) -> None:
        """A row that can't be checked on this machine, with the reason."""
        self._print([what], f"{NOT_POSSIBLE}: {why}")
        self.counts = self.counts._replace(impossible=self.counts.impossible + 1)

    def take_counts(self) -> Counts:
        """The rows since the last call."""
        counts, self.counts = self.counts, Counts()
        return counts

    def watch(self, seconds: float, pid: int, during: Callable[[], object] = lambda: None) -> Watched:
        """Telemetry of an engine that is process `pid`, and nvidia-smi beside it, while `during` runs and after it."""
        owned = Owned(frozenset({pid}))
        with Telemetry(Place(True, lambda: owned), nvml=self.nvml, environ=self.environ) as telemetry:
            with smi_rows(self.uuid) as smi:
                start = time.perf_counter()
                during()
                time.sleep(seconds)
                end = time.perf_counter()
            time.sleep(0.5)
        samples = [sample for sample in telemetry.samples if isinstance(sample, GpuSample)]
        window = (telemetry.offset_ms(start), telemetry.offset_ms(end))
        return Watched(telemetry.summary(start, end), samples, *window, smi)

    @contextmanager
    def load(self, mib: int, on_s: float, off_s: float) -> Generator[int]:
        """A kernel that keeps the GPU busy, in a process of its own, from the first one on; its id."""
        with child((sys.executable, "-c", LOAD, str(mib), str(on_s), str(off_s)), self.environ) as process:
            read_lines(process, 1)
            yield process.pid

    def _print(self, cells: list[str], result: str) -> None:
        print(f"| {' | '.join(cells)} | {result} |", flush=True)


def near(here: float | None, there: float, share: float = 0.05) -> bool:
    return here is not None and abs(here - there) < share * there
