"""When a change of the reports folder is ingested: once, and again for as long as the tables are not of it."""

import pytest

from chimera_dagster.ingest.due import TRIES, Decision, IngestRun, RunState
from chimera_dagster.ingest.due import decide as decide_at
from chimera_dagster.ingest.snapshot import Snapshot

NOW = 1_800_000_000_000_000
A, B = (Snapshot.of([("x.csv", size, NOW - 60_000_000, "")]) for size in (5, 6))
NOTHING = Snapshot(files={})


def run(snapshot: Snapshot, state: RunState, number: int = 1) -> IngestRun:
    return IngestRun(f"{number:08d}-0000", snapshot.digest, state)


def decide(
    snapshot: Snapshot,
    ingested: Snapshot | None,
    *runs: IngestRun,
    asked: Snapshot | None = None,
    last: Snapshot | None = None,
) -> Decision:
    """The decision on a look that is like the one before it."""
    asked_for = asked.digest if asked else None
    return decide_at(snapshot, last=last or snapshot, ingested=ingested, asked=asked_for, runs=runs, now=NOW)


@pytest.mark.parametrize(
    ("snapshot", "ingested", "runs", "asked"),
    [
        (A, NOTHING, [], None),
        (B, A, [run(A, "succeeded")], A),
        (A, B, [run(B, "succeeded"), run(A, "succeeded")], B),  # it is again what it once was
        (A, B, [run(A, "succeeded"), run(B, "succeeded")], A),  # the run was asked for A, and read B
        (B, A, [run(B, "failed"), run(A, "succeeded")], B),
        (B, A, [run(B, "failed"), run(B, "failed"), run(A, "succeeded")], B),
        (A, B, [run(B, "succeeded"), *[run(A, "failed")] * TRIES], B),  # what failed then may be well now
        (B, None, [run(A, "succeeded")], A),
        (A, NOTHING, [run(A, "succeeded")], A),  # someone removed the tables
    ],
)
def test_tables_of_other_files_are_made_again(
    snapshot: Snapshot, ingested: Snapshot | None, runs: list[IngestRun], asked: Snapshot | None
) -> None:
    decision = decide(snapshot, ingested, *runs, asked=asked)
    assert decision.ingest
    assert decision.content == snapshot.digest


@pytest.mark.parametrize(
    ("snapshot", "ingested", "runs", "asked", "why"),
    [
        (A, A, [], None, "The tables are up to date: 1 file."),
        (A, None, [run(A, "succeeded")], A, "Run 00000001 has ingested this content: 1 file."),
        (
            B,
            A,
            [*[run(B, "failed")] * TRIES, run(A, "succeeded")],
            B,
            "3 runs failed to ingest this content, 1 file: see",
        ),
        (B, A, [run(B, "canceled")], B, "Run 00000001 was canceled"),
    ],
)
def test_what_is_dealt_with_is_left_alone(
    snapshot: Snapshot, ingested: Snapshot | None, runs: list[IngestRun], asked: Snapshot | None, why: str
) -> None:
    decision = decide(snapshot, ingested, *runs, asked=asked)
    assert not decision.ingest
    assert why in decision.why
    assert decision.content == snapshot.digest


@pytest.mark.parametrize("state", ["queued", "running"])
@pytest.mark.parametrize("snapshot", [A, B])
def test_one_ingest_waits_for_another(snapshot: Snapshot, state: RunState) -> None:
    decision = decide(snapshot, NOTHING, run(A, state, 7))
    assert decision == Decision(False, f"Run 00000007 of an ingest is {state}: the next one starts when it has ended.")


def test_a_folder_that_changes_is_waited_for() -> None:
    decision = decide(B, A, last=A)
    assert decision == Decision(False, "1 file changed just now, x.csv: an ingest waits until nothing changes.")
    two = Snapshot.of([("x.csv", 5, NOW - 60_000_000, ""), ("y.csv", 5, NOW - 60_000_000, "")])
    assert decide(two, A, last=NOTHING).why.startswith("2 files changed just now, x.csv among them:")
