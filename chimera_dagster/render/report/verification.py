"""How the model's statements were checked: what is withheld and why, every claim, and the score of the text."""

from collections.abc import Iterator
from typing import get_args

from chimera_dagster.grounding import Verdict
from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import Block, Details, Heading, Paragraph, Table


def verification(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    yield Details(Heading(3, "Verification", "verification"), tuple(_blocks(metrics, outcome)), on_paper=False)


def _blocks(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    answers = {"analysis": outcome.analysis.answer, "report": outcome.report.answer}
    claims = [(stage, claim) for stage, answer in answers.items() for it in answer.statements for claim in it.claims]
    counts = {name: sum(claim.verdict == name for _, claim in claims) for name in get_args(Verdict)}
    counted = ", ".join(f"{count} {name}" for name, count in counts.items())
    published = "in" if metrics.grounding.is_published else "not in"
    yield Paragraph(f"{metrics.grounding.message} The report is {published} the index of reports.")
    yield Paragraph(f"Claims of the model's two texts, checked by executing them on the evidence: {counted}.")
    withheld = [statement for answer in answers.values() for statement in answer.withheld]
    if withheld:
        yield Heading(4, "Withheld", "withheld")
        kinds = "the evidence contradicts or does not support, or that contain figures of the model's own"
        yield Paragraph(f"Statements of the model that {kinds}. They are not findings.")
        reasons = tuple((statement.rendered, statement.reason) for statement in withheld)
        yield Table(("statement", "why it is withheld"), reasons, "Withheld statements")
    rows = tuple(
        (stage, claim.text, claim.kind, claim.verdict, claim.evidence or claim.reason) for stage, claim in claims
    )
    if rows:
        yield Heading(4, "Claims", "claims")
        yield Table(("text", "claim", "kind", "verdict", "evidence"), rows, "Each claim and its verdict")
    yield Heading(4, "Quality of the text", "quality-of-the-text")
    parts = tuple(
        (part.name, f"{part.value:.2f}", f"{part.weight:.2f}", part.reason or "–")
        for part in metrics.text_quality.components
    )
    header = ("part", "value", "weight", "why it is below 1")
    yield Table(header, parts, f"Score: {metrics.text_quality.score:.2f} of 1", frozenset({1, 2}))
