"""Telemetry of one window, a call or a whole trial, from the samples alone, so that it can be computed again."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from chimera_dagster.measure.energy import EnergySource, Window, energy_over, mean_power
from chimera_dagster.measure.nvml import THROTTLING
from chimera_dagster.measure.samples import NO_GPU, GpuSample, HostSample, Sample

_NAMED = 3  # other processes


class TelemetrySummary(BaseModel):
    """What the samples of a time window say; `reasons` has an entry for each field that is None.

    Memory, power and energy are sums over the GPUs; other fields are over the samples of all GPUs. The entry `gpu` of
    `reasons` says why there is no GPU, or that one was lost during the window; its values are those from before.
    `gpu_util_*` is the share of time in which a kernel ran, not how much of the GPU it used. `throttle_shares` has the
    share of samples for each reason that slows a GPU down: heat, the power cap, the brake of its hardware.
    `other_processes_max` and `other_memory_peak_mib` are about compute processes that are not the engine's: the largest
    value on any GPU. `host_cpu_mean_pct` is that of the machine on which this process ran, `other_cpu_mean_pct` the
    share of the engine's cores that other processes used, and `other_cpu_by` has the largest of these by name, if they
    used enough to be searched for.
    """

    model_config = ConfigDict(frozen=True)

    gpus: int
    samples: int
    largest_gap_ms: float | None
    gpu_util_mean_pct: float | None
    gpu_util_max_pct: float | None
    gpu_memory_peak_mib: float | None
    gpu_process_memory_peak_mib: float | None
    power_mean_w: float | None
    power_max_w: float | None
    energy_j: float | None
    energy_source: EnergySource | None
    joules_per_token: float | None
    temperature_max_c: float | None
    sm_clock_mean_mhz: float | None
    sm_clock_min_mhz: float | None
    throttle_shares: dict[str, float] | None
    other_processes_max: int | None
    other_memory_peak_mib: float | None
    host_cpu_mean_pct: float | None
    host_memory_peak_mib: float | None
    engine_rss_peak_mib: float | None
    other_cpu_mean_pct: float | None = None
    other_cpu_by: dict[str, float] = {}
    reasons: dict[str, str]


def summarise_telemetry(
    samples: Sequence[Sample], start_ms: float, end_ms: float, output_tokens: int | None = None
) -> TelemetrySummary:
    """Summarise the samples between two times in milliseconds since telemetry began, both included."""
    return summarise_windows(samples, [(start_ms, end_ms)], output_tokens)


def summarise_windows(
    samples: Sequence[Sample], windows: Sequence[Window], output_tokens: int | None = None
) -> TelemetrySummary:
    """Summarise the samples in one or more windows of time, in order, and the energy of all of them.

    Energy and mean power also use the samples next to a window, to interpolate at its ends. So a window with fewer than
    two samples has both if there are samples close to it on both sides, and may have nothing else.
    """
    host = [sample for sample in samples if isinstance(sample, HostSample)]
    gpu = [sample for sample in samples if isinstance(sample, GpuSample)]
    names = list(dict.fromkeys(sample.gpu for sample in gpu))
    window = _Windows(samples, windows, len(names))
    by_gpu = [[sample for sample in gpu if sample.gpu == name] for name in names]
    energy = energy_over(by_gpu, windows)
    powers = [mean_power(samples, windows) for samples in by_gpu]
    times = [sample.at_ms for sample in host]
    # The gaps that touch a window, also those that begin before it or end after it.
    gaps = [
        after - before
        for before, after in pairwise(times)
        if any(after > start_ms and before < end_ms for start_ms, end_ms in windows)
    ]

    utilisation, clocks = window.values("gpu_util_pct"), window.values("sm_clock_mhz")
    power, others = window.totals("power_w"), window.values("other_processes")
    found: dict[str, tuple[str, float | None]] = {
        "gpu_util_mean_pct": ("gpu_util_pct", _mean(utilisation)),
        "gpu_util_max_pct": ("gpu_util_pct", max(utilisation, default=None)),
        "gpu_memory_peak_mib": ("memory_used_mib", max(window.totals("memory_used_mib"), default=None)),
        "gpu_process_memory_peak_mib": ("process_memory_mib", max(window.totals("process_memory_mib"), default=None)),
        "power_mean_w": ("power_w", _total(powers)),
        "power_max_w": ("power_w", max(power, default=None)),
        "temperature_max_c": ("temperature_c", max(window.values("temperature_c"), default=None)),
        "sm_clock_mean_mhz": ("sm_clock_mhz", _mean(clocks)),
        "sm_clock_min_mhz": ("sm_clock_mhz", min(clocks, default=None)),
        "other_memory_peak_mib": ("other_memory_mib", max(window.values("other_memory_mib"), default=None)),
        "host_cpu_mean_pct": ("cpu_pct", _mean(window.values("cpu_pct"))),
        "host_memory_peak_mib": ("host_memory_mib", max(window.values("host_memory_mib"), default=None)),
        "engine_rss_peak_mib": ("engine_rss_mib", max(window.values("engine_rss_mib"), default=None)),
        "other_cpu_mean_pct": ("other_cpu_pct", _mean(window.values("other_cpu_pct"))),
    }
    reasons = {name: window.why(field) for name, (field, value) in found.items() if value is None}
    shares = window.throttle_shares()
    per_token = energy.joules / output_tokens if energy.joules is not None and output_tokens else None
    if shares is None:
        reasons["throttle_shares"] = window.why("clock_reasons")
    if not others:
        reasons["other_processes_max"] = window.why("other_processes")
    if energy.joules is None:
        reasons["energy_j"] = reasons["energy_source"] = window.lost or energy.reason or window.why("power_w")
    if per_token is None:
        reasons["joules_per_token"] = reasons.get("energy_j", "the number of output tokens is not known")
    if not gaps:
        reasons["largest_gap_ms"] = "fewer than two samples"
    if window.lost:
        reasons[NO_GPU] = window.lost
    return TelemetrySummary(
        gpus=len(names),
        samples=sum(window.contains(at) for at in times),
        largest_gap_ms=max(gaps, default=None),
        energy_j=energy.joules,
        energy_source=energy.source,
        joules_per_token=per_token,
        throttle_shares=shares,
        other_processes_max=int(max(others)) if others else None,
        other_cpu_by=window.other_cpu_by(),
        reasons=reasons,
        **{name: value for name, (_, value) in found.items()},
    )


class _Windows:
    """The samples in some windows of time, and why a value is missing."""

    def __init__(self, samples: Iterable[Sample], windows: Sequence[Window], gpus: int) -> None:
        self._windows = windows
        last_ms = max(end_ms for _, end_ms in windows)
        until = [sample for sample in samples if sample.at_ms <= last_ms]
        self._inside = [sample for sample in until if self.contains(sample.at_ms)]
        self._gpus = gpus
        self.lost = next((sample.reasons[NO_GPU] for sample in until if NO_GPU in sample.reasons), None)

    def contains(self, at_ms: float) -> bool:
        return any(start_ms <= at_ms <= end_ms for start_ms, end_ms in self._windows)

    def values(self, field: str) -> list[float]:
        return [value for sample in self._inside if (value := getattr(sample, field, None)) is not None]

    def totals(self, field: str) -> list[float]:
        """The sum over the GPUs of each sample that has all of them."""
        groups: defaultdict[int, list[float]] = defaultdict(list)
        for sample in self._inside:
            value = getattr(sample, field, None)
            if value is not None:
                groups[sample.sample].append(value)
        return [sum(group) for group in groups.values() if len(group) == self._gpus]

    def throttle_shares(self) -> dict[str, float] | None:
        samples = (sample for sample in self._inside if isinstance(sample, GpuSample))
        reasons = [sample.clock_reasons for sample in samples if sample.clock_reasons is not None]
        counts = Counter(name for names in reasons for name in names if name in THROTTLING)
        return {name: count / len(reasons) for name, count in sorted(counts.items())} if reasons else None

    def other_cpu_by(self) -> dict[str, float]:
        """The mean by name over the samples that have names, the largest first."""
        named = [by for sample in self._inside if isinstance(sample, HostSample) and (by := sample.other_cpu_by)]
        names = dict.fromkeys(name for by in named for name in by)
        means = {name: sum(by.get(name, 0.0) for by in named) / len(named) for name in names}
        return dict(sorted(means.items(), key=lambda item: -item[1])[:_NAMED])

    def why(self, field: str) -> str:
        own = next((sample.reasons[field] for sample in self._inside if field in sample.reasons), None)
        lost = self.lost if field in GpuSample._fields else None
        return own or lost or "the window has no complete sample"


def _total(values: Sequence[float | None]) -> float | None:
    """The sum; None if there is no value, or one is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
