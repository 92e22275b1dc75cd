"""The report as a page: every section of a Chimera report; figures by code, words by the model where they were kept."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from chimera_dagster.evidence.figures import format_value, named_params
from chimera_dagster.measure.samples import Sample
from chimera_dagster.render.figures import (
    Estimate,
    Trace,
    latency_distribution,
    throughput_by_configuration,
    token_timeline,
    ttft_by_configuration,
)
from chimera_dagster.render.metric_lines import interval_line, metric_lines, telemetry_lines
from chimera_dagster.render.page import (
    Block,
    Bullets,
    Code,
    CodeBlock,
    Details,
    Heading,
    Inlines,
    LineBreak,
    Link,
    Note,
    NoteKind,
    Numbered,
    Page,
    Paragraph,
    Strong,
    Table,
    Text,
    inlines,
)
from chimera_dagster.render.telemetry_figure import Span, telemetry_over_time
from chimera_dagster.render.words import Words, nothing
from chimera_dagster.results import Configuration, Metrics, Outcome, Written
from chimera_dagster.sweep import TrialPlan
from chimera_dagster.write.answer import AIMS, read_analysis, read_report
from chimera_dagster.write.facts import Fact

_AIMS = dict(zip(AIMS, ("Throughput", "Time to first token", "Quality"), strict=True))
_FINDINGS = 12  # shown at once; the rest is folded
_CONFIGURATIONS = (("decode_tok_s", "Decode throughput"), ("ttft_ms", "Time to first token"))


class Sources(NamedTuple):
    """Where the files that facts come from lie, and where the report will: links are relative to it."""

    reports: Path
    folder: Path

    def link(self, file: str, record: str) -> Inlines:
        path = os.path.relpath(self.reports / file, self.folder).replace(os.sep, "/")
        return inlines(Link(file, quote(path)), f", {record}")


def build_report(plan: TrialPlan, metrics: Metrics, outcome: Outcome, samples: Sequence[Sample], folder: Path) -> Page:
    """The whole report of a trial. `folder` is where it will lie."""
    sources = Sources(Path(outcome.summary.reports_dir), folder)
    agent = plan.spec.agent.name
    parts = (
        _head(agent, metrics),
        _text(metrics, outcome),
        _workflow(metrics, outcome),
        _metrics(metrics),
        _timing(metrics, outcome, samples),
        _findings(outcome, sources),
        _recommendations(metrics, outcome),
        _methodology(plan, metrics, outcome),
        _setting(plan, metrics),
        _evidence(outcome, sources),
        _verification(outcome),
        [Heading(2, "Persona Prompt", "persona-prompt"), CodeBlock(plan.spec.agent.persona.strip())],
    )
    return Page(agent, "en", tuple(chain.from_iterable(parts)))


def _head(agent: str, metrics: Metrics) -> Iterator[Block]:
    quality = metrics.text_quality
    yield Heading(2, f"Technical Report: {agent} Analysis", "technical-report")
    about = {
        "Date": f"{metrics.created_at:%Y-%m-%d}",
        "Agent Type": agent,
        "Model": metrics.model,
        "Configuration": metrics.configuration,
        "Validity": metrics.verdict,
        "Model's text": f"{quality.verdict} (score {quality.score:.2f})",
    }
    yield Paragraph(_broken((Strong(f"{name}:"), Text(f" {value}")) for name, value in about.items()))
    head = metrics.headline
    yield Table(
        ("measured in this trial", "value"),
        tuple(
            (inlines(name), inlines(value))
            for name, value in [
                *metric_lines(head)[:4],
                ("Quality of the text", f"{quality.score:.2f} of 1"),
            ]
        ),
        "What this trial measured",
    )
    if not metrics.is_valid:
        evidence = tuple(inlines(Strong(each.name), f": {each.evidence}") for each in metrics.validity if each.spoils)
        said = Paragraph(inlines("Something spoiled this measurement; read its figures with that in mind."))
        yield Note("warning", (said, Bullets(evidence)))


def _text(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    """The report call's words, as far as they were kept, in the persona's three sections."""
    report, words = read_report(outcome.report.text), Words(outcome, outcome.report)
    quality = metrics.text_quality
    whose = (
        f"The words of the three sections below are {metrics.model}'s own. Figures in them were put in by code from the "
        "Evidence table; each claim was checked against it, and what does not hold is listed under Withheld."
    )
    kind: NoteKind = "bad" if quality.verdict == "not usable" else "info"
    verdict = f"The text is {quality.verdict}: {'; '.join(quality.complaints)}." if quality.complaints else ""
    blocks = [Paragraph(inlines(whose)), *([Paragraph(inlines(Strong(verdict)))] if verdict else [])]
    if kind == "bad":
        blocks.append(Paragraph(inlines("Everything outside these sections was computed by code and stands.")))
    yield Note(kind, tuple(blocks))
    yield Heading(3, "1. Executive Summary", "executive-summary")
    yield words.paragraph((*report.executive_summary, *report.loose))
    yield Heading(3, "2. Optimisation Recommendations", "optimisation-recommendations")
    advice = [(_AIMS[one.aim], kept) for one in report.recommendations if (kept := words.standing(one.statements))]
    yield Bullets(tuple((Strong(f"{aim}: "), *words.inlines(kept)) for aim, kept in advice)) if advice else nothing()
    yield Heading(3, "3. Risks and Mitigations", "risks-and-mitigations")
    rows = [
        (risk, words.standing([row.mitigation] if row.mitigation else []))
        for row in report.risks
        if (risk := words.standing([row.risk]))
    ]
    if rows:
        yield Table(
            ("risk", "mitigation"),
            tuple((words.inlines(risk), words.inlines(mitigation) or inlines("–")) for risk, mitigation in rows),
            "Risks and mitigations in the model's words",
        )
    else:
        yield nothing()
    stages = (outcome.report, outcome.analysis)
    withheld = [each for written in stages for each in written.checked if not written.stands(each)]
    if withheld:
        yield Heading(3, "Withheld", "withheld")
        said = "Statements of the model that the evidence contradicts or does not support. They are no findings."
        yield Paragraph(inlines(said))
        rows = tuple((inlines(each.rendered), inlines(each.reason)) for each in withheld)
        yield Table(("statement", "why it is withheld"), rows, "Statements that were withheld")


def _workflow(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    seconds, summary = metrics.seconds, outcome.summary
    yield Heading(2, "Workflow Summary", "workflow-summary")
    items = [
        f"Files analyzed: {summary.total_files}",
        f"Execution time: {seconds.total:.2f}s (ingest {seconds.ingest:.2f}s | analysis {seconds.analysis:.2f}s | "
        f"report {seconds.report:.2f}s)",
    ]
    if summary.problem_files:
        items.append(
            f"Files that could not be read in full: {summary.problem_files}, listed with their reasons in the table "
            "benchmark_files"
        )
    yield Bullets(tuple(inlines(item) for item in (*items, "Data summary:")))
    yield CodeBlock(summary.block)


def _metrics(metrics: Metrics) -> Iterator[Block]:
    head = metrics.headline
    yield Heading(2, "Metrics", "metrics")
    yield Bullets(tuple(inlines(f"{name}: {line}") for name, line in metric_lines(head)))
    if metrics.repeats > 1:
        yield Paragraph(inlines(f"Over {metrics.repeats} repeats:"))
        yield Bullets(
            (
                inlines(interval_line("Throughput", head.throughput_by_repeat, "tok/s")),
                inlines(interval_line("TTFT", head.ttft_by_repeat, "ms")),
            )
        )
    yield Paragraph(inlines("During the calls:"))
    yield Bullets(tuple(inlines(f"{name}: {line}") for name, line in telemetry_lines(metrics.telemetry)))
    yield Paragraph(inlines("Validity of this measurement:"))
    yield Bullets(tuple(inlines(Strong(each.name), f": {each.evidence}") for each in metrics.validity))
    engine = metrics.engine
    yield Paragraph(
        inlines(
            f"Engine: {engine.name}, {engine.version} ({engine.reason}). Every value and the environment are in ",
            Link("metrics.json", "metrics.json"),
            ", each sample in telemetry.parquet, the prompts, the raw answers and the time of every chunk in ",
            Link("outcome.json", "outcome.json"),
            ".",
        )
    )


def _timing(metrics: Metrics, outcome: Outcome, samples: Sequence[Sample]) -> Iterator[Block]:
    traces = [Trace(call.name, call.stage, [entry.at_ms for entry in call.ledger]) for call in outcome.calls]
    spans = [Span(call.name, call.sent_ms, call.end_ms) for call in outcome.calls]
    figures = (token_timeline(traces), latency_distribution(traces), telemetry_over_time(samples, spans))
    yield from (figure for figure in figures if figure is not None)
    columns = ("ttft_ms", "e2e_ms", "prompt_eval_ms", "eval_ms", "residual_ms", "output_tokens", "decode_tok_s")
    rows = tuple(
        (
            inlines(call.name),
            *(inlines(_number(getattr(of, column), column)) for column in columns),
            inlines(of.done_reason),
        )
        for call, of in zip(outcome.calls, metrics.calls, strict=True)
    )
    table = Table(("call", *columns, "done_reason"), rows, "Each call as it was measured", frozenset(range(1, 8)))
    yield Details("Each call", (table,))


def _findings(outcome: Outcome, sources: Sources) -> Iterator[Block]:
    yield Heading(2, "Key Findings", "key-findings")
    yield Heading(3, "Computed from the files", "computed-from-the-files")
    items = [
        inlines(
            *((Strong("Warning: "),) if each.severity == "warning" else ()),
            f"{each.text} ({each.id}, from ",
            *sources.link(*each.source),
            ")",
        )
        for each in outcome.findings
    ]
    facts = [inlines(f"{fact.statement} ({fact.id})") for fact in outcome.facts[:4]]
    yield Bullets((*facts, *items[:_FINDINGS]))
    if items[_FINDINGS:]:
        yield Details(f"{len(items) - _FINDINGS} more findings", (Bullets(tuple(items[_FINDINGS:])),))
    yield Heading(3, "In the model's words", "findings-in-the-models-words")
    analysis, words = read_analysis(outcome.analysis.text), Words(outcome, outcome.analysis)
    yield words.items((*analysis.executive_summary, *analysis.key_findings, *analysis.loose))
    yield from _configurations(outcome.configurations)


def _configurations(configurations: Sequence[Configuration]) -> Iterator[Block]:
    by_metric = {name: [each for each in configurations if each.metric == name] for name, _ in _CONFIGURATIONS}
    if not any(by_metric.values()):
        return
    yield Heading(3, "By configuration", "by-configuration")
    drawn = (
        throughput_by_configuration([_estimate(each) for each in by_metric["decode_tok_s"]]),
        ttft_by_configuration([_estimate(each) for each in by_metric["ttft_ms"]]),
    )
    yield from (figure for figure in drawn if figure is not None)
    for name, title in _CONFIGURATIONS:
        rows = tuple(
            (
                inlines(each.model or "no model named"),
                inlines(named_params(each.params) or "no parameters named"),
                *(inlines(_rounded(value, each.unit)) for value in (each.mean, each.low, each.high, each.median)),
                inlines(str(each.n)),
                inlines(str(each.failures)),
            )
            for each in by_metric[name]
        )
        if rows:
            header = ("model", "parameters", "mean", "95 % from", "95 % to", "median", "n", "failed")
            yield Details(title, (Table(header, rows, f"{title} of the runs in the files", frozenset(range(2, 8))),))


def _recommendations(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    yield Heading(2, "Recommendations", "recommendations")
    analysis, words = read_analysis(outcome.analysis.text), Words(outcome, outcome.analysis)
    advice = [(_AIMS[one.aim], kept) for one in analysis.recommendations if (kept := words.standing(one.statements))]
    if not advice:
        yield Paragraph(inlines(f"{metrics.model} gave no recommendation that can stand."))
        return
    yield Paragraph(inlines("In the model's words, to be weighed against the evidence:"))
    yield Numbered(tuple((Strong(f"{aim}: "), *words.inlines(kept)) for aim, kept in advice))


def _methodology(plan: TrialPlan, metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    yield Heading(2, "Methodology", "methodology")
    calls = f"{metrics.repeats} {'round' if metrics.repeats == 1 else 'rounds'} of analysis and report"
    begun = "the model unloaded before each" if plan.spec.cold else "after a call that only loads the model"
    yield Bullets(
        (
            inlines(f"Task: {metrics.model} reads the facts and findings of {outcome.summary.total_files} files, then "),
            inlines(f"Calls: {calls}, {begun}; seeds from {plan.spec.seed}; at most {plan.spec.max_tokens} tokens each."),
            *(_shown(stage, written) for stage, written in (("Analysis", outcome.analysis), ("Report", outcome.report))),
            inlines(
                "Evaluation: throughput and TTFT as docs/metrics.md defines them; the text by whether its claims hold, "
                "by what the persona asks for, by language, repetition and completeness."
            ),
            inlines(f"Policy for statements: {plan.spec.grounding}."),
            inlines(f"Not measured: {_not_measured(metrics)}."),
        )
    )
    parts = tuple(
        (inlines(each.name), inlines(f"{each.value:.2f}"), inlines(f"{each.weight:.2f}"), inlines(each.reason or "–"))
        for each in metrics.text_quality.components
    )
    table = Table(("part", "value", "weight", "why it is not 1"), parts, "Quality of the model's text", frozenset({1, 2}))
    yield Details(f"Quality of the text: {metrics.text_quality.score:.2f}", (table,))


def _shown(stage: str, written: Written) -> Inlines:
    facts = f"{written.facts} of {written.facts + written.facts_left_out} facts"
    findings = f"{written.findings} of {written.findings + written.findings_left_out} findings"
    return inlines(f"{stage} prompt: {facts} and {findings} fitted; sha256 ", Code(written.prompt_sha256[:16]), ".")


def _not_measured(metrics: Metrics) -> str:
    missing = [name for name, line in telemetry_lines(metrics.telemetry) if line.startswith("not measured")]
    missing += [name for name, line in metric_lines(metrics.headline) if line.startswith("not measured")]
    return ", ".join([*missing, "the accuracy of the model's answers on a task with known answers"])


def _setting(plan: TrialPlan, metrics: Metrics) -> Iterator[Block]:
    engine, environment = metrics.engine, metrics.environment
    yield Heading(2, "Configuration and Environment", "configuration-and-environment")
    windows = sorted({str(size) for size in metrics.effective_num_ctx})
    rows = [
        ("asked for", metrics.configuration),
        ("context window in effect", ", ".join(windows) or "the engine does not say"),
        ("engine", f"{engine.name}, {engine.version}"),
        ("model digest", engine.model_digest or "the engine does not say"),
        ("model family", engine.family or "the engine does not say"),
        ("parameters of the model", engine.parameter_size or "the engine does not say"),
        ("quantization", engine.quantization or "the engine does not say"),
        ("trained context", _or_unknown(engine.trained_context)),
        ("layers", _or_unknown(engine.layers)),
        ("host", f"{environment.cpu}, {environment.cores} cores, {environment.memory_total_mib:.0f} MiB"),
        ("GPU", ", ".join(gpu.name for gpu in environment.gpus) or environment.gpu_reason or "none"),
        ("system", f"{environment.os}, Python {environment.python}"),
        ("data digest", metrics.data_digest),
        ("spec hash", metrics.spec_hash),
        ("prompt version", metrics.prompt_version),
    ]
    cells = tuple((inlines(name), inlines(value)) for name, value in rows)
    yield Table(("setting", "value"), cells, "Effective configuration, model and environment")
    yield Paragraph(inlines("To run this trial again, with the sweep.yaml that trial.json holds:"))
    yield CodeBlock(f"chimera sweep --models {plan.model} --engine {engine.name}", "sh")
    packages = tuple((inlines(name), inlines(number)) for name, number in sorted(environment.packages.items()))
    yield Details("Packages", (Table(("package", "version"), packages, "Versions of the packages"),))


def _evidence(outcome: Outcome, sources: Sources) -> Iterator[Block]:
    yield Heading(2, "Evidence", "evidence")
    shown = f"{outcome.analysis.facts} of {len(outcome.facts)} facts fitted the analysis prompt, "
    yield Paragraph(inlines(f"{shown}{outcome.report.facts} the report prompt."))
    rows = tuple(_fact_row(fact, sources) for fact in outcome.facts)
    header = ("fact", "statement", "value", "n", "from")
    yield Table(header, rows, "Facts, computed from the files", frozenset({2, 3}))


def _fact_row(fact: Fact, sources: Sources) -> tuple[Inlines, ...]:
    link = sources.link(fact.file, fact.record)
    return (inlines(fact.id), inlines(fact.statement), inlines(fact.rendered), inlines(str(fact.n)), link)


def _verification(outcome: Outcome) -> Iterator[Block]:
    yield Heading(2, "Verification", "verification")
    stages = (("analysis", outcome.analysis.checked), ("report", outcome.report.checked))
    claims = [(stage, claim) for stage, checked in stages for each in checked for claim in each.claims]
    counts = {name: sum(claim.verdict == name for _, claim in claims) for name in VERDICTS}
    counted = ", ".join(f"{count} {name}" for name, count in counts.items())
    yield Paragraph(inlines(f"Claims of the model's two texts, checked by executing them on the evidence: {counted}."))
    rows = tuple(
        (
            inlines(stage),
            inlines(claim.text),
            inlines(claim.kind),
            inlines(claim.verdict),
            inlines(claim.evidence or claim.reason),
        )
        for stage, claim in claims
    )
    if rows:
        table = Table(("text", "claim", "kind", "verdict", "evidence"), rows, "Each claim and its verdict")
        yield Details(f"All {len(rows)} claims", (table,))


VERDICTS = ("supported", "contradicted", "unsupported", "not checkable")


def _broken(lines: Iterable[Inlines]) -> Inlines:
    parts = [(*line, LineBreak()) for line in lines]
    return tuple(chain.from_iterable(parts))[:-1]


def _estimate(each: Configuration) -> Estimate:
    params = named_params(each.params)
    label = f"{each.model or 'no model named'}{f', {params}' if params else ''}"
    return Estimate(label, each.n, each.mean, each.low, each.high)


def _number(value: float | None, column: str) -> str:
    if value is None:
        return "–"
    return str(value) if column == "output_tokens" else f"{value:.2f}"


def _rounded(value: float | None, unit: str) -> str:
    return "–" if value is None else format_value(value, unit)


def _or_unknown(value: int | None) -> str:
    return "the engine does not say" if value is None else str(value)
