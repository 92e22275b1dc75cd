from pathlib import Path

import numpy as np
import pytest

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
    means = table.groupby("conditions")["value"].mean()
    assert values(noted.only, "ms") == pytest.approx([means['{"concurrency":4}'], means['{"concurrency":8}']])


def test_what_keeps_growing_has_none(tmp_path: Path) -> None:
    load_test(tmp_path, "output_throughput", {level: 100.0 * level for level in RATES})
    assert notes_of(tmp_path, "below_the_knee").notes == []
    load_test(tmp_path, "ttft_ms", dict.fromkeys(TIMES, 80.0))
    assert notes_of(tmp_path, "below_the_knee").notes == []
