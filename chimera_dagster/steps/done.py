"""Decides from a trial's files whether it was measured and whether its report was written."""

from chimera_dagster.code_version import code_version
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import is_published, read_metrics
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.evidence import evidence_code


def is_measured(store: Store, plan: TrialPlan, data_digest: str) -> bool:
    """Whether the trial was measured with these prompts and this data; its report may not be written yet."""
    metrics = read_metrics(store, plan.trial)
    return metrics is not None and metrics.fingerprint == fingerprint(plan, data_digest, evidence_code())


def is_done(store: Store, plan: TrialPlan, data_digest: str) -> bool:
    """Whether it was measured and its report was written."""
    return is_published(store.folder_of(plan.trial)) and is_measured(store, plan, data_digest)


def fingerprint(plan: TrialPlan, data_digest: str, evidence_version: str) -> str:
    """Equal exactly if this version would make the same report of a trial."""
    return plan.fingerprint(data_digest, f"{text_version()}-{evidence_version}")


def text_version() -> str:
    """Version of the prompts, the alignment and the score: a report of another version must be made again."""
    aligner = code_version("chimera_dagster.align", ".py", ".yaml")
    return f"{code_version('chimera_dagster.write', '.py', '.j2', '.yaml')}-{aligner}"
