"""LMDeploy's benchmarks without a server: what `profile_throughput` and `profile_pipeline_api` print.

Written after lmdeploy/profiler.py of August 2026, and profile_throughput.py of 2023 and 2024. Times are in seconds,
rates are those of all requests. `profile_restful_api` prints the report that serving_report.py reads.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.formats.format import TextFormat
from chimera_dagster.ingest.formats.lines import Lines

_TITLE = re.compile(r"(?<!=)={5,}+ Profile (?:Throughput|Pipeline API) =++")
_OLD = re.compile(r"token throughput \(completion token\): [\d.]++ token/s")
_SIGN = re.compile(f"{_TITLE.pattern}|{_OLD.pattern}")
_ROW = re.compile(r"(?P<name>\S++(?: \S++)*+) {2,}+(?P<values>\S.*)")
_FIGURES = {
    "benchmark duration": ("benchmark_ms", "s", None),
    "successful requests": ("completed_requests", None, None),
    "total input tokens": ("prompt_tokens", None, "sum"),
    "total generated tokens": ("output_tokens", None, "sum"),
    "input throughput (tok/s)": ("input_tok_s", "tok/s", None),
    "output throughput (tok/s)": ("output_tok_s", "tok/s", None),
    "request throughput (req/s)": ("requests_per_s", "req/s", None),
}
_TIMES = {
    "end-to-end latency": "e2e_ms",
    "time to first token (ttft)": "ttft_ms",
    "time per output token (tpot)": "tpot_ms",
    "inter-token latency (itl)": "itl_ms",
}
_OVER_REQUESTS = ("e2e_ms", "ttft_ms", "tpot_ms")
_OLD_FIGURES = {
    "elapsed_time": ("benchmark_ms", "s", None),
    "number of prompt tokens": ("prompt_tokens", None, "sum"),
    "number of completion tokens": ("output_tokens", None, "sum"),
    "token throughput (completion token)": ("output_tok_s", "tok/s", None),
    "token throughput (prompt + completion token)": ("total_tok_s", "tok/s", None),
    "rps (request per second)": ("requests_per_s", "req/s", None),
}
_FIRST = "first token latency(s)(min, max, ave)"
_OLD_LINE = re.compile(r"(?P<name>[^:]{1,60}): *+(?P<value>[\d.]++)")


def _read(text: Lines) -> None:
    starts = [place for place, line in enumerate(text.lines) if _TITLE.search(line)]
    for start, limit in zip(starts, [*starts[1:], len(text.lines)], strict=False):
        stop = next((place for place in range(start + 1, limit) if _is_rule(text.lines[place], "=")), None)
        if stop is None:
            stop = limit - 1  # the last line may be cut in the middle of a number
            text.problem(f"the table that begins in line {text.first + start} breaks off")
        _add(text, start, stop)
    if not starts:
        _read_old(text)


def _add(text: Lines, start: int, stop: int) -> None:
    figures, over, made = list[Figure | None](), list[Figure | None](), list[str]()
    concurrency: str | None = None
    for line in text.lines[start + 1 : stop]:
        if line.split()[:1] == ["mean"]:
            made = [name.lower() for name in line.split()]
        found = _ROW.fullmatch(line.rstrip())
        if found is None:
            continue
        name, values = found["name"], found["values"].split()
        if name.lower() in _FIGURES:
            metric, unit, aggregate = _FIGURES[name.lower()]
            figures.append(text.figure(metric, values[0], name, unit, aggregate))
        elif metric := _TIMES.get(name.lower()):
            times = [text.figure(metric, value, name, "s", how) for how, value in zip(made, values, strict=False)]
            (over if metric in _OVER_REQUESTS else figures).extend(times)
        elif name == "Concurrency":
            concurrency = values[0]
    completed = next((each.value for each in figures if each and each.measured.metric == "completed_requests"), None)
    context = text.describe(backend="lmdeploy", conditions={"concurrency": concurrency})
    text.record(start, stop + 1, over, text.describe(context, n=completed))
    text.record(start, stop + 1, figures, context)


def _read_old(text: Lines) -> None:
    """Blocks of lines between two rules, one for each number of requests at once."""
    rules = [place for place, line in enumerate(text.lines) if _is_rule(line, "-")]
    for start, stop in pairwise(rules):
        block = text.lines[start + 1 : stop]
        figures = [*_old_figures(text, block)]
        if any(map(_OLD.search, block)):
            found = next((each for each in map(_OLD_LINE.match, block) if each and each["name"] == "concurrency"), None)
            conditions = {"concurrency": found["value"] if found else None}
            text.record(start, stop + 1, figures, text.describe(backend="lmdeploy", conditions=conditions))


def _old_figures(text: Lines, block: Sequence[str]) -> Iterator[Figure | None]:
    for line in block:
        name, _, values = line.strip().partition(": ")
        if name == _FIRST:
            for made, value in zip(("min", "max", "mean"), values.split(", "), strict=False):
                yield text.figure("ttft_ms", value, name, "s", made)
        elif name.lower() in _OLD_FIGURES and (found := _OLD_LINE.match(line.strip())):
            metric, unit, aggregate = _OLD_FIGURES[name.lower()]
            yield text.figure(metric, found["value"], name, unit, aggregate)


def _is_rule(line: str, mark: str) -> bool:
    return len(line.strip()) > 20 and not line.strip().strip(mark)


TABLE = TextFormat("LMDeploy profiler", _SIGN, _read)
