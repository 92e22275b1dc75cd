"""vLLM's engine log: the line on the last seconds of its server or offline engine, in `.txt`, `.log` and on pages.

Written after vllm/v1/metrics/loggers.py of 2025, and lines of 0.4 to 0.15 as people posted them. The rates are those of
all requests together; what ran at the end of the seconds is taken for the load.
"""

import re

from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.format import TextFormat
from chimera_dagster.ingest.formats.lines import Lines

_LINE = re.compile(
    r"(?:Engine (?P<engine>\d{1,4}): )?+Avg prompt throughput: (?P<prompt>[\d.]++) tokens/s, "
    r"Avg generation throughput: (?P<generation>[\d.]++) tokens/s, Running: (?P<running>\d++) reqs"
)
_START = re.compile(r"Initializing an? [^(]{0,40}\(v(?P<version>[^)\s]{1,40})\) with config: ")
_SAID = {
    "tensor_parallel": re.compile(r"\btensor_parallel_size=(?P<value>\d{1,4})\b"),
    "pipeline_parallel": re.compile(r"\bpipeline_parallel_size=(?P<value>\d{1,4})\b"),
    "quantization": re.compile(r"\bquantization='?(?P<value>[\w.-]{1,40})"),
    "dtype": re.compile(r"\bdtype=(?:torch\.)?(?P<value>\w{1,20})"),
}
_MODEL = re.compile(r"(?<![\w.])model='(?P<model>[^']{1,400})'")


def _read(lines: Lines) -> None:
    """A record is a line while requests ran. A rate of 0 was not measured: nothing was read, or nothing written."""
    context = lines.describe(backend="vllm")
    for place, line in enumerate(lines.lines):
        found = _LINE.search(line)
        if found is None:
            context = _said(lines, context, line)
        elif int(found["running"]):
            rates = {"input_tok_s": ("prompt", found["prompt"]), "output_tok_s": ("generation", found["generation"])}
            figures = [
                lines.figure(metric, rate, f"Avg {name} throughput", "tokens/s")
                for metric, (name, rate) in rates.items()
                if rate.strip("0.")
            ]
            of_line = lines.describe(
                context,
                conditions={"concurrency": float(found["running"])},
                labels={"engine": float(found["engine"]) if found["engine"] else None},
            )
            lines.record(place, place + 1, figures, of_line)


def _said(lines: Lines, context: Context, line: str) -> Context:
    """What the line on which an engine starts says of its model and configuration."""
    start = _START.search(line)
    if start is None:
        return context
    rest = line[start.end() :]
    model = _MODEL.search(rest)
    conditions = {name: found["value"] for name, pattern in _SAID.items() if (found := pattern.search(rest))}
    conditions = {name: value for name, value in conditions.items() if value != "None"}
    return lines.describe(
        context, model=model and model["model"], conditions={**conditions, "engine_version": start["version"]}
    )


LOG = TextFormat("vLLM's log", _LINE, _read, within="Avg prompt throughput: ", of_engine=True)
