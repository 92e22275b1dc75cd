"""The evidence of the reports folder for prompts, alignment and trial reports, read once for all of its trials."""

import json
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd

from chimera_dagster.align import Aligner, Passage
from chimera_dagster.align.kept_note import KeptNote, load_notes
from chimera_dagster.errors import DamagedFileError
from chimera_dagster.evidence.fact import Fact, load_facts
from chimera_dagster.records.documents import Configuration, ReportFinding, Summary
from chimera_dagster.records.store import INGEST_AGAIN, Store
from chimera_dagster.steps.evidence import is_evidence_of

_SHOWN_METRICS = ("decode_tok_s", "ttft_ms")


class TrialEvidence(NamedTuple):
    """Facts, findings and notes by rank, statistics by configuration, and what aligns sentences with the notes."""

    facts: list[Fact]
    findings: list[ReportFinding]
    notes: list[KeptNote]
    configurations: list[Configuration]
    aligner: Aligner


def read_evidence(store: Store, summary: Summary) -> TrialEvidence:
    """The evidence that `summary` describes. Raises NotIngestedError, DamagedFileError."""
    return _read(store, summary.digest, summary.code)


@lru_cache(maxsize=1)
def _read(store: Store, digest: str, code: str) -> TrialEvidence:
    """Cached by the content of the folder and the version of the code that read it, for all trials of a sweep."""
    if not is_evidence_of(store, digest, code):
        raise DamagedFileError(
            f"The tables in {store.tables} are of other data, or of another version, than the summary.json there.",
            hint=INGEST_AGAIN,
        )
    findings, statistics = store.read_table("findings"), store.read_table("data_summary")
    shown = statistics[statistics["metric"].isin(_SHOWN_METRICS) & statistics["mean"].notna()]
    notes = load_notes(store.read_table("notes"))
    found = TrialEvidence(
        facts=load_facts(store.read_table("facts")),
        findings=[_finding(row) for row in findings.to_dict("records")],
        notes=notes,
        configurations=[_configuration(row) for row in shown.to_dict("records")],
        aligner=Aligner(notes),
    )
    # The first alignment compiles patterns, which must not happen between two calls.
    found.aligner.align([Passage("".join(part.text for part in note.text), 0) for note in notes[:1]])
    return found


def _finding(row: dict[Hashable, Any]) -> ReportFinding:
    file, record = json.loads(row["sources"])[0]
    return ReportFinding(id=row["id"], severity=row["severity"], text=row["text"], source=(file, record))


def _configuration(row: dict[Hashable, Any]) -> Configuration:
    columns = {name: name for name in Configuration.model_fields} | {"low": "mean_low", "high": "mean_high"}
    plain = {name: None if pd.isna(row[column]) else row[column] for name, column in columns.items()}
    return Configuration.model_validate(plain)
