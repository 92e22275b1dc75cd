"""The method and setting of a trial: the task, the prompts, what was measured and what was not, the machine."""

from collections.abc import Iterator

from chimera_dagster.records.documents import Metrics, Outcome, StageText
from chimera_dagster.render.page import (
    Block,
    Bullets,
    Code,
    CodeBlock,
    Details,
    Heading,
    Inlines,
    Paragraph,
    Table,
    inlines,
)
from chimera_dagster.render.report.metric_lines import metric_lines, telemetry_lines
from chimera_dagster.spec.sweep import TrialPlan

_UNKNOWN = "not reported by the engine"


def methodology(plan: TrialPlan, metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    yield Heading(2, "Methodology", "methodology")
    calls = f"{metrics.repeats} {'round' if metrics.repeats == 1 else 'rounds'} of analysis and report"
    start = "with the model unloaded before each" if plan.spec.cold else "after a call that only loads the model"
    yield Bullets(
        (
            inlines(
                f"Task: {metrics.model} reads the facts and findings of {outcome.summary.total_files} files and writes "
                "an analysis; from the analysis and the facts it writes the report."
            ),
            inlines(
                f"Calls: {calls}, {start}; seeds from {plan.spec.seed}; at most {plan.spec.max_tokens} tokens each."
            ),
            *(
                _prompt_line(stage, text)
                for stage, text in (("Analysis", outcome.analysis), ("Report", outcome.report))
            ),
            inlines(
                "Evaluation: throughput and TTFT as defined in docs/metrics.md; the text by its claims, the "
                "requirements of the persona, language, repetition and completeness."
            ),
            inlines(f"Policy for statements: {plan.spec.grounding}."),
            inlines(f"Not measured: {_not_measured(metrics)}."),
        )
    )
    parts = tuple(
        (inlines(it.name), inlines(f"{it.value:.2f}"), inlines(f"{it.weight:.2f}"), inlines(it.reason or "–"))
        for it in metrics.text_quality.components
    )
    table = Table(
        ("part", "value", "weight", "why it is not 1"), parts, "Quality of the model's text", frozenset({1, 2})
    )
    yield Details(f"Quality of the text: {metrics.text_quality.score:.2f}", (table,))


def _prompt_line(stage: str, text: StageText) -> Inlines:
    facts = f"{text.facts} of {text.facts + text.facts_left_out} facts"
    findings = f"{text.findings} of {text.findings + text.findings_left_out} findings"
    return inlines(f"{stage} prompt: {facts} and {findings}; sha256 ", Code(text.prompt_sha256[:16]), ".")


def _not_measured(metrics: Metrics) -> str:
    missing = [name for name, line in telemetry_lines(metrics.telemetry) if line.startswith("not measured")]
    missing += [name for name, line in metric_lines(metrics.headline) if line.startswith("not measured")]
    return ", ".join([*missing, "the accuracy of the model's answers on a task with known answers"])


def setting(plan: TrialPlan, metrics: Metrics) -> Iterator[Block]:
    engine, environment = metrics.engine, metrics.environment
    yield Heading(2, "Configuration and Environment", "configuration-and-environment")
    windows = sorted({str(size) for size in metrics.effective_num_ctx})
    rows = [
        ("requested", metrics.configuration),
        ("context window in effect", ", ".join(windows) or _UNKNOWN),
        ("engine", f"{engine.name}, {engine.version}"),
        ("model digest", engine.model_digest or _UNKNOWN),
        ("model family", engine.family or _UNKNOWN),
        ("model parameters", engine.parameter_size or _UNKNOWN),
        ("quantization", engine.quantization or _UNKNOWN),
        ("trained context", str(engine.trained_context or _UNKNOWN)),
        ("layers", str(engine.layers or _UNKNOWN)),
        ("host", f"{environment.cpu}, {environment.cores} cores, {environment.memory_total_mib:.0f} MiB"),
        ("GPU", ", ".join(gpu.name for gpu in environment.gpus) or environment.gpu_reason or "none"),
        ("system", f"{environment.os}, Python {environment.python}"),
        ("data digest", metrics.data_digest),
        ("spec hash", metrics.spec_hash),
        ("prompt version", metrics.prompt_version),
    ]
    cells = tuple((inlines(name), inlines(value)) for name, value in rows)
    yield Table(("setting", "value"), cells, "Effective configuration, model and environment")
    yield Paragraph(inlines("To run this trial again, with the sweep.yaml recorded in trial.json:"))
    yield CodeBlock(f"chimera sweep --models {plan.model} --engine {engine.name}", "sh")
    packages = tuple((inlines(name), inlines(number)) for name, number in sorted(environment.packages.items()))
    yield Details("Packages", (Table(("package", "version"), packages, "Package versions"),))
