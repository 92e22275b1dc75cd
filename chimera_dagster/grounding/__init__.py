"""Grounding: statements become typed claims, each executed on the evidence (docs/grounding.md)."""

from chimera_dagster.grounding.check import check
from chimera_dagster.grounding.claim import CheckedStatement, Claim, Kind, Verdict, worst_verdict
from chimera_dagster.grounding.evidence_index import EvidenceIndex, index_evidence

__all__ = ["CheckedStatement", "Claim", "EvidenceIndex", "Kind", "Verdict", "check", "index_evidence", "worst_verdict"]
