"""Findings: what code can prove about a set of measurements, each with its figures, its test and its sources.

To add one, write a detector in a file here and append it to DETECTORS. Findings are ordered by severity and importance.
"""

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from chimera_dagster.evidence.findings.cold import cold_starts
from chimera_dagster.evidence.findings.configurations import rank_configurations
from chimera_dagster.evidence.findings.failures import failed_runs_of_files, repeated_files, trials_not_valid
from chimera_dagster.evidence.findings.finding import WHOLE_FILE, Figures, Finding, as_table, ranked
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.findings.levels import condition_effects
from chimera_dagster.evidence.findings.outliers import outliers
from chimera_dagster.evidence.findings.parameters import parameter_effects
from chimera_dagster.evidence.findings.plausibility import contradicting_derived, implausible, model_spellings
from chimera_dagster.evidence.findings.ranking import not_comparable, rank_models
from chimera_dagster.evidence.findings.stretches import slow_stretches
from chimera_dagster.evidence.findings.summaries import wrong_summaries
from chimera_dagster.evidence.findings.telemetry import missing_telemetry
from chimera_dagster.evidence.findings.trends import trends
from chimera_dagster.evidence.findings.units import contradicting_files, contradicting_units
from chimera_dagster.evidence.problems import Problems, all_of

__all__ = ["DETECTORS", "Finding", "FindingContext", "as_table", "detect", "find_findings", "incomplete"]

DETECTORS: tuple[Callable[[FindingContext], Iterator[Finding]], ...] = (
    rank_models,
    not_comparable,
    condition_effects,
    trends,
    rank_configurations,
    parameter_effects,
    cold_starts,
    failed_runs_of_files,
    trials_not_valid,
    wrong_summaries,
    outliers,
    slow_stretches,
    repeated_files,
    contradicting_units,
    contradicting_files,
    implausible,
    contradicting_derived,
    model_spellings,
    missing_telemetry,
)


def find_findings(
    files: pd.DataFrame,
    measurements: pd.DataFrame,
    duplicates: Mapping[str, str] | None = None,
    problems: Problems | None = None,
) -> pd.DataFrame:
    """schemas.Findings from schemas.BenchmarkFiles and Measurements, in any row order; text columns may be categorical.

    See `detect`. `duplicates` are those of `duplicate_runs` if the caller knows them.
    """
    return as_table(detect(FindingContext(files, measurements, duplicates), problems))


def detect(data: FindingContext, problems: Problems | None = None) -> list[Finding]:
    """Warnings first, then notices, then info. Each detector corrects for all its own comparisons.

    A detector that fails is noted in `problems`, if they are given, and all that they hold is a finding.
    """
    found = [finding for detector in DETECTORS for finding in all_of(problems, "findings", detector, data)]
    return ranked([*found, *incomplete(data.files, problems)])


def incomplete(files: pd.DataFrame, problems: Problems | None) -> Iterator[Finding]:
    """What of the evidence is missing, because a rule failed."""
    if problems and problems.texts and len(files):
        sources = [(str(path), WHOLE_FILE) for path in files["path"]]
        text = f"Part of the evidence is missing. {' '.join(problems.texts)}"
        yield Finding("evidence_incomplete", "warning", "evidence", text, Figures(), len(sources), sources, 200.0)
