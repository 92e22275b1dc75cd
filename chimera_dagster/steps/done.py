"""Whether a trial has been measured and its report written, decided from the files that it left."""

from chimera_dagster.code_version import code_version
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import read_metrics
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.evidence import evidence_code


def is_measured(store: Store, plan: TrialPlan, data_digest: str) -> bool:
    """Whether a model has answered this very question about this very data; its report may not be written yet."""
    metrics = read_metrics(store, plan.trial)
    return metrics is not None and metrics.fingerprint == fingerprint(plan, data_digest, evidence_code())


def is_done(store: Store, plan: TrialPlan, data_digest: str) -> bool:
    """Whether its report stands."""
    return store.folder_of(plan.trial).report.exists() and is_measured(store, plan, data_digest)


def fingerprint(plan: TrialPlan, data_digest: str, evidence_version: str) -> str:
    """Equal exactly where this version's run of a trial would lead to the same report."""
    return plan.fingerprint(data_digest, f"{text_version()}-{evidence_version}")


def text_version() -> str:
    """Which prompts, checker and score these are: a report that another checker let through does not stand."""
    checker = code_version("chimera_dagster.grounding", ".py", ".yaml")
    return f"{code_version('chimera_dagster.write', '.py', '.j2', '.yaml')}-{checker}"
