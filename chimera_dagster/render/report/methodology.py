"""How a trial report was made: the task, the prompts, what was not measured, and on which machine."""

from collections.abc import Iterator

from chimera_dagster.measure.environment import Environment
from chimera_dagster.quiz.question import YOUR_TASKS
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
    repeats = f"{metrics.repeats} {'repeat' if metrics.repeats == 1 else 'repeats'} of analysis and report"
    done, planned = len(metrics.rounds), plan.spec.rounds
    if planned > 1:
        later = "" if done >= planned else "; metrics.json and the comparison of trials have later ones too"
        repeats += f" in {done} of {planned} rounds{later}"
    start = "with the model unloaded before each call" if plan.spec.cold else "after a warm-up call"
    seeds = f"seeds from {plan.spec.seed} on; at most {plan.spec.max_tokens} tokens per call"
    yield Heading(2, "Methodology", "methodology")
    yield Bullets(
        (
            f"Code makes {len(outcome.notes)} notes from {outcome.summary.total_files} files: sentences that it has "
            f"proved. {metrics.model} writes an analysis from them, then a report from the notes and its analysis.",
            f"Calls: {repeats}, {start}; {seeds}.",
            "A sentence of the model is shown in its own words if it says what notes say, else in those of the note. "
            "docs/metrics.md defines every metric.",
            *_questions(plan, metrics),
            f"Not measured: {_not_measured(metrics)}.",
        )
    )


def _questions(plan: TrialPlan, metrics: Metrics) -> Iterator[str]:
    if metrics.accuracy is None:
        return
    own = metrics.accuracy.kinds.get(YOUR_TASKS)
    made, wanted = metrics.accuracy.asked - (own.asked if own else 0), plan.spec.questions
    fewer = f" (of {wanted} wanted: the files give no more)" if made < wanted else ""
    kinds = [
        *([f"{made} questions that code made from the facts of the files{fewer}"] if made else []),
        *([f"{own.asked} tasks of the user's own"] if own else []),
    ]
    yield (
        f"Accuracy: {' and '.join(kinds)}, asked one by one with the trial's own parameters after the measured calls."
    )


def prompts(outcome: Outcome) -> Iterator[Block]:
    stages = {"Analysis": outcome.analysis, "Report": outcome.report}
    if outcome.revision is not None:
        stages["Revision"] = outcome.revision.text
    blocks = tuple(block for stage, text in stages.items() for block in _prompt(stage, text))
    yield Details(Heading(3, "Prompts", "prompts"), blocks, on_paper=False)


def _prompt(stage: str, text: StageText) -> Iterator[Block]:
    notes = f"{len(text.notes)} of {len(text.notes) + text.notes_left_out} notes"
    line: Inlines = inlines(f"{stage} prompt: {notes}; SHA-256 ", Code(text.prompt_sha256[:16]), ".")
    yield Paragraph(line)
    yield from (CodeBlock(part) for part in (text.system, text.prompt) if part.strip())


def _not_measured(metrics: Metrics) -> str:
    missing = [name for name, line in telemetry_lines(metrics.telemetry) if line.startswith("not measured")]
    missing += [name for name, line in metric_lines(metrics.headline) if line.startswith("not measured")]
    if metrics.accuracy is None:
        missing.append("the accuracy of the model's answers on a task with known answers")
    return ", ".join(missing) or "nothing that this project measures"


def configuration_and_environment(metrics: Metrics) -> Iterator[Block]:
    engine, environment = metrics.engine, metrics.environment
    windows = sorted({str(size) for size in metrics.effective_num_ctx})
    yield Heading(2, "Configuration and Environment", "configuration-and-environment")
    rows = (
        ("effective context window", ", ".join(windows) or _UNKNOWN),
        ("engine", f"{engine.name}, {engine.version} ({engine.reason})"),
        ("model", _model(metrics)),
        ("host", f"{environment.cpu}, {environment.cores} cores, {environment.memory_total_mib:.0f} MiB"),
        ("GPU", _gpus(environment)),
        ("system", f"{environment.os}, Python {environment.python}"),
    )
    yield Table(("setting", "value"), rows, "Effective configuration, model and environment")


def environment_details(plan: TrialPlan, metrics: Metrics) -> Iterator[Block]:
    engine = metrics.engine
    rows = (
        ("model digest", engine.model_digest or _UNKNOWN),
        ("trained context window", str(engine.trained_context or _UNKNOWN)),
        ("layers", str(engine.layers or _UNKNOWN)),
        ("data digest", metrics.data_digest),
        ("spec hash", metrics.spec_hash),
        ("prompt version", metrics.prompt_version),
    )
    packages = tuple(sorted(metrics.environment.packages.items()))
    blocks = (
        Table(("setting", "value"), rows, "Versions and digests"),
        Paragraph("To run this trial again, with the sweep.yaml that is stored in trial.json:"),
        CodeBlock(f"chimera sweep --models {plan.model} --engine {engine.name}", "sh"),
        Table(("package", "version"), packages, "Package versions"),
    )
    yield Details(Heading(3, "Environment", "environment"), blocks, on_paper=False)


def _model(metrics: Metrics) -> str:
    engine = metrics.engine
    known = (engine.family, engine.parameter_size, engine.quantization)
    return ", ".join([metrics.model, *(part for part in known if part)])


def _gpus(environment: Environment) -> str:
    return ", ".join(gpu.name for gpu in environment.gpus) or environment.gpu_reason or "none"
