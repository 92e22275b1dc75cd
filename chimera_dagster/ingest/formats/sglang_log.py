"""SGLang's server log: the lines on batches that it decodes, in `.txt`, `.log` and on pages.

Written after the scheduler's lines of 0.3 to 0.5. The rate is that of all requests, over the time since the last such
line, so it says nothing after a pause: the first line, and one after a prefill beside which nothing ran, do not count.
"""

import re

from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.format import TextFormat
from chimera_dagster.ingest.formats.lines import Lines

_DECODE = re.compile(
    r"(?:\[(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?: DP(?P<rank>\d{1,4}))?[^\]]{0,80}\] )?+"
    r"Decode batch[.,] #running-req: (?P<running>\d++),"
)
_RATE = re.compile(r"\bgen throughput \(token/s\): (?P<rate>[\d.]++)")
_PREFILL = re.compile(r"\bPrefill batch[.,] ")
_NOTHING_RUNS = re.compile(r"#running-req: 0\b")
_START = "server_args=ServerArgs("
_MODEL = re.compile(r"\(model_path='(?P<model>[^']{1,400})'")
_SAID = {
    "tensor_parallel": re.compile(r"\btp_size=(?P<value>\d{1,4})\b"),
    "data_parallel": re.compile(r"\bdp_size=(?P<value>\d{1,4})\b"),
    "quantization": re.compile(r"(?<![\w])quantization='(?P<value>[^']{1,40})'"),
    "dtype": re.compile(r"(?<![\w])dtype='(?P<value>[^']{1,20})'"),
}


def _read(lines: Lines) -> None:
    context, was_idle = lines.describe(backend="sglang"), True
    for place, line in enumerate(lines.lines):
        found = _DECODE.search(line)
        rate = _RATE.search(line, found.end()) if found else None
        if found and rate:
            if not was_idle and int(found["running"]) and rate["rate"].strip("0."):
                of_line = lines.describe(
                    context,
                    timestamp=found["time"],
                    conditions={"concurrency": float(found["running"])},
                    labels={"rank": float(found["rank"]) if found["rank"] else None},
                )
                figure = lines.figure("output_tok_s", rate["rate"], "gen throughput (token/s)", "token/s")
                lines.record(place, place + 1, [figure], of_line)
            was_idle = False
        elif _PREFILL.search(line):
            was_idle = was_idle or _NOTHING_RUNS.search(line) is not None
        elif _START in line:
            context = _said(lines, context, line)


def _said(lines: Lines, context: Context, line: str) -> Context:
    """What the line on which a server starts says of its model and configuration."""
    model = _MODEL.search(line)
    conditions = {name: found["value"] for name, pattern in _SAID.items() if (found := pattern.search(line))}
    conditions = {name: value for name, value in conditions.items() if value not in ("auto", "1")}
    return lines.describe(context, model=model and model["model"], conditions=conditions)


LOG = TextFormat(
    "SGLang's log", re.compile(r"\bDecode batch[.,] #running-req: \d"), _read, "Decode batch", of_engine=True
)
