"""When a change of the reports folder is ingested: once, and again for as long as the tables are not of it."""

import pytest

from chimera_dagster.look import Look
from chimera_dagster.watch import TRIES, IngestRun, RunState, Verdict, judge

NOW = 1_800_000_000_000_000
A, B = (Look.of([("x.csv", size, NOW - 60_000_000, "")]) for size in (5, 6))
NOTHING = Look(files={})


def run(look: Look, state: RunState, number: int = 1) -> IngestRun:
    return IngestRun(f"{number:08d}-0000", look.digest, state)


def decide(
    look: Look, ingested: Look | None, *runs: IngestRun, asked: Look | None = None, last: Look | None = None
) -> Verdict:
    """The decision on a look that is like the one before it."""
    asked_for = asked.digest if asked else None
    return judge(look, last=last or look, ingested=ingested, asked=asked_for, runs=runs, now=NOW)


@pytest.mark.parametrize(
    ("look", "ingested", "runs", "asked"),
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
    look: Look, ingested: Look | None, runs: list[IngestRun], asked: Look | None
) -> None:
    verdict = decide(look, ingested, *runs, asked=asked)
    assert verdict.ingest
    assert verdict.content == look.digest


@pytest.mark.parametrize(
    ("look", "ingested", "runs", "asked", "why"),
    [
        (A, A, [], None, "The tables are of what is there: 1 file."),
        (A, None, [run(A, "succeeded")], A, "Run 00000001 ingested what is there: 1 file."),
        (
            B,
            A,
            [*[run(B, "failed")] * TRIES, run(A, "succeeded")],
            B,
            "3 runs failed to ingest what is there, 1 file: see",
        ),
        (B, A, [run(B, "canceled")], B, "Run 00000001 was canceled"),
    ],
)
def test_what_is_dealt_with_is_left_alone(
    look: Look, ingested: Look | None, runs: list[IngestRun], asked: Look | None, why: str
) -> None:
    verdict = decide(look, ingested, *runs, asked=asked)
    assert not verdict.ingest
    assert why in verdict.why
    assert verdict.content == look.digest


@pytest.mark.parametrize("state", ["queued", "running"])
@pytest.mark.parametrize("look", [A, B])
def test_one_ingest_waits_for_another(look: Look, state: RunState) -> None:
    verdict = decide(look, NOTHING, run(A, state, 7))
    assert verdict == Verdict(False, f"Run 00000007 of an ingest is {state}: the next one waits for its end.")


def test_a_folder_that_changes_is_waited_for() -> None:
    verdict = decide(B, A, last=A)
    assert verdict == Verdict(False, "1 file changed just now, x.csv: an ingest waits until nothing changes.")
    two = Look.of([("x.csv", 5, NOW - 60_000_000, ""), ("y.csv", 5, NOW - 60_000_000, "")])
    assert decide(two, A, last=NOTHING).why.startswith("2 files changed just now, x.csv among them:")
