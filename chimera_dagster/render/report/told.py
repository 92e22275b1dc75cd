"""The sections that the model writes, with what code states in them; each part is marked with whose words it is."""

from collections.abc import Iterator, Sequence
from itertools import chain

from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import (
    Block,
    Bullets,
    Byline,
    Code,
    Content,
    Heading,
    Inlines,
    Numbered,
    Paragraph,
    Table,
    Text,
    inlines,
)
from chimera_dagster.render.report.note_words import how_sure, sentence
from chimera_dagster.render.report.stated import Risk, Stated, is_usable
from chimera_dagster.render.report.statements import StatementBlocks

BY_CODE = "Stated by code"
_IN_WORDS_OF = "In the words of "


def executive_summary(metrics: Metrics, outcome: Outcome, by_code: Stated) -> Iterator[Block]:
    model = StatementBlocks(outcome.facts, outcome.report).each("executive_summary", "loose")
    yield Heading(3, "1. Executive Summary", "executive-summary")
    yield from _both(metrics, _paragraph(model), _paragraph(by_code.summary))


def advice(metrics: Metrics, outcome: Outcome, by_code: Stated) -> Iterator[Block]:
    model = StatementBlocks(outcome.facts, outcome.report).recommendations()
    yield Heading(3, "2. Optimisation Recommendations", "optimisation-recommendations")
    first = len(model) if is_usable(metrics) else 0
    of_model = _numbered(model, start=1 if first else 1 + len(by_code.advice))
    yield from _both(metrics, of_model, _numbered(by_code.advice, start=1 + first))


def risks(metrics: Metrics, outcome: Outcome, by_code: Stated) -> Iterator[Block]:
    model = StatementBlocks(outcome.facts, outcome.report).risks()
    yield Heading(3, "3. Risks and Mitigations", "risks-and-mitigations")
    whose = f"{_IN_WORDS_OF}{metrics.model}{_caution(metrics)}"
    yield from _both(metrics, _risk_table(model, whose), _risk_table(by_code.risks, BY_CODE))


def key_findings(metrics: Metrics, outcome: Outcome, by_code: Stated) -> Iterator[Block]:
    said = StatementBlocks(outcome.facts, outcome.report).each()
    found = StatementBlocks(outcome.facts, outcome.analysis).each("executive_summary", "key_findings", "loose")
    model = [each for each in found if each not in said]
    yield Heading(2, "Key Findings", "key-findings")
    yield from _both(metrics, _bullets(model), [*_found(by_code), *_bullets(by_code.findings)])


def recommendations(metrics: Metrics, outcome: Outcome, by_code: Stated) -> Iterator[Block]:
    said = StatementBlocks(outcome.facts, outcome.report).recommendations()
    model = [each for each in StatementBlocks(outcome.facts, outcome.analysis).recommendations() if each not in said]
    yield Heading(2, "Recommendations", "recommendations")
    yield from _both(metrics, _bullets(model), _bullets(by_code.further))


def _both(metrics: Metrics, model: Sequence[Block], code: Sequence[Block]) -> Iterator[Block]:
    """The parts that are not empty, each below a line that says whose words it has: a table has that as its caption.

    What code states comes first if the model's text is not usable as a whole.
    """
    parts = [(inlines(_IN_WORDS_OF, Code(metrics.model), _caution(metrics)), model), (inlines(BY_CODE), code)]
    for line, blocks in parts if is_usable(metrics) else parts[::-1]:
        if blocks and not isinstance(blocks[0], Table):
            yield Byline(line)
        yield from blocks


def _caution(metrics: Metrics) -> str:
    return "" if is_usable(metrics) else "; as a whole, this text is not usable"


def _paragraph(sentences: Sequence[Inlines]) -> list[Block]:
    spaced = [(*([Text(" ")] if number else []), *each) for number, each in enumerate(sentences)]
    return [Paragraph(tuple(chain.from_iterable(spaced)))] if sentences else []


def _bullets(items: Sequence[Inlines]) -> list[Block]:
    return [Bullets(tuple(items))] if items else []


def _numbered(items: Sequence[Inlines], start: int = 1) -> list[Block]:
    return [Numbered(tuple(items), start)] if items else []


def _risk_table(rows: Sequence[Risk], whose: str) -> list[Block]:
    header = ("what could mislead you", "what to do about it")
    return [Table(header, tuple(rows), whose)] if rows else []


def _found(by_code: Stated) -> list[Block]:
    rows: list[tuple[Content, ...]] = [
        (sentence(note), how_sure(note), f"{note.n:,}", f"{note.files:,}") for note in by_code.found
    ]
    header = ("what the files show, by configuration", "how sure", "runs", "files")
    return [Table(header, tuple(rows), BY_CODE, frozenset({2, 3}))] if rows else []
