"""Reads the files of a trial back."""

from typing import NamedTuple

import pandas as pd
from pydantic import ValidationError

from chimera_dagster.errors import UnknownTrialError, first_problem
from chimera_dagster.measure.samples import Sample, from_frame
from chimera_dagster.records.documents import Failures, Metrics, Outcome
from chimera_dagster.records.store import Store, TrialFolder
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.spec.trial import Trial


class Recorded(NamedTuple):
    """The documents and samples of one trial."""

    metrics: Metrics
    outcome: Outcome
    samples: list[Sample]


def read_recorded(store: Store, plan: TrialPlan) -> Recorded:
    """Everything that a trial recorded. Raises UnknownTrialError if it has not run, or another version wrote it.

    A report that another version wrote stays as it is.
    """
    folder = store.folder_of(plan.trial)
    try:
        return Recorded(
            Metrics.model_validate_json(folder.metrics.read_bytes()),
            Outcome.model_validate_json(folder.outcome.read_bytes()),
            from_frame(pd.read_parquet(folder.telemetry)),
        )
    except (FileNotFoundError, ValidationError) as error:
        if isinstance(error, FileNotFoundError):
            raise UnknownTrialError(f"The trial {plan.trial.key} has not run.", hint="Run 'chimera sweep'.") from error
        raise UnknownTrialError(
            f"The files of the trial {plan.trial.key} were written by another version ({first_problem(error)}).",
            hint="Its report.md can still be read; run 'chimera sweep' to run the trial again.",
        ) from error


def read_metrics(store: Store, trial: Trial) -> Metrics | None:
    """A trial's metrics.json; None if it has not run or another version wrote it, so that it must run again."""
    try:
        return Metrics.model_validate_json(store.folder_of(trial).metrics.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def failures_in(folder: TrialFolder) -> Failures | None:
    """The failed runs of the trial in this folder; None if there are none, or another version recorded them."""
    try:
        return Failures.model_validate_json(folder.failures.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
