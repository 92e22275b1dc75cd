from pathlib import Path

import numpy as np
import pytest

from tests.unit.evidence.findings.tables import coherent, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def rows(model: str, seed: int, cold: int, load: float = 3.0) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    found = [coherent(rng, model, run=place) for place in range(24)]
    for row in found[:cold]:
        row |= {"load_s": load, "ttft_s": f"{load + float(str(row['prompt_eval_s'])):.6f}"}
    return found


def test_a_cold_start_calls_for_a_loaded_model(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, cold=3))
    note = notes_of(tmp_path, "keep_loaded").only
    assert wordings(note) == [
        "Keep the model loaded between requests: a cold start adds 2.9 s to the first token of `a:1b`.",
        "Keep the model loaded between requests, as a cold start adds 2.9 s to the first token of `a:1b`.",
    ]
    assert (note.section, note.scope.models, note.scope.n) == ("recommendations", ("a:1b",), 24)
    assert note.sources == (("a_runs.csv", "row 1"), ("a_runs.csv", "row 2"), ("a_runs.csv", "row 3"))


def test_the_model_that_pays_most_comes_first(tmp_path: Path) -> None:
    for seed, (name, load) in enumerate((("a", 2.0), ("b", 5.0), ("c", 3.0), ("d", 1.5))):
        write_csv(tmp_path / f"{name}_runs.csv", rows(f"{name}:1b", seed, 3, load))
    text = wordings(notes_of(tmp_path, "keep_loaded").only)[0]
    assert text.startswith(
        "Keep the models loaded between requests: a cold start adds 4.9 s to the first token of `b:1b`"
    )
    assert text.endswith("2.9 s to that of `c:1b` and less to 2 other models.")


def test_warm_runs_call_for_nothing(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, cold=0))
    assert notes_of(tmp_path, "keep_loaded").notes == []
    assert notes_of(tmp_path, "mixed_means").notes == []


def test_what_a_start_adds_is_the_difference_of_medians(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, cold=5))
    noted = notes_of(tmp_path, "keep_loaded")
    times = noted.rows("ttft_ms")["value"]
    added = times[times > 1000].median() - times[times < 1000].median()
    assert values(noted.only, "ms") == [pytest.approx(added)]
    assert noted.only.reason[1].text == "2.9 s"
