"""Ollama: answers of its API, as JSON or JSON Lines, and what `ollama run --verbose` prints.

Written after api/types.go of Ollama 0.33.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, TextFormat
from chimera_dagster.ingest.formats.lines import Lines
from chimera_dagster.ingest.model_names import MODEL_NAME, MODEL_TAG, model_in_text
from chimera_dagster.ingest.quantities import duration_in

_DURATIONS = {
    "total_duration": "total_ms",
    "load_duration": "load_ms",
    "prompt_eval_duration": "prompt_eval_ms",
    "eval_duration": "eval_ms",
}
_COUNTS = {"prompt_eval_count": "prompt_tokens", "eval_count": "output_tokens"}
_OTHER_KEYS = {
    *("model", "remote_model", "remote_host", "created_at", "response", "thinking", "message", "done", "done_reason"),
    *("context", "tool_calls", "logprobs", "_debug_info"),
}
_KEYS = frozenset({*_DURATIONS, *_COUNTS, *_OTHER_KEYS})


def _is_answer(content: Mapping[str, Any]) -> bool:
    """Whether this is an answer as Ollama sends it, whole or a chunk of a stream.

    An object with other keys, or with a fraction of a nanosecond, was put together by a script: the general reader
    knows its fields too.
    """
    if not _KEYS.issuperset(content):
        return False
    if content.get("done") is False and ("response" in content or "message" in content):
        return True
    counted = [content[name] for name in (*_DURATIONS, *_COUNTS) if name in content]
    return {*map(type, counted)} == {int}


def _read_answer(document: Document) -> None:
    if document.get("done") is False:
        return
    durations = [document.figure(metric, name, unit="ns") for name, metric in _DURATIONS.items()]
    counts = [document.figure(metric, name) for name, metric in _COUNTS.items()]
    context = document.describe(model=document.text("model"), backend="ollama", timestamp=document.text("created_at"))
    document.record([*durations, *counts], context)


# In the order in which they are printed; one that is zero is left out
_PRINTED = {
    "total duration": "total_ms",
    "load duration": "load_ms",
    "prompt eval count": "prompt_tokens",
    "prompt eval duration": "prompt_eval_ms",
    "prompt eval rate": "prefill_tok_s",
    "eval count": "output_tokens",
    "eval duration": "eval_ms",
    "eval rate": "decode_tok_s",
}
_ORDER = {name: place for place, name in enumerate(_PRINTED)}
# With its unit a number is whole: the last line of a text may break off
_LINE = re.compile(
    rf"[> \t]*+(?P<name>{'|'.join(_PRINTED)}):[ \t]*+"
    r"(?:(?P<duration>\d[\d.a-zµμ]*+(?<=s))|(?P<number>[\d.]++) token(?P<unit>s/s|\(s\)))"
)
_LONGEST_TITLE = 100  # characters
_SIGN = re.compile(r"(?m)^[> \t]*+eval (?:rate|duration|count):[ \t]*+\d")
_COMMAND = re.compile(
    r"\bollama\s++run\s++(?:--(?:keepalive|format|dimensions)[\s=]++\S++\s++|--?[\w-]++(?:=\S++)?+\s++)*+"
    r"(?P<model>\w[\w./-]*+(?::[\w.-]++)?+)(?P<end>\s*+(?:$|[\"'`-]))?+"
)
_TITLE = re.compile(
    rf"\b(?i:model(?:[ _](?:name|tag|id))?+)\s*+[:=]\W*+(?P<said>{MODEL_NAME}(?::[\w.-]++)?+)\W*+$"
    rf"|^\W*+(?P<alone>{MODEL_TAG})\W*+$"
)


class _Run(NamedTuple):
    """The figures of one run, the place after its last line, and the model that the lines before it name."""

    start: int
    stop: int
    figures: list[Figure | None]
    model: str | None


def _read_text(text: Lines) -> None:
    """One record a run. Its model is that of the command above it, else of the heading, else of the path."""
    base = text.describe(backend="ollama")
    above = _last_named(text.above)
    for run in _runs(text):
        if model := run.model or above:
            context = text.describe(base, model=model)
        else:
            context = _by_heading(text.headings, base)
        text.record(run.start, run.stop, run.figures, context)


def _runs(text: Lines) -> Iterator[_Run]:
    """Runs in their order: a new one begins with a line that is not printed after the last one."""
    model, run, last = None, None, -1
    for place, line in enumerate(text.lines):
        found = _LINE.match(line)
        if found is None:
            model = _named(line) or model
            continue
        order = _ORDER[found["name"]]
        if run is None or order <= last or run.model != model:
            if run is not None:
                yield run
            run = _Run(place, place, [], model)
        run.figures.append(_figure(text, found))
        run, last = run._replace(stop=place + 1), order
    if run is not None:
        yield run


def _figure(text: Lines, found: re.Match[str]) -> Figure | None:
    name, metric = found["name"], _PRINTED[found["name"]]
    if found["duration"]:
        duration = duration_in(found["duration"])
        return duration and text.figure(metric, duration.number, name, duration.unit)
    return text.figure(metric, found["number"], name, "tokens/s" if found["unit"] == "s/s" else None)


def _last_named(lines: Sequence[str]) -> str | None:
    return next((model for line in reversed(lines) if (model := _named(line))), None)


def _named(line: str) -> str | None:
    """The model of a command, or of a line that says no more than its name."""
    if "ollama" in line and (found := _COMMAND.search(line)):
        model = found["model"].rstrip(".")
        # In a sentence, `ollama run` may be followed by any word; MODEL stands for any model
        if not model.isupper() and (found["end"] is not None or not model.isalpha()):
            return model
    found = _TITLE.search(line) if len(line) <= _LONGEST_TITLE else None
    return found and (found["said"] or found["alone"])


def _by_heading(headings: Sequence[str], base: Context) -> Context:
    """The nearest heading that names a model."""
    model = next((model for heading in headings if (model := (model_in_text(heading) or "").lower())), None)
    return base._replace(model=model, model_source="heading") if model else base


ANSWER = DocumentFormat("Ollama", frozenset({"model"}), _read_answer, _is_answer, of_engine=True)
VERBOSE = TextFormat("Ollama", _SIGN, _read_text, within="eval ", of_engine=True)
