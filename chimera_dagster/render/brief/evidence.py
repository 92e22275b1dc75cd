"""The appendix of a brief: for every sentence and every value the exact figures, the tests, the files and the rows."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.notes.brief import Brief
from chimera_dagster.notes.note import Source
from chimera_dagster.notes.paragraphs import Numbered
from chimera_dagster.notes.performance import Row, conditions
from chimera_dagster.notes.phrase import plain
from chimera_dagster.render.blocks import (
    Block,
    Code,
    Content,
    Details,
    Heading,
    Inline,
    Inlines,
    LineBreak,
    Link,
    Paragraph,
    Table,
    Target,
    Text,
    joined,
)
from chimera_dagster.render.brief.tables import MOST, column_words, row_anchor
from chimera_dagster.render.brief.words import EVIDENCE, anchor, raised, written

EVIDENCE_TITLE = "Evidence"
_FILES = 5  # named of one sentence or value
_RECORDS = 6  # named of one file


def evidence(brief: Brief, files_at: str | None) -> Iterator[Block]:
    """`files_at` is the relative address of the reports folder, to link to its files."""
    yield Heading(2, EVIDENCE_TITLE, EVIDENCE)
    yield Paragraph(
        "A raised number behind a sentence leads to its entry here: the exact figures, the tests, and the files and "
        "rows that they are from. So does the last column of the tables by configuration. It is not printed."
    )
    if brief.notes:
        rows = tuple(_sentence(each, files_at) for each in brief.notes)
        table = Table(("", "sentence", "exact figures", "found by", "from"), rows, "What is behind each sentence")
        yield Details(f"The {len(rows):,} sentences of this brief", (table,), on_paper=False)
    if brief.by_configuration:
        rows = tuple(
            _values(number, row, files_at) for number, row in enumerate(brief.by_configuration[:MOST], start=1)
        )
        table = Table(("model", "conditions", "exact values", "from"), rows, "What is behind each value")
        yield Details(f"The values of {len(rows):,} configurations", (table,), on_paper=False)
    if brief.proofs:
        rows = tuple(
            ((Target(proof.id, anchor(proof.id)),), proof.text, proof.test or "none needed") for proof in brief.proofs
        )
        table = Table(("id", "finding", "test"), rows, "Findings and facts that the sentences are made from")
        yield Details(f"{len(rows):,} findings and facts behind the sentences", (table,), on_paper=False)


def sources_words(sources: Sequence[Source], files_at: str | None) -> Inlines:
    """Each file with its first rows: `a.csv: row 2, row 3 and 10 more`."""
    by_file: dict[str, list[str]] = {}
    for file, record in sources:
        by_file.setdefault(file, []).append(record)
    parts: list[Inline] = []
    for file, records in list(by_file.items())[:_FILES]:
        parts += [LineBreak()] if parts else []
        parts.append(Link(file, files_at + quote(file)) if files_at is not None else Code(file))
        named = [record for record in records if record != "/"]
        more = f" and {len(named) - _RECORDS} more" if len(named) > _RECORDS else ""
        parts.append(Text(f": {', '.join(named[:_RECORDS])}{more}" if named else ""))
    if len(by_file) > _FILES:
        parts += [LineBreak(), Text(f"and {len(by_file) - _FILES} more files")]
    return joined(parts)


def _sentence(each: Numbered, files_at: str | None) -> tuple[Content, ...]:
    note = each.note
    said = " ".join(plain(part) for part in (note.text, note.action, note.reason, note.mitigation) if part)
    figures = "; ".join(
        dict.fromkeys(f"{figure.text}: {format_value(figure.value, figure.unit)}" for figure in note.figures)
    )
    links: list[Inline] = []
    for proof in (*note.findings, *note.facts):
        links += [Text(", ")] if links else []
        links.append(Link(proof, f"#{anchor(proof)}", EVIDENCE))
    return (
        (Target(raised(each.id), anchor(each.id)),),
        said.replace("`", ""),
        figures or "none",
        tuple(links) or note.kind.replace("_", " "),
        sources_words(note.sources, files_at) or "the whole folder",
    )


def _values(number: int, row: Row, files_at: str | None) -> tuple[Content, ...]:
    values: list[Inline] = []
    for column, value in row.values.items():
        values += [LineBreak()] if values else []
        interval = ""
        if value.low is not None and value.high is not None:
            interval = f", 95 % {format_value(value.low, value.unit)} to {format_value(value.high, value.unit)}"
        n = f", n={value.n:,}" if value.n else ""
        kind = f"{'stated ' if value.stated else ''}{value.kind}"
        values.append(Text(f"{column_words(column)}: {format_value(value.value, value.unit)} ({kind}{interval}{n})"))
    sources = list(dict.fromkeys(source for value in row.values.values() for source in value.sources))
    return (
        (Target(row.model, row_anchor(number)),),
        written(conditions(row.setup)) or "none named",
        tuple(values),
        sources_words(sources, files_at),
    )
