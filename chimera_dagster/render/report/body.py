"""The sections that the model writes: its own sentences where they stand, those of notes in place of the others."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import (
    Beside,
    Block,
    Bullets,
    Byline,
    Code,
    Content,
    Heading,
    Inlines,
    Link,
    Note,
    Numbered,
    Paragraph,
    Table,
    Text,
    inlines,
)
from chimera_dagster.render.report.model_words import (
    BY_CODE,
    VERIFICATION,
    ModelWords,
    Said,
    by_code,
    conveyed,
    written,
)
from chimera_dagster.render.report.note_words import how_sure, sentence
from chimera_dagster.render.report.stated import Stated, is_analysis_usable, is_report_usable

_STATED_BY_CODE = "Stated by code"
_RISK_HEADER = ("what could mislead you", "what to do about it")


class Section(NamedTuple):
    """The blocks of a section, and the sentences of its running text."""

    blocks: list[Block]
    said: list[Said]


class Body(NamedTuple):
    """The sections of a report whose words may be the model's."""

    summary: Section
    advice: Section
    risks: Section
    findings: Section
    recommendations: Section


def build_body(metrics: Metrics, outcome: Outcome, stated: Stated) -> Body:
    """`stated` is what code has to say in each section."""
    report = ModelWords(outcome.notes, outcome.published.answer) if is_report_usable(metrics) else None
    analysis = ModelWords(outcome.notes, outcome.analysis.answer) if is_analysis_usable(outcome) else None
    return Body(
        _summary(report, stated),
        _advice(report, stated),
        _risks(report, stated),
        _findings(analysis, report, stated, conveyed(outcome.analysis.answer) if analysis else frozenset()),
        _recommendations(analysis, stated, conveyed(outcome.published.answer) if report else frozenset()),
    )


def whose_words(metrics: Metrics, body: Body) -> Inlines:
    """One line on how many sentences are the model's, and why its report is not shown if it is not usable."""
    said = list(chain.from_iterable(section.said for section in body))
    own, copied = (sum(getattr(each, name) for each in said) for name in ("is_models", "copied"))
    model = Code(metrics.model)
    line: Inlines = ()
    if not is_report_usable(metrics):
        why = next(iter(metrics.text_quality.complaints), "it says too little")
        line = inlines("The report that ", model, f" wrote is not usable ({why}), so code states what the files say. ")
    if not own:
        return line or inlines(f"All {len(said)} sentences are code's.")
    checked = Link("aligned with what code has proved", f"#{VERIFICATION}")
    whose = inlines(f"{own} of {len(said)} sentences are by ", model, ", each ", checked)
    kept = f" ({copied} of them word for word as in its draft)" if copied else ""
    return (*line, *whose, Text(kept), Text(f"; {BY_CODE} marks those that code worded." if own < len(said) else "."))


def _summary(model: ModelWords | None, stated: Stated) -> Section:
    heading = Heading(3, "1. Executive Summary", "executive-summary")
    if model is None:
        return _by_code(heading, stated.summary, [Paragraph(each) for each in stated.summary])
    paragraphs = [*([by_code(each)] for each in stated.summary), *model.blocks("summary")]
    blocks = [Paragraph(written(each)) for each in paragraphs]
    return Section([heading, *blocks, *_views(model.views("summary"))], _flat(paragraphs))


def _advice(model: ModelWords | None, stated: Stated) -> Section:
    heading = Heading(3, "2. Optimisation Recommendations", "optimisation-recommendations")
    if model is None:
        return _by_code(heading, stated.advice, [Numbered(tuple(stated.advice))])
    items = [*model.blocks("recommendations"), *([by_code(each)] for each in stated.advice)]
    blocks = [Numbered(tuple(map(written, items)))]
    return Section([heading, *blocks, *_views(model.views("recommendations"))], _flat(items))


def _risks(model: ModelWords | None, stated: Stated) -> Section:
    heading = Heading(3, "3. Risks and Mitigations", "risks-and-mitigations")
    if model is None:
        said = [Said(risk, is_models=False) for risk, _ in stated.risks]
        return Section([heading, Table(_RISK_HEADER, tuple(stated.risks), _STATED_BY_CODE)], said)
    added = [([by_code(risk)], [Said(mitigation, is_models=False)]) for risk, mitigation in stated.risks]
    rows = [*model.risks(), *added]
    table = Table(
        _RISK_HEADER,
        tuple((written(risk), written(mitigation) or "–") for risk, mitigation in rows),
        "Risks of reading these results, each with what to do about it",
    )
    said = [*_flat(risk for risk, _ in rows), *_flat(mitigation for _, mitigation in model.risks())]
    return Section([heading, table, *_views(model.views("risks"))], said)


def _findings(analysis: ModelWords | None, report: ModelWords | None, stated: Stated, known: frozenset[str]) -> Section:
    """The analysis, which says the notes `known`, and what else the report says in sections that nobody asked for."""
    heading = Heading(2, "Key Findings", "key-findings")
    table = _found(stated)
    performance = analysis.blocks("performance", "summary", "other") if analysis else []
    findings = [
        *(analysis.blocks("findings", "risks") if analysis else []),
        *(report.blocks("performance", "findings", "other", without=known) if report else []),
    ]
    views = [
        *(analysis.views("performance", "summary", "other", "findings", "risks") if analysis else []),
        *(report.views("performance", "findings", "other") if report else []),
    ]
    words: list[Block] = [Paragraph(written(each)) for each in performance]
    words += [Bullets(tuple(map(written, findings)))] if findings else []
    words += _views(tuple(dict.fromkeys(views)))
    if not words and not table:
        words.append(Paragraph("Beyond the summary, the files say nothing that can be stated."))
    parts = [part for part in (words, table) if part]
    blocks = parts[0] if len(parts) == 1 else [Beside(tuple(map(tuple, parts)))]
    return Section([heading, *blocks], _flat([*performance, *findings]))


def _recommendations(model: ModelWords | None, stated: Stated, known: frozenset[str]) -> Section:
    """What the analysis recommends beyond the report, which says the notes `known`."""
    heading = Heading(2, "Recommendations", "recommendations")
    items = model.blocks("recommendations", without=known) if model else []
    blocks: list[Block] = [Bullets(tuple(map(written, items)))] if items else []
    views = _views(model.views("recommendations")) if model else []
    further = [Byline(_STATED_BY_CODE), Bullets(tuple(stated.further))] if stated.further else []
    return Section([heading, *blocks, *views, *further], _flat(items))


def _by_code(heading: Heading, said: Sequence[Inlines], blocks: Sequence[Block]) -> Section:
    return Section([heading, Byline(_STATED_BY_CODE), *blocks], [Said(each, is_models=False) for each in said])


def _views(views: tuple[Inlines, ...]) -> list[Block]:
    return [Note("view", (Bullets(views),))] if views else []


def _found(stated: Stated) -> list[Block]:
    rows: list[tuple[Content, ...]] = [
        (sentence(note), how_sure(note), f"{note.n:,}", f"{note.files:,}") for note in stated.found
    ]
    header = ("what else the files show", "how sure", "runs", "files")
    return [Table(header, tuple(rows), _STATED_BY_CODE, frozenset({2, 3}))] if rows else []


def _flat(groups: Iterable[Sequence[Said]]) -> list[Said]:
    return list(chain.from_iterable(groups))
