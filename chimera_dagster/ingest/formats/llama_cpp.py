"""llama.cpp: answers of its server with their `timings`, and the timings that its programs and its server print.

Written after tools/server and llama_perf_context_print of build b11500. `prompt_n` has no tokens that came from the
cache, and since 2026 `predicted_per_second` leaves the first token out.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, TextFormat
from chimera_dagster.ingest.formats.lines import Lines
from chimera_dagster.ingest.formats.page import time_of

_TIMINGS = {
    "prompt_ms": "prompt_eval_ms",
    "prompt_per_second": "prefill_tok_s",
    "predicted_ms": "eval_ms",
    "predicted_per_second": "decode_tok_s",
}
# The same count may stand in three places
_COUNTS = {
    "prompt_tokens": (("usage", "prompt_tokens"), ("tokens_evaluated",), ("timings", "prompt_n")),
    "output_tokens": (("usage", "completion_tokens"), ("tokens_predicted",), ("timings", "predicted_n")),
    "prompt_cached_tokens": (("usage", "prompt_tokens_details", "cached_tokens"), ("timings", "cache_n")),
    "total_tokens": (("usage", "total_tokens"),),
}
_BUILD = re.compile(r"b(?P<number>[1-9]\d*+)\b")
_PARAMETERS = ("temperature", "top_p", "top_k", "repeat_penalty")


def _has_timings(content: Mapping[str, Any]) -> bool:
    timings = content["timings"]
    return isinstance(timings, dict) and {"prompt_ms", "predicted_ms"} <= cast("dict[str, Any]", timings).keys()


def _read_answer(document: Document) -> None:
    settings = document.at("generation_settings")
    asked = settings.number("n_predict")
    build = _BUILD.match(document.text("system_fingerprint") or "")
    context = document.describe(
        model=document.text("model"),
        backend="llama.cpp",
        timestamp=time_of(document.number("created")),
        parameters={name: settings.number(name) for name in _PARAMETERS},
        conditions={
            "engine_version": build and build["number"],
            "output_tokens": asked if asked and asked > 0 else None,
        },
        labels={"seed": settings.number("seed")},
    )
    figures = [document.figure(metric, "timings", name) for name, metric in _TIMINGS.items()]
    counts = [
        next(filter(None, (document.figure(metric, *path) for path in paths)), None)
        for metric, paths in _COUNTS.items()
    ]
    document.record([*figures, *counts], context)


ANSWER = DocumentFormat("llama.cpp", frozenset({"timings"}), _read_answer, _has_timings, of_engine=True)


class _Printed(NamedTuple):
    duration: str
    tokens: str | None
    rate: str | None


_METRICS = {
    "load": _Printed("load_ms", None, None),
    "prompt eval": _Printed("prompt_eval_ms", "prompt_tokens", "prefill_tok_s"),
    "eval": _Printed("eval_ms", "output_tokens", "decode_tok_s"),
    "total": _Printed("total_ms", "total_tokens", None),
}
_TIME = re.compile(
    r"(?P<name>\bload|\bprompt eval|\beval|\btotal) time =\s*+(?P<ms>[\d.]++) ms"
    r"(?: /\s*+(?P<count>\d++) (?P<of>tokens|runs)"
    r"(?:\s*+\(\s*+[\d.]++ ms per token,\s*+(?P<rate>[\d.]++) tokens per second\))?+)?+"
)
_FILE = re.compile(r"(?:loaded meta data .{0,80}? from |loading model ')(?P<path>[^']{1,400}?\.gguf)\b")
_TITLE = re.compile(r"general\.name str\s++= (?P<name>\S.*)")
_SAID = {
    "quantization": re.compile(r"\bfile type\s++= (?P<value>\S.*)"),
    "engine_version": re.compile(r"^(?:main: )?build(?: =|:) (?P<value>\d{1,7})\b"),
    "threads": re.compile(r"\bn_threads = (?P<value>\d{1,6})\b"),
}
_CONTEXT = re.compile(r"\bn_ctx(?:_slot)?\s++= (?P<value>\d{1,9})\b")
_DEVICE = re.compile(r"\bDevice \d++: (?P<value>[^,]++), compute capability")


def _read_log(lines: Lines) -> None:
    """A record is a run of timings that ends with the total; what stands above it says what it is about."""
    context, start, figures = lines.describe(backend="llama.cpp"), 0, list[Figure]()
    for place, line in enumerate(lines.lines):
        found = _TIME.search(line)
        if not found:
            context = _said(lines, context, line)
            continue
        if figures and any(figure.measured.original_name == f"{found['name']} time" for figure in figures):
            lines.record(start, place, figures, context)
            figures = []
        start = start if figures else place
        figures.extend(_figures(lines, found))
        if found["name"] == "total":
            lines.record(start, place + 1, figures, context)
            figures = []
    if figures:
        lines.record(start, len(lines.lines), figures, context)


def _figures(lines: Lines, found: re.Match[str]) -> Iterator[Figure]:
    duration, tokens, rate = _METRICS[found["name"]]
    name = f"{found['name']} time"
    stated = [
        lines.figure(duration, found["ms"], name, "ms"),
        # `runs` of the model are one fewer than the tokens that they generate
        lines.figure(tokens, found["count"], name) if tokens and found["of"] == "tokens" else None,
        lines.figure(rate, found["rate"], name, "tokens/s") if rate and found["rate"] else None,
    ]
    return filter(None, stated)


def _said(lines: Lines, context: Context, line: str) -> Context:
    if title := _TITLE.search(line):
        return lines.describe(context, model=title["name"])
    if (path := _FILE.search(line)) and context.model_source != lines.source:
        return lines.describe(context, model=path["path"].replace("\\", "/").rpartition("/")[2].removesuffix(".gguf"))
    if device := _DEVICE.search(line):
        return lines.describe(context, gpu=device["value"])
    if size := _CONTEXT.search(line):
        return lines.describe(context, parameters={"num_ctx": float(size["value"])})
    for name, pattern in _SAID.items():
        if found := pattern.search(line):
            return lines.describe(context, conditions={name: found["value"].strip()})
    return context


LOG = TextFormat(
    "llama.cpp", re.compile(r"\beval time =\s*+[\d.]++ ms /"), _read_log, within="eval time =", of_engine=True
)
