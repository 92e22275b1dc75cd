"""The main job, each step one function that an asset calls: ingest a folder, sum it up, run a trial, render it."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.registry import Engines, Resolved
from chimera_dagster.evidence.facts import find_facts
from chimera_dagster.evidence.findings import find_findings
from chimera_dagster.evidence.summary import summarise, summary_block
from chimera_dagster.evidence.twins import twin_files
from chimera_dagster.evidence.version import evidence_version
from chimera_dagster.ingest import discover
from chimera_dagster.ingest.folder import OnFile, Reading
from chimera_dagster.ingest.manifest import DamagedTableError, Manifest, Stamp, reader_version
from chimera_dagster.measure.call import Call, timed_call, warm_up
from chimera_dagster.measure.environment import capture
from chimera_dagster.measure.trial import headline
from chimera_dagster.measure.validity import judge
from chimera_dagster.render.markdown import readable, render_report
from chimera_dagster.results import EngineRecord, IngestRecord, Metrics, Outcome, StageSeconds, Summary, Writing
from chimera_dagster.schemas import UNREAD_STATUSES, BenchmarkFiles, Calls, DataSummary, Facts, Findings, Measurements
from chimera_dagster.store import Store, TrialFolder, write_table, write_text
from chimera_dagster.sweep import TrialPlan
from chimera_dagster.write.analysis import split_lists
from chimera_dagster.write.facts import Fact, load_facts
from chimera_dagster.write.grounding import ground
from chimera_dagster.write.prompt import Prompt, Stage, prompt_version, render_prompt
from chimera_dagster.write.quality import assess

OnProgress = Callable[[str, int], None]  # stage, chunks so far
_UNSAID_NUM_CTX = 4096  # what a prompt is fitted to where num_ctx is left to the engine: the least of their defaults


def ingest(store: Store, reports: Path, on_file: OnFile | None = None) -> IngestRecord:
    """Bring `benchmark_files` and `measurements` in step with the reports folder. Raises NoReportsError.

    Files that did not change since the last time are not read again, and an unchanged folder's tables are left alone.
    """
    started = time.perf_counter()
    try:
        stamp = _in_step(store, reports, _manifest(store, reports), on_file)
    except DamagedTableError:
        stamp = _in_step(store, reports, None, on_file)
    record = IngestRecord(reports_dir=str(reports), digest=stamp.digest, seconds=time.perf_counter() - started)
    store.write_json("ingest", record)
    return record


def _in_step(store: Store, reports: Path, manifest: Manifest | None, on_file: OnFile | None) -> Stamp:
    reading = Reading(reports, manifest, on_file)
    if manifest and reading.unchanged:
        return manifest.stamp
    store.write_tables("measurements", reading.measurements(), Measurements, reading.stamped)
    store.write_table("benchmark_files", reading.files(), BenchmarkFiles, reading.stamped())
    return reading.stamp


def data_digest(store: Store, reports: Path) -> str:
    """`discover.data_digest` of the reports folder, without reading it where nothing changed. Raises NoReportsError."""
    manifest = _manifest(store, reports)
    with suppress(DamagedTableError):
        if manifest and manifest.same_as(discover.discover(reports)):
            return manifest.stamp.digest
    return discover.data_digest(reports)


def _manifest(store: Store, reports: Path) -> Manifest | None:
    return Manifest.load(store.table_path("benchmark_files"), store.table_path("measurements"), reports)


def sum_up(store: Store) -> Summary:
    """Write `data_summary`, `facts`, `findings` and, last, the summary. Raises NotIngestedError."""
    files, measurements = store.read_table("benchmark_files"), store.read_table("measurements", categories=True)
    record = store.read_json("ingest", IngestRecord)
    twins = twin_files(measurements)
    statistics = summarise(measurements, twins)
    store.write_table("data_summary", statistics, DataSummary)
    store.write_table("facts", find_facts(files, statistics, measurements, twins=twins), Facts)
    store.write_table("findings", find_findings(files, measurements, twins), Findings)
    summary = Summary(
        reports_dir=record.reports_dir,
        total_files=len(files),
        problem_files=int(files["status"].isin(UNREAD_STATUSES).sum()),
        numbers=int(files["numbers"].sum()),
        covered=int(files["covered"].sum()),
        measurements=len(measurements),
        known=int(measurements["unit"].notna().sum()),
        digest=record.digest,
        code=_evidence_code(),
        block=summary_block(files),
        ingest_s=record.seconds,
        ingested_at=datetime.now(UTC),
    )
    store.write_json("summary", summary)
    return summary


def is_summed_up(store: Store, data_digest: str) -> bool:
    """Whether the facts are those of these data, computed by this code."""
    if not store.has_json("summary"):
        return False
    try:
        summary = store.read_json("summary", Summary)
    except ValidationError:  # of an earlier version
        return False
    return (summary.digest, summary.code) == (data_digest, _evidence_code())


def _evidence_code() -> str:
    return f"{reader_version()}-{evidence_version()}"


def run_trial(store: Store, plan: TrialPlan, engines: Engines, on_progress: OnProgress | None = None) -> Metrics:
    """Run one trial on an engine, measure and judge it, and write outcome.json, calls.parquet and metrics.json.

    Nothing is written before the last call has ended well. Raises EngineError, NotIngestedError.
    """
    summary, facts = store.read_json("summary", Summary), load_facts(store.read_table("facts"))
    resolved = engines.resolve(plan.spec.engine, plan.model)
    writer = _Writer(plan, resolved, facts, summary.total_files, on_progress or (lambda stage, chunks: None))
    load_ms = writer.warm_up()
    rounds = [writer.round(number) for number in range(plan.spec.repeats)]
    outcome = Outcome(summary=summary, facts=facts, analysis=rounds[0][0], report=rounds[0][1], calls=writer.calls)
    metrics = Metrics(
        model=plan.model,
        params=plan.params,
        params_key=plan.params.key,
        configuration=str(plan.params),
        created_at=datetime.now(UTC),
        fingerprint=plan.fingerprint(summary.digest, f"{prompt_version()}-{summary.code}"),
        spec_hash=plan.spec.content_hash(),
        data_digest=summary.digest,
        prompt_version=prompt_version(),
        seed=plan.spec.seed,
        repeats=plan.spec.repeats,
        engine=_engine_record(resolved),
        headline=headline(writer.calls, load_ms),
        seconds=StageSeconds(ingest=summary.ingest_s, **writer.seconds),
        validity=judge(writer.calls, plan.params),
        text_quality=assess(
            outcome.report.text,
            ground(outcome.report.text, facts, plan.model),
            len(split_lists(outcome.analysis.text).recommendations),
        ),
        calls=[call.metrics for call in writer.calls],
        environment=capture(),
    )
    folder = store.folder_of(plan.trial)
    folder.report.unlink(missing_ok=True)  # an older report must not stand beside newer metrics
    write_text(folder.outcome, outcome.model_dump_json(indent=1) + "\n")
    write_table(folder.calls, _calls_table(writer.calls), Calls)
    write_text(folder.metrics, metrics.model_dump_json(indent=2) + "\n")
    return metrics


def read_metrics(store: Store, plan: TrialPlan) -> Metrics | None:
    """A trial's metrics.json; None where it has not run."""
    path = store.folder_of(plan.trial).metrics
    return Metrics.model_validate_json(path.read_text()) if path.exists() else None


def readable_texts(folder: TrialFolder, model: str) -> dict[str, str]:
    """The model's two texts of a trial that has run, by the asset that holds them, as a reader may see them."""
    outcome = Outcome.model_validate_json(folder.outcome.read_text())
    texts = {"llm_analysis": outcome.analysis.text, "llm_report": outcome.report.text}
    return {asset: readable(text, outcome.facts, model) for asset, text in texts.items()}


def is_done(store: Store, plan: TrialPlan, data_digest: str) -> bool:
    """Whether a report stands that answers this very question about this very data."""
    metrics = read_metrics(store, plan)
    wanted = plan.fingerprint(data_digest, f"{prompt_version()}-{_evidence_code()}")
    return metrics is not None and metrics.fingerprint == wanted and store.folder_of(plan.trial).report.exists()


def render_trial(store: Store, plan: TrialPlan) -> Path:
    """Write a trial's report.md from what its run left; returns the path."""
    folder = store.folder_of(plan.trial)
    metrics = Metrics.model_validate_json(folder.metrics.read_text())
    outcome = Outcome.model_validate_json(folder.outcome.read_text())
    return write_text(folder.report, render_report(plan, metrics, outcome, folder.path))


class _Writer:
    """The calls of one trial, in order, on one engine."""

    def __init__(
        self, plan: TrialPlan, resolved: Resolved, facts: list[Fact], total_files: int, on_progress: OnProgress
    ) -> None:
        self._plan, self._resolved, self._facts = plan, resolved, facts
        self._total_files, self._on_progress = total_files, on_progress
        self.calls: list[Call] = []
        self.seconds = {"analysis": 0.0, "report": 0.0}

    def warm_up(self) -> float | None:
        """Load the model outside the measured calls; milliseconds of loading, None where it was loaded."""
        self._on_progress("loading", 0)
        return warm_up(self._resolved.engine, self._request("Say hello.", "", 0, max_tokens=1))

    def round(self, number: int) -> tuple[Writing, Writing]:
        """One analysis and the report that builds on it."""
        analysis = self._stage("analysis", number)
        grounded = ground(analysis.text, self._facts, self._plan.model).prompt
        return analysis, self._stage("report", number, persona=self._plan.spec.agent.persona, analysis=grounded)

    def _stage(self, stage: Stage, number: int, persona: str = "", analysis: str = "") -> Writing:
        started = time.perf_counter()
        prompt = self._prompt(stage, persona, analysis)
        call = timed_call(
            self._resolved.engine,
            self._request(prompt.text, prompt.system, number, self._plan.spec.max_tokens),
            stage,
            number,
            lambda chunks: self._on_progress(stage, chunks),
        )
        self.calls.append(call)
        self.seconds[stage] += time.perf_counter() - started
        return Writing(
            text=f"{prompt.prefix}{call.text}".strip(),
            prompt=prompt.text,
            system=prompt.system,
            prompt_sha256=prompt.sha256,
            facts=prompt.facts,
            facts_left_out=prompt.facts_left_out,
        )

    def _prompt(self, stage: Stage, persona: str, analysis: str) -> Prompt:
        return render_prompt(
            stage,
            self._facts,
            total_files=self._total_files,
            chat=self._resolved.info.chat,
            num_ctx=min(self._plan.params.num_ctx or _UNSAID_NUM_CTX, self._resolved.info.trained_context or 1 << 62),
            max_tokens=self._plan.spec.max_tokens,
            persona=persona,
            analysis=analysis,
        )

    def _request(self, text: str, system: str, number: int, max_tokens: int) -> Request:
        return Request(
            model=self._plan.model,
            prompt=text,
            system=system,
            params=self._plan.params,
            max_tokens=max_tokens,
            seed=self._plan.spec.seed + number,
            timeouts=self._plan.spec.call_timeouts(),
        )


def _engine_record(resolved: Resolved) -> EngineRecord:
    info = resolved.info
    return EngineRecord(
        name=resolved.engine.name,
        version=resolved.engine.version(),
        reason=resolved.reason,
        model_digest=info.digest,
        family=info.family,
        parameter_size=info.parameter_size,
        quantization=info.quantization,
        trained_context=info.trained_context,
        layers=info.layers,
    )


def _calls_table(calls: list[Call]) -> pd.DataFrame:
    columns = list(Calls.to_schema().columns)
    rows = [
        {"stage": call.stage, "repeat": call.repeat, "seed": call.seed, **call.metrics.model_dump()} for call in calls
    ]
    frame = pd.DataFrame(rows)[columns]
    numeric = [name for name in columns if name not in ("stage", "repeat", "seed", "done_reason")]
    return frame.astype(dict.fromkeys(numeric, "float64"))
