"""The evidence sections of a trial report: findings, configurations and facts from the files, and checked claims."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, get_args
from urllib.parse import quote

from chimera_dagster.evidence.fact import Fact
from chimera_dagster.evidence.figures import format_value, named_params
from chimera_dagster.evidence.setups import setup_of, setup_words
from chimera_dagster.grounding import Verdict
from chimera_dagster.records.documents import Configuration, Outcome
from chimera_dagster.render.blocks import (
    Block,
    Bullets,
    Content,
    Details,
    Heading,
    Inlines,
    Link,
    Paragraph,
    Strong,
    Table,
    inlines,
)
from chimera_dagster.render.report.charts import Estimate, throughput_by_configuration, ttft_by_configuration
from chimera_dagster.render.report.statements import FACTS, FINDINGS, StatementBlocks, cited, source

_FINDINGS = 12  # shown at once; the rest is folded
_CONFIGURATIONS = (("decode_tok_s", "Decode throughput"), ("ttft_ms", "Time to first token"))


class Sources(NamedTuple):
    """The reports folder that facts come from, and the folder of the trial report, which links are relative to."""

    reports: Path
    folder: Path

    def link(self, file: str, record: str) -> Inlines:
        path = os.path.relpath(self.reports / file, self.folder).replace(os.sep, "/")
        return inlines(Link(file, quote(path)), f", {record}")


def findings(outcome: Outcome, sources: Sources) -> Iterator[Block]:
    yield Heading(2, "Key Findings", FINDINGS)
    yield Heading(3, "Computed from the files", "computed-from-the-files")
    items = [
        inlines(
            *((Strong("Warning: "),) if finding.severity == "warning" else ()),
            f"{finding.text} (",
            source(finding.id),
            ", from ",
            *sources.link(*finding.source),
            ")",
        )
        for finding in outcome.findings
    ]
    facts = [inlines(f"{fact.statement} ", *cited(fact.id)) for fact in outcome.facts[:4]]
    yield Bullets((*facts, *items[:_FINDINGS]))
    if items[_FINDINGS:]:
        yield Details(f"{len(items) - _FINDINGS} more findings", (Bullets(tuple(items[_FINDINGS:])),))
    yield Heading(3, "In the model's words", "findings-in-the-models-words")
    yield StatementBlocks(outcome.facts, outcome.analysis).bullets("executive_summary", "key_findings", "loose")
    yield from _configurations(outcome.configurations)


def _configurations(configurations: Sequence[Configuration]) -> Iterator[Block]:
    by_metric = {name: [it for it in configurations if it.metric == name] for name, _ in _CONFIGURATIONS}
    if not any(by_metric.values()):
        return
    yield Heading(3, "By configuration", "by-configuration")
    charts = (
        throughput_by_configuration([_estimate(it) for it in by_metric["decode_tok_s"]]),
        ttft_by_configuration([_estimate(it) for it in by_metric["ttft_ms"]]),
    )
    yield from (chart for chart in charts if chart is not None)
    for name, title in _CONFIGURATIONS:
        rows = tuple(
            (
                it.model or "no model named",
                _named(it) or "no parameters named",
                *(_rounded(value, it.unit) for value in (it.mean, it.low, it.high, it.median)),
                str(it.n) if it.n else "not stated",
                str(it.failures),
            )
            for it in by_metric[name]
        )
        if rows:
            header = ("model", "conditions and parameters", "mean", "95 % from", "95 % to", "median", "n", "failed")
            yield Details(title, (Table(header, rows, f"{title} of the runs in the files", frozenset(range(2, 8))),))


def evidence(outcome: Outcome, sources: Sources) -> Iterator[Block]:
    yield Heading(2, "Evidence", FACTS)
    room = f"The analysis prompt had room for {outcome.analysis.facts} of {len(outcome.facts)} facts, "
    yield Paragraph(f"{room}the report prompt for {outcome.report.facts}.")
    rows = tuple(_fact_row(fact, sources) for fact in outcome.facts)
    header = ("fact", "statement", "value", "n", "from")
    yield Table(header, rows, "Facts, computed from the files", frozenset({2, 3}))


def _fact_row(fact: Fact, sources: Sources) -> tuple[Content, ...]:
    link = sources.link(fact.file, fact.record)
    return (inlines(source(fact.id)), fact.statement, fact.rendered, str(fact.n), link)


def verification(outcome: Outcome) -> Iterator[Block]:
    yield Heading(2, "Verification", "verification")
    answers = {"analysis": outcome.analysis.answer, "report": outcome.report.answer}
    claims = [(stage, claim) for stage, answer in answers.items() for it in answer.statements for claim in it.claims]
    counts = {name: sum(claim.verdict == name for _, claim in claims) for name in get_args(Verdict)}
    counted = ", ".join(f"{count} {name}" for name, count in counts.items())
    yield Paragraph(f"Claims of the model's two texts, checked by executing them on the evidence: {counted}.")
    rows = tuple(
        (stage, claim.text, claim.kind, claim.verdict, claim.evidence or claim.reason) for stage, claim in claims
    )
    withheld = [statement for answer in answers.values() for statement in answer.withheld]
    if withheld:
        yield Heading(3, "Withheld", "withheld")
        kinds = "the evidence contradicts or does not support, or that contain figures of the model's own"
        yield Paragraph(f"Statements of the model that {kinds}. They are not findings.")
        reasons = tuple((statement.rendered, statement.reason) for statement in withheld)
        yield Table(("statement", "why it is withheld"), reasons, "Withheld statements")
    if rows:
        table = Table(("text", "claim", "kind", "verdict", "evidence"), rows, "Each claim and its verdict")
        yield Details(f"All {len(rows)} claims", (table,))


def _estimate(configuration: Configuration) -> Estimate:
    params = _named(configuration)
    label = f"{configuration.model or 'no model named'}{f', {params}' if params else ''}"
    return Estimate(label, configuration.n, configuration.mean, configuration.low, configuration.high)


def _named(configuration: Configuration) -> str:
    """Conditions, engine, GPU and parameters, and the file if it states the values."""
    setup = setup_of(configuration.backend, configuration.gpu, configuration.conditions)
    stated = f"as {configuration.file} states it" if configuration.source == "stated" else ""
    return ", ".join(filter(None, (setup_words(setup), named_params(configuration.params), stated)))


def _rounded(value: float | None, unit: str) -> str:
    return "–" if value is None else format_value(value, unit)
