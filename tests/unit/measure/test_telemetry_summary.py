"""Summaries of samples against values computed by hand."""

import pytest

from chimera_dagster.measure.samples import GpuSample, HostSample, Sample
from chimera_dagster.measure.telemetry_summary import TelemetrySummary, summarise_telemetry, summarise_windows

RATES = {"gpu_util_pct": 50.0, "power_w": 100.0, "sm_clock_mhz": 1500.0, "temperature_c": 60.0}
MEMORY = {"memory_used_mib": 1000.0, "process_memory_mib": 400.0}


def host(number: int, at_ms: float, **changes: object) -> HostSample:
    values = {
        "cpu_pct": 40.0,
        "host_memory_mib": 8000.0,
        "engine_rss_mib": 500.0,
        "other_cpu_pct": 0.0,
        "reasons": {},
    } | changes
    return HostSample(number, at_ms, **values)  # type: ignore[arg-type]


def gpu(number: int, at_ms: float, name: str = "GPU-a", **changes: object) -> GpuSample:
    quiet = {"clock_reasons": (), "other_processes": 0, "other_memory_mib": 0.0}
    values = RATES | MEMORY | quiet | {"energy_mj": at_ms * 100} | changes  # 100 W
    return GpuSample(number, at_ms, name, **values)  # type: ignore[arg-type]


def explained(summary: TelemetrySummary) -> bool:
    """Whether each null, and nothing else but the GPU itself, has a reason."""
    nulls = {name for name, value in summary if value is None}
    return set(summary.reasons) - {"gpu"} == nulls and all(summary.reasons.values())


def test_a_window() -> None:
    samples: list[Sample] = [
        host(0, 0, cpu_pct=None, engine_rss_mib=900.0),
        gpu(0, 1, gpu_util_pct=99.0, power_w=300.0, temperature_c=90.0, sm_clock_mhz=100.0, memory_used_mib=9000.0),
        host(1, 100, cpu_pct=20.0, other_cpu_pct=None),
        gpu(1, 101, gpu_util_pct=40.0, power_w=100.0, memory_used_mib=1200.0, clock_reasons=("gpu_idle",)),
        host(2, 200, cpu_pct=60.0, engine_rss_mib=700.0, other_cpu_pct=30.0, other_cpu_by={"cc1": 25.0}),
        gpu(2, 201, gpu_util_pct=80.0, power_w=180.0, sm_clock_mhz=1000.0, other_processes=2, other_memory_mib=70.0),
        host(3, 320, cpu_pct=70.0),
        gpu(3, 321, temperature_c=75.0, clock_reasons=("sw_power_cap", "gpu_idle"), process_memory_mib=450.0),
        host(4, 400),
        gpu(4, 401, clock_reasons=("sw_power_cap",)),
    ]
    summary = summarise_telemetry(samples, 50, 350, output_tokens=10)
    assert summary.model_dump() == dict(  # noqa: C408 - as a call would name them
        gpus=1,
        samples=3,
        largest_gap_ms=120,
        gpu_util_mean_pct=pytest.approx(170 / 3),
        gpu_util_max_pct=80,
        gpu_memory_peak_mib=1200,
        gpu_process_memory_peak_mib=450,
        power_mean_w=pytest.approx(138.0033, abs=1e-3),  # by time: most of it is the fall from 300 W and around 180 W
        power_max_w=180,
        energy_j=pytest.approx(30.0),
        energy_source="counter",
        joules_per_token=pytest.approx(3.0),
        temperature_max_c=75,
        sm_clock_mean_mhz=pytest.approx(4000 / 3),
        sm_clock_min_mhz=1000,
        throttle_shares={"sw_power_cap": pytest.approx(1 / 3)},
        other_processes_max=2,
        other_memory_peak_mib=70,
        host_cpu_mean_pct=50,
        host_memory_peak_mib=8000,
        engine_rss_peak_mib=700,
        other_cpu_mean_pct=15,
        other_cpu_by={"cc1": 25.0},
        reasons={},
    )


def test_two_gpus_add_up_where_that_means_something() -> None:
    samples: list[Sample] = []
    for number, at in enumerate((0, 100, 200)):
        samples += [
            host(number, at),
            gpu(number, at + 1, gpu_util_pct=10.0, memory_used_mib=1000.0 + number),
            gpu(number, at + 2, "GPU-b", gpu_util_pct=30.0, power_w=50.0, energy_mj=at * 50.0, temperature_c=70.0),
        ]
    summary = summarise_telemetry(samples, 50, 202)
    assert (summary.gpus, summary.samples) == (2, 2)
    assert (summary.gpu_util_mean_pct, summary.gpu_util_max_pct, summary.temperature_max_c) == (20, 30, 70)
    assert (summary.gpu_memory_peak_mib, summary.power_mean_w, summary.power_max_w) == (2002, 150, 150)
    # until 102 both samples of the second pair lie inside, until 101 only one of them does
    assert summarise_telemetry(samples, 50, 101).power_max_w is None
    assert summarise_telemetry(samples, 50, 102).power_max_w == 150
    assert summarise_telemetry(samples, 50, 101).power_mean_w == pytest.approx(150)  # between the samples around it


def test_no_gpu() -> None:
    reasons = {"gpu": "no NVIDIA GPU (NVML Shared Library Not Found)"}
    samples = [host(number, number * 100.0, reasons=reasons) for number in range(4)]
    summary = summarise_telemetry(samples, 0, 300, output_tokens=5)
    assert (summary.gpus, summary.samples, summary.host_cpu_mean_pct) == (0, 4, 40)
    assert explained(summary)
    assert set(summary.reasons.values()) == {reasons["gpu"]}


def test_a_gpu_that_is_lost_keeps_what_it_said() -> None:
    lost = GpuSample(3, 301, "GPU-a", reasons={"gpu": "NVML failed after 0.3 s (GPU is lost)"})
    samples: list[Sample] = [
        sample for number in range(6) for sample in (host(number, number * 100.0), gpu(number, number * 100.0 + 1))
    ]
    samples[7:] = [lost, host(4, 400), host(5, 500)]
    whole = summarise_telemetry(samples, 1, 500, output_tokens=5)
    assert (whole.gpu_util_mean_pct, whole.power_max_w, whole.samples) == (50, 100, 5)
    assert whole.energy_j is None
    assert explained(whole)
    assert whole.reasons["gpu"] == whole.reasons["joules_per_token"] == "NVML failed after 0.3 s (GPU is lost)"
    before = summarise_telemetry(samples, 1, 200, output_tokens=5)
    assert (before.energy_j, before.reasons) == (pytest.approx(19.9), {})
    after = summarise_telemetry(samples, 350, 500)
    assert after.gpu_util_mean_pct is None
    assert explained(after)
    assert after.reasons["power_mean_w"] == "NVML failed after 0.3 s (GPU is lost)"


@pytest.mark.parametrize(
    ("field", "nulls"),
    [
        ("gpu_util_pct", {"gpu_util_mean_pct", "gpu_util_max_pct"}),
        ("memory_used_mib", {"gpu_memory_peak_mib"}),
        ("process_memory_mib", {"gpu_process_memory_peak_mib"}),
        ("power_w", {"power_mean_w", "power_max_w"}),
        ("temperature_c", {"temperature_max_c"}),
        ("sm_clock_mhz", {"sm_clock_mean_mhz", "sm_clock_min_mhz"}),
        ("clock_reasons", {"throttle_shares"}),
        ("other_processes", {"other_processes_max"}),
        ("other_memory_mib", {"other_memory_peak_mib"}),
    ],
)
def test_what_a_gpu_does_not_tell_is_null_with_its_reason(field: str, nulls: set[str]) -> None:
    silent = {field: None, "reasons": {field: "Not Supported"}}
    samples = [sample for n in range(3) for sample in (host(n, n * 100.0), gpu(n, n * 100.0 + 1, **silent))]
    summary = summarise_telemetry(samples, 1, 201, output_tokens=5)
    assert summary.reasons == dict.fromkeys(nulls, "Not Supported")
    assert explained(summary)


def test_a_window_between_two_samples_has_energy_and_little_else() -> None:
    samples = [sample for n in range(3) for sample in (host(n, n * 100.0), gpu(n, n * 100.0))]
    summary = summarise_telemetry(samples, 120, 140, output_tokens=2)
    assert (summary.samples, summary.largest_gap_ms, summary.energy_j) == (0, 100, pytest.approx(2.0))
    assert summary.joules_per_token == pytest.approx(1.0)
    assert explained(summary)
    assert summary.reasons["gpu_util_mean_pct"] == "the window has no complete sample"


@pytest.mark.parametrize("tokens", [None, 0])
def test_no_tokens_no_energy_for_each(tokens: int | None) -> None:
    samples = [sample for n in range(3) for sample in (host(n, n * 100.0), gpu(n, n * 100.0))]
    summary = summarise_telemetry(samples, 0, 200, tokens)
    assert (summary.energy_j, summary.joules_per_token) == (pytest.approx(20.0), None)
    assert explained(summary)


@pytest.mark.parametrize("samples", [[], [host(0, 0.0)]])
def test_next_to_no_samples(samples: list[Sample]) -> None:
    summary = summarise_telemetry(samples, 0, 100, 5)
    assert summary.samples == len(samples)
    assert explained(summary)


def test_mean_power_is_weighted_by_time() -> None:
    """Samples lie close together while the GPU works, as the host that takes them is busy with other things else."""
    samples: list[Sample] = [gpu(number, at, power_w=300.0) for number, at in enumerate((0, 50, 100, 150, 200))]
    samples += [gpu(5, 250, power_w=100.0), gpu(6, 1000, power_w=100.0)]
    told = summarise_telemetry(samples, 0, 1000)
    assert told.power_mean_w == pytest.approx((0.2 * 300 + 0.05 * 200 + 0.75 * 100) / 1.0)
    assert told.power_mean_w is not None and told.power_mean_w < 1700 / 7 - 50


def test_several_windows_have_the_energy_of_each_and_nothing_between_them() -> None:
    samples: list[Sample] = []
    for number in range(31):
        busy = number <= 10 or number >= 20
        samples += [host(number, number * 100.0), gpu(number, number * 100.0, power_w=200.0 if busy else 50.0)]
    samples = [
        sample._replace(energy_mj=None, reasons={"energy_mj": "no counter"})
        if isinstance(sample, GpuSample)
        else sample
        for sample in samples
    ]
    calls = [(100.0, 900.0), (2100.0, 2900.0)]
    both = summarise_windows(samples, calls, output_tokens=64)
    each = [summarise_telemetry(samples, *window, output_tokens=32) for window in calls]
    assert both.energy_j == pytest.approx(sum(one.energy_j or 0 for one in each)) == pytest.approx(320)
    assert both.joules_per_token == pytest.approx(5)
    assert both.power_mean_w == pytest.approx(200)
    whole = summarise_telemetry(samples, 100, 2900, output_tokens=64)
    assert whole.joules_per_token is not None and whole.joules_per_token > 6


def test_a_gap_between_windows_is_no_gap_in_the_samples() -> None:
    times = [*range(0, 1001, 100), *range(9000, 10001, 100)]
    samples: list[Sample] = [host(number, float(at)) for number, at in enumerate(times)]
    assert summarise_windows(samples, [(100.0, 900.0), (9100.0, 9900.0)]).largest_gap_ms == 100
