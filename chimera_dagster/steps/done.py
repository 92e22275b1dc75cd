"""Decides from a trial's files whether it was measured and whether its report was written."""

from functools import lru_cache
from pathlib import Path

from chimera_dagster.code_version import code_version
from chimera_dagster.files.opening import read_bytes
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import is_published, read_metrics
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan, digest_of
from chimera_dagster.steps.evidence import evidence_code


def rounds_measured(store: Store, plan: TrialPlan, data_digest: str) -> tuple[int, ...]:
    """The rounds in which the trial was measured with these prompts and this data."""
    metrics = read_metrics(store, plan.trial)
    is_same = metrics is not None and metrics.fingerprint == fingerprint(plan, data_digest, evidence_code())
    return metrics.rounds if metrics is not None and is_same else ()


def is_measured(store: Store, plan: TrialPlan, data_digest: str) -> bool:
    """Whether the trial was measured in the plan's round."""
    return plan.round in rounds_measured(store, plan, data_digest)


def is_done(store: Store, plan: TrialPlan, data_digest: str) -> bool:
    """Whether it was measured in the plan's round, and its report was written if that is due after this round."""
    if plan.writes_report and not is_published(store.folder_of(plan.trial)):
        return False
    return is_measured(store, plan, data_digest)


def fingerprint(plan: TrialPlan, data_digest: str, evidence_version: str) -> str:
    """Equal exactly if this version would make the same report of a trial."""
    version = f"{text_version()}-{evidence_version}"
    questions = questions_version(plan.spec)
    return plan.fingerprint(data_digest, f"{version}-{questions}" if questions else version)


def questions_version(spec: SweepSpec) -> str:
    """Another one if a trial would be asked other questions about the same data; empty if it is asked none."""
    if not spec.asks_questions:
        return ""
    return digest_of([code_version("chimera_dagster.quiz", ".py"), spec.questions, _tasks_digest(spec.tasks)])[:12]


def text_version() -> str:
    """Version of the prompts, the alignment and the score: a report of another version must be made again."""
    aligner = code_version("chimera_dagster.align", ".py", ".yaml")
    return f"{code_version('chimera_dagster.write', '.py', '.j2', '.yaml')}-{aligner}"


def _tasks_digest(path: Path | None) -> str:
    """Of the content of a tasks file. One that is gone has a digest too: its trials are not done, and say so."""
    if path is None:
        return ""
    try:
        stat = path.stat()
        return _digest_of_file(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return "gone"


@lru_cache(maxsize=8)
def _digest_of_file(path: Path, mtime_ns: int, size: int) -> str:
    """Cached by what changes with the content, as thousands of trials share a file."""
    return digest_of(read_bytes(path).decode("utf-8", "replace"))
