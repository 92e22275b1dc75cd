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
