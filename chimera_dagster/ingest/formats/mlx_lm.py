"""MLX LM (`mlx_lm.generate`): the three lines that it prints below its answer, in `.txt`, `.log` and on Markdown pages.

Written after mlx-lm 0.32: `Prompt: 12 tokens, 80.5 tokens-per-sec`, `Generation: ...`, `Peak memory: 5.9 GB`. What
`batch_generate` prints is of all prompts of a batch together, and is not read.
"""

import re

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.formats.format import TextFormat
from chimera_dagster.ingest.formats.lines import Lines

_RATE = re.compile(
    r"\s*+(?P<name>Prompt|Generation): (?P<tokens>\d++) tokens, (?P<rate>\d++(?:\.\d++)?+) tokens-per-sec\b"
)
_PEAK = re.compile(r"\s*+(?P<name>Peak memory): (?P<memory>\d++(?:\.\d++)?+) GB\b")
_METRICS = {"Prompt": ("prompt_tokens", "prefill_tok_s"), "Generation": ("output_tokens", "decode_tok_s")}


def _read(lines: Lines) -> None:
    """A record is a run: a line for the prompt, and those up to the next one."""
    context, start, end, figures = lines.describe(backend="MLX"), 0, 0, list[Figure | None]()
    for place, line in enumerate(lines.lines):
        if rate := _RATE.match(line):
            if figures and rate["name"] == "Prompt":
                lines.record(start, end, figures, context)
                figures = []
            tokens, speed = _METRICS[rate["name"]]
            found = [
                lines.figure(tokens, rate["tokens"], rate["name"], "tokens"),
                lines.figure(speed, rate["rate"], rate["name"], "tokens/s"),
            ]
        elif peak := _PEAK.match(line):
            # it divides bytes by 1e9, which "gigabytes" says
            found = [lines.figure("memory_used_mib", peak["memory"], peak["name"], "gigabytes", "max")]
        else:
            continue
        start, end = (start if figures else place), place + 1
        figures.extend(found)
    if figures:
        lines.record(start, end, figures, context)


LOG = TextFormat(
    "mlx-lm",
    re.compile(r"(?m)^[ \t]*+(?:Prompt|Generation): \d++ tokens, [\d.]++ tokens-per-sec\b"),
    _read,
    within="tokens-per-sec",
    of_engine=True,
)
