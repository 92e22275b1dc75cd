"""Whether the reports folder is to be ingested now, decided from what it looks like and how the last ingests ended."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Literal, NamedTuple

from chimera_dagster.ingest.snapshot import Snapshot

TRIES = 3  # of the same content: what three runs can't read, the fourth can't
RunState = Literal["queued", "running", "succeeded", "failed", "canceled"]


class IngestRun(NamedTuple):
    """A run that was asked for because of a change; `content` is the digest of the look that it was asked for."""

    id: str
    content: str
    state: RunState


class Decision(NamedTuple):
    """What to do, why in one sentence, and the digest of the content that is dealt with, if any is."""

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
    """Decide about a look at `now` (microseconds since 1970).

    `last` is the look before it, `ingested` the one that the tables are made of, None where that can't be told; `asked`
    is the content that was last dealt with, `runs` the runs so far, newest first. Neither a run that failed nor a
    folder that is again what it once was leaves the tables behind the folder.
    """
    why = _not_now(snapshot.unsettled(last, now), runs)
    if why:
        return Decision(False, why)
    files, content = _count(len(snapshot.files)), snapshot.digest
    if ingested is not None and ingested.files == snapshot.files:
        return Decision(False, f"The tables are of what is there: {files}.", content)
    tries = list(takewhile(lambda run: run.content == content, runs))
    why = _not_again(files, tries, settled=ingested is None and asked == content)
    return Decision(why is None, why or f"The tables are not of what is there: {files}.", content)


def _not_now(unsettled: Sequence[str], runs: Sequence[IngestRun]) -> str | None:
    if unsettled:
        which = unsettled[0] if len(unsettled) == 1 else f"{unsettled[0]} among them"
        return f"{_count(len(unsettled))} changed just now, {which}: an ingest waits until nothing changes."
    for run in runs:
        if run.state in ("queued", "running"):
            return f"Run {_short(run)} of an ingest is {run.state}: the next one waits for its end."
    return None


def _not_again(files: str, tries: Sequence[IngestRun], *, settled: bool) -> str | None:
    """Why what is there isn't ingested once more; `settled` where its last run is all that can be told of it."""
    if not tries:
        return None
    last = _short(tries[0])
    if settled and tries[0].state == "succeeded":
        return f"Run {last} ingested what is there: {files}."
    if tries[0].state == "canceled":
        return f"Run {last} was canceled: launch ingest_reports, or change a file."
    if len(tries) >= TRIES:
        return f"{len(tries)} runs failed to ingest what is there, {files}: see run {last}, then launch ingest_reports."
    return None


def _count(files: int) -> str:
    return f"{files} file{'' if files == 1 else 's'}"


def _short(run: IngestRun) -> str:
    """As Dagster's UI shows a run."""
    return run.id[:8]
