from pathlib import Path

import numpy as np

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import notes_of, wordings


def rows(model: str, seed: int, rate: float, n: int = 12, **more: object) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    return [run(model, noisy(rng, rate), noisy(rng, 4000 / rate), **more) for _ in range(n)]


def test_models_in_files_of_their_own_are_to_run_in_turn(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, 50))
    write_csv(tmp_path / "b_runs.csv", rows("b:1b", 2, 100))
    note = notes_of(tmp_path, "sessions").only
    assert wordings(note)[0] == (
        "Measure `b:1b` and `a:1b` again in turn, in several sessions: each has files of its own, and a change of the "
        "machine between them would look like a difference."
    )
    assert (note.certainty, note.scope.n, note.scope.files) == ("in_session", 24, 2)
    assert set(note.sources) == {(f"{name}_runs.csv", f"row {place}") for name in "ab" for place in range(1, 13)}


def test_the_same_is_a_risk(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, 50))
    write_csv(tmp_path / "b_runs.csv", rows("b:1b", 2, 100))
    note = notes_of(tmp_path, "one_session").only
    assert wordings(note)[1] == (
        "A change of the machine between the files of `b:1b` and `a:1b` would look like a difference between them."
    )
    assert plain(note.mitigation) == "Run them in turn, on several days, before you rely on a small difference."


def test_values_in_one_go_are_to_be_shuffled(tmp_path: Path) -> None:
    slow, fast = rows("a:1b", 1, 50, num_ctx=1024), rows("a:1b", 2, 100, num_ctx=2048)
    write_csv(tmp_path / "a_runs.csv", [*slow, *fast])
    note = notes_of(tmp_path, "sessions").only
    assert wordings(note)[0] == (
        "Shuffle the order of the settings: the runs of `a:1b` at each value of `num_ctx` followed one another, and a "
        "drift of the machine would look like an effect."
    )
    write_csv(tmp_path / "a_runs.csv", [row for pair in zip(slow, fast, strict=True) for row in pair])
    assert notes_of(tmp_path, "sessions").notes == []


def test_a_single_session_is_too_few(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [*rows("a:1b", 1, 50), *rows("b:1b", 2, 100)])
    assert wordings(notes_of(tmp_path, "sessions").only)[0] == (
        "Measure `b:1b` and `a:1b` again in turn, in several sessions: what so few sessions show need not hold in "
        "others."
    )
    assert wordings(notes_of(tmp_path, "one_session").only)[0] == (
        "`b:1b` and `a:1b` differ in these sessions; so few can't show whether that holds in others."
    )


def test_a_difference_that_holds_over_sessions_needs_no_other(tmp_path: Path) -> None:
    for number in range(6):
        both = [*rows("a:1b", number, 50), *rows("b:1b", 10 + number, 100)]
        write_csv(tmp_path / f"{number}_runs.csv", both)
    assert notes_of(tmp_path, "sessions").notes == notes_of(tmp_path, "one_session").notes == []
