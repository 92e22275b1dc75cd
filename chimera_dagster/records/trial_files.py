"""Reads the files of a trial back."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from pydantic import ValidationError

from chimera_dagster.errors import UnknownTrialError, first_problem
from chimera_dagster.measure.samples import Sample, from_frame
from chimera_dagster.records.documents import Failures, LaterRound, Metrics, Outcome
from chimera_dagster.records.store import Store, TrialFolder
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.spec.trial import Trial

_BETWEEN_ROUNDS_MS = 2_000.0  # longer than energy.LONGEST_GAP_MS: no energy is counted between two rounds


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
        metrics = Metrics.model_validate_json(folder.metrics.read_bytes())
        first = Outcome.model_validate_json(folder.outcome.read_bytes())
        later = [found for found in later_rounds(folder, first) if found.round in metrics.rounds]
        return Recorded(metrics, *with_rounds(folder, first, later))
    except (FileNotFoundError, ValidationError) as error:
        if isinstance(error, FileNotFoundError):
            raise UnknownTrialError(f"The trial {plan.trial.key} has not run.", hint="Run 'chimera sweep'.") from error
        raise UnknownTrialError(
            f"The files of the trial {plan.trial.key} were written by another version ({first_problem(error)}).",
            hint="Its report.md can still be read; run 'chimera sweep' to run the trial again.",
        ) from error


def later_rounds(folder: TrialFolder, first: Outcome) -> list[LaterRound]:
    """The later rounds of this measurement, in the order of their time. Raises ValidationError if one is damaged."""
    found = [LaterRound.model_validate_json(path.read_bytes()) for path in folder.rounds()]
    return sorted((each for each in found if each.follows == first.ledger), key=lambda each: each.measured_at)


def with_rounds(folder: TrialFolder, first: Outcome, later: Sequence[LaterRound]) -> tuple[Outcome, list[Sample]]:
    """The outcome with the calls of all rounds, and all samples; a round begins some seconds after the one before.

    How long after is not known, as a clock that is never set does not outlive its process, and does not matter: nothing
    is measured across two rounds.
    """
    calls, samples = list(first.calls), from_frame(pd.read_parquet(folder.telemetry))
    loads = [first.warm_up_load_ms, *(found.warm_up_load_ms for found in later)]
    for found in later:
        ends = (*(call.end_ms for call in calls), *(sample.at_ms for sample in samples))
        shift, number = max(ends) + _BETWEEN_ROUNDS_MS, 1 + max((sample.sample for sample in samples), default=-1)
        calls += [call.model_copy(update={"sent_ms": call.sent_ms + shift}) for call in found.calls]
        samples += [
            sample._replace(at_ms=sample.at_ms + shift, sample=sample.sample + number)
            for sample in from_frame(pd.read_parquet(folder.round_telemetry(found.round)))
        ]
    known = [load for load in loads if load is not None]
    return first.model_copy(update={"calls": calls, "warm_up_load_ms": sum(known) if known else None}), samples


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
