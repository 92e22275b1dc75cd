"""What `chimera vocabulary suggest` prints of names that are not read."""

import yaml

from chimera_dagster.cli.vocabulary import _suggested
from chimera_dagster.evidence.unread import UnreadGroup


def test_a_time_without_a_unit_is_ready_but_for_its_unit():
    lines = _suggested([UnreadGroup("p50_ttft", 3, 2), UnreadGroup("speedy", 1, 1)])
    assert "  # ttft_ms: {names: {p50_ttft: s}} # or ms: 3 numbers in 2 files without a unit" in lines
    assert any(line.startswith("  # speedy: 1 number in 1 file; perhaps ") for line in lines)


def test_any_name_is_one_line_of_yaml() -> None:
    names = ["\x1b[2J", "a\nb", "\u202e", "x" * 2_000 + " y", "- a: b", "null", "é"]
    lines = _suggested([UnreadGroup(name, 1, 1) for name in names])
    listed = [line.removeprefix("  # - ") for line in lines if line.startswith("  # - ")]
    assert [yaml.safe_load(line) for line in listed] == names
    assert all(line.isprintable() for line in lines)
