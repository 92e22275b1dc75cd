"""Two looks at a folder differ where a file does, and only settled files are a reason to read."""

import os
from pathlib import Path

import pytest

from chimera_dagster.errors import NoReportsError
from chimera_dagster.ingest.snapshot import SETTLE_US, Snapshot

NOW = 1_800_000_000_000_000


def snapshot(**files: int) -> Snapshot:
    """Files by name, of one size, changed so many microseconds before `NOW`."""
    return Snapshot.of((name, 5, NOW - age, "") for name, age in files.items())


OLD = 60_000_000


@pytest.mark.parametrize(
    ("now", "last", "unsettled"),
    [
        (snapshot(a=OLD), snapshot(a=OLD), []),
        (snapshot(a=OLD), None, []),
        (snapshot(a=1), None, ["a"]),
        (snapshot(a=SETTLE_US - 1), snapshot(a=SETTLE_US - 1), ["a"]),
        (snapshot(a=SETTLE_US), snapshot(a=SETTLE_US), []),
        (snapshot(a=OLD, b=OLD), snapshot(a=OLD), ["b"]),  # a copy keeps the time of its original
        (snapshot(a=OLD), snapshot(a=OLD + 1), ["a"]),
        (snapshot(a=OLD), snapshot(a=OLD, b=OLD), ["b"]),
        (snapshot(a=OLD, c=OLD), snapshot(a=OLD, b=OLD), ["c", "b"]),
        (snapshot(a=-1), snapshot(a=-1), []),  # written by a clock that was ahead: two looks are all there is
        (snapshot(a=-OLD), snapshot(a=-OLD), []),
        (snapshot(a=-OLD), snapshot(a=OLD), ["a"]),
        (snapshot(a=-1), None, ["a"]),
    ],
)
def test_what_is_unsettled(now: Snapshot, last: Snapshot | None, unsettled: list[str]) -> None:
    assert now.unsettled(last, NOW) == unsettled


def test_a_file_of_another_size_is_unsettled() -> None:
    assert Snapshot.of([("a", 6, NOW - OLD, "")]).unsettled(snapshot(a=OLD), NOW) == ["a"]


def test_the_digest_is_of_names_sizes_and_times() -> None:
    same = [snapshot(a=1, b=2), snapshot(a=1, b=2), Snapshot.model_validate_json(snapshot(a=1, b=2).model_dump_json())]
    others = [
        snapshot(a=1),
        snapshot(a=2, b=2),
        snapshot(a=1, c=2),
        Snapshot.of([("a", 6, NOW - 1, ""), ("b", 5, NOW - 2, "")]),
    ]
    assert len({each.digest for each in same}) == 1
    assert len({each.digest for each in (same[0], *others)}) == 5


def test_what_a_link_out_of_the_folder_links_to_is_not_looked_at(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside.csv"
    root.mkdir()
    (root / "in.csv").write_text("x")
    outside.write_text("x")
    (root / "away.csv").symlink_to(outside)
    (root / "folder").symlink_to(tmp_path)
    before = Snapshot.at(root)
    outside.write_text("more")
    assert Snapshot.at(root) == before
    assert set(before.files) == {"in.csv", "away.csv"}
    os.utime(root / "in.csv", ns=(0, 1_000))
    assert Snapshot.at(root).unsettled(before, NOW) == ["in.csv"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoReportsError):
        Snapshot.at(tmp_path / "none")
