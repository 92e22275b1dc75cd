"""The rows of the evidence as claims are executed on them."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd

from chimera_dagster.evidence.figures import format_value, render_statement
from chimera_dagster.evidence.measures import MEASURES

_HEADLINE = {
    "throughput_tok_s": "decode_tok_s",
    "ttft_ms": "ttft_ms",
    "tokens_generated": "output_tokens",
    "prompt_eval_ms": "prompt_eval_ms",
    "eval_ms": "eval_ms",
    "load_ms": "load_ms",
    "total_duration_ms": "e2e_ms",
}
_OWN_TELEMETRY = {
    "gpu_util": "gpu_util_mean_pct",
    "gpu_memory": "gpu_memory_peak_mib",
    "power": "power_mean_w",
    "energy": "energy_j",
    "temperature": "temperature_max_c",
    "clock": "sm_clock_mean_mhz",
    "cpu": "host_cpu_mean_pct",
    "memory": "host_memory_peak_mib",
}
Params = Mapping[str, float]


class TypedFact(NamedTuple):
    """A fact as a typed claim; see schemas.Facts."""

    id: str
    kind: str
    text: str
    value: float
    values: Mapping[str, float]
    unit: str
    n: int
    model: str | None
    metric: str | None
    aggregate: str
    params: Params | None
    runs: str
    statement: str

    @property
    def rendered(self) -> str:
        return format_value(self.value, self.unit)


class FindingRow(NamedTuple):
    """A row of schemas.Findings; `metrics` are those that its words name, in the order of MEASURES."""

    id: str
    detector: str
    subject: str
    metrics: tuple[str, ...]
    p_value: float | None
    text: str


class Statistic(NamedTuple):
    """A row of `describe` in `unit`; `sum` is the total. `files` are those of the runs, at most three."""

    values: Mapping[str, float]
    unit: str
    n: int
    files: tuple[str, ...]


class Stated(NamedTuple):
    """One number of one record, as a file states it."""

    file: str
    record: str
    value: float
    aggregate: str | None


class File(NamedTuple):
    path: str
    kind: str
    status: str
    modified: datetime


def facts_of(table: pd.DataFrame) -> Iterable[TypedFact]:
    for row in table.to_dict("records"):
        values = json.loads(row["values"])
        yield TypedFact(
            row["id"],
            row["kind"],
            row["text"],
            float(row["value"]),
            values,
            row["unit"],
            int(row["n"]),
            _text(row["model"]),
            _text(row["metric"]),
            row["aggregate"],
            None if pd.isna(row["params"]) else json.loads(row["params"]),
            row["runs"],
            render_statement(row["template"], values, row["unit"]),
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def findings_of(table: pd.DataFrame) -> Iterable[FindingRow]:
    for row in table.to_dict("records"):
        said = f"{row['subject']} {row['text']}"
        metrics = tuple(measure.metric for measure in MEASURES if measure.words in said)
        p_value = None if pd.isna(row["p_value"]) else float(row["p_value"])
        yield FindingRow(row["id"], row["detector"], row["subject"], metrics, p_value, row["text"])


def own_figures(metrics: Mapping[str, Any] | None) -> tuple[dict[str, float], frozenset[str], str | None]:
    """A trial's figures by canonical metric, its kinds of telemetry, and its model."""
    if metrics is None:
        return {}, frozenset(), None
    head, telemetry = metrics["headline"], metrics["telemetry"]
    own = {name: float(head[field]) for field, name in _HEADLINE.items() if head.get(field) is not None}
    seen = {name for name, field in _OWN_TELEMETRY.items() if telemetry.get(field) is not None}
    fields = {"gpu_util_pct": "gpu_util_mean_pct", "power_w": "power_mean_w", "energy_j": "energy_j"}
    own |= {name: float(telemetry[field]) for name, field in fields.items() if telemetry.get(field) is not None}
    return own, frozenset(seen), str(metrics["model"])
