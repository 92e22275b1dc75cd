"""Samples survive the table they are kept in."""

from pathlib import Path

import pandas as pd
import pytest
from pandera.errors import SchemaErrors

from chimera_dagster.measure.samples import GpuSample, HostSample, Sample, from_frame, to_frame
from chimera_dagster.measure.telemetry_summary import summarise_telemetry
from chimera_dagster.records.store import write_table
from chimera_dagster.schemas import Telemetry

HOST = [
    HostSample(
        0, 0.5, None, 8000.0, 500.0, reasons={"cpu_pct": "too soon", "gpu": "no NVIDIA GPU (Driver Not Loaded)"}
    ),
    HostSample(1, 100.25, 12.5, 8001.0, 501.0, 12.0, {"cc1": 11.5}, {}),
]
GPUS = [
    HostSample(0, 0.5, 10.0, 8000.0, None, reasons={"engine_rss_mib": "unknown"}),
    GpuSample(0, 1.0, "GPU-a", 50.0, 1.0, 2.0, 3.0, 123456789012345.0, 5.0, 6.0, 7.0, ("gpu_idle",), 8.0, 9.0, {}),
    GpuSample(0, 2.0, "GPU-b", clock_reasons=(), power_w=3.5, reasons={"energy_mj": "Not Supported"}),
    GpuSample(1, 101.0, "GPU-b", reasons={"gpu": "NVML failed after 0.1 s (GPU is lost)"}),
]


@pytest.mark.parametrize("samples", [[], HOST, GPUS])
def test_samples_come_back_from_their_table(samples: list[Sample], tmp_path: Path) -> None:
    path = write_table(tmp_path / "telemetry.parquet", to_frame(samples), Telemetry)
    stored = pd.read_parquet(path)
    assert from_frame(stored) == samples
    assert from_frame(Telemetry.validate(stored)) == samples
    assert summarise_telemetry(from_frame(stored), 0, 200, 3) == summarise_telemetry(samples, 0, 200, 3)


def test_without_a_gpu_there_are_rows_of_the_host() -> None:
    frame = to_frame(HOST)
    assert frame["gpu"].isna().all()
    assert frame["at_ms"].tolist() == [0.5, 100.25]


def test_a_table_of_an_earlier_version_is_read() -> None:
    earlier = to_frame(HOST[:1]).drop(columns=["other_cpu_pct", "other_cpu_by"])
    assert from_frame(earlier) == HOST[:1]


def test_who_else_used_the_cores_is_the_mean_over_the_samples_that_name_them() -> None:
    samples = [
        HostSample(0, 0.0, None, None, None, 20.0, {"cc1": 12.0, "sshd": 6.0}),
        HostSample(1, 100.0, None, None, None, 40.0, {"cc1": 36.0}),
        HostSample(2, 200.0, None, None, None, 0.0, None),
        HostSample(3, 300.0, None, None, None, 90.0, {"later": 90.0}),
    ]
    found = summarise_telemetry(samples, 0, 200)
    assert (found.other_cpu_mean_pct, found.other_cpu_by) == (20.0, {"cc1": 24.0, "sshd": 3.0})


def test_the_schema_refuses_what_no_gpu_says() -> None:
    with pytest.raises(SchemaErrors, match="gpu_util_pct"):
        Telemetry.validate(to_frame([GPUS[1]._replace(gpu_util_pct=101.0)]), lazy=True)  # type: ignore[call-arg]
