"""Slow runs that followed each other are told from slow ones here and there, and from those of a slow setting."""

from pathlib import Path

import numpy as np

from tests.unit.evidence.findings.tables import found_in, noisy, run, write_csv
from tests.unit.notes.noted import notes_of, wordings


def write(folder: Path, slow: set[int], n: int = 60, usual: float = 60, **of_slow: object) -> None:
    """Runs of two models a second apart, of which some of the first model decode far slower than its usual rate."""
    rng = np.random.default_rng(4)
    rows = [
        run(name, noisy(rng, rate if place not in slow or name == "b:2b" else 6), noisy(rng, ttft))
        | {"timestamp": f"2026-05-01T10:{place // 60:02d}:{place % 60:02d}", "temperature": 0.2 + place % 2 / 10}
        | (of_slow if place in slow else dict.fromkeys(of_slow, 99))
        for name, rate, ttft in (("a:1b", usual, 80), ("b:2b", 60, 300))
        for place in range(n)
    ]
    write_csv(folder / "a_runs.csv", rows)


def test_a_stretch_is_found_with_its_rows(tmp_path: Path) -> None:
    write(tmp_path, set(range(12)))
    [finding] = found_in(tmp_path, "slow_stretches")
    assert (finding["subject"], finding["values"]["slow"][0], finding["n"]) == ("a:1b", 12, 60)
    assert 9 < finding["values"]["times"][0] < 11
    note = notes_of(tmp_path, "slow_stretch").only
    assert wordings(note)[0].startswith(
        "12 of 60 warm runs of `a:1b` followed each other and decoded 10 times as slowly as is usual: "
    )
    assert set(note.sources) == {("a_runs.csv", f"row {place}") for place in range(1, 13)}
    [advice] = notes_of(tmp_path, "repeat_outliers").notes
    assert "epeat the 12 slow runs of `a:1b` on an idle machine" in wordings(advice)[0]


def test_a_tie_with_such_a_model_does_not_mean_equal(tmp_path: Path) -> None:
    write(tmp_path, set(range(5)), usual=72)
    [tie] = notes_of(tmp_path, "tie").notes
    assert tie.metric == "decode_tok_s"
    for said in wordings(notes_of(tmp_path, "choice").only):
        assert "choose `a:1b`" in said.casefold()
        assert "these runs" in said and "either" not in said and "does not matter" not in said


def test_slow_runs_here_and_there_are_no_stretch(tmp_path: Path) -> None:
    write(tmp_path, set(range(0, 60, 5)))
    assert found_in(tmp_path, "slow_stretches") == []


def test_four_are_no_stretch_and_most_are_no_exception(tmp_path: Path) -> None:
    write(tmp_path, set(range(4)))
    assert found_in(tmp_path, "slow_stretches") == []
    write(tmp_path, set(range(29)))
    assert found_in(tmp_path, "slow_stretches") == []


def test_a_parameter_that_all_slow_runs_have_explains_them(tmp_path: Path) -> None:
    write(tmp_path, set(range(12)), num_gpu=0)
    assert found_in(tmp_path, "slow_stretches") == []


def test_without_times_nothing_is_known(tmp_path: Path) -> None:
    rows = [run("a:1b", 6 if place < 12 else 60 + place / 10, 80) for place in range(60)]
    write_csv(tmp_path / "a_runs.csv", rows)
    assert found_in(tmp_path, "slow_stretches") == []
