"""A folder of results becomes tables: each step one function that an asset calls, ingest it, sum it up."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from chimera_dagster.evidence.facts import find_facts
from chimera_dagster.evidence.summary import summarise, summary_block
from chimera_dagster.evidence.twins import twin_files
from chimera_dagster.evidence.version import evidence_version
from chimera_dagster.ingest import discover
from chimera_dagster.ingest.folder import OnFile, Reading
from chimera_dagster.ingest.manifest import DamagedTableError, Manifest, Stamp, reader_version
from chimera_dagster.look import Look
from chimera_dagster.results import IngestRecord, Summary
from chimera_dagster.schemas import UNREAD_STATUSES, BenchmarkFiles, DataSummary, Facts, Findings, Measurements
from chimera_dagster.store import Store


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


def look_at(store: Store, reports: Path) -> tuple[Look, Look | None]:
    """What the reports folder looks like now, and when this was last asked, if ever. Raises NoReportsError."""
    look, last = Look.at(reports), None
    if store.has_json("look"):
        with suppress(ValidationError):  # of an earlier version, or damaged
            last = store.read_json("look", Look)
    if look != last:
        store.write_json("look", look)
    return look, last


def ingested_look(store: Store, reports: Path) -> Look | None:
    """What the reports folder looked like when the tables were made of it; without any file where there are no tables.

    None where that can't be told: the tables are another folder's, of another version, or not whole.
    """
    if not store.table_path("benchmark_files").exists():
        return Look(files={})
    manifest = _manifest(store, reports)
    if manifest is None or not is_summed_up(store, manifest.stamp.digest):
        return None
    with suppress(DamagedTableError):
        entries = manifest.entries()
        return Look.of(entries) if entries is not None else None
    return None


def _manifest(store: Store, reports: Path) -> Manifest | None:
    return Manifest.load(store.table_path("benchmark_files"), store.table_path("measurements"), reports)


def sum_up(store: Store) -> Summary:
    """Write `data_summary`, `facts`, `findings` and, last, the summary. Raises NotIngestedError."""
    from chimera_dagster.evidence.findings import find_findings  # with scipy, which no other step needs

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
        code=evidence_code(),
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
    return (summary.digest, summary.code) == (data_digest, evidence_code())


def evidence_code() -> str:
    """Which readers, statistics and detectors this is: tables of another code are made again."""
    return f"{reader_version()}-{evidence_version()}"
