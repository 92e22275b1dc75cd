"""The report that vLLM's and SGLang's serving benchmarks print, in a log or pasted into a page.

Written after vLLM 0.33.0 and SGLang 0.5.23. Both print the arguments first, on one line; a pasted report rarely has it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.commands import NUM_PROMPTS, Command, commands_in, said_by, shared_by
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.format import TextFormat
from chimera_dagster.ingest.formats.lines import Lines
from chimera_dagster.ingest.formats.serving import LATENCIES, OVER_REQUESTS, all_at_once, engine_of, load_of
from chimera_dagster.ingest.model_names import model_in_text

_START = re.compile(r"(?<!=)={5,}+ Serving Benchmark Result =++")
_LATENCY = re.compile(
    r"(?P<aggregate>Mean|Median|Std|Max|P\d{1,3}(?:\.\d+)?) (?P<what>TTFT|TPOT|ITL|E2EL|E2E Latency) \(ms\)"
)
_FIGURES = {
    "benchmark duration (s)": ("benchmark_ms", "s", None),
    "request throughput (req/s)": ("requests_per_s", "req/s", None),
    "request goodput (req/s)": ("goodput_requests_per_s", "req/s", None),
    "output token throughput (tok/s)": ("output_tok_s", "tok/s", None),
    "input token throughput (tok/s)": ("input_tok_s", "tok/s", None),
    "total token throughput (tok/s)": ("total_tok_s", "tok/s", None),
    "successful requests": ("completed_requests", None, None),
    "failed requests": ("failed_requests", None, None),
    "total input tokens": ("prompt_tokens", None, "sum"),
    "total generated tokens": ("output_tokens", None, "sum"),
    "peak output token throughput (tok/s)": ("output_tok_s", "tok/s", "max"),
    "peak concurrent requests": ("concurrent_requests", None, "max"),
    "concurrency": ("concurrent_requests", None, "mean"),
}
_CONDITIONS = {
    "maximum request concurrency": "concurrency",
    "max request concurrency": "concurrency",
    "request rate configured (rps)": "request_rate",
    "traffic request rate": "request_rate",
}
_ARGUMENT = re.compile(r"(?<=[( ])(?P<name>[a-z][a-z_]{1,40}+)=(?:'(?P<text>[^']*+)'|(?P<bare>[^,)\s]++))")
_ARGUMENTS = frozenset(
    {"model", "dataset_name", "random_input_len", "random_output_len", "max_concurrency", "request_rate", NUM_PROMPTS}
)


def _read(text: Lines) -> None:
    starts = [place for place, line in enumerate(text.lines) if _START.search(line)]
    before, above = 0, _since_last_report(text.above)
    for start, limit in zip(starts, [*starts[1:], len(text.lines)], strict=True):
        stop = next((place for place in range(start + 1, limit) if _is_end(text.lines[place])), None)
        if stop is None:
            stop = limit - 1  # the last line may be cut in the middle of a number
            text.problem(f"the report that begins in line {text.first + start} breaks off")
        _add(text, start, stop, _arguments([*above, *text.lines[before:start]]))
        before, above = stop, ()


def _add(text: Lines, start: int, stop: int, command: Command) -> None:
    lines = [_split(line) for line in text.lines[start + 1 : stop]]
    figures = [*_figures(text, lines)]
    context = _described(text, {name.lower(): value for name, value in lines}, command)
    over_requests = [figure for figure in figures if figure.measured.metric in OVER_REQUESTS]
    completed = next((each.value for each in figures if each.measured.metric == "completed_requests"), None)
    counted = text.describe(context, n=completed, failed=completed == 0)
    text.record(start, stop + 1, over_requests, counted)
    text.record(start, stop + 1, [figure for figure in figures if figure not in over_requests], context)


def _figures(text: Lines, lines: Sequence[tuple[str, str]]) -> Iterable[Figure]:
    for name, value in lines:
        latency = _LATENCY.fullmatch(name)
        if latency:
            what, made = latency["what"], latency["aggregate"]
            if (f"Mean {what} (ms)", "0.00") in lines:
                continue
            metric, unit, aggregate = LATENCIES[what.lower().replace(" ", "_")], "ms", made.lower()
        elif name.lower() in _FIGURES:
            metric, unit, aggregate = _FIGURES[name.lower()]
        else:
            continue
        if figure := text.figure(metric, value, name, unit, aggregate):
            yield figure


def _described(text: Lines, lines: Mapping[str, str], command: Command) -> Context:
    conditions: dict[str, Any] = dict(command.conditions)
    for name, condition in _CONDITIONS.items():
        if (value := lines.get(name)) not in (None, "not set"):
            conditions[condition] = value
    conditions = all_at_once(conditions, command.num_prompts)
    conditions["tool"] = _tool(lines)
    base = text.context
    if base.model_source in (None, "path") and (named := model_in_text(text.headings[0] if text.headings else "")):
        base = base._replace(model=named, model_source="heading")
    backend = lines.get("backend", command.backend)
    return text.describe(
        base,
        model=command.model,
        backend=engine_of(backend),
        conditions=load_of(conditions),
        labels={NUM_PROMPTS: command.num_prompts},
    )


def _tool(lines: Mapping[str, str]) -> str:
    """LMDeploy's report began as a copy of SGLang's, and names its engine too."""
    if "backend" not in lines:
        return "vLLM bench serve"
    return "LMDeploy profile_restful_api" if lines["backend"] == "lmdeploy" else "SGLang bench_serving"


def _arguments(lines: Sequence[str]) -> Command:
    """What the arguments of the benchmark whose report follows these lines say, or else its command."""
    line = next((line for line in reversed(lines) if "Namespace(" in line), None)
    if line is None:
        return shared_by([*commands_in(lines)])
    found = [(each["name"], each["text"] or each["bare"] or "") for each in _ARGUMENT.finditer(line)]
    return said_by([(name, value) for name, value in found if name in _ARGUMENTS])


def _since_last_report(lines: Sequence[str]) -> Sequence[str]:
    last = next((place for place in range(len(lines) - 1, -1, -1) if _START.search(lines[place])), -1)
    return lines[last + 1 :]


def _split(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _is_end(line: str) -> bool:
    return len(line.strip()) > 20 and not line.strip().strip("=")


REPORT = TextFormat(
    "report of vLLM's or SGLang's serving benchmark", _START, _read, within=" Serving Benchmark Result ="
)
