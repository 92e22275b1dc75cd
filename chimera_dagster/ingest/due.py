"""Whether an ingest of the reports folder is due, decided from snapshots of it and from how the last ingests ended."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Literal, NamedTuple

from chimera_dagster.ingest.snapshot import Snapshot

TRIES = 3  # of the same content: what three runs could not read, a fourth can't either
RunState = Literal["queued", "running", "succeeded", "failed", "canceled"]


class IngestRun(NamedTuple):
    """A run that was requested because of a change; `content` is the digest of the snapshot that showed it."""

    id: str
    content: str
    state: RunState


class Decision(NamedTuple):
    """What to do, why in one sentence, and the digest of the content that this settles, if any."""

    ingest: bool
    why: str
    content: str | None = None


def decide(
    snapshot: Snapshot,
    *,
    last: Snapshot | None,
    ingested: Snapshot | None,
    asked: str | None,
    runs: Sequence[IngestRun],
    now: int,
) -> Decision:
    """Decide about a snapshot taken at `now` (microseconds since 1970).

    `last` is the snapshot before it, `ingested` the one that the tables were made from, None if that is unknown;
    `asked` is the content that was settled last, `runs` the runs so far, newest first. The tables catch up with the
    folder even after a failed run, or if the folder has returned to an earlier state.
    """
    why = _not_now(snapshot.unsettled(last, now), runs)
    if why:
        return Decision(False, why)
    files, content = _count(len(snapshot.files)), snapshot.digest
    if ingested is not None and ingested.files == snapshot.files:
        return Decision(False, f"The tables are up to date: {files}.", content)
    tries = list(takewhile(lambda run: run.content == content, runs))
    why = _not_again(files, tries, settled=ingested is None and asked == content)
    return Decision(why is None, why or f"The tables are out of date: {files}.", content)


def _not_now(unsettled: Sequence[str], runs: Sequence[IngestRun]) -> str | None:
    if unsettled:
        which = unsettled[0] if len(unsettled) == 1 else f"{unsettled[0]} among them"
        return f"{_count(len(unsettled))} changed just now, {which}: an ingest waits until nothing changes."
    for run in runs:
        if run.state in ("queued", "running"):
            return f"Run {_short(run)} of an ingest is {run.state}: the next one starts when it has ended."
    return None


def _not_again(files: str, tries: Sequence[IngestRun], *, settled: bool) -> str | None:
    """Why the same content isn't ingested again; `settled` if its last run is all that is known about it."""
    if not tries:
        return None
    last = _short(tries[0])
    if settled and tries[0].state == "succeeded":
        return f"Run {last} has ingested this content: {files}."
    if tries[0].state == "canceled":
        return f"Run {last} was canceled: launch ingest_reports, or change a file."
    if len(tries) >= TRIES:
        return f"{len(tries)} runs failed to ingest this content, {files}: see run {last}, then launch ingest_reports."
    return None


def _count(files: int) -> str:
    return f"{files} file{'' if files == 1 else 's'}"


def _short(run: IngestRun) -> str:
    """A run's id as Dagster's UI shows it."""
    return run.id[:8]
