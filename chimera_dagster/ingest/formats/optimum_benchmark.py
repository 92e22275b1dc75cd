"""optimum-benchmark: `benchmark_report.json`, and `benchmark.json`, which has the configuration beside it.

Written after version 0.6.0. Its report in Markdown repeats these, rounded: a table for each phase and what was measured
of it, below headings that name both. It states no batch size, so that its rates are of the batch.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, TableFormat
from chimera_dagster.ingest.formats.grid import Grid

_MEASURED = {"memory", "latency", "throughput", "energy", "efficiency"}
# What the latency of each phase is. Those of the first call, which also compiles, stay unread.
_LATENCIES = {
    "load_model": "load_ms",
    "prefill": "prompt_eval_ms",
    "decode": "eval_ms",
    "generate": "e2e_ms",
    "per_token": "itl_ms",
    "forward": "latency_ms",
}
_AGGREGATES = {"mean": "mean", "p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99", "stdev": "std", "total": "sum"}
_RATES: dict[tuple[str, str | None], str] = {
    ("prefill", "tokens/s"): "input_tok_s",
    ("decode", "tokens/s"): "output_tok_s",
    ("generate", "samples/s"): "requests_per_s",
}
_FIRST = {"first_generate", "first_prefill", "first_decode", "first_forward"}
_MEMORY = {"max_ram": "memory_used_mib", "max_global_vram": "gpu_mem_used_mib"}
_OF_ONE = {"input_tok_s": "prefill_tok_s", "output_tok_s": "decode_tok_s"}


def _is_report(content: Mapping[str, Any]) -> bool:
    phases = [phase for phase in content.values() if isinstance(phase, dict)]
    named = [_MEASURED.issuperset(cast("dict[str, Any]", phase)) for phase in phases]
    return len(named) == len(content) and all(named)


def _read_benchmark(document: Document) -> None:
    backend, scenario = document.at("config", "backend"), document.at("config", "scenario")
    gpus = document.get("config", "environment", "gpu")
    context = document.describe(
        model=backend.text("model"),
        backend=backend.text("name"),
        gpu=document.text("config", "environment", "gpu", 0) if isinstance(gpus, list) else None,
        conditions={
            "engine_version": backend.text("version"),
            "quantization": backend.text("quantization_scheme"),
            "dtype": backend.text("torch_dtype") or backend.text("dtype"),
            "batch_size": scenario.number("input_shapes", "batch_size"),
            "prompt_tokens": scenario.number("input_shapes", "sequence_length"),
            "output_tokens": scenario.number("generate_kwargs", "max_new_tokens"),
            "gpu_count": document.number("config", "environment", "gpu_count"),
            "task": backend.text("task"),
        },
        labels={"seed": backend.number("seed")},
    )
    _read_phases(document.at("report"), context)


def _read_report(document: Document) -> None:
    _read_phases(document, document.context)


def _read_phases(report: Document, context: Context) -> None:
    batch = dict(context.conditions).get("batch_size") or _batch_of(report)
    for phase in report.each():
        _read_latency(phase, context)
        of_phase = report.describe(context, conditions={"phase": phase.key})
        memory, energy, throughput = phase.at("memory"), phase.at("energy"), phase.at("throughput")
        throughput.record([_rate(phase.key, throughput, batch)], context)
        memory.record(_memory(memory), of_phase)
        energy.record([energy.figure("energy_j", "total", unit=energy.text("unit"))], of_phase)


def _read_latency(phase: Document, context: Context) -> None:
    metric, latency = _LATENCIES.get(phase.key), phase.at("latency")
    if metric is None:
        return
    unit, values = latency.text("unit"), latency.get("values")
    figures = [latency.figure(metric, key, unit=unit, aggregate=made) for key, made in _AGGREGATES.items()]
    latency.record(figures, phase.describe(context, n=latency.number("count")))
    if isinstance(values, list) and phase.key != "per_token":  # gaps between tokens are no runs
        for place in range(len(cast("list[Any]", values))):
            latency.record([latency.cell(metric, "values", place, unit)], context, f"*/{place}")


def _batch_of(report: Document) -> float | None:
    """1 if the decoding rate is that of one sequence, by the time per token; None if that is not known."""
    rate, each = report.number("decode", "throughput", "value"), report.number("per_token", "latency", "mean")
    return 1 if rate and each and round(rate * each) == 1 else None


def _rate(phase: str, throughput: Document, batch: object) -> Figure | None:
    """A rate counts the whole batch, so only that of a batch of one is the rate of a sequence."""
    unit = throughput.text("unit")
    metric = _RATES.get((phase, unit))
    if metric and batch == 1:
        metric = _OF_ONE.get(metric, metric)
    return throughput.figure(metric, "value", unit=unit, aggregate="overall") if metric else None


def _memory(memory: Document) -> list[Figure | None]:
    unit = _decimal(memory.text("unit"))
    return [memory.figure(metric, name, unit=unit, aggregate="max") for name, metric in _MEMORY.items()]


def _decimal(unit: str | None) -> str | None:
    return "megabytes" if unit == "MB" else unit  # it divides bytes by a million


def _headed(headings: Sequence[str]) -> tuple[str, str]:
    """What was measured, and in which phase; empty if the headings are not those of a report."""
    measured, phase = [*(heading.rstrip(":") for heading in headings[:2]), "", ""][:2]
    return (measured, phase) if measured in _MEASURED and (phase in _LATENCIES or phase in _FIRST) else ("", "")


def _read_table(grid: Grid) -> None:
    measured, phase = _headed(grid.headings)
    figures = list[Figure | None]()
    n, where = None, ""
    for row in grid:
        where = where or row.where
        name, unit = row.text("metric"), row.text("unit")
        row.label = name
        if measured == "latency" and phase in _LATENCIES and name in _AGGREGATES and unit != "%":
            figures.append(row.figure(_LATENCIES[phase], "value", unit, _AGGREGATES[name], name=name))
        elif measured == "latency" and name == "count":
            n = row.number("value")
        elif measured == "throughput" and (metric := _RATES.get((phase, unit))):
            figures.append(row.figure(metric, "value", unit, "overall", name=name))
        elif measured == "memory" and name in _MEMORY:
            figures.append(row.figure(_MEMORY[name], "value", _decimal(unit), "max", name=name))
        elif measured == "energy" and name == "total":
            figures.append(row.figure("energy_j", "value", unit, name=name))
    if figures:
        of_phase = {"phase": phase} if measured in ("memory", "energy") else {}
        grid.add(where.rpartition(" row ")[0], figures, grid.describe(n=n, conditions=of_phase))


BENCHMARK = DocumentFormat(
    "optimum-benchmark", frozenset({"config", "report"}), _read_benchmark,
    lambda content: isinstance(content["report"], dict) and _is_report(cast("dict[str, Any]", content["report"])),
)  # fmt: skip
GENERATION = DocumentFormat("optimum-benchmark", frozenset({"prefill", "decode"}), _read_report, _is_report)
FORWARD = DocumentFormat("optimum-benchmark", frozenset({"load_model", "forward"}), _read_report, _is_report)
TABLE = TableFormat(
    "optimum-benchmark",
    frozenset({"metric", "value", "unit"}),
    _read_table,
    under=lambda headings: any(_headed(headings)),
)
