"""The assets `data_summary`, `facts`, `findings`, `notes` and `brief`: what code can say about a folder."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from chimera_dagster.code_version import code_version
from chimera_dagster.errors import DamagedFileError, NotIngestedError
from chimera_dagster.evidence.context_lengths import with_context_lengths
from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.evidence.fact_table import find_facts
from chimera_dagster.evidence.folder_models import with_folder_models
from chimera_dagster.evidence.folder_variants import with_folder_variants
from chimera_dagster.evidence.hosting import with_hosting
from chimera_dagster.evidence.problems import Problems
from chimera_dagster.evidence.spellings import OneSpelling, with_one_spelling
from chimera_dagster.evidence.summary import summarise, summary_block
from chimera_dagster.evidence.unread import unread_groups
from chimera_dagster.evidence.version import evidence_version
from chimera_dagster.ingest.manifest import reader_version
from chimera_dagster.ingest.surroundings.file_names import with_file_names
from chimera_dagster.records.documents import IngestRecord, Summary
from chimera_dagster.records.pages import is_page
from chimera_dagster.records.store import Store
from chimera_dagster.schemas import UNREAD_STATUSES, DataSummary, Facts, Findings, Notes, as_table

if TYPE_CHECKING:
    from chimera_dagster.evidence.findings import Finding, FindingContext
    from chimera_dagster.notes import Note, NoteContext
    from chimera_dagster.notes.brief import Brief

EVIDENCE_TABLES = ("data_summary", "facts", "findings", "notes")
_MOST_GROUPS = 50  # of unread numbers, in the summary


def compute_evidence(store: Store) -> Summary:
    """Write `data_summary`, `facts`, `findings`, `notes`, the brief and, last, the summary. Raises NotIngestedError.

    A table or a rule that fails is left out, and the summary says so. Each table is stamped with the digest of the data
    and the version of the code, so that tables of two ingests are noticed. Raises DamagedFileError.
    """
    # imports scipy, which no other step needs
    from chimera_dagster.notes.table import table_of
    from chimera_dagster.steps.brief import write_brief

    files = store.read_table("benchmark_files")
    measurements = store.read_table("measurements", categories=True)
    record = store.read_json("ingest", IngestRecord)
    found = Evidence(files, measurements)
    stamp = _stamp(record.digest, evidence_code())
    store.write_table("data_summary", found.statistics, DataSummary, stamp)
    store.write_table("facts", found.facts, Facts, stamp)
    store.write_table("findings", found.findings, Findings, stamp)
    store.write_table("notes", table_of(found.notes), Notes, stamp)
    write_brief(store, found.brief, Path(record.reports_dir))
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
        code=stamp["code"],
        block=summary_block(files),
        problems=found.problems,
        ingest_s=record.seconds,
        ingested_at=datetime.now(UTC),
    )
    store.write_json("summary", summary)
    return summary


class Evidence:
    """What can be said of schemas.BenchmarkFiles and Measurements: statistics, facts, findings, and notes of them all.

    Each is computed when it is first needed. One that fails as a whole is empty; `problems` has what failed so far.
    """

    def __init__(self, files: pd.DataFrame, measurements: pd.DataFrame, limit: int = 40) -> None:
        self._files, self._limit = files, limit
        self._problems = Problems()
        compute = partial(with_context_lengths, measurements)
        known = self._problems.run("measurements", "with_context_lengths", compute, measurements)
        compute = partial(with_folder_models, known)
        named = self._problems.run("measurements", "with_folder_models", compute, known)
        compute = partial(with_folder_variants, named)
        varied = self._problems.run("measurements", "with_folder_variants", compute, named)
        compute = partial(with_file_names, varied)
        told = self._problems.run("measurements", "with_file_names", compute, varied)
        compute = partial(with_hosting, told)
        hosted = self._problems.run("measurements", "with_hosting", compute, told)
        one = partial(with_one_spelling, hosted)
        spelled = self._problems.run("measurements", "with_one_spelling", one, OneSpelling(hosted))
        self._measurements, self._spelled = spelled

    @property
    def problems(self) -> list[str]:
        return self._problems.texts

    @cached_property
    def _duplicates(self) -> Mapping[str, str]:
        none: Mapping[str, str] = {}
        compute = partial(duplicate_runs, self._measurements)
        return self._problems.run("measurements", "duplicate_runs", compute, none)

    @cached_property
    def statistics(self) -> pd.DataFrame:
        compute = partial(summarise, self._measurements, self._duplicates)
        return self._problems.run("data_summary", "summarise", compute, as_table([], DataSummary))

    @cached_property
    def facts(self) -> pd.DataFrame:
        tables = (self._files, self.statistics, self._measurements)
        compute = partial(find_facts, *tables, self._limit, self._duplicates, self._problems)
        return self._problems.run("facts", "prepare", compute, as_table([], Facts))

    @property
    def findings(self) -> pd.DataFrame:
        from chimera_dagster.evidence.findings import as_table as table_of

        return table_of(self._found)

    @cached_property
    def notes(self) -> "list[Note]":
        """By section and weight; schemas.Notes has them as a table."""
        from chimera_dagster.notes import find_notes

        data = self._note_context
        return find_notes(data, self._problems) if data else []

    @cached_property
    def brief(self) -> "Brief":
        from chimera_dagster.notes.brief import bare_brief, make_brief

        data = self._note_context
        if data is None:
            return bare_brief(self._files, self._problems)
        return make_brief(data, self.notes, self._files, self._problems)

    @cached_property
    def _note_context(self) -> "NoteContext | None":
        from chimera_dagster.notes import NoteContext

        return NoteContext(self._context, self._found, lambda: self.facts) if self._context else None

    @cached_property
    def _context(self) -> "FindingContext | None":
        from chimera_dagster.evidence.findings import FindingContext  # imports scipy, which no other step needs

        compute = partial(FindingContext, self._files, self._measurements, self._duplicates, self._spelled)
        return self._problems.run("findings", "prepare", compute, None)

    @cached_property
    def _found(self) -> "list[Finding]":
        from chimera_dagster.evidence.findings import detect, incomplete

        context = self._context
        return detect(context, self._problems) if context else list(incomplete(self._files, self._problems))


def is_evidence_current(store: Store, data_digest: str) -> bool:
    """Whether the tables and the brief were made from these data by this code, and are whole."""
    try:
        summary, record = store.read_json("summary", Summary), store.read_json("ingest", IngestRecord)
        if (summary.digest, summary.code, record.digest) != (data_digest, evidence_code(), data_digest):
            return False
        ingested = all(
            store.stamp_of(name).get("digest") == data_digest for name in ("benchmark_files", "measurements")
        )
        pages = (store.brief, store.brief.with_suffix(".html"))
        return ingested and all(map(is_page, pages)) and is_evidence_of(store, summary.digest, summary.code)
    except (NotIngestedError, DamagedFileError):
        return False


def is_evidence_of(store: Store, data_digest: str, code: str) -> bool:
    """Whether the tables of the evidence were made of these data, by this code.

    Raises NotIngestedError, DamagedFileError.
    """
    stamp = _stamp(data_digest, code)
    return all(store.stamp_of(name).items() >= stamp.items() for name in EVIDENCE_TABLES)


def _stamp(data_digest: str, code: str) -> dict[str, str]:
    return {"digest": data_digest, "code": code}


def evidence_code() -> str:
    """A version of the readers, statistics, detectors and notes: tables of another version are made again."""
    return f"{reader_version()}-{evidence_version()}-{code_version('chimera_dagster.notes', '.py')}"
