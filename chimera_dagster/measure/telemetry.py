"""Samples of the GPUs and the host while an engine works, taken on a separate thread; see docs/metrics.md."""

import math
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from chimera_dagster.measure.host import HostReader, Place
from chimera_dagster.measure.nvml import NVML, Handle, Nvml, NvmlError, read_gpu, visible_gpus
from chimera_dagster.measure.samples import NO_GPU, GpuSample, HostSample, Sample
from chimera_dagster.measure.telemetry_summary import TelemetrySummary, summarise_telemetry

_PATIENCE_S = 5.0  # a driver that hangs must not hang the trial


class Telemetry:
    """Takes samples while its `with` block runs, `hz` times a second. A value that can't be read never fails the block.

    The first sample is taken before the block begins, the last one after it has ended. Times are those of
    `time.perf_counter`, like those of a call's chunks. A late sample is not repeated, and delays no later one.
    `place` says where the measured engine runs (`host.place_of`), `environ` which GPUs it sees.
    """

    def __init__(
        self, place: Place, hz: float = 10.0, nvml: Nvml = NVML, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._place, self._period, self._nvml, self._environ = place, 1 / hz, nvml, environ
        self._samples: list[Sample] = []
        self._gpus: list[Handle] = []
        self._no_gpu: str | None = None
        self._initialised = False
        self._first, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self.began = time.perf_counter()

    def __enter__(self) -> Self:
        self._open()
        self.began = time.perf_counter()
        try:
            self._thread.start()
        except RuntimeError as error:  # no more threads are allowed
            reasons = dict.fromkeys((NO_GPU, *HostSample._fields[2:-1]), f"telemetry could not start ({error})")
            self._samples.append(HostSample(0, 0.0, None, None, None, reasons=reasons))
        else:
            self._first.wait(_PATIENCE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(_PATIENCE_S)
        if self._initialised and not self._thread.is_alive():
            with suppress(NvmlError):  # the driver is gone already
                self._nvml.nvmlShutdown()

    @property
    def samples(self) -> list[Sample]:
        """The samples so far, in the order in which they were taken."""
        return list(self._samples)

    def offset_ms(self, at: float) -> float:
        """A time of `time.perf_counter` as the samples' milliseconds since telemetry began."""
        return (at - self.began) * 1e3

    def summary(
        self, start: float | None = None, end: float | None = None, *, output_tokens: int | None = None
    ) -> TelemetrySummary:
        """`summarise_telemetry` between two times of `time.perf_counter`; None: from the first, to the last sample.

        Call it after the block: energy needs the sample that follows the end of the window.
        """
        samples = self.samples
        last = samples[-1].sample if samples else 0
        # Host and GPUs of a sample are read one after another; the window is the time that all of them cover.
        first_ms = max((sample.at_ms for sample in samples if sample.sample == 0), default=0.0)
        last_ms = min((sample.at_ms for sample in samples if sample.sample == last), default=0.0)
        return summarise_telemetry(
            samples,
            first_ms if start is None else self.offset_ms(start),
            last_ms if end is None else self.offset_ms(end),
            output_tokens,
        )

    def _open(self) -> None:
        """Find the GPUs before anything is timed: without persistence mode, the first query takes seconds."""
        if not self._place.here:
            self._no_gpu = self._place.find().reason
            return
        try:
            self._nvml.nvmlInit()
            self._initialised = True
            self._gpus, reason = visible_gpus(self._nvml, self._environ)
            self._no_gpu = None if self._gpus else reason
        except NvmlError as error:
            self._no_gpu = f"NVML failed ({error})" if self._initialised else f"no NVIDIA GPU ({error})"

    def _run(self) -> None:
        try:
            host = HostReader(self._place)
            number = tick = 0
            while True:
                stopping = self._stop.is_set()  # read first, so that the last sample is taken after the block
                self._sample(number, host)
                self._first.set()
                if stopping:
                    return
                number += 1
                tick = max(tick + 1, math.ceil((time.perf_counter() - self.began) / self._period))
                self._stop.wait(self.began + tick * self._period - time.perf_counter())
        finally:
            self._first.set()

    def _sample(self, number: int, host: HostReader) -> None:
        before = self._now_ms()
        values, reasons = host.read()
        if self._no_gpu is not None:
            reasons[NO_GPU] = self._no_gpu
        self._samples.append(HostSample(number, (before + self._now_ms()) / 2, **values, reasons=reasons))
        for gpu in tuple(self._gpus):
            try:
                self._samples.append(read_gpu(self._nvml, gpu, number, self._now_ms, host.owned()))
            except NvmlError as error:
                self._gpus.remove(gpu)
                at_ms = self._now_ms()
                lost = {NO_GPU: f"NVML failed after {at_ms / 1e3:.1f} s ({error})"}
                self._samples.append(GpuSample(number, at_ms, gpu.uuid, reasons=lost))

    def _now_ms(self) -> float:
        return (time.perf_counter() - self.began) * 1e3
