"""What was recorded while a trial's calls ran: each call, its chunks over time, and the telemetry."""

from collections.abc import Iterator, Sequence

from chimera_dagster.measure.samples import Sample
from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import Block, Bullets, Details, Heading, Link, Paragraph, Strong, Table, inlines
from chimera_dagster.render.report.charts import Trace, latency_distribution, token_timeline
from chimera_dagster.render.report.metric_lines import telemetry_lines
from chimera_dagster.render.report.telemetry_chart import Span, telemetry_over_time

_CALL_COLUMNS = {
    "ttft_ms": "TTFT, ms",
    "e2e_ms": "end to end, ms",
    "prompt_eval_ms": "prompt eval, ms",
    "eval_ms": "eval, ms",
    "residual_ms": "rest, ms",
    "output_tokens": "output tokens",
    "decode_tok_s": "decode, tok/s",
}


def calls(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    rows = tuple(
        (call.name, *(_number(getattr(measured, field), field) for field in _CALL_COLUMNS), measured.done_reason)
        for call, measured in zip(outcome.calls, metrics.calls, strict=True)
    )
    header = ("call", *_CALL_COLUMNS.values(), "end reason")
    traces = [Trace(call.name, call.stage, [entry.at_ms for entry in call.ledger]) for call in outcome.calls]
    charts = (token_timeline(traces), latency_distribution(traces))
    table = Table(header, rows, "Each call as measured", frozenset(range(1, 8)))
    blocks = (table, *(chart for chart in charts if chart is not None))
    yield Details(Heading(3, "Calls", "calls"), blocks, on_paper=False)


def telemetry(metrics: Metrics, outcome: Outcome, samples: Sequence[Sample]) -> Iterator[Block]:
    chart = telemetry_over_time(samples, [Span(call.name, call.sent_ms, call.end_ms) for call in outcome.calls])
    blocks = (
        Paragraph("During the calls:"),
        Bullets(tuple(f"{name}: {line}" for name, line in telemetry_lines(metrics.telemetry))),
        *((chart,) if chart is not None else ()),
        Paragraph("Validity of this measurement:"),
        Bullets(tuple(inlines(Strong(flag.name), f": {flag.evidence}") for flag in metrics.validity)),
        Paragraph(
            inlines(
                "Each sample is in telemetry.parquet; the prompts, the raw answers and the time of every chunk are in ",
                Link("outcome.json", "outcome.json"),
                ".",
            )
        ),
    )
    yield Details(Heading(3, "Telemetry", "telemetry"), blocks, on_paper=False)


def _number(value: float | None, field: str) -> str:
    if value is None:
        return "–"
    return str(value) if field == "output_tokens" else f"{value:.2f}"
