"""Adds the calls of a later round to a trial's ledger, and computes its metrics from all rounds."""

from collections.abc import Mapping
from datetime import UTC, datetime

from chimera_dagster.measure.call import Call
from chimera_dagster.measure.samples import Sample, to_frame
from chimera_dagster.records.documents import LaterRound, Metrics
from chimera_dagster.records.reading import read_document
from chimera_dagster.records.store import Store, write_table, write_text
from chimera_dagster.records.trial_files import (
    MEASURE_AGAIN,
    Recorded,
    later_rounds,
    read_first,
    with_rounds,
    write_rounds,
)
from chimera_dagster.schemas import Telemetry as TelemetryTable
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.asking import Timed
from chimera_dagster.steps.recompute import measure
from chimera_dagster.steps.recording import calls_table


def is_in_ledger(store: Store, plan: TrialPlan) -> bool:
    """Whether the calls of the plan's round are recorded, though the metrics may not know of them yet."""
    folder = store.folder_of(plan.trial)
    first, _ = read_first(folder)
    return plan.round in [first.round, *(found.round for found in later_rounds(folder, first))]


def record_round(
    store: Store,
    plan: TrialPlan,
    calls: list[Call],
    samples: list[Sample],
    warm_up_load_ms: float | None,
    seconds: Mapping[Timed, float],
) -> Recorded:
    """Write down what was measured in the plan's round, beside the first round's files; the report stays as it is."""
    folder = store.folder_of(plan.trial)
    first, _ = read_first(folder)
    later = LaterRound(
        round=plan.round,
        follows=first.ledger,
        measured_at=datetime.now(UTC),
        warm_up_load_ms=warm_up_load_ms,
        calls=calls,
        analysis_s=seconds["analysis"],
        report_s=seconds["report"],
    )
    write_table(folder.round_telemetry(plan.round), to_frame(samples), TelemetryTable)
    write_text(folder.round(plan.round), later.model_dump_json(indent=1) + "\n")
    return record_metrics(store, plan)


def record_metrics(store: Store, plan: TrialPlan) -> Recorded:
    """Compute the metrics of a trial from all rounds in its ledger, and write them."""
    folder = store.folder_of(plan.trial)
    before = read_document(folder.metrics, Metrics, MEASURE_AGAIN)
    first, of_first = read_first(folder)
    later = later_rounds(folder, first)
    outcome, samples = with_rounds(folder, first, of_first, later)
    new = [found for found in later if found.round not in before.rounds]
    seconds = before.seconds.model_copy(
        update={
            "analysis": before.seconds.analysis + sum(found.analysis_s for found in new),
            "report": before.seconds.report + sum(found.report_s for found in new),
        }
    )
    sizes = {size for call in outcome.calls if (size := call.stats.effective_num_ctx) is not None}
    metrics = before.model_copy(
        update={
            **dict(measure(outcome, samples)),
            "repeats": len({call.repeat for call in outcome.calls}),
            "rounds": (first.round, *(found.round for found in later)),
            "effective_num_ctx": sorted(sizes),
            "seconds": seconds,
        }
    )
    return Recorded(write_rounds(folder, metrics, calls_table(outcome.calls, metrics.calls)), outcome, samples)
