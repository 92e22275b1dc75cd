"""Metrics as lines of a trial report: each with a name and its value with unit, or why it was not measured."""

from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.measure.measured import Headline, Interval
from chimera_dagster.measure.telemetry_summary import TelemetrySummary


class _Line(NamedTuple):
    """A name, the field that it shows, how the value is written, and a note behind it."""

    name: str
    field: str
    pattern: str
    note: str = ""


_METRIC_LINES = (
    _Line("Throughput", "throughput_tok_s", "{:.2f} tok/s"),
    _Line("TTFT", "ttft_ms", "{:.2f} ms", " (mean, n={calls} calls)"),
    _Line("Total Duration", "total_duration_ms", "{:.2f} ms"),
    _Line("Tokens Generated", "tokens_generated", "{:d}"),
    _Line("Prompt Eval", "prompt_eval_ms", "{:.2f} ms"),
    _Line("Eval Duration", "eval_ms", "{:.2f} ms"),
    _Line("Load Duration", "load_ms", "{:.2f} ms", " (including the warm-up)"),
)
_GPU_LINES = (
    _Line("GPU utilisation", "gpu_util_mean_pct", "{:.0f} %", " (mean share of the time with a kernel running)"),
    _Line("GPU memory", "gpu_memory_peak_mib", "{:.0f} MiB", " (peak)"),
    _Line("GPU power", "power_mean_w", "{:.1f} W", " (mean)"),
    _Line("GPU energy", "energy_j", "{:.1f} J", " (from the {energy_source})"),
    _Line("Energy per token", "joules_per_token", "{:.3f} J"),
)
_NO_GPU_LINES = (_Line("GPU", "gpu_util_mean_pct", ""),)
_HOST_LINES = (
    _Line("Host CPU", "host_cpu_mean_pct", "{:.0f} %", " (mean over all cores)"),
    _Line("Engine memory", "engine_rss_peak_mib", "{:.0f} MiB", " (peak resident)"),
)


def metric_lines(headline: Headline) -> list[tuple[str, str]]:
    """The seven lines of the Metrics section."""
    return _lines(headline, _METRIC_LINES)


def telemetry_lines(summary: TelemetrySummary) -> list[tuple[str, str]]:
    """The lines about GPU and host during the calls."""
    return _lines(summary, (*(_GPU_LINES if summary.gpus else _NO_GPU_LINES), *_HOST_LINES))


def _lines(source: Headline | TelemetrySummary, lines: Sequence[_Line]) -> list[tuple[str, str]]:
    values = dict(source)
    return [
        (
            line.name,
            f"not measured ({source.reasons[line.field]})"
            if values[line.field] is None
            else line.pattern.format(values[line.field]) + line.note.format_map(values),
        )
        for line in lines
    ]


def interval_line(name: str, interval: Interval | None, unit: str) -> str:
    """A metric over repeats: mean, n, standard deviation, and the interval if there are three repeats or more."""
    if interval is None:
        return f"{name}: not measured"
    spread = "" if interval.std is None else f", standard deviation {interval.std:.2f}"
    bounds = (
        "no interval below n=3" if interval.low is None else f"95 % interval {interval.low:.2f} to {interval.high:.2f}"
    )
    return f"{name}: {interval.mean:.2f} {unit} (n={interval.n}{spread}, {bounds})"
