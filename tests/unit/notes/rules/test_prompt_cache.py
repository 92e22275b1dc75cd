"""Repeats of a prompt that a cache answered are told from first requests, and count for no time to first token."""

from pathlib import Path

import pytest

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import Noted, notes_of, values, wordings

FIRST, REPEAT = 187.0, 33.0


def folder(tmp_path: Path, kind: str, repeat: float = REPEAT, prompts: int = 2) -> Noted:
    """Each prompt three times in a row by two models, of which one reads it at half the speed."""
    rows = [
        run(name, 50, factor * (FIRST if not place else repeat + place)) | {"prompt": f"prompt {prompt}"}
        for name, factor in (("a:1b", 1), ("b:2b", 2))
        for prompt in range(prompts)
        for place in range(3)
    ]
    write_csv(tmp_path / "a_runs.csv", rows)
    return notes_of(tmp_path, kind)


def test_repeats_that_a_cache_answered_are_named_with_both_times(tmp_path: Path) -> None:
    note, advice = folder(tmp_path, "prompt_cache").notes
    for said in wordings(note):
        assert "`a:1b` (34 ms instead of 187 ms)" in said or "`a:1b` (35 ms instead of 187 ms)" in said
        assert "8 repeats" in said
    assert values(note, "ms")[1] == pytest.approx(FIRST)
    assert (note.section, note.metric, advice.section) == ("findings", "ttft_ms", "recommendations")
    assert len(note.sources) == 12


def test_they_count_for_no_time_to_first_token(tmp_path: Path) -> None:
    [note] = folder(tmp_path, "value").notes or folder(tmp_path, "difference").notes[:1]
    assert values(note, "ms")[:2] == pytest.approx([FIRST, 2 * FIRST][: len(values(note, "ms")[:2])])


def test_the_first_request_of_a_prompt_is_no_slow_run_then(tmp_path: Path) -> None:
    assert folder(tmp_path, "repeat_outliers").notes == []


@pytest.mark.parametrize(("repeat", "prompts"), [(150.0, 2), (REPEAT, 1)])
def test_alike_repeats_or_a_single_prompt_are_no_cache(tmp_path: Path, repeat: float, prompts: int) -> None:
    if prompts == 1:
        write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, ttft) | {"prompt": "x"} for ttft in (FIRST, REPEAT, 34)])
        assert notes_of(tmp_path, "prompt_cache").notes == []
    else:
        assert folder(tmp_path, "prompt_cache", repeat).notes == []


def test_one_prompt_in_a_file_may_be_a_warm_up_too_and_all_runs_count(tmp_path: Path) -> None:
    for number, name in enumerate(("a:1b", "b:2b")):
        rows = [run(name, 50, ttft) | {"prompt_eval_count": 36} for ttft in (FIRST, REPEAT, 34)]
        write_csv(tmp_path / f"{number}_runs.csv", [row | {"seed": place} for place, row in enumerate(rows)])
    note, advice = notes_of(tmp_path, "prompt_cache").notes
    for said in wordings(note):
        assert "a prompt cache" in said and "warms something up" in said and "(187 ms, then 34 ms)" in said
    assert advice.section == "recommendations"
    assert "count for no" not in wordings(note)[0]
    assert notes_of(tmp_path, "repeat_outliers").notes == []


def with_cold(tmp_path: Path, cold: float, tokens: int) -> Noted:
    """Two models whose file has the time of the first request beside each run, as a benchmark of warm servers does."""
    rows = [
        run(name, 50, warm + place) | {"prompt_tokens": tokens, "cold_ttft_ms": cold * factor, "run": place}
        for name, warm, factor in (("a:1b", 50, 1), ("b:2b", 60, 2))
        for place in range(3)
    ]
    write_csv(tmp_path / "a_runs.csv", rows)
    return notes_of(tmp_path, "prompt_cache")


def test_a_cold_time_beside_the_runs_tells_that_a_cache_had_the_prompt(tmp_path: Path) -> None:
    note, advice = with_cold(tmp_path, 3400, 4000).notes
    assert advice.section == "recommendations"
    for said in wordings(note):
        assert "51 ms instead of 3.4 s with `a:1b`" in said and "6 runs" in said
    [order] = notes_of(tmp_path, "difference").notes
    assert values(order, "ms")[:2] == pytest.approx([3400, 6800])
    assert order.scope.n == 2  # each first request once


@pytest.mark.parametrize(("cold", "tokens"), [(3400, 20), (55, 4000)])
def test_a_short_prompt_or_a_first_request_that_is_as_fast_is_no_cache(
    tmp_path: Path, cold: float, tokens: int
) -> None:
    assert with_cold(tmp_path, cold, tokens).notes == []
    [order] = notes_of(tmp_path, "difference").notes
    assert values(order, "ms")[:2] == pytest.approx([51, 61], rel=0.01)


@pytest.mark.parametrize(("cached", "found"), [(900, True), (100, False)])
def test_tokens_that_a_cache_had_tell_it_too(tmp_path: Path, cached: int, *, found: bool) -> None:
    rows = [run("a:1b", 50, 40 + place) | {"prompt_tokens": 1000, "cached_tokens": cached} for place in range(3)]
    write_csv(tmp_path / "a_runs.csv", rows)
    assert bool(notes_of(tmp_path, "prompt_cache").notes) == found
    assert bool([text for text in notes_of(tmp_path, "value").texts if "first token" in text]) != found
