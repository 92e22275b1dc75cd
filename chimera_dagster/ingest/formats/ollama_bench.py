"""Ollama's `cmd/bench`: CSV, text for benchstat, and the Markdown table that its first versions printed.

Written after cmd/bench/bench.go of Ollama 0.33. A run is several rows or lines, one for each step of a request, and
becomes one record; the names of its numbers begin with the step: `prefill TOKEN_PER_SEC`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.format import TableFormat, TextFormat
from chimera_dagster.ingest.formats.grid import Grid, Row
from chimera_dagster.ingest.formats.lines import Lines
from chimera_dagster.ingest.formats.page import Page
from chimera_dagster.ingest.quantities import duration_in

_NAME = "Ollama's bench command"
_TIMES = {"ttft": "ttft_ms", "load": "load_ms", "total": "total_ms"}
_TOKENS = {"prefill": ("prompt_tokens", "prefill_tok_s"), "generate": ("output_tokens", "decode_tok_s")}
_BEGINS = "BenchmarkModel/name="
_BENCHMARK = re.compile(
    rf"{_BEGINS}(?P<name>\S++)\s++(?P<count>\d++)\s++(?P<time>\d++(?:\.\d++)?+)\s++"
    r"(?P<per>ns/(?:token|op|request))(?:\s++(?P<rate>\d++(?:\.\d++)?+)\s++token/sec)?+\s*+"
)
_SPENT = {"prefill": "prompt_eval_ms", "generate": "eval_ms", **_TIMES}


class _Step(NamedTuple):
    where: str
    place: int
    name: str
    figures: list[Figure | None]
    context: Context


def _runs(steps: Iterable[_Step]) -> Iterator[list[_Step]]:
    """Steps of one request: another one begins where a step comes again, or the model changes."""
    run: list[_Step] = []
    for step in steps:
        if run and (step.context != run[0].context or step.name in {earlier.name for earlier in run}):
            yield run
            run = []
        run.append(step)
    if run:
        yield run


def _figures(run: list[_Step]) -> list[Figure | None]:
    return [figure for step in run for figure in step.figures]


def _context(page: Page, model: str | None, remark: str) -> Context:
    """`remark` is the line `# Model: ... | Quant: ... | NumCtx: ...` above the runs of a model."""
    said = dict(part.split(": ", 1) for part in remark.lstrip("# ").split(" | ") if ": " in part)
    if said.get("Model") != model:
        said = {}
    quantization, num_ctx = said.get("Quant"), said.get("NumCtx", "")
    return page.describe(
        model=model,
        backend="ollama",
        conditions={"quantization": None if quantization == "unknown" else quantization},
        parameters={"num_ctx": float(num_ctx) if num_ctx.isdecimal() else None},
    )


def _read_table(grid: Grid) -> None:
    for run in _runs(_steps_of_rows(grid)):
        where = run[0].where if len(run) == 1 else f"{run[0].where} to {run[-1].where}"
        grid.add(where, _figures(run), run[0].context)


def _steps_of_rows(grid: Grid) -> Iterator[_Step]:
    for row in grid:
        step = row.text("step")
        if step is None or step not in _SPENT:
            grid.problem(f"{row.where}: {step!r} is not a step of a request")
            continue
        figures = _token_figures(row, step) if step in _TOKENS else []
        figures.append(_spent_figure(row, step))
        yield _Step(row.where, 0, step, figures, _context(grid, row.text(0), grid.remark))


def _token_figures(row: Row, step: str) -> list[Figure | None]:
    """No token was counted if the count is 0, and the rate beside it is not measured."""
    tokens, rate = _TOKENS[step]
    if not row.number("count"):
        return []
    return [_figure(row, step, tokens, "count"), _figure(row, step, rate, _rate_column(row))]


def _spent_figure(row: Row, step: str) -> Figure | None:
    """CSV has the time of the steps that count no tokens, in ns; the Markdown table that of all steps."""
    if written := row.text("duration"):
        duration = duration_in(written)
        return duration and row.figure(
            _SPENT[step], "duration", duration.unit, value=duration.number, name=f"{step} Duration"
        )
    if step in _TOKENS:
        return None
    for fixed in ("count", "token_per_sec"):  # 1 and 0 for such a step
        row.number(fixed)
    spent = row.number("ns_per_count")
    return _figure(row, step, _TIMES[step], "ns_per_count", "ns") if spent else None  # 0 without an answer


def _rate_column(row: Row) -> str:
    return "token_per_sec" if "token_per_sec" in row.grid.places else "tokenspersec"


def _figure(row: Row, step: str, metric: str, column: str, unit: str | None = None) -> Figure | None:
    return row.figure(metric, column, unit, name=f"{step} {row.grid.header[row.grid.places[column]]}")


def _read_text(text: Lines) -> None:
    for run in _runs(_steps_of_lines(text)):
        text.record(run[0].place, run[-1].place + 1, _figures(run), run[0].context)


def _steps_of_lines(text: Lines) -> Iterator[_Step]:
    remark = ""
    for place, line in enumerate(text.lines):
        if line.startswith("# Model:"):
            remark = line
        if not line.startswith(_BEGINS):
            continue
        found = _BENCHMARK.fullmatch(line)
        model, _, step = found["name"].partition("/step=") if found else ("", "", "")
        if found and not step and found["per"] == "ns/request":
            step = "total"  # as the first versions wrote it
        if found is None or step not in _SPENT or (step in _TOKENS) != (found["rate"] is not None):
            text.problem(f"line {text.first + place} is cut off, or is not that of a step of a request")
            continue
        yield _Step("", place, step, _line_figures(text, step, found), _context(text, model, remark))


def _line_figures(text: Lines, step: str, found: re.Match[str]) -> list[Figure | None]:
    if not float(found["time"]):  # of a request without an answer
        return []
    if step in _TIMES:
        return [text.figure(_TIMES[step], found["time"], f"{step} {found['per']}", "ns")]
    tokens, rate = _TOKENS[step]
    # the first versions wrote the count of tokens, later ones always 1
    count = None if found["count"] == "1" else text.figure(tokens, found["count"], f"{step} count")
    return [count, text.figure(rate, found["rate"], f"{step} token/sec", "token/sec")]


CSV = TableFormat(_NAME, frozenset({"name", "step", "count", "ns_per_count", "token_per_sec"}), _read_table)
MARKDOWN = TableFormat(
    _NAME,
    frozenset({"model", "step", "count", "duration", "nspertoken", "tokenspersec"}),
    _read_table,
)
BENCHSTAT = TextFormat(_NAME, re.compile(f"(?m)^{_BEGINS}"), _read_text, within=_BEGINS)
