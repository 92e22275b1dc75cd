from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import noisy, write_csv
from tests.unit.notes.noted import notes_of, values, wordings

RATES = {1: 100.0, 2: 190.0, 4: 370.0, 8: 400.0, 16: 390.0}
TIMES = {1: 80.0, 2: 82.0, 4: 90.0, 8: 400.0, 16: 900.0}


def load_test(folder: Path, metric: str, levels: dict[int, float], n: int = 5) -> None:
    rng = np.random.default_rng(1)
    rows = [
        {"model": "a:1b", "concurrency": level, metric: f"{noisy(rng, value):.4f}"}
        for level, value in levels.items()
        for _ in range(n)
    ]
    write_csv(folder / "load_runs.csv", rows)


def test_a_throughput_that_stops_growing_has_a_knee(tmp_path: Path) -> None:
    load_test(tmp_path, "output_throughput", RATES)
    note = notes_of(tmp_path, "below_the_knee").only
    assert wordings(note)[0].startswith("Give `a:1b` no more than 4 requests at once: its output throughput is ")
    assert wordings(note)[0].endswith(" there and no more than 399 tok/s beyond.")
    assert plain(note.action) == "Give `a:1b` no more than 4 requests at once"
    assert (note.scope.models, note.scope.n, note.scope.files, note.metric) == (("a:1b",), 25, 1, "output_tok_s")


def test_a_throughput_that_falls_is_said_to_fall(tmp_path: Path) -> None:
    load_test(tmp_path, "output_throughput", RATES | {16: 200.0})
    text = wordings(notes_of(tmp_path, "below_the_knee").only)[0]
    assert " there and falls to " in text
    assert text.endswith("with 16 requests at once.")


def test_a_time_that_rises_has_a_knee_before_it(tmp_path: Path) -> None:
    load_test(tmp_path, "ttft_ms", TIMES)
    noted = notes_of(tmp_path, "below_the_knee")
    assert wordings(noted.only)[0].startswith(
        "Give `a:1b` no more than 4 requests at once: its time to first token is "
    )
    table = noted.rows("ttft_ms")
    means = table.groupby("conditions")["value"].agg(scipy.stats.gmean)
    assert values(noted.only, "ms") == pytest.approx([means['{"concurrency":4}'], means['{"concurrency":8}']])


def both(folder: Path, rates: dict[int, float], times: dict[int, float]) -> None:
    """One run of each level, as a load test states it."""
    rows = [
        {"model": "beta", "concurrency": level, "output_throughput": rates[level], "mean_ttft_ms": times[level]}
        for level in rates
    ]
    write_csv(folder / "load.csv", rows)


SLOWER = {1: 100.0, 4: 105.0, 8: 110.0, 16: 155.0, 32: 420.0}


def test_a_slower_first_token_is_no_reason_while_throughput_grows(tmp_path: Path) -> None:
    both(tmp_path, {level: 100.0 * level for level in SLOWER}, SLOWER)
    noted = notes_of(tmp_path, "below_the_knee")
    assert {"ttft_ms", "output_tok_s"} <= set(noted.measurements["metric"])
    assert noted.notes == []


def test_a_throughput_that_has_levelled_off_is_the_reason_rather_than_the_time(tmp_path: Path) -> None:
    both(tmp_path, {1: 100.0, 4: 380.0, 8: 600.0, 16: 610.0, 32: 605.0}, SLOWER)
    note = notes_of(tmp_path, "below_the_knee").only
    assert plain(note.action) == "Give `beta` no more than 8 requests at once"
    assert note.metric == "output_tok_s"


def test_a_time_alone_has_to_grow_by_more_than_three_times(tmp_path: Path) -> None:
    load_test(tmp_path, "ttft_ms", {1: 100.0, 2: 101.0, 4: 110.0, 8: 200.0, 16: 280.0})
    assert notes_of(tmp_path, "below_the_knee").notes == []
    load_test(tmp_path, "ttft_ms", {1: 100.0, 2: 101.0, 4: 110.0, 8: 200.0, 16: 330.0})
    assert len(notes_of(tmp_path, "below_the_knee").notes) == 1


def test_what_keeps_growing_has_none(tmp_path: Path) -> None:
    load_test(tmp_path, "output_throughput", {level: 100.0 * level for level in RATES})
    assert notes_of(tmp_path, "below_the_knee").notes == []
    load_test(tmp_path, "ttft_ms", dict.fromkeys(TIMES, 80.0))
    assert notes_of(tmp_path, "below_the_knee").notes == []


def test_models_with_the_same_knee_are_told_together_with_what_the_first_token_does(tmp_path: Path) -> None:
    rows = [
        {"model": name, "concurrency": level, "output_throughput": rate, "mean_ttft_ms": time}
        for name in ("a", "b", "c")
        for level, rate, time in ((1, 100, 90), (4, 380, 100), (8, 700, 120), (16, 600, 1300))
    ]
    write_csv(tmp_path / "load.csv", rows)
    note = notes_of(tmp_path, "below_the_knee").only
    assert wordings(note)[0] == (
        "Give `a`, `b` and `c` no more than 8 requests at once: their output throughput is 700 tok/s, 700 tok/s and "
        "700 tok/s there and falls to 600 tok/s, 600 tok/s and 600 tok/s with 16 requests at once, where the first "
        "token takes 11 times as long."
    )
    assert (note.scope.models, len(note.findings)) == (("a", "b", "c"), 6)


@pytest.mark.parametrize(("spread", "says_falls"), [(0.01, True), (0.12, False)])
def test_a_throughput_falls_if_a_test_says_so_even_by_less_than_a_tenth(
    tmp_path: Path, spread: float, *, says_falls: bool
) -> None:
    rng = np.random.default_rng(3)
    rows = [
        {"model": "a:1b", "concurrency": level, "output_throughput": f"{noisy(rng, value, spread):.4f}"}
        for level, value in {1: 100.0, 4: 370.0, 16: 740.0, 32: 690.0}.items()
        for _ in range(8)
    ]
    write_csv(tmp_path / "load_runs.csv", rows)
    [trend] = notes_of(tmp_path, "trend").notes
    assert ("falls to" in wordings(trend)[1] or "is highest with 16" in wordings(trend)[0]) == says_falls
