"""Samples of telemetry, each of the host or of one GPU, and the table that stores them."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from chimera_dagster.schemas import Telemetry

NO_REASONS: Mapping[str, str] = {}
_JSON = ("clock_reasons", "other_cpu_by")  # columns whose values are JSON, or null
NO_GPU = "gpu"  # the key in `reasons` that says why there is no telemetry of any GPU, or no more of this one


class HostSample(NamedTuple):
    """This machine at `at_ms` (since telemetry began, in the middle of the reads). None: see `reasons`, by field name.

    `cpu_pct` is that of all cores since the previous sample. `other_cpu_pct` is the share of the cores on which the
    engine may run that other processes used since its previous value, `other_cpu_by` what the largest of them used, by
    name. `engine_rss_mib` is the sum over the engine's processes,
    so a page that two of them share counts twice.
    """

    sample: int
    at_ms: float
    cpu_pct: float | None
    host_memory_mib: float | None
    engine_rss_mib: float | None
    other_cpu_pct: float | None = None
    other_cpu_by: Mapping[str, float] | None = None
    reasons: Mapping[str, str] = NO_REASONS


class GpuSample(NamedTuple):
    """One GPU at `at_ms` (since telemetry began, in the middle of its reads). None: see `reasons`, by field name.

    `gpu` is NVML's UUID. `gpu_util_pct` is the share of NVML's last sample period in which a kernel ran, which is not
    how much of the GPU was used. `energy_mj` counts up from the driver's start. `process_memory_mib` is that of the
    measured engine; the `other_` fields are about the compute processes of everybody else.
    """

    sample: int
    at_ms: float
    gpu: str
    gpu_util_pct: float | None = None
    memory_used_mib: float | None = None
    process_memory_mib: float | None = None
    power_w: float | None = None
    energy_mj: float | None = None
    temperature_c: float | None = None
    sm_clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    clock_reasons: tuple[str, ...] | None = None
    other_processes: float | None = None
    other_memory_mib: float | None = None
    reasons: Mapping[str, str] = NO_REASONS


Sample = HostSample | GpuSample


def to_frame(samples: Iterable[Sample]) -> pd.DataFrame:
    """Samples as the table of schemas.Telemetry: a row for the host (its `gpu` is null) and one for each GPU."""
    rows: list[dict[str, Any]] = []
    for sample in samples:
        row: dict[str, Any] = sample._asdict() | {"reasons": json.dumps(dict(sample.reasons), sort_keys=True)}
        for name in _JSON:
            if row.get(name) is not None:
                row[name] = json.dumps(row[name])
        rows.append(row)
    texts = dict.fromkeys(("gpu", "reasons", *_JSON), "str")
    columns = list(Telemetry.to_schema().columns)
    types = {name: texts.get(name, "int64" if name == "sample" else "float64") for name in columns}
    return pd.DataFrame(rows, columns=columns).astype(types)


def from_frame(frame: pd.DataFrame) -> list[Sample]:
    """The samples of a table of schemas.Telemetry."""
    samples: list[Sample] = []
    for row in frame.to_dict("records"):
        kind = HostSample if _plain(row["gpu"]) is None else GpuSample
        values = {name: _plain(row.get(name)) for name in kind._fields}  # an earlier version had fewer columns
        values["reasons"] = json.loads(values["reasons"])
        values |= {name: json.loads(text) for name in _JSON if (text := values.get(name)) is not None}
        if values.get("clock_reasons") is not None:
            values["clock_reasons"] = tuple(values["clock_reasons"])
        samples.append(kind(**values))
    return samples


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
