"""The sections of a brief behind its first screen; what can't be said is said in a sentence."""

from collections.abc import Iterator, Sequence

from chimera_dagster.notes.brief import Brief
from chimera_dagster.notes.paragraphs import Numbered, paragraphs
from chimera_dagster.render.blocks import (
    Block,
    Bullets,
    Chart,
    Code,
    Content,
    Details,
    Heading,
    Paragraph,
    Strong,
    Table,
    Text,
)
from chimera_dagster.render.brief.curves import over_length, throughput_against_latency
from chimera_dagster.render.brief.first_screen import LEADING, NEXT, WARNED, coverage_words, limit_words, limits
from chimera_dagster.render.brief.panels import cold_starts, distribution
from chimera_dagster.render.brief.tables import configuration_table
from chimera_dagster.render.brief.words import counted, ended, marked, paragraph, spaced, written

# Shown at once; what stands on the first screen is not said again
_FILES = 6
_SENTENCES = 3  # on performance
_FINDINGS = 5
_ADVICE = 3
_RISKS = 4


def performance(brief: Brief) -> Iterator[Block]:
    yield Heading(2, "Performance", "performance")
    if not brief.by_configuration:
        yield Paragraph("No file gives a model that it names a value that models can be compared by.")
    said = brief.leading[:LEADING]
    others = [each for each in brief.of("performance") if each not in said]
    for sentences in paragraphs(others[:_SENTENCES]):
        yield Paragraph(paragraph(sentences))
    if others[_SENTENCES:]:
        rest = tuple(Paragraph(paragraph(sentences)) for sentences in paragraphs(others[_SENTENCES:]))
        yield Details("More comparisons, of fewer runs or by further measures", rest, on_paper=False)
    yield from configuration_table(brief.by_configuration)
    yield from _charts(brief)


def findings(brief: Brief) -> Iterator[Block]:
    yield Heading(2, "Key findings", "findings")
    found = [each for each in brief.of("findings") if each not in brief.warned[:WARNED]]
    if not found:
        yield Paragraph("There is nothing to report beyond what stands above.")
    yield from _listed([marked(each.note.text, each.id) for each in found], _FINDINGS, "more finding")


def recommendations(brief: Brief) -> Iterator[Block]:
    yield Heading(2, "Recommendations", "recommendations")
    every = brief.of("recommendations")
    found = every[NEXT:]
    if not every:
        yield Paragraph(f"Nothing in these results calls for a recommendation{limit_words(brief.coverage)}.")
    elif not found:
        yield Paragraph("There are no others than those above.")
    yield from _listed([_advice(each) for each in found], _ADVICE, "more recommendation")


def risks(brief: Brief) -> Iterator[Block]:
    yield Heading(2, "Risks", "risks")
    found = brief.of("risks")
    if not found:
        yield Paragraph(f"No way was found in which these results would mislead you{limit_words(brief.coverage)}.")
        return
    rows = tuple(
        (marked(each.note.text, each.id), written(each.note.mitigation) or "Keep it in mind when you quote a figure.")
        for each in found
    )
    header = ("what could mislead you", "what to do about it")
    yield Table(header, rows[:_RISKS], "Risks of reading these results")
    if rows[_RISKS:]:
        more = counted(len(rows) - _RISKS, "more risk")
        yield Details(more, (Table(header, rows[_RISKS:], more),), on_paper=False)


def not_measured(brief: Brief) -> Iterator[Block]:
    yield Heading(2, "What was not measured", "not-measured")
    every = brief.of("not_measured")
    found = [each for each in every if each not in limits(brief)]
    if every and not found:
        yield Paragraph("What limits the answer stands above; nothing else that this brief looks for is missing.")
    elif not found:
        yield Paragraph(
            f"Nothing that this brief looks for is missing{limit_words(brief.coverage)}."
            if brief.coverage.numbers
            else "No number was read, so this brief can't say what was not measured."
        )
    yield from _listed([marked(each.note.text, each.id) for each in found], _FINDINGS, "more thing")


def files(brief: Brief) -> Iterator[Block]:
    coverage = brief.coverage
    yield Heading(2, "Files and coverage", "files")
    said = paragraphs(brief.of("files"))
    for sentences in said:
        yield Paragraph(paragraph(sentences))
    if not said:
        yield Paragraph(coverage_words(coverage))
    if coverage.unread:
        rows = tuple(((Code(each.path),), each.status.replace("_", " "), each.reason) for each in coverage.unread)
        header = ("file", "status", "why")
        yield Table(header, rows[:_FILES], "Files that do not count, or not in full")
        if rows[_FILES:]:
            more = counted(len(rows) - _FILES, "more file")
            yield Details(more, (Table(header, rows[_FILES:], more),), on_paper=False)
    if coverage.unknown:
        names = tuple(((Code(each.name),), f"{each.numbers:,}", f"{each.files:,}") for each in coverage.unknown)
        table = Table(("name in the files", "numbers", "files"), names, "Names that nothing knows", frozenset({1, 2}))
        yield Details("Numbers under names that nothing knows", (table,), on_paper=False)


def _charts(brief: Brief) -> Iterator[Chart]:
    charts = brief.charts
    for chart in (cold_starts(charts.loads), distribution(charts.spread)):
        if chart:
            yield chart
    if charts.load:
        yield throughput_against_latency(charts.load)
    for curves in charts.lengths:
        yield over_length(curves)


def _advice(each: Numbered) -> Content:
    note = each.note
    if not note.action:
        return marked(note.text, each.id)
    action = tuple(Strong(part.text) if isinstance(part, Text) else part for part in written(ended(note.action)))
    return (*spaced([action, marked(note.reason, each.id)]),) if note.reason else marked(ended(note.action), each.id)


def _listed(items: Sequence[Content], shown: int, more: str) -> Iterator[Block]:
    if items:
        yield Bullets(tuple(items[:shown]))
    if items[shown:]:
        yield Details(counted(len(items) - shown, more), (Bullets(tuple(items[shown:])),), on_paper=False)
