"""llama-benchy: JSON, Markdown and CSV.

Written after src/llama_benchy/results.py of version 0.4.0. `pp` rows and values are about prompts, `tg` ones about
generation. What holds for one request (`req`) is a prefill or decode rate, the rate over all requests at once (`total`)
is the server's. Peaks, the time to the first chunk of any kind (`ttfr`) and the estimate `est_ppt` are not read.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from chimera_dagster.ingest.cells import spread_in
from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, NotThisFormatError, TableFormat
from chimera_dagster.ingest.formats.grid import Grid, Row
from chimera_dagster.ingest.formats.page import Page

_NAME = "llama-benchy"
_REQUEST = {"pp_req_throughput": "prefill_tok_s", "tg_req_throughput": "decode_tok_s", "e2e_ttft": "ttft_ms"}
_SERVER = {"pp_throughput": "input_tok_s", "tg_throughput": "output_tok_s"}
_METRICS = _REQUEST | _SERVER
_TTFT = "e2e_ttft_(ms)"
_TEST = re.compile(
    r"(?P<kind>pp|tg|ctx_pp|ctx_tg)(?P<tokens>\d++)?+(?: @ d(?P<depth>\d++))?+(?: \(c(?P<concurrency>\d++)\))?+"
)


def _read_object(document: Document) -> None:
    base = document.describe(
        model=document.text("model"),
        timestamp=document.text("timestamp"),
        conditions={"prefix_caching": document.get("prefix_caching_enabled") or None},
        labels={"latency_ms": document.number("latency_ms")},
    )
    document.number("max_concurrency")  # of all runs; each has its own
    for run in document.each("benchmarks"):
        context = _describe(
            document,
            base,
            concurrency=run.number("concurrency"),
            prompt=run.number("prompt_size"),
            generated=run.number("response_size"),
            depth=run.number("context_size"),
            whole_context=run.get("is_context_prefill_phase") is True,
        )
        _add_sums(run, context)
        _add_runs(run, context)


def _add_sums(run: Document, context: Context) -> None:
    for name, metric in _METRICS.items():
        part = run.at(name)
        figures = [part.figure(metric, aggregate, aggregate=aggregate) for aggregate in ("mean", "std")]
        part.record(figures, context._replace(n=_count(run, name) or None))


def _add_runs(run: Document, context: Context) -> None:
    """A record for each request, and for each round of several requests at once one for each rate of the server."""
    for first, *others in _groups(run):
        for place in range(max(_count(run, name) for name in (first, *others))):
            if others:
                figures = [run.cell(_METRICS[name], name, place, within="values") for name in (first, *others)]
                run.record(figures, context, f"*/values/{place}")
            else:
                part = run.at(first)
                part.record([part.cell(_METRICS[first], "values", place)], context, f"*/{place}")


def _groups(run: Document) -> Iterator[tuple[str, ...]]:
    """Names of the lists that have one value for each request: of one at a time, those of the server too.

    A list leaves out a request without a value, so only lists of one length are about the same requests.
    """
    alone = run.number("concurrency") == 1
    names = tuple(_METRICS if alone else _REQUEST)
    counts = {count for name in names if (count := _count(run, name))}
    yield from [names] if len(counts) == 1 else [(name,) for name in names]
    yield from () if alone else [(name,) for name in _SERVER]


def _count(run: Document, name: str) -> int:
    values = run.get(name, "values")
    return len(cast("list[Any]", values)) if isinstance(values, list) else 0


def _describe(
    page: Page,
    base: Context,
    *,
    concurrency: float | None,
    prompt: float | None,
    generated: float | None,
    depth: float | None,
    whole_context: bool,
) -> Context:
    """With prefix caching a first phase (`ctx_pp`, `ctx_tg`) sends the whole context as its prompt."""
    return page.describe(
        base,
        conditions={
            "concurrency": concurrency,
            "prompt_tokens": depth if whole_context else prompt,
            "output_tokens": generated,
            "context_depth": 0 if whole_context else depth,
            "task": "fill the context" if whole_context else None,
        },
    )


class _Test(NamedTuple):
    """What the name of a row says: `tg16 @ d64 (c2)`; `tokens` are those of the prompt or those to generate."""

    is_prompt: bool
    tokens: int | None
    whole_context: bool
    depth: int
    concurrency: int


class _Entry(NamedTuple):
    where: str
    test: _Test
    figures: list[Figure | None]
    model: str | None


def _read_table(grid: Grid) -> None:
    entries = [*_entries(grid)]
    if not entries:
        raise NotThisFormatError("no row of the table has a test such as pp2048 or tg32")
    for entry, before, after in zip(entries, [None, *entries], [*entries[1:], None], strict=False):
        test = entry.test
        other = after if test.is_prompt else before
        beside = other.test.tokens if other and _are_one_run(test, other.test) else None
        context = _describe(
            grid,
            grid.describe(model=entry.model),
            concurrency=test.concurrency,
            prompt=test.tokens if test.is_prompt else beside,
            generated=beside if test.is_prompt else test.tokens,
            depth=test.depth,
            whole_context=test.whole_context,
        )
        grid.add(entry.where, entry.figures, context)


def _are_one_run(test: _Test, other: _Test) -> bool:
    """Whether rows that follow each other are about the prompts and the generation of the same requests."""
    return test.is_prompt != other.is_prompt and test[2:] == other[2:]


def _entries(grid: Grid) -> Iterator[_Entry]:
    name = "test" if "test" in grid.places else "test_name"
    for row in grid:
        if test := _test_in(row.text(name) or ""):
            figures = [figure for metric, column in _columns(test) for figure in _figures(row, metric, column)]
            yield _Entry(row.where, test, figures, row.text("model"))
        else:
            grid.problem(f"{row.where}: {row.text(name)!r} is not a test such as pp2048 or tg32")


def _test_in(text: str) -> _Test | None:
    found = _TEST.fullmatch(text)
    if found is None:
        return None
    tokens, kind = found["tokens"], found["kind"]
    return _Test(
        kind.endswith("pp"),
        int(tokens) if tokens else None,
        kind.startswith("ctx"),
        int(found["depth"] or 0),
        int(found["concurrency"] or 1),
    )


def _columns(test: _Test) -> Iterator[tuple[str, str]]:
    """Metrics of a row, and their columns in Markdown and in CSV (before `_mean` and `_std`)."""
    request, server = ("prefill_tok_s", "input_tok_s") if test.is_prompt else ("decode_tok_s", "output_tok_s")
    yield from ((request, "t/s"), (request, "t/s_(req)"), (request, "t_s_req"))
    yield from ((server, "t/s_(total)"), (server, "t_s"))
    yield from (("ttft_ms", _TTFT), ("ttft_ms", "e2e_ttft"))


def _figures(row: Row, metric: str, column: str) -> Iterator[Figure | None]:
    for aggregate in ("mean", "std"):
        yield row.figure(metric, f"{column}_{aggregate}", aggregate=aggregate)
    place = next((place for place, title in enumerate(row.grid.header) if _plain(title) == column), None)
    if place is not None and (spread := spread_in(row.cells[place])):
        yield row.figure(metric, place, aggregate="mean", value=spread.mean)
        if spread.std is not None:
            yield row.figure(metric, place, aggregate="std", value=spread.std)


def _plain(title: str) -> str:
    """Pages also spell it `E2E TTFT (ms)`."""
    return title.strip().lower().replace(" ", "_")


OBJECT = DocumentFormat(_NAME, frozenset({"benchmarks", "latency_mode", "model", "max_concurrency"}), _read_object)
MARKDOWN = TableFormat(
    _NAME, frozenset({"test"}), _read_table, lambda header: any(_plain(title) == _TTFT for title in header)
)
CSV = TableFormat(_NAME, frozenset({"model", "test_name", "t_s_mean", "e2e_ttft_mean"}), _read_table)
