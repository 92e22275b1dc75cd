from pathlib import Path

import numpy as np
import pytest

from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import notes_of, reads_as, values, wordings


def rows(*far: tuple[float, float]) -> list[dict[str, object]]:
    """Forty runs of about 50 tok/s and 80 ms, of which the first have the given rates and times."""
    rng = np.random.default_rng(1)
    usual = [run("a:1b", noisy(rng, 50), noisy(rng, 80)) for _ in range(40 - len(far))]
    return [*(run("a:1b", rate, time) for rate, time in far), *usual]


def test_slow_runs_are_merged_over_their_metrics(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows((10, 2000), (50, 900)))
    noted = notes_of(tmp_path, "outliers")
    assert wordings(noted.only) == [
        "2 of 40 runs of `a:1b` were far slower than the others: the farthest one showed its first token after 2 s, "
        "where 80 ms is usual (`a_runs.csv`). A mean over all runs is moved by them.",
        "2 of 40 runs of `a:1b` were far slower than the others, and the farthest one showed its first token after "
        "2 s, where 80 ms is usual (`a_runs.csv`); they move a mean over all runs.",
    ]
    assert noted.only.sources == (("a_runs.csv", "row 1"), ("a_runs.csv", "row 2"))
    assert (noted.only.scope.models, noted.only.scope.n, noted.only.scope.files) == (("a:1b",), 40, 1)
    assert len(noted.only.findings) == 2  # by decode throughput and by time to first token


def test_slow_and_fast_runs_are_told_apart(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows((5, 80), (400, 80), (450, 80)))
    assert (
        "3 of 40 runs of `a:1b` were far from the others (1 slower and 2 faster)"
        in wordings(notes_of(tmp_path, "outliers").only)[0]
    )


def loaded(loads: list[float], ttft: list[float]) -> list[dict[str, object]]:
    """The usual runs with a load time of 50 ms each, of which the first have the given load times and TTFT."""
    usual = [{**row, "load_s": "0.05"} for row in rows()]
    return [
        *(run("a:1b", 50, time, load_s=f"{load / 1000}") for load, time in zip(loads, ttft, strict=True)),
        *usual[len(loads) :],
    ]


def test_a_cold_start_is_not_counted_among_the_slow_runs(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", loaded([7_700, 50, 50], [7_800, 1_500, 900]))
    noted = notes_of(tmp_path, "outliers")
    assert wordings(noted.only)[0].startswith("2 of 40 runs of `a:1b` were far slower than the others: the farthest")
    assert noted.only.sources == (("a_runs.csv", "row 2"), ("a_runs.csv", "row 3"))
    assert "showed its first token after 1.5 s" in wordings(noted.only)[0]


def test_cold_starts_alone_are_no_outliers(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", loaded([7_700, 4_000, 3_900, 3_800], [7_800, 4_100, 4_000, 3_900]))
    noted = notes_of(tmp_path, "outliers")
    assert noted.notes == []
    assert (noted.rows("load_ms")["value"] > 3_000).sum() == 4


def test_a_load_too_short_for_a_cold_start_that_explains_the_time_is_left_out(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", loaded([400], [480]))
    assert notes_of(tmp_path, "outliers").notes == []
    write_csv(tmp_path / "a_runs.csv", loaded([100], [480]))
    assert len(notes_of(tmp_path, "outliers").notes) == 1


def test_runs_that_are_alike_have_no_note(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows())
    assert notes_of(tmp_path, "outliers").notes == []


def test_the_figures_are_those_of_the_table(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows((10, 90)))
    noted = notes_of(tmp_path, "outliers")
    rates = noted.rows("decode_tok_s")["value"]
    figures = reads_as(noted.only)
    assert figures["1"] == (rates < 25).sum()
    assert figures["40"] == len(rates)
    assert figures["10 tok/s"] == rates.min() == 10
    [_, usual] = values(noted.only, "tok/s")
    assert usual == pytest.approx(rates.median(), rel=0.001)
