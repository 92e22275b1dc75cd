"""Writes down a trial: outcome.json, telemetry.parquet, calls.parquet and metrics.json, or the note of its failure."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd

from chimera_dagster.engines.registry import Resolved
from chimera_dagster.errors import EngineError
from chimera_dagster.measure.call import Call, CallMetrics, call_metrics
from chimera_dagster.measure.environment import capture
from chimera_dagster.measure.samples import Sample
from chimera_dagster.quiz.score import accuracy_of
from chimera_dagster.records.documents import (
    Alignment,
    EngineRecord,
    Failures,
    Metrics,
    Outcome,
    RevisionMetrics,
    StageSeconds,
    Summary,
)
from chimera_dagster.records.store import Store, write_text
from chimera_dagster.records.trial_files import Recorded, failures_in, write_measurement
from chimera_dagster.schemas import Calls
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.done import fingerprint
from chimera_dagster.steps.judging import quality_of
from chimera_dagster.steps.recompute import measure
from chimera_dagster.write.prompt import prompt_version
from chimera_dagster.write.quality import Quality


def record_trial(
    store: Store, plan: TrialPlan, outcome: Outcome, samples: list[Sample], resolved: Resolved, seconds: StageSeconds
) -> Recorded:
    """Compute a trial's metrics from its outcome and samples, and write all of its files."""
    summary = outcome.summary
    score, revision = _scores(outcome)
    metrics = Metrics(
        **dict(measure(outcome, samples)),
        model=plan.model,
        params=plan.params,
        params_key=plan.params.key,
        configuration=str(plan.params),
        created_at=datetime.now(UTC),
        fingerprint=fingerprint(plan, summary.digest, summary.code),
        spec_hash=plan.spec.content_hash(),
        data_digest=summary.digest,
        prompt_version=prompt_version(),
        seed=plan.spec.seed,
        repeats=plan.spec.repeats,
        rounds=(outcome.round,),
        engine=_engine_record(resolved),
        seconds=seconds,
        effective_num_ctx=sorted({size for it in outcome.calls if (size := it.stats.effective_num_ctx) is not None}),
        text_quality=revision.published if revision else score,
        revision=revision,
        accuracy=accuracy_of(outcome.answers),
        alignment=Alignment.of_answers(outcome.analysis.answer, outcome.published.answer),
        environment=capture(),
    )
    calls = calls_table(outcome.calls, metrics.calls)
    written = write_measurement(store.folder_of(plan.trial), metrics, outcome, samples, calls)
    store.folder_of(plan.trial).forget_rounds()  # they belong to an earlier measurement
    return Recorded(written, outcome, samples)


def record_failure(store: Store, plan: TrialPlan, error: EngineError) -> None:
    """Count a failed run: how often a configuration fails is one of the figures that it is compared by."""
    summary = store.read_json("summary", Summary)
    folder = store.folder_of(plan.trial)
    current, before = fingerprint(plan, summary.digest, summary.code), failures_in(folder)
    failures = Failures(
        fingerprint=current,
        runs=1 + (before.runs if before is not None and before.fingerprint == current else 0),
        error=type(error).__name__,
        message=error.message,
        at=datetime.now(UTC),
    )
    write_text(folder.failures, failures.model_dump_json(indent=2) + "\n")


def _scores(outcome: Outcome) -> tuple[Quality, RevisionMetrics | None]:
    """The score of the first report, and, if it was revised, what that took and gained."""
    call = next(call for call in outcome.calls if call.stage == "report")
    before, revised = quality_of(outcome.report, call, outcome.notes), outcome.revision
    if revised is None:
        return before, None
    took = call_metrics(revised.call.ledger, revised.call.stats)
    after = quality_of(revised.text, revised.call, outcome.notes)
    return before, RevisionMetrics(call=took, before=before, after=after, is_better=revised.is_better)


def _engine_record(resolved: Resolved) -> EngineRecord:
    info = resolved.info
    return EngineRecord(
        name=resolved.engine.name,
        version=resolved.version,
        reason=resolved.reason,
        model_digest=info.digest,
        family=info.family,
        parameter_size=info.parameter_size,
        quantization=info.quantization,
        trained_context=info.trained_context,
        layers=info.layers,
        default_options=info.default_options,
    )


def calls_table(calls: Sequence[Call], metrics: Sequence[CallMetrics]) -> pd.DataFrame:
    """The table of schemas.Calls: one row per measured call."""
    columns = list(Calls.to_schema().columns)
    rows = [
        {"stage": call.stage, "repeat": call.repeat, "seed": call.seed, **measured.model_dump()}
        for call, measured in zip(calls, metrics, strict=True)
    ]
    frame = pd.DataFrame(rows)[columns]
    numeric = [name for name in columns if name not in ("stage", "repeat", "seed", "done_reason")]
    return frame.astype(dict.fromkeys(numeric, "float64"))
