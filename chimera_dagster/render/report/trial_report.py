"""A trial report as a page: first what was measured and found, section by section, then an appendix with the rest."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from chimera_dagster.measure.samples import Sample
from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import (
    Beside,
    Block,
    Bullets,
    Byline,
    CodeBlock,
    Details,
    Heading,
    Inlines,
    LineBreak,
    Note,
    Page,
    Paragraph,
    Strong,
    Text,
    inlines,
)
from chimera_dagster.render.report.accuracy import questions
from chimera_dagster.render.report.body import build_body, whose_words
from chimera_dagster.render.report.configurations import by_configuration
from chimera_dagster.render.report.evidence import Sources, facts, findings, statements_by_code
from chimera_dagster.render.report.measured import headline, metrics_section, workflow
from chimera_dagster.render.report.methodology import (
    configuration_and_environment,
    environment_details,
    methodology,
    prompts,
)
from chimera_dagster.render.report.stated import stated
from chimera_dagster.render.report.timing import calls, telemetry
from chimera_dagster.render.report.verification import verification
from chimera_dagster.spec.sweep import TrialPlan


def build_trial_report(
    plan: TrialPlan, metrics: Metrics, outcome: Outcome, samples: Sequence[Sample], folder: Path
) -> Page:
    """The whole report of a trial, to be written into `folder`, which its links are relative to."""
    agent, by_code = plan.spec.agent.name, stated(metrics, outcome, plan.spec.rounds)
    body = build_body(metrics, outcome, by_code)
    sources = Sources(Path(outcome.summary.reports_dir), folder)
    appendix = tuple(_appendix(plan, metrics, outcome, samples, sources))
    persona = CodeBlock(plan.spec.agent.persona.strip())
    page: tuple[Block, ...] = (
        _beside(_head(agent, metrics, whose_words(metrics, body)), [headline(metrics)]),
        _beside(body.summary.blocks, body.advice.blocks),
        *body.risks.blocks,
        _beside(workflow(metrics, outcome, by_code), metrics_section(metrics)),
        *body.findings.blocks,
        _beside(
            body.recommendations.blocks,
            methodology(plan, metrics, outcome),
            configuration_and_environment(metrics),
        ),
        Details(Heading(2, "Appendix", "appendix"), appendix, on_paper=False),
        Details(Heading(2, "Persona Prompt", "persona-prompt"), (persona,), on_paper=False),
    )
    return Page(agent, "en", page)


def _head(agent: str, metrics: Metrics, whose: Inlines) -> Iterator[Block]:
    yield Heading(2, f"Technical Report: {agent} Analysis", "technical-report")
    about = {
        "Date": f"{metrics.created_at:%Y-%m-%d}",
        "Agent Type": agent,
        "Model": metrics.model,
        "Configuration": metrics.configuration,
        "Validity": metrics.verdict,
    }
    yield Paragraph(_as_lines((Strong(f"{name}:"), Text(f" {value}")) for name, value in about.items()))
    yield Byline(whose)
    if not metrics.is_valid:
        reasons = tuple(
            inlines(Strong(reason.name), f": {reason.evidence}") for reason in metrics.validity if reason.spoils
        )
        warning = Paragraph("This measurement is not valid. Measure again before you use its figures:")
        yield Note("warning", (warning, Bullets(reasons)))


def _appendix(
    plan: TrialPlan, metrics: Metrics, outcome: Outcome, samples: Sequence[Sample], sources: Sources
) -> Iterator[Block]:
    yield Byline("Where each statement comes from, and everything that was recorded.")
    yield from statements_by_code(outcome, sources)
    yield from findings(outcome, sources)
    yield from facts(outcome, sources)
    yield from by_configuration(outcome.configurations)
    yield from verification(metrics, outcome)
    yield from questions(metrics, outcome)
    yield from calls(metrics, outcome)
    yield from telemetry(metrics, outcome, samples)
    yield from environment_details(plan, metrics)
    yield from prompts(outcome)


def _beside(*parts: Iterable[Block]) -> Beside:
    return Beside(tuple(map(tuple, parts)))


def _as_lines(lines: Iterable[Inlines]) -> Inlines:
    parts = [(*line, LineBreak()) for line in lines]
    return tuple(chain.from_iterable(parts))[:-1]
