"""text-generation-webui: the line that it logs for each answer, in `.txt`, `.log` and on Markdown pages.

Its rate is the generated tokens by the time of the whole answer, reading the prompt included. Written after the sources
of 2023 to 2025, which write the same line.
"""

import re

from chimera_dagster.ingest.formats.format import TextFormat
from chimera_dagster.ingest.formats.lines import Lines

_ANSWER = re.compile(
    r"Output generated in (?P<seconds>[\d.]++) seconds \((?P<rate>[\d.]++) tokens/s, (?P<tokens>\d++) tokens"
    r"(?:, context (?P<prompt>\d++))?+(?:, seed (?P<seed>\d++))?+\)"
)
_SETTING = re.compile(r"[#\s]*+(?P<setting>[A-Za-z_]\w*+\s*+=\s*+\S++)\s*+")


def _read(lines: Lines) -> None:
    """A heading such as `prompt_lookup_num_tokens=10` is a setting of the answers below it."""
    said = _SETTING.fullmatch(lines.heading or "")
    for place, line in enumerate(lines.lines):
        if found := _ANSWER.search(line):
            name = "Output generated"
            figures = [
                lines.figure("e2e_ms", found["seconds"], name, "seconds"),
                lines.figure("request_tok_s", found["rate"], name, "tokens/s"),
                lines.figure("output_tokens", found["tokens"], name, "tokens"),
                lines.figure("prompt_tokens", found["prompt"], "context") if found["prompt"] else None,
            ]
            context = lines.describe(
                conditions={"settings": said and said["setting"]},
                labels={"seed": float(found["seed"]) if found["seed"] else None},
            )
            lines.record(place, place + 1, figures, context)
        elif line.startswith("#"):
            said = _SETTING.fullmatch(line)


LOG = TextFormat(
    "text-generation-webui",
    re.compile(r"\bOutput generated in [\d.]++ seconds \([\d.]++ tokens/s,"),
    _read,
    within="Output generated in",
    of_engine=True,
)
