"""What the statements of a trial report can be followed to: notes, findings and facts, with their files and records."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.evidence.fact import Fact
from chimera_dagster.records.documents import Outcome
from chimera_dagster.render.blocks import (
    Block,
    Bullets,
    Content,
    Details,
    Heading,
    Inlines,
    Link,
    Strong,
    Table,
    Target,
    Text,
    inlines,
)
from chimera_dagster.render.report.note_words import NOTES, how_sure, marked, words

FACTS, FINDINGS = "evidence", "findings"  # anchors of the sections that have every fact and every finding


class Sources(NamedTuple):
    """The reports folder that facts come from, and the folder of the trial report, which links are relative to."""

    reports: Path
    folder: Path

    def link(self, file: str, record: str) -> Inlines:
        path = os.path.relpath(self.reports / file, self.folder).replace(os.sep, "/")
        return inlines(Link(file, quote(path)), f", {record}")


def source(id_: str) -> Target:
    """The id of a fact or finding beside the fact or finding itself."""
    return Target(id_, id_.lower())


def cited(id_: str) -> Inlines:
    """The id of a fact or finding in parentheses, linked to that fact or finding."""
    return inlines("(", Link(id_, f"#{source(id_).anchor}", FACTS if id_.startswith("F") else FINDINGS), ")")


def statements_by_code(outcome: Outcome, sources: Sources) -> Iterator[Block]:
    rows = tuple(_note_row(note, sources) for note in outcome.notes)
    if rows:
        header = ("note", "statement", "how sure", "runs", "files", "evidence", "first of its sources")
        table = Table(header, rows, "Every statement by code, with its evidence", frozenset({3, 4}))
        yield Details(Heading(3, "Statements by code", NOTES), (table,), on_paper=False)


def _note_row(note: KeptNote, sources: Sources) -> tuple[Content, ...]:
    says = [part for id_ in (*note.findings, *note.facts) for part in (Text(" "), *cited(id_))][1:]
    link = sources.link(*note.sources[0]) if note.sources else "–"
    return (
        (marked(note),),
        words(note.text),
        how_sure(note),
        f"{note.n:,}",
        f"{note.files:,}",
        tuple(says) or "–",
        link,
    )


def findings(outcome: Outcome, sources: Sources) -> Iterator[Block]:
    items = tuple(
        inlines(
            *((Strong("Warning: "),) if finding.severity == "warning" else ()),
            f"{finding.text} (",
            source(finding.id),
            ", from ",
            *sources.link(*finding.source),
            ")",
        )
        for finding in outcome.findings
    )
    if items:
        yield Details(Heading(3, "Findings", FINDINGS), (Bullets(items),), on_paper=False)


def facts(outcome: Outcome, sources: Sources) -> Iterator[Block]:
    rows = tuple(_fact_row(fact, sources) for fact in outcome.facts)
    header = ("fact", "statement", "value", "n", "from")
    table = Table(header, rows, "Facts, computed from the files", frozenset({2, 3}))
    yield Details(Heading(3, "Evidence", FACTS), (table,), on_paper=False)


def _fact_row(fact: Fact, sources: Sources) -> tuple[Content, ...]:
    link = sources.link(fact.file, fact.record)
    return (inlines(source(fact.id)), fact.statement, fact.rendered, str(fact.n), link)
