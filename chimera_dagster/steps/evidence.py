"""The assets `data_summary`, `facts` and `findings`: what code can say about the measurements of a folder."""

from datetime import UTC, datetime

from pydantic import ValidationError

from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.evidence.fact_table import find_facts
from chimera_dagster.evidence.folder_models import with_folder_models
from chimera_dagster.evidence.summary import summarise, summary_block
from chimera_dagster.evidence.unread import unread_groups
from chimera_dagster.evidence.version import evidence_version
from chimera_dagster.ingest.manifest import reader_version
from chimera_dagster.records.documents import IngestRecord, Summary
from chimera_dagster.records.store import Store
from chimera_dagster.schemas import UNREAD_STATUSES, DataSummary, Facts, Findings

_MOST_GROUPS = 50  # of unread numbers, in the summary


def compute_evidence(store: Store) -> Summary:
    """Write `data_summary`, `facts`, `findings` and, last, the summary. Raises NotIngestedError."""
    from chimera_dagster.evidence.findings import find_findings  # imports scipy, which no other step needs

    files = store.read_table("benchmark_files")
    measurements = with_folder_models(store.read_table("measurements", categories=True))
    record = store.read_json("ingest", IngestRecord)
    duplicates = duplicate_runs(measurements)
    statistics = summarise(measurements, duplicates)
    store.write_table("data_summary", statistics, DataSummary)
    store.write_table("facts", find_facts(files, statistics, measurements, duplicates=duplicates), Facts)
    store.write_table("findings", find_findings(files, measurements, duplicates), Findings)
    summary = Summary(
        reports_dir=record.reports_dir,
        total_files=len(files),
        problem_files=int(files["status"].isin(UNREAD_STATUSES).sum()),
        numbers=int(files["numbers"].sum()),
        covered=int(files["covered"].sum()),
        measurements=len(measurements),
        known=int(measurements["unit"].notna().sum()),
        unread=list[tuple[str, int, int]](unread_groups(files)[:_MOST_GROUPS]),
        digest=record.digest,
        code=evidence_code(),
        block=summary_block(files),
        ingest_s=record.seconds,
        ingested_at=datetime.now(UTC),
    )
    store.write_json("summary", summary)
    return summary


def is_evidence_current(store: Store, data_digest: str) -> bool:
    """Whether the facts were computed from these data, by this code."""
    if not store.has_json("summary"):
        return False
    try:
        summary = store.read_json("summary", Summary)
    except ValidationError:  # of an earlier version
        return False
    return (summary.digest, summary.code) == (data_digest, evidence_code())


def evidence_code() -> str:
    """A version of the readers, statistics and detectors: tables of another version are made again."""
    return f"{reader_version()}-{evidence_version()}"
