"""A trial report as a page: all of its sections, with figures by code and the shown statements of the model."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from chimera_dagster.measure.samples import Sample
from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import (
    Block,
    Bullets,
    Code,
    CodeBlock,
    Details,
    Heading,
    Inlines,
    LineBreak,
    Link,
    Note,
    NoteKind,
    Numbered,
    Page,
    Paragraph,
    Strong,
    Table,
    Text,
    inlines,
)
from chimera_dagster.render.report.charts import Trace, latency_distribution, token_timeline
from chimera_dagster.render.report.evidence import Sources, evidence, findings, verification
from chimera_dagster.render.report.methodology import configuration_and_environment, methodology
from chimera_dagster.render.report.metric_lines import interval_line, metric_lines, telemetry_lines
from chimera_dagster.render.report.statements import StatementBlocks, nothing
from chimera_dagster.render.report.telemetry_chart import Span, telemetry_over_time
from chimera_dagster.spec.sweep import TrialPlan

_CALL_COLUMNS = {
    "ttft_ms": "TTFT, ms",
    "e2e_ms": "end to end, ms",
    "prompt_eval_ms": "prompt eval, ms",
    "eval_ms": "eval, ms",
    "residual_ms": "rest, ms",
    "output_tokens": "output tokens",
    "decode_tok_s": "decode, tok/s",
}


def build_trial_report(
    plan: TrialPlan, metrics: Metrics, outcome: Outcome, samples: Sequence[Sample], folder: Path
) -> Page:
    """The whole report of a trial, to be written into `folder`, which its links are relative to."""
    sources = Sources(Path(outcome.summary.reports_dir), folder)
    agent = plan.spec.agent.name
    parts = (
        _head(agent, metrics),
        _text(metrics, outcome),
        _workflow(metrics, outcome),
        _metrics(metrics),
        _timing(metrics, outcome, samples),
        findings(outcome, sources),
        _recommendations(metrics, outcome),
        methodology(plan, metrics, outcome),
        configuration_and_environment(plan, metrics),
        evidence(outcome, sources),
        verification(outcome),
        [Heading(2, "Persona Prompt", "persona-prompt"), CodeBlock(plan.spec.agent.persona.strip())],
    )
    return Page(agent, "en", tuple(chain.from_iterable(parts)))


def _head(agent: str, metrics: Metrics) -> Iterator[Block]:
    quality, grounding = metrics.text_quality, metrics.grounding
    yield Heading(2, f"Technical Report: {agent} Analysis", "technical-report")
    about = {
        "Date": f"{metrics.created_at:%Y-%m-%d}",
        "Agent Type": agent,
        "Model": metrics.model,
        "Configuration": metrics.configuration,
        "Validity": metrics.verdict,
        "Model's text": f"{quality.verdict} (score {quality.score:.2f})",
        "Publication": f"{'in' if grounding.is_published else 'not in'} the index of reports. {grounding.message}",
    }
    yield Paragraph(_as_lines((Strong(f"{name}:"), Text(f" {value}")) for name, value in about.items()))
    rows = [*metric_lines(metrics.headline)[:4], ("Quality of the text", f"{quality.score:.2f} of 1")]
    yield Table(("metric", "value"), tuple(rows), "Measured in this trial")
    if not metrics.is_valid:
        reasons = tuple(
            inlines(Strong(reason.name), f": {reason.evidence}") for reason in metrics.validity if reason.spoils
        )
        warning = Paragraph("This measurement is not valid; read its figures with that in mind.")
        yield Note("warning", (warning, Bullets(reasons)))


def _text(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    """The shown statements of the report call in the persona's three sections."""
    statements = StatementBlocks(outcome.facts, outcome.report)
    quality = metrics.text_quality
    origin = (
        f"{metrics.model} wrote the three sections below. Code inserted the figures from the Evidence table and "
        "checked each claim against the evidence; statements that do not hold are ",
        Link("listed separately", "#verification"),
        ".",
    )
    kind: NoteKind = "bad" if quality.verdict == "not usable" else "info"
    verdict = f"The text is {quality.verdict}: {'; '.join(quality.complaints)}." if quality.complaints else ""
    blocks = [Paragraph(inlines(*origin)), *([Paragraph(inlines(Strong(verdict)))] if verdict else [])]
    if kind == "bad":
        blocks.append(Paragraph("Everything outside these sections was computed by code and is not affected."))
    yield Note(kind, tuple(blocks))
    yield Heading(3, "1. Executive Summary", "executive-summary")
    yield statements.paragraph("executive_summary", "loose")
    yield Heading(3, "2. Optimisation Recommendations", "optimisation-recommendations")
    advice = statements.recommendations()
    yield Bullets(advice) if advice else nothing()
    yield Heading(3, "3. Risks and Mitigations", "risks-and-mitigations")
    yield statements.risk_table()


def _workflow(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    seconds, summary = metrics.seconds, outcome.summary
    yield Heading(2, "Workflow Summary", "workflow-summary")
    items = [
        f"Files analyzed: {summary.total_files}",
        f"Execution time: {seconds.total:.2f}s (ingest {seconds.ingest:.2f}s | analysis {seconds.analysis:.2f}s | "
        f"report {seconds.report:.2f}s)",
    ]
    if summary.problem_files:
        items.append(
            f"Files that could not be read in full: {summary.problem_files}, listed with reasons in the table "
            "benchmark_files"
        )
    yield Bullets((*items, "Data summary:"))
    yield CodeBlock(summary.block)


def _metrics(metrics: Metrics) -> Iterator[Block]:
    head = metrics.headline
    yield Heading(2, "Metrics", "metrics")
    yield Bullets(tuple(f"{name}: {line}" for name, line in metric_lines(head)))
    if metrics.repeats > 1:
        yield Paragraph(f"Over {metrics.repeats} repeats:")
        throughput = interval_line("Throughput", head.throughput_by_repeat, "tok/s")
        yield Bullets((throughput, interval_line("TTFT", head.ttft_by_repeat, "ms")))
    yield Paragraph("During the calls:")
    yield Bullets(tuple(f"{name}: {line}" for name, line in telemetry_lines(metrics.telemetry)))
    yield Paragraph("Validity of this measurement:")
    yield Bullets(tuple(inlines(Strong(flag.name), f": {flag.evidence}") for flag in metrics.validity))
    engine = metrics.engine
    yield Paragraph(
        inlines(
            f"Engine: {engine.name}, {engine.version} ({engine.reason}). Every value and the environment are in ",
            Link("metrics.json", "metrics.json"),
            ", each sample in telemetry.parquet, the prompts, the raw answers and the time of every chunk in ",
            Link("outcome.json", "outcome.json"),
            ".",
        )
    )


def _timing(metrics: Metrics, outcome: Outcome, samples: Sequence[Sample]) -> Iterator[Block]:
    traces = [Trace(call.name, call.stage, [entry.at_ms for entry in call.ledger]) for call in outcome.calls]
    spans = [Span(call.name, call.sent_ms, call.end_ms) for call in outcome.calls]
    charts = (token_timeline(traces), latency_distribution(traces), telemetry_over_time(samples, spans))
    yield from (chart for chart in charts if chart is not None)
    rows = tuple(
        (call.name, *(_number(getattr(measured, field), field) for field in _CALL_COLUMNS), measured.done_reason)
        for call, measured in zip(outcome.calls, metrics.calls, strict=True)
    )
    header = ("call", *_CALL_COLUMNS.values(), "end reason")
    yield Details("Each call", (Table(header, rows, "Each call as measured", frozenset(range(1, 8))),))


def _recommendations(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    yield Heading(2, "Recommendations", "recommendations")
    advice = StatementBlocks(outcome.facts, outcome.analysis).recommendations()
    if not advice:
        yield Paragraph(inlines(Code(metrics.model), " gave no recommendation that can be shown."))
        return
    yield Paragraph("In the model's own words; weigh them against the evidence:")
    yield Numbered(advice)


def _as_lines(lines: Iterable[Inlines]) -> Inlines:
    parts = [(*line, LineBreak()) for line in lines]
    return tuple(chain.from_iterable(parts))[:-1]


def _number(value: float | None, field: str) -> str:
    if value is None:
        return "–"
    return str(value) if field == "output_tokens" else f"{value:.2f}"
