"""Grounding: statements become typed claims, each executed on the evidence (docs/grounding.md)."""

from chimera_dagster.write.claims.check import check
from chimera_dagster.write.claims.claim import Checked, Claim, Kind, Verdict
from chimera_dagster.write.claims.ground import Ground, ground_of

__all__ = ["Checked", "Claim", "Ground", "Kind", "Verdict", "check", "ground_of"]
