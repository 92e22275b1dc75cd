"""The sections about the trial itself: how it ran, and what its calls took."""

from collections.abc import Iterator

from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import (
    Block,
    Bullets,
    CodeBlock,
    Details,
    Heading,
    Inlines,
    Link,
    Paragraph,
    Table,
    inlines,
)
from chimera_dagster.render.report.accuracy import ACCURACY, accuracy_line
from chimera_dagster.render.report.metric_lines import interval_line, metric_lines
from chimera_dagster.render.report.stated import Stated


def headline(metrics: Metrics) -> Table:
    """What the trial measured, for the first screen."""
    shown = {name: line.partition(" (")[0] for name, line in metric_lines(metrics.headline)[:4]}
    shown["Quality of the text"] = f"{metrics.text_quality.score:.2f} of 1, {metrics.text_quality.verdict}"
    if metrics.accuracy is not None:
        shown["Accuracy"] = metrics.accuracy.words
    return Table(("measured", "value"), tuple(shown.items()), "Measured in this trial")


def workflow(metrics: Metrics, outcome: Outcome, by_code: Stated) -> Iterator[Block]:
    seconds, summary = metrics.seconds, outcome.summary
    revision = f" | revision {seconds.revision:.2f}s" if seconds.revision else ""
    questions = f" | questions {seconds.questions:.2f}s" if seconds.questions else ""
    items: list[str | Inlines] = [
        f"Files analyzed: {summary.total_files}",
        f"Execution time: {seconds.total:.2f}s (ingest {seconds.ingest:.2f}s | analysis {seconds.analysis:.2f}s | "
        f"report {seconds.report:.2f}s{revision}{questions})",
    ]
    if summary.problem_files:
        items.append(
            f"Files that could not be read in full: {summary.problem_files}, listed with reasons in the table "
            "benchmark_files"
        )
    yield Heading(2, "Workflow Summary", "workflow-summary")
    yield Bullets((*items, *by_code.files))
    yield Details(f"Data summary: the {summary.total_files} files by kind", (CodeBlock(summary.block),), on_paper=False)


def metrics_section(metrics: Metrics) -> Iterator[Block]:
    head = metrics.headline
    yield Heading(2, "Metrics", "metrics")
    yield Bullets(tuple(f"{name}: {line}" for name, line in metric_lines(head)))
    if metrics.repeats > 1:
        yield Paragraph(f"Over {metrics.repeats} repeats:")
        throughput = interval_line("Throughput", head.throughput_by_repeat, "tok/s")
        yield Bullets((throughput, interval_line("TTFT", head.ttft_by_repeat, "ms")))
    if metrics.accuracy is not None:
        told = accuracy_line(metrics.accuracy)
        yield Bullets((inlines(f"Accuracy: {told}, see ", Link("each question", f"#{ACCURACY}")),))
    documents = ("Every value is in ", Link("metrics.json", "metrics.json"), "; ", Link("each call", "#calls"), " and ")
    yield Paragraph(inlines(*documents, Link("what was recorded during them", "#telemetry"), " are in the appendix."))
