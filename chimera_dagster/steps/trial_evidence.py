"""The evidence of the reports folder for prompts, checks and trial reports, read once for all of its trials."""

import json
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd

from chimera_dagster.align.kept_note import KeptNote, load_notes
from chimera_dagster.evidence.fact import Fact, load_facts
from chimera_dagster.evidence.folder_models import with_folder_models
from chimera_dagster.grounding import EvidenceIndex, check
from chimera_dagster.records.documents import Configuration, ReportFinding, Summary
from chimera_dagster.records.store import Store

_SHOWN_METRICS = ("decode_tok_s", "ttft_ms")


class TrialEvidence(NamedTuple):
    """Facts, findings and notes by rank, statistics by configuration, all model tags, and the index for checking."""

    facts: list[Fact]
    findings: list[ReportFinding]
    notes: list[KeptNote]
    configurations: list[Configuration]
    models: tuple[str, ...]
    evidence_index: EvidenceIndex


def read_evidence(store: Store, summary: Summary) -> TrialEvidence:
    """The evidence that `summary` describes. Raises NotIngestedError."""
    return _read(store, summary.digest, summary.code)


@lru_cache(maxsize=1)
def _read(store: Store, digest: str, code: str) -> TrialEvidence:
    """Cached by the content of the folder and the version of the code that read it, for all trials of a sweep."""
    facts, findings = store.read_table("facts"), store.read_table("findings")
    measurements = with_folder_models(store.read_table("measurements", categories=True))
    statistics = store.read_table("data_summary")
    models = tuple(sorted({str(model) for model in measurements["model"].dropna().unique()}))
    shown = statistics[statistics["metric"].isin(_SHOWN_METRICS) & statistics["mean"].notna()]
    found = TrialEvidence(
        facts=load_facts(facts),
        findings=[_finding(row) for row in findings.to_dict("records")],
        notes=load_notes(store.read_table("notes")),
        configurations=[_configuration(row) for row in shown.to_dict("records")],
        models=models,
        evidence_index=EvidenceIndex(store.read_table("benchmark_files"), measurements, facts, findings),
    )
    # The first check compiles the lexicon's patterns and indexes the evidence; it must not happen between two calls.
    check([fact.statement for fact in found.facts[:1]], found.evidence_index, models)
    return found


def _finding(row: dict[Hashable, Any]) -> ReportFinding:
    file, record = json.loads(row["sources"])[0]
    return ReportFinding(id=row["id"], severity=row["severity"], text=row["text"], source=(file, record))


def _configuration(row: dict[Hashable, Any]) -> Configuration:
    columns = {name: name for name in Configuration.model_fields} | {"low": "mean_low", "high": "mean_high"}
    plain = {name: None if pd.isna(row[column]) else row[column] for name, column in columns.items()}
    return Configuration.model_validate(plain)
