"""The assets `benchmark_files` and `measurements`: the reports folder as tables, kept up to date with it."""

import os
import time
from contextlib import suppress
from pathlib import Path

from chimera_dagster.errors import DamagedFileError
from chimera_dagster.ingest import discover
from chimera_dagster.ingest.folder import OnFile, ingest_files
from chimera_dagster.ingest.manifest import DamagedTableError, Manifest, Stamp
from chimera_dagster.ingest.snapshot import Snapshot
from chimera_dagster.records.documents import IngestRecord
from chimera_dagster.records.store import Store
from chimera_dagster.schemas import BenchmarkFiles, Measurements
from chimera_dagster.steps.evidence import is_evidence_current


def ingest_folder(store: Store, reports: Path, on_file: OnFile | None = None) -> IngestRecord:
    """Bring `benchmark_files` and `measurements` up to date with the reports folder. Raises NoReportsError.

    Files that did not change since the last ingest are not read again, and the tables of an unchanged folder are kept.
    """
    started = time.perf_counter()
    try:
        stamp = _bring_up_to_date(store, reports, _manifest(store, reports), on_file)
    except DamagedTableError:
        stamp = _bring_up_to_date(store, reports, None, on_file)
    record = IngestRecord(reports_dir=str(reports), digest=stamp.digest, seconds=time.perf_counter() - started)
    store.write_json("ingest", record)
    return record


def _bring_up_to_date(store: Store, reports: Path, manifest: Manifest | None, on_file: OnFile | None) -> Stamp:
    found = discover.discover(reports)
    if manifest and manifest.same_as(found):
        return manifest.stamp
    with store.table_writer("measurements", Measurements) as writer:
        ingested = ingest_files(reports, found, writer.add, manifest, on_file)
        writer.stamp(ingested.stamp._asdict())
    store.write_table("benchmark_files", ingested.files, BenchmarkFiles, ingested.stamp._asdict())
    return ingested.stamp


def data_digest(store: Store, reports: Path) -> str:
    """`discover.data_digest` of the reports folder, without reading it if nothing changed. Raises NoReportsError."""
    manifest = _manifest(store, reports)
    with suppress(DamagedTableError):
        if manifest and manifest.same_as(discover.discover(reports)):
            return manifest.stamp.digest
    return discover.data_digest(reports)


def take_snapshot(store: Store, reports: Path) -> tuple[Snapshot, Snapshot | None]:
    """A snapshot of the reports folder now, and the one before it, if any. Raises NoReportsError."""
    snapshot, last = Snapshot.at(reports), None
    if store.has_json("snapshot"):
        with suppress(DamagedFileError):
            last = store.read_json("snapshot", Snapshot)
    if snapshot != last:
        store.write_json("snapshot", snapshot)
    return snapshot, last


def ingested_snapshot(store: Store, reports: Path) -> Snapshot | None:
    """A snapshot of the reports folder as it was when the tables were made; without files if there are no tables.

    None if it is unknown: the tables are those of another folder or of another version, or are incomplete.
    """
    if not os.path.lexists(store.table_path("benchmark_files")):
        return Snapshot(files={})
    manifest = _manifest(store, reports)
    if manifest is None or not is_evidence_current(store, manifest.stamp.digest):
        return None
    with suppress(DamagedTableError):
        entries = manifest.entries()
        return Snapshot.of(entries) if entries is not None else None
    return None


def _manifest(store: Store, reports: Path) -> Manifest | None:
    return Manifest.load(store.table_path("benchmark_files"), store.table_path("measurements"), reports)
