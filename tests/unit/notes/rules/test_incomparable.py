"""Models that share no conditions are named together with what differs."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import figures_of, notes_of, wordings


def folder(tmp_path: Path, conditions: Mapping[str, Mapping[str, int]], n: int = 4) -> Path:
    rng = np.random.default_rng(11)
    rows = [run(model, noisy(rng, 100), **more) for model, more in conditions.items() for _ in range(n)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    write_csv(tmp_path / "a_runs.csv", [{name: row.get(name, "") for name in names} for row in rows])
    return tmp_path


def test_two_models_at_different_loads_can_not_be_compared(tmp_path: Path) -> None:
    found = notes_of(folder(tmp_path, {"a:1b": {"concurrency": 1}, "b:2b": {"concurrency": 16}}), "incomparable")
    note = found.only
    assert wordings(note) == [
        "`a:1b` can't be compared with `b:2b` by decode throughput and time to first token: `a:1b` was measured with "
        "one request at a time and `b:2b` with 16 requests at once.",
        "By decode throughput and time to first token, `a:1b` can't be compared with `b:2b`: `a:1b` was measured with "
        "one request at a time and `b:2b` with 16 requests at once.",
    ]
    assert (note.section, note.certainty, note.order, note.metric) == ("findings", None, (), None)
    assert (note.scope.models, note.scope.n, note.scope.files) == (("a:1b", "b:2b"), 8, 1)
    assert note.sources == tuple(("a_runs.csv", f"row {place}") for place in range(1, 9))
    texts = found.findings.set_index("id").loc[list(note.findings), "text"]
    assert all(text.startswith("Not comparable by") for text in texts)


def test_the_loads_that_it_says_are_those_of_the_runs(tmp_path: Path) -> None:
    found = notes_of(folder(tmp_path, {"a:1b": {"concurrency": 24}, "b:2b": {"concurrency": 16}}), "incomparable")
    measured = [json.loads(text)["concurrency"] for text in found.rows("decode_tok_s")["conditions"]]
    assert {figure.value for figure in figures_of(found.only)} == set(measured) == {16, 24}


def test_of_many_models_three_are_named_and_the_others_counted(tmp_path: Path) -> None:
    alone: dict[str, dict[str, int]] = {f"m{size}:1b": {"concurrency": size} for size in range(1, 8)}
    [note] = notes_of(folder(tmp_path, alone), "incomparable").notes
    for text in wordings(note):
        assert "o two of `m1:1b`, `m2:1b`, `m3:1b` and 4 others" in text
        assert text.endswith("their conditions differ in `concurrency`.")
    assert len(note.scope.models) == 7


def test_a_group_that_shares_its_conditions_is_not_said_to_be_incomparable(tmp_path: Path) -> None:
    more: dict[str, dict[str, int]] = {
        "a:1b": {"concurrency": 1},
        "b:1b": {"concurrency": 1},
        "c:1b": {"concurrency": 8},
        "d:1b": {"concurrency": 64},
    }
    note = notes_of(folder(tmp_path, more), "incomparable").only
    assert all("No two" not in text and "no two" not in text for text in wordings(note))
    assert all("can't all be compared" in text or "only some of" in text for text in wordings(note))
    assert all("`a:1b` and 1 other were measured with one request at a time" in text for text in wordings(note))


def test_models_of_equal_conditions_have_no_such_note(tmp_path: Path) -> None:
    found = notes_of(folder(tmp_path, {"a:1b": {"concurrency": 8}, "b:2b": {"concurrency": 8}}), "incomparable")
    assert found.notes == []
