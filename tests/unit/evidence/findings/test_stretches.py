"""Slow runs that followed each other are told from slow ones here and there, and from those of a slow setting."""

from collections.abc import Container, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from tests.unit.evidence.findings.tables import found_in, noisy, run, write_csv
from tests.unit.notes.noted import notes_of, wordings


def write(
    folder: Path,
    slow: set[int],
    rates: Mapping[int, float] = MappingProxyType({}),
    n: int = 60,
    usual: float = 60,
    rare: Container[int] = (),
    **of_slow: object,
) -> None:
    """Runs of two models a second apart, of which some of the first model decode far slower than its usual rate.

    `rates` are those of some runs, and those in `rare` have a concurrency of their own.
    """
    rng = np.random.default_rng(4)
    rows = [
        run(name, noisy(rng, _rate(rate, place, slow, rates) if name == "a:1b" else rate), noisy(rng, ttft))
        | {"timestamp": f"2026-05-01T10:{place // 60:02d}:{place % 60:02d}", "temperature": 0.2 + place % 2 / 10}
        | {"concurrency": 2 if place in rare else 1}
        | (of_slow if place in slow else dict.fromkeys(of_slow, 99))
        for name, rate, ttft in (("a:1b", usual, 80), ("b:2b", 60, 300))
        for place in range(n)
    ]
    write_csv(folder / "a_runs.csv", rows)


def _rate(usual: float, place: int, slow: set[int], rates: Mapping[int, float]) -> float:
    return rates.get(place, 6 if place in slow else usual)


def test_a_stretch_is_found_with_its_rows(tmp_path: Path) -> None:
    write(tmp_path, set(range(12)))
    [finding] = found_in(tmp_path, "slow_stretches")
    assert (finding["subject"], finding["values"]["slow"][0], finding["n"]) == ("a:1b", 12, 60)
    assert 9 < finding["values"]["times"][0] < 11
    note = notes_of(tmp_path, "slow_stretch").only
    assert wordings(note)[0].startswith(
        "12 of 60 warm runs of `a:1b` followed each other and decoded on average 10 times as slowly as is usual, "
    )
    assert set(note.sources) == {("a_runs.csv", f"row {place}") for place in range(1, 13)}
    [advice] = notes_of(tmp_path, "repeat_outliers").notes
    assert "epeat the 12 slow runs of `a:1b` on an idle machine" in wordings(advice)[0]


def test_every_stretch_counts_and_a_run_at_half_the_usual_rate_ends_one(tmp_path: Path) -> None:
    stretches = (*range(9), *range(10, 15), *range(50, 55))
    write(tmp_path, {*stretches, 20}, {9: 28, 15: 28}, n=120)
    [finding] = found_in(tmp_path, "slow_stretches")
    assert [finding["values"][name][0] for name in ("slow", "runs", "stretches")] == [19, 120, 3]
    note = notes_of(tmp_path, "slow_stretch").only
    assert {record for _, record in note.sources} == {f"row {place + 1}" for place in stretches}
    assert wordings(note)[1].startswith(
        "19 of 120 warm runs of `a:1b` decoded on average 10 times as slowly as is usual, one after the other in "
        "3 stretches, "
    )
    [advice] = notes_of(tmp_path, "repeat_outliers").notes
    assert "the 19 slow runs of `a:1b`" in wordings(advice)[0] and "in 3 stretches" in wordings(advice)[0]


def test_what_is_usual_is_so_for_the_model_and_not_for_a_setting_with_mostly_slow_runs(tmp_path: Path) -> None:
    write(tmp_path, {*range(12), *range(50, 55)}, rare=range(50, 57))
    assert notes_of(tmp_path, "slow_stretch").texts[0].startswith("17 of 60")


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
