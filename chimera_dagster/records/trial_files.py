"""A trial's files, written and read back as one thing: those of one run, or an error that says what is wrong.

metrics.json is written last and has the digests of outcome.json, telemetry.parquet and calls.parquet; report.json is
written last of a report's files and has the digests of them and of metrics.json. So a reader notices files that are not
whole, and files of two runs, which a process leaves that is killed between two of them.
"""

import os
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeVar

import pandas as pd

from chimera_dagster.errors import DamagedFileError, UnknownTrialError
from chimera_dagster.measure.call import call_metrics
from chimera_dagster.measure.samples import Sample, from_frame, to_frame
from chimera_dagster.records.documents import Digests, Failures, LaterRound, Metrics, Outcome, Published
from chimera_dagster.records.reading import parse_document, parse_parquet, read_document, read_file
from chimera_dagster.records.store import Store, TrialFolder, parquet_of
from chimera_dagster.records.whole_files import write_together
from chimera_dagster.schemas import Calls, Telemetry
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.spec.trial import Trial

D = TypeVar("D", bound=Digests)
MEASURE_AGAIN = "Run 'chimera sweep', which runs the trial again."
_PAUSES_S = (0.02, 0.1)  # before a trial is read again that a process may be writing
_BETWEEN_ROUNDS_MS = 2_000.0  # longer than energy.LONGEST_GAP_MS: no energy is counted between two rounds


class Recorded(NamedTuple):
    """The documents and samples of one trial."""

    metrics: Metrics
    outcome: Outcome
    samples: list[Sample]


class _OtherRunError(DamagedFileError):
    """The files are not those of one run, or a process is writing them."""


def write_measurement(
    folder: TrialFolder, metrics: Metrics, outcome: Outcome, samples: Sequence[Sample], calls: pd.DataFrame
) -> Metrics:
    """Replace a trial's documents, and remove the report of those before; returns the metrics with their digests."""
    contents = {
        folder.outcome: _json(outcome.model_dump_json(indent=1)),
        folder.telemetry: parquet_of(to_frame(samples), Telemetry),
        folder.calls: parquet_of(calls, Calls),
    }
    written = metrics.model_copy(update={"documents": {path.name: _digest(contents[path]) for path in contents}})
    contents[folder.metrics] = _json(written.model_dump_json(indent=2))
    write_together(contents, outdated=(folder.published, folder.report, folder.page))
    return written


def write_report(folder: TrialFolder, page: str, report: str, metrics: str | None) -> None:
    """Replace the report; `metrics` is the digest of the metrics.json that it shows."""
    contents = {folder.page: page.encode(), folder.report: report.encode()}
    published = Published(
        metrics=metrics or "", report=_digest(contents[folder.report]), page=_digest(contents[folder.page])
    )
    write_together({**contents, folder.published: _json(published.model_dump_json(indent=2))})


def metrics_digest(folder: TrialFolder) -> str | None:
    """The digest of metrics.json as it is now; None if the trial has not run. Raises DamagedFileError."""
    try:
        return _digest(read_file(folder.metrics, MEASURE_AGAIN))
    except FileNotFoundError:
        return None


def read_whole(folder: TrialFolder, kind: type[D]) -> tuple[D, Mapping[str, bytes]]:
    """metrics.json as `kind`, and the content of the files that belong with it; none for those of an earlier version.

    Raises FileNotFoundError if the trial has not run, DamagedFileError.
    """
    for pause in _PAUSES_S:
        try:
            return _read_whole(folder, kind)
        except _OtherRunError:
            time.sleep(pause)
    return _read_whole(folder, kind)


def _read_whole(folder: TrialFolder, kind: type[D]) -> tuple[D, Mapping[str, bytes]]:
    paths = (folder.outcome, folder.telemetry, folder.calls)
    try:
        metrics = read_document(folder.metrics, kind, MEASURE_AGAIN)
    except FileNotFoundError:
        if any(map(os.path.lexists, paths)):
            raise _OtherRunError(f"{folder.metrics} is missing.", hint=MEASURE_AGAIN) from None
        raise
    if not metrics.documents:
        return metrics, {}
    contents: dict[str, bytes] = {}
    for path in paths:
        try:
            contents[path.name] = read_file(path, MEASURE_AGAIN)
        except FileNotFoundError as error:
            raise _OtherRunError(f"{path} is missing.", hint=MEASURE_AGAIN) from error
        if _digest(contents[path.name]) != metrics.documents.get(path.name):
            raise _OtherRunError(
                f"{path} is damaged, or of another run than the metrics.json beside it.", hint=MEASURE_AGAIN
            )
    return metrics, contents


def read_recorded(store: Store, plan: TrialPlan) -> Recorded:
    """Everything that a trial recorded. Raises UnknownTrialError if it has not run, DamagedFileError if its files are
    not those of one run, or another version wrote them.

    A report that another version wrote stays as it is.
    """
    return read_trial(store.folder_of(plan.trial), plan.trial.key)


def read_trial(folder: TrialFolder, key: str) -> Recorded:
    """`read_recorded` of the trial in this folder."""
    try:
        metrics, contents = read_whole(folder, Metrics)
        for path in () if contents else (folder.outcome, folder.telemetry):  # of an earlier version
            contents = {**contents, path.name: read_file(path, MEASURE_AGAIN)}
    except FileNotFoundError as error:
        raise UnknownTrialError(f"The trial {key} has not run.", hint="Run 'chimera sweep'.") from error
    first = parse_document(folder.outcome, contents[folder.outcome.name], Outcome, MEASURE_AGAIN)
    samples = parse_parquet(folder.telemetry, contents[folder.telemetry.name], Telemetry, MEASURE_AGAIN)
    later = [found for found in later_rounds(folder, first) if found.round in metrics.rounds]
    outcome, all_samples = with_rounds(folder, first, from_frame(samples), later)
    if not metrics.documents and not _have_the_same_calls(metrics, outcome):
        raise DamagedFileError(
            f"{folder.outcome} is of another run than the metrics.json beside it.", hint=MEASURE_AGAIN
        )
    return Recorded(metrics, outcome, all_samples)


def _have_the_same_calls(metrics: Metrics, outcome: Outcome) -> bool:
    """By the client's clock, whose figures every version computes alike."""
    recorded = [call_metrics(call.ledger, call.stats).e2e_ms for call in outcome.calls]
    return recorded == [call.e2e_ms for call in metrics.calls]


def later_rounds(folder: TrialFolder, first: Outcome) -> list[LaterRound]:
    """The later rounds of this measurement, in the order of their time. Raises DamagedFileError."""
    found = [read_document(path, LaterRound, MEASURE_AGAIN) for path in folder.rounds()]
    return sorted((each for each in found if each.follows == first.ledger), key=lambda each: each.measured_at)


def with_rounds(
    folder: TrialFolder, first: Outcome, of_first: Sequence[Sample], later: Sequence[LaterRound]
) -> tuple[Outcome, list[Sample]]:
    """The outcome with the calls of all rounds, and all samples; a round begins some seconds after the one before.

    How long after is not known, as a clock that is never set does not outlive its process, and does not matter: nothing
    is measured across two rounds.
    """
    calls, samples = list(first.calls), list(of_first)
    loads = [first.warm_up_load_ms, *(found.warm_up_load_ms for found in later)]
    for found in later:
        ends = (*(call.end_ms for call in calls), *(sample.at_ms for sample in samples))
        shift, number = max(ends) + _BETWEEN_ROUNDS_MS, 1 + max((sample.sample for sample in samples), default=-1)
        calls += [call.model_copy(update={"sent_ms": call.sent_ms + shift}) for call in found.calls]
        samples += [
            sample._replace(at_ms=sample.at_ms + shift, sample=sample.sample + number)
            for sample in _samples_of(folder.round_telemetry(found.round))
        ]
    known = [load for load in loads if load is not None]
    return first.model_copy(update={"calls": calls, "warm_up_load_ms": sum(known) if known else None}), samples


def write_rounds(folder: TrialFolder, metrics: Metrics, calls: pd.DataFrame) -> Metrics:
    """Replace the metrics and the table of calls, which have one round more; a report that is whole stays so.

    Returns the metrics with the digests of the files beside them.
    """
    contents = {folder.calls: parquet_of(calls, Calls)}
    first = {path.name: _digest(read_file(path, MEASURE_AGAIN)) for path in (folder.outcome, folder.telemetry)}
    written = metrics.model_copy(update={"documents": {**first, folder.calls.name: _digest(contents[folder.calls])}})
    contents[folder.metrics] = _json(written.model_dump_json(indent=2))
    if is_published(folder):
        published = read_document(folder.published, Published, MEASURE_AGAIN)
        shown = published.model_copy(update={"metrics": _digest(contents[folder.metrics])})
        contents[folder.published] = _json(shown.model_dump_json(indent=2))
    write_together(contents)
    return written


def read_first(folder: TrialFolder) -> tuple[Outcome, list[Sample]]:
    """What the first round recorded. Raises FileNotFoundError, DamagedFileError."""
    return read_document(folder.outcome, Outcome, MEASURE_AGAIN), _samples_of(folder.telemetry)


def _samples_of(path: Path) -> list[Sample]:
    try:
        return from_frame(parse_parquet(path, read_file(path, MEASURE_AGAIN), Telemetry, MEASURE_AGAIN))
    except FileNotFoundError as error:
        raise DamagedFileError(f"{path} is missing.", hint=MEASURE_AGAIN) from error


def read_metrics(store: Store, trial: Trial) -> Metrics | None:
    """A trial's metrics.json; None if it must run again: it has not run, or its files are not whole, not those of one
    run, or another version's.
    """
    folder = store.folder_of(trial)
    try:
        metrics, contents = read_whole(folder, Metrics)
        return metrics if contents else read_trial(folder, trial.key).metrics
    except (FileNotFoundError, UnknownTrialError, DamagedFileError):
        return None


def is_published(folder: TrialFolder) -> bool:
    """Whether the report is whole, and of the metrics.json beside it."""
    try:
        page, report = (read_file(path, MEASURE_AGAIN) for path in (folder.page, folder.report))
        published = read_document(folder.published, Published, MEASURE_AGAIN)
        metrics = read_file(folder.metrics, MEASURE_AGAIN)
    except (FileNotFoundError, DamagedFileError):
        return False
    return published == Published(metrics=_digest(metrics), report=_digest(report), page=_digest(page))


def failures_in(folder: TrialFolder) -> Failures | None:
    """The failed runs of the trial in this folder; None if there are none, or they can't be read."""
    try:
        return read_document(folder.failures, Failures, MEASURE_AGAIN)
    except (FileNotFoundError, DamagedFileError):
        return None


def _json(text: str) -> bytes:
    return f"{text}\n".encode()


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
