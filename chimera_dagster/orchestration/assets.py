"""The assets, in data order. Each body reads its partition key, calls one function of `steps` and attaches metadata."""

import inspect
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetSpec,
    DataVersion,
    Failure,
    MaterializeResult,
    MetadataValue,
    PreviewWarning,
    ResourceParam,
    asset,
    multi_asset,
)

from chimera_dagster.code_version import code_version
from chimera_dagster.errors import ChimeraError
from chimera_dagster.ingest.manifest import reader_version
from chimera_dagster.orchestration.executor import GPU_TAG
from chimera_dagster.orchestration.jobs import EVIDENCE_ASSETS
from chimera_dagster.orchestration.metadata import page_metadata, table_metadata, trial_metadata
from chimera_dagster.orchestration.partitions import TRIALS, plan_of
from chimera_dagster.orchestration.refresh import inputs_changed
from chimera_dagster.orchestration.trial_log import trial_log
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.records.documents import Metrics, Outcome, Summary
from chimera_dagster.records.store import TrialFolder
from chimera_dagster.render.markdown_writer import without_links
from chimera_dagster.schemas import BenchmarkFiles, DataSummary, Facts, Findings, Measurements, Notes, Standings
from chimera_dagster.steps import checks
from chimera_dagster.steps.done import text_version
from chimera_dagster.steps.evidence import compute_evidence, evidence_code
from chimera_dagster.steps.ingest import ingest_folder
from chimera_dagster.steps.report import readable_texts, render_trial
from chimera_dagster.steps.trial import run_trial_once

OWNERS = ["team:benchmarks"]
MEASURE_VERSION = code_version("chimera_dagster.measure", ".py")
COMPARE_VERSION = code_version("chimera_dagster.compare", ".py")
RENDER_VERSION = code_version("chimera_dagster.render", ".py", ".j2", ".css", ".js")


@contextmanager
def clear_failures() -> Generator[None]:
    """Show an error of this project, which says what to do, as the run's failure without Dagster's stack trace."""
    try:
        yield
    except ChimeraError as error:
        raise Failure(description=str(error), metadata={"error": type(error).__name__}, allow_retries=False) from error


def _spec(name: str, description: str, *, deps: Sequence[str] = (), kinds: set[str], version: str) -> AssetSpec:
    return AssetSpec(name, description=description, deps=deps, kinds=kinds, code_version=version, owners=OWNERS)


def _trial_spec(name: str, description: str, *, deps: Sequence[str] = (), kinds: set[str], version: str) -> AssetSpec:
    """An asset of a trial. The evidence is a direct input of each, as Dagster looks for stale data there only."""
    spec = _spec(name, description, deps=[*deps, *EVIDENCE_ASSETS], kinds=kinds, version=version)
    return spec.replace_attributes(automation_condition=inputs_changed())


def _check(asset: str, function: Callable[..., checks.TrialCheck]) -> AssetCheckSpec:
    """A check of a trial; without `partitions_def` Dagster would lose the partition."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PreviewWarning)
        return AssetCheckSpec(
            function.__name__, asset=asset, partitions_def=TRIALS, description=inspect.getdoc(function)
        )


def _checked(asset: str, check: checks.TrialCheck) -> AssetCheckResult:
    return AssetCheckResult(
        check_name=check.name,
        asset_key=asset,
        passed=check.passed,
        severity=AssetCheckSeverity.WARN,
        description=check.message,
        metadata=check.evidence,
    )


@multi_asset(
    name="ingest",
    specs=[
        _spec(
            "benchmark_files",
            "One row for each file of the reports folder: kind, size, digest, and whether it could be read.",
            kinds={"pandas", "parquet"},
            version=reader_version(),
        ),
        _spec(
            "measurements",
            "Every measured number in long form, with its file and record.",
            deps=["benchmark_files"],
            kinds={"pandas", "parquet"},
            version=reader_version(),
        ),
    ],
    group_name="evidence",
)
def ingest(context: AssetExecutionContext, workspace: ResourceParam[Workspace]) -> Iterator[MaterializeResult[Any]]:
    with clear_failures():
        record = ingest_folder(workspace.store, workspace.settings.reports, workspace.on_file)
    for name, schema in (("benchmark_files", BenchmarkFiles), ("measurements", Measurements)):
        metadata = table_metadata(workspace.store.table_path(name), schema)
        yield MaterializeResult(name, metadata=metadata, data_version=DataVersion(record.digest))


@multi_asset(
    name="evidence",
    specs=[
        _spec(name, description, deps=deps, kinds=kinds, version=evidence_code())
        for name, description, deps, kinds in (
            (
                "data_summary",
                "Statistics with intervals by model, conditions, parameter set and metric, and a summary of the files.",
                ("benchmark_files", "measurements"),
                {"pandas", "parquet"},
            ),
            (
                "facts",
                "Statements that code can prove, numbered and ranked: the evidence of prompts and reports.",
                ("benchmark_files", "measurements"),
                {"pandas", "parquet"},
            ),
            (
                "findings",
                "What the detectors found: rankings within equal conditions, effects, trends, contradictions.",
                ("benchmark_files", "measurements"),
                {"pandas", "parquet"},
            ),
            (
                "notes",
                "What the facts and findings say, in sentences for people, ranked, with what they are based on.",
                ("facts", "findings"),
                {"pandas", "parquet"},
            ),
            (
                "brief",
                "What the reports folder says, on one page: the answer, how sure it is, what to do next, and why.",
                ("notes",),
                {"markdown", "html"},
            ),
        )
    ],
    group_name="evidence",
)
def evidence(context: AssetExecutionContext, workspace: ResourceParam[Workspace]) -> Iterator[MaterializeResult[Any]]:
    from chimera_dagster.steps.brief import preview_of  # imports scipy

    store = workspace.store
    with clear_failures():
        summary = compute_evidence(store)
    version = DataVersion(summary.digest)
    more: dict[str, dict[str, Any]] = {"data_summary": _of_summary(summary)}
    schemas = {"data_summary": DataSummary, "facts": Facts, "findings": Findings, "notes": Notes}
    for name, schema in schemas.items():
        metadata = table_metadata(store.table_path(name), schema) | more.get(name, {})
        yield MaterializeResult(name, metadata=metadata, data_version=version)
    shown = page_metadata("brief", preview_of(store.brief.read_text(encoding="utf-8")), store.brief)
    yield MaterializeResult("brief", metadata=shown, data_version=version)


def _of_summary(summary: Summary) -> dict[str, Any]:
    shown: dict[str, Any] = {"summary": MetadataValue.md(f"```\n{summary.block}\n```"), "files": summary.total_files}
    if summary.problems:
        shown["problems"] = MetadataValue.md("\n".join(f"- {text}" for text in summary.problems))
    return shown


_TRIAL_CHECKS = (
    ("trial_metrics", checks.measurement_is_valid),
    ("llm_report", checks.fidelity),
    ("llm_report", checks.quality_floor),
    ("llm_report", checks.language),
)


@multi_asset(
    name="trial",
    specs=[
        _trial_spec(
            "llm_analysis",
            "What the model writes from the notes: how the configurations perform, and what is remarkable.",
            kinds={"llm", "json"},
            version=text_version(),
        ),
        _trial_spec(
            "llm_report",
            "The model's report, written from the notes and its analysis with the agent's persona.",
            deps=["llm_analysis"],
            kinds={"llm", "json"},
            version=text_version(),
        ),
        _trial_spec(
            "trial_metrics",
            "What the trial's calls took, whether the measurement is valid, and how good the text is.",
            deps=["llm_analysis", "llm_report"],
            kinds={"parquet", "json"},
            version=MEASURE_VERSION,
        ),
    ],
    check_specs=[_check(name, function) for name, function in _TRIAL_CHECKS],
    partitions_def=TRIALS,
    group_name="trials",
    op_tags={GPU_TAG: "1"},
)
def trial(
    context: AssetExecutionContext, workspace: ResourceParam[Workspace]
) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
    with clear_failures():
        plan = plan_of(context, workspace.store).in_round(workspace.round)
        with workspace.claiming(plan.trial), trial_log(context, workspace, plan):
            metrics, outcome, _ = run_trial_once(
                workspace.store,
                plan,
                workspace.engines,
                workspace.on_progress,
                workspace.on_measured,
                reuse=workspace.reuse,
            )
    yield from _trial_results(workspace.store.folder_of(plan.trial), metrics, outcome)


def _trial_results(
    folder: TrialFolder, metrics: Metrics, outcome: Outcome
) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
    for name, text in readable_texts(outcome).items():
        yield MaterializeResult(
            name, metadata={"text": MetadataValue.md(text), "path": MetadataValue.path(folder.outcome.absolute())}
        )
    yield MaterializeResult("trial_metrics", metadata=trial_metadata(metrics, folder.metrics))
    for name, function in _TRIAL_CHECKS:
        yield _checked(name, function(metrics))


@asset(
    deps=["llm_analysis", "llm_report", "trial_metrics", *EVIDENCE_ASSETS],
    automation_condition=inputs_changed(),
    check_specs=[_check("rendered_report", checks.structure)],
    partitions_def=TRIALS,
    group_name="trials",
    owners=OWNERS,
    code_version=RENDER_VERSION,
    kinds={"markdown", "html"},
)
def rendered_report(
    context: AssetExecutionContext, workspace: ResourceParam[Workspace]
) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
    """The trial report for people, as Markdown and as one HTML page with charts, beside its metrics.json."""
    with clear_failures():
        plan = plan_of(context, workspace.store)
        with workspace.claiming(plan.trial):
            path, outcome = render_trial(workspace.store, plan)
    text = path.read_text()
    yield MaterializeResult(metadata=page_metadata("report", without_links(text), path))
    yield _checked("rendered_report", checks.structure(text, outcome))


@asset(
    deps=["rendered_report"],
    group_name="reports",
    owners=OWNERS,
    code_version=COMPARE_VERSION,
    kinds={"pandas", "parquet", "json"},
)
def sweep_comparison(context: AssetExecutionContext, workspace: ResourceParam[Workspace]) -> MaterializeResult[Any]:
    """All trials compared: ranks with ties, effects of parameters, the Pareto front, a recommendation."""
    # imported here because scipy takes a second, and no other run needs it
    from chimera_dagster.steps.sweep_comparison import counts, goals_of, read_comparison, write_comparison

    store = workspace.store
    with clear_failures():
        found = read_comparison(store, goals_of(workspace.settings.spec))
        write_comparison(store, found)
    return MaterializeResult(
        metadata={
            **table_metadata(store.table_path("standings"), Standings),
            **counts(found.trials),
            "recommended": found.recommendation.best.trial if found.recommendation.best else "none",
            "why": found.recommendation.why,
            "path": MetadataValue.path(store.comparison.absolute()),
        }
    )


@asset(
    deps=["brief", "sweep_comparison"],
    group_name="reports",
    owners=OWNERS,
    code_version=RENDER_VERSION,
    kinds={"markdown", "html"},
)
def report_index(context: AssetExecutionContext, workspace: ResourceParam[Workspace]) -> MaterializeResult[Any]:
    """One page: what the benchmarks say, and which model and setting writes about them best, with every report."""
    from chimera_dagster.steps.index import write_index  # imports scipy too
    from chimera_dagster.steps.sweep_comparison import load_comparison

    with clear_failures():
        found = load_comparison(workspace.store)
        counts = write_index(workspace.store, found)
    path = workspace.store.index
    return MaterializeResult(
        metadata={
            "index": MetadataValue.md(without_links(path.with_suffix(".md").read_text())),
            "path": MetadataValue.path(path.absolute()),
            **counts._asdict(),
        }
    )
