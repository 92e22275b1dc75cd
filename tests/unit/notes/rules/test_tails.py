from pathlib import Path

import numpy as np
import pytest

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def rows(slow: int, n: int = 40) -> list[dict[str, object]]:
    rng = np.random.default_rng(1)
    return [run("a:1b", noisy(rng, 50), noisy(rng, 900 if place < slow else 80)) for place in range(n)]


def test_a_p95_far_above_the_median_is_a_risk(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows(slow=6))
    noted = notes_of(tmp_path, "tails")
    first, second = wordings(noted.only)
    assert first.startswith("An average hides slow requests: the p95 of the time to first token of `a:1b` is 90")
    assert second.startswith("One in twenty requests to `a:1b` is much slower: its time to first token is 90")
    assert plain(noted.only.mitigation) == "Plan with the p95, not with the mean."
    times = noted.rows("ttft_ms")["value"]
    p95, median = np.percentile(times, 95), times.median()
    said = {value for figure in noted.only.wordings[0] for value in getattr(figure, "_fields", ()) if value == "unit"}
    assert said == {"unit"}
    assert sorted(values(noted.only, "ms")) == pytest.approx([median, p95])
    assert (noted.only.scope.n, noted.only.scope.runs) == (40, "warm")


def test_stated_percentiles_count_too(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_summary.csv", [{"model": "a:1b", "median_ttft_ms": 100, "p95_ttft_ms": 400}])
    noted = notes_of(tmp_path, "tails")
    assert wordings(noted.only)[0] == (
        "An average hides slow requests: the p95 of the time to first token of `a:1b` is 400 ms, 4.0 times its median "
        "of 100 ms."
    )
    assert noted.only.sources == (("a_summary.csv", "row 1"),)


def test_even_times_few_runs_and_long_prompts_are_no_tail(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows(slow=0))
    assert notes_of(tmp_path, "tails").notes == []
    write_csv(tmp_path / "a_runs.csv", rows(slow=3, n=10))
    assert notes_of(tmp_path, "tails").notes == []
    prompts = [row | {"prompt": "long" if place < 6 else "short"} for place, row in enumerate(rows(slow=6))]
    write_csv(tmp_path / "a_runs.csv", prompts)
    assert notes_of(tmp_path, "tails").notes == []
