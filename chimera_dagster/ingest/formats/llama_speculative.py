"""llama.cpp's programs for speculative decoding (`llama-speculative`, `llama-speculative-simple`, `llama-lookup`).

They print what both models together take; the timings of each model, which they print below, are not those of an answer
and are left out. Written after build b11500.
"""

import re

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.formats.format import TextFormat
from chimera_dagster.ingest.formats.lines import Lines

_SPEED = re.compile(
    r"\b(?P<name>encoded|decoded)\s++(?P<tokens>\d++) tokens in\s++(?P<seconds>[\d.]++) seconds,"
    r" speed:\s++(?P<rate>[\d.]++) t/s"
)
_METRICS = {
    "encoded": ("prompt_tokens", "prompt_eval_ms", "prefill_tok_s"),
    "decoded": ("output_tokens", "eval_ms", "decode_tok_s"),
}


def _read(lines: Lines) -> None:
    """A record is a run: a line for the prompt and one for the answer."""
    context = lines.describe(backend="llama.cpp", conditions={"speculative_decoding": "on"})
    start, figures = 0, list[Figure | None]()
    for place, line in enumerate(lines.lines):
        if not (found := _SPEED.search(line)):
            continue
        name = found["name"]
        tokens, time, rate = _METRICS[name]
        start = start if figures else place
        figures += [
            lines.figure(tokens, found["tokens"], name, "tokens"),
            lines.figure(time, found["seconds"], name, "seconds"),
            lines.figure(rate, found["rate"], name, "t/s"),
        ]
        if name == "decoded":
            lines.record(start, place + 1, figures, context)
            figures = []


LOG = TextFormat(
    "llama.cpp",
    re.compile(r"\bdecoded\s++\d++ tokens in\s++[\d.]++ seconds, speed:"),
    _read,
    within="decoded",
    of_engine=True,
)
