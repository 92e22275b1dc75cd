"""Aligns the sentences that a model wrote with the notes that it was given."""

from chimera_dagster.align.aligner import Aligner
from chimera_dagster.align.outcome import Aligned, Outcome, Passage

__all__ = ["Aligned", "Aligner", "Outcome", "Passage"]
