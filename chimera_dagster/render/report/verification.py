"""How the model's sentences were aligned with the notes: what became of each and why, and the scores of the text."""

from collections.abc import Iterator, Mapping

from chimera_dagster.align import Outcome as Fate
from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import (
    Block,
    Content,
    Details,
    Heading,
    Inlines,
    Link,
    Paragraph,
    Table,
    Target,
    inlines,
)
from chimera_dagster.render.report.model_words import BY_CODE, VERIFICATION, anchor
from chimera_dagster.render.report.note_words import NOTES, spaced
from chimera_dagster.render.report.stated import is_analysis_usable, is_report_usable
from chimera_dagster.write.judge import JudgedSentence
from chimera_dagster.write.quality import Quality

_MOST = 200  # sentences; outcome.json has all
_FATES: Mapping[Fate, str] = {
    "stands": "stands",
    "replaced": "replaced by the note",
    "view": "its own view",
    "filler": "dropped",
    "withheld": "withheld",
}


def verification(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    yield Details(Heading(3, "Verification", VERIFICATION), tuple(_blocks(metrics, outcome)), on_paper=False)


def _blocks(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    yield Paragraph(
        f"{metrics.alignment.message} A sentence stands if it says what notes say and claims nothing else; the notes "
        f"are those of the section Statements by code. {BY_CODE} in the text marks a sentence that code worded."
    )
    if not is_report_usable(metrics):
        yield Paragraph("The report of the model is not usable, so none of its sentences is shown above.")
    if not is_analysis_usable(outcome):
        yield Paragraph("Too few sentences of its analysis stand, so none of them is shown above.")
    texts = {"analysis": outcome.analysis, "report": outcome.published}
    sentences = [each for text in texts.values() for each in text.answer.sentences]
    if sentences:
        header = ("", "sentence of the model", "what became of it", "notes", "why")
        rows = tuple(map(_row, sentences[:_MOST]))
        yield Table(header, rows, f"{len(rows)} of {len(sentences)} sentences of the model, as it wrote them")
    for stage, text in texts.items():
        if not text.answer.sentences:
            yield Paragraph(f"No sentence was found in the {stage}.")
    yield from _revision(metrics)
    yield Heading(4, "Quality of the text", "quality-of-the-text")
    yield _parts(metrics.text_quality, "Score of the report")


def _row(sentence: JudgedSentence) -> tuple[Content, ...]:
    links: list[Inlines] = [(Link(note.removeprefix("N"), f"#{note.lower()}", NOTES),) for note in sentence.notes]
    return (
        (Target(sentence.id, anchor(sentence)),),
        sentence.text,
        _FATES[sentence.outcome],
        spaced(links) or "–",
        sentence.reason.replace("`", "") or "–",
    )


def _revision(metrics: Metrics) -> Iterator[Block]:
    if metrics.revision is None:
        return
    before, after = metrics.revision.before, metrics.revision.after
    better = "The rewritten report is shown" if metrics.revision.is_better else "The first report is shown"
    yield Paragraph(
        inlines(
            f"Sentences of the first report did not stand, so the model was asked once to rewrite it. Score before: "
            f"{before.score:.2f}; after: {after.score:.2f}. {better}; the other one is in ",
            Link("outcome.json", "outcome.json"),
            ".",
        )
    )


def _parts(quality: Quality, title: str) -> Table:
    rows = tuple(
        (part.name, f"{part.value:.2f}", f"{part.weight:.2f}", part.reason or "–") for part in quality.components
    )
    header = ("part", "value", "weight", "why it is below 1")
    return Table(header, rows, f"{title}: {quality.score:.2f} of 1, {quality.verdict}", frozenset({1, 2}))
