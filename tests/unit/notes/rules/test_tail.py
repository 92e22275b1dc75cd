"""A p95 far above the median is said of enough runs, with both figures."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import Noted, notes_of, values, wordings


def runs(tmp_path: Path, slow: int, n: int = 40, contexts: tuple[int, ...] = (1024,)) -> Noted:
    """Of `n` runs `slow` ones take three times as long."""
    rng = np.random.default_rng(61)
    rows = [
        run("m:1b", noisy(rng, 50), noisy(rng, 300 if place < slow else 100), num_ctx=contexts[place % len(contexts)])
        for place in range(n)
    ]
    write_csv(tmp_path / "a_runs.csv", rows)
    return notes_of(tmp_path, "tail")


def test_a_long_tail_is_said_against_the_median(tmp_path: Path) -> None:
    found = runs(tmp_path, slow=5)
    note = found.only
    one, other = wordings(note)
    assert one.startswith("In the slowest 5 % of 40 runs, `m:1b` shows its first token after ")
    assert " ms or more, 3.0 times its median of 100 ms." in one
    assert other.startswith("The p95 of the time to first token of `m:1b` is ")
    assert other.endswith(" ms, over 40 runs.")
    assert (note.section, note.certainty, note.order, note.metric) == ("performance", "plain", (), "ttft_ms")
    assert (note.scope.models, note.scope.n, note.scope.files, note.scope.runs) == (("m:1b",), 40, 1, "warm")
    assert len(note.sources) == 40


def test_its_figures_are_percentiles_of_the_measurements(tmp_path: Path) -> None:
    found = runs(tmp_path, slow=5)
    rows = found.rows("ttft_ms")["value"]
    p95, median = rows.quantile(0.95), rows.quantile(0.5)
    assert sorted(values(found.only, "ms")) == pytest.approx([median, p95])
    ratio = next(figure for figure in found.only.figures if figure.text == "3.0")
    assert ratio.value == pytest.approx(p95 / median)


def test_settings_that_differ_in_parameters_alone_are_taken_together(tmp_path: Path) -> None:
    note = runs(tmp_path, slow=6, contexts=(1024, 2048)).only
    assert all("40 runs in 2 settings" in text for text in wordings(note))
    assert "num_ctx" not in note.scope.setup


@pytest.mark.parametrize(("slow", "n"), [(0, 40), (1, 40), (5, 19)])
def test_a_short_tail_or_too_few_runs_say_nothing(tmp_path: Path, slow: int, n: int) -> None:
    assert runs(tmp_path, slow, n).notes == []


def stated(tmp_path: Path, requests: int) -> Noted:
    about = {"date": "20250101-000000", "backend": "vllm", "model_id": "m:1b", "tokenizer_id": "m:1b"}
    counts = {"num_prompts": requests, "completed": requests, "duration": 10.0, "max_concurrency": 8}
    rates = {"request_throughput": 20.0, "output_throughput": 1000.0, "total_token_throughput": 2000.0}
    tokens = {"total_input_tokens": 50 * requests, "total_output_tokens": 50 * requests, "request_rate": "inf"}
    times = {"mean_ttft_ms": 130.0, "median_ttft_ms": 100.0, "std_ttft_ms": 80.0, "p95_ttft_ms": 420.0}
    (tmp_path / "bench.json").write_text(json.dumps(about | counts | rates | tokens | times), encoding="utf-8")
    return notes_of(tmp_path, "tail")


def test_percentiles_that_a_file_states_are_taken_as_they_are(tmp_path: Path) -> None:
    note = stated(tmp_path, 200).only
    assert sorted(values(note, "ms")) == [100, 420]
    assert all(text.startswith("With 8 requests at once, ") and "200 runs" in text for text in wordings(note))
    assert (note.scope.runs, note.scope.n) == ("all", 200)


def test_stated_percentiles_of_few_requests_say_nothing(tmp_path: Path) -> None:
    assert stated(tmp_path, 12).notes == []
