"""How a trial report was made: the task, the prompts, what was and was not measured, and on which machine."""

from collections.abc import Iterator

from chimera_dagster.records.documents import Metrics, Outcome, StageText
from chimera_dagster.render.blocks import (
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
    start = (
        "with the model unloaded before each call" if plan.spec.cold else "after a warm-up call that loads the model"
    )
    task = (
        f"Task: {metrics.model} reads the facts and findings from {outcome.summary.total_files} files and writes an "
        "analysis, then a report from the analysis and the facts."
    )
    evaluation = (
        "Evaluation: throughput and TTFT as defined in docs/metrics.md; the text by whether its claims hold, whether "
        "it follows the persona, and by its language, repetition and completeness."
    )
    items = (
        task,
        f"Calls: {calls}, {start}; seeds from {plan.spec.seed} on; at most {plan.spec.max_tokens} tokens per call.",
        _prompt_line("Analysis", outcome.analysis),
        _prompt_line("Report", outcome.report),
        evaluation,
        f"Grounding policy: {plan.spec.grounding}.",
        f"Not measured: {_not_measured(metrics)}.",
    )
    yield Bullets(items)
    parts = tuple(
        (part.name, f"{part.value:.2f}", f"{part.weight:.2f}", part.reason or "–")
        for part in metrics.text_quality.components
    )
    header = ("part", "value", "weight", "why it is below 1")
    table = Table(header, parts, "Quality of the model's text", frozenset({1, 2}))
    yield Details(f"Quality of the text: {metrics.text_quality.score:.2f}", (table,))


def _prompt_line(stage: str, text: StageText) -> Inlines:
    facts = f"{text.facts} of {text.facts + text.facts_left_out} facts"
    findings = f"{text.findings} of {text.findings + text.findings_left_out} findings"
    return inlines(f"{stage} prompt: {facts} and {findings}; SHA-256 ", Code(text.prompt_sha256[:16]), ".")


def _not_measured(metrics: Metrics) -> str:
    missing = [name for name, line in telemetry_lines(metrics.telemetry) if line.startswith("not measured")]
    missing += [name for name, line in metric_lines(metrics.headline) if line.startswith("not measured")]
    return ", ".join([*missing, "the accuracy of the model's answers on a task with known answers"])


def configuration_and_environment(plan: TrialPlan, metrics: Metrics) -> Iterator[Block]:
    engine, environment = metrics.engine, metrics.environment
    yield Heading(2, "Configuration and Environment", "configuration-and-environment")
    windows = sorted({str(size) for size in metrics.effective_num_ctx})
    rows = [
        ("requested", metrics.configuration),
        ("effective context window", ", ".join(windows) or _UNKNOWN),
        ("engine", f"{engine.name}, {engine.version}"),
        ("model digest", engine.model_digest or _UNKNOWN),
        ("model family", engine.family or _UNKNOWN),
        ("model parameters", engine.parameter_size or _UNKNOWN),
        ("quantization", engine.quantization or _UNKNOWN),
        ("trained context window", str(engine.trained_context or _UNKNOWN)),
        ("layers", str(engine.layers or _UNKNOWN)),
        ("host", f"{environment.cpu}, {environment.cores} cores, {environment.memory_total_mib:.0f} MiB"),
        ("GPU", ", ".join(gpu.name for gpu in environment.gpus) or environment.gpu_reason or "none"),
        ("system", f"{environment.os}, Python {environment.python}"),
        ("data digest", metrics.data_digest),
        ("spec hash", metrics.spec_hash),
        ("prompt version", metrics.prompt_version),
    ]
    yield Table(("setting", "value"), tuple(rows), "Effective configuration, model and environment")
    yield Paragraph("To run this trial again, with the sweep.yaml that is stored in trial.json:")
    yield CodeBlock(f"chimera sweep --models {plan.model} --engine {engine.name}", "sh")
    packages = tuple(sorted(environment.packages.items()))
    yield Details("Packages", (Table(("package", "version"), packages, "Package versions"),))
