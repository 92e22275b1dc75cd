"""What loading a model adds to its first token is said of those that a test finds slower, and only of them."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.evidence.findings.tables import coherent, write_csv
from tests.unit.notes.noted import Noted, notes_of, values, wordings


def starts(tmp_path: Path, cold: dict[str, int], load: float = 3.0, warm: int = 20) -> Noted:
    """Warm runs of each model, and some that had to load it, in one file."""
    rng = np.random.default_rng(51)
    rows: list[dict[str, object]] = []
    for model, count in cold.items():
        for place in range(warm + count):
            row = coherent(rng, model, run=place)
            if place < count:
                took = load * float(rng.normal(1, 0.02))
                row |= {"load_s": took, "ttft_s": f"{took + float(str(row['prompt_eval_s'])):.6f}"}
            rows.append(row)
    write_csv(tmp_path / "a_runs.csv", rows)
    return notes_of(tmp_path, "cold_start")


def test_a_cold_start_says_after_what_time_and_instead_of_what(tmp_path: Path) -> None:
    found = starts(tmp_path, {"m:1b": 4})
    note = found.only
    one, other = wordings(note)
    assert one.startswith("A cold start makes `m:1b` answer after 3.0 s instead of ")
    assert other.startswith("If the model has to be loaded first, the first token comes after 3.0 s instead of ")
    assert (note.section, note.certainty, note.order, note.metric) == ("performance", "in_session", (), "ttft_ms")
    assert (note.scope.models, note.scope.n, note.scope.files, note.scope.runs) == (("m:1b",), 24, 1, "all")
    assert note.sources == tuple(("a_runs.csv", f"row {place}") for place in range(1, 5))
    assert note.weight >= 100


def test_its_figures_are_medians_of_the_measurements(tmp_path: Path) -> None:
    found = starts(tmp_path, {"m:1b": 4})
    rows = found.rows("ttft_ms")["value"]
    slow, usual = rows[rows > 1000].median(), rows[rows < 1000].median()
    assert values(found.only, "ms") == pytest.approx([slow, usual])


def test_all_models_are_in_one_note_and_the_fifth_is_counted(tmp_path: Path) -> None:
    note = starts(tmp_path, {f"m{size}:1b": 3 for size in range(1, 6)}).only
    assert len(note.scope.models) == len(note.findings) == 5
    for text in wordings(note):
        assert text.count(" instead of ") == 4
        assert text.endswith("; it delays 1 other model too.")


def test_one_cold_start_is_not_a_test(tmp_path: Path) -> None:
    note = starts(tmp_path, {"m:1b": 1}).only
    assert note.certainty == "plain"
    assert all(
        " The load itself took " in text and text.endswith(" s; whether it explains all of that was not tested.")
        for text in wordings(note)
    )
    assert all(" 3.0 s instead of " in text for text in wordings(note))
    assert note.scope.n == 21


def test_cold_starts_under_no_named_load_are_compared_with_one_request_at_a_time(tmp_path: Path) -> None:
    rows = [{"model": "m:1b", "concurrency": load, "ttft_ms": 20 * load + n} for load in (1, 8, 32) for n in range(5)]
    write_csv(tmp_path / "load_runs.csv", rows)
    write_csv(tmp_path / "cold.csv", [{"model": "m:1b", "load_ms": 1900 + n, "ttft_ms": 2000 + n} for n in range(5)])
    text = wordings(notes_of(tmp_path, "cold_start").only)[0]
    assert text.startswith("A cold start makes `m:1b` answer after 2.0 s instead of 22 ms. The load itself took 1.9 s;")


def test_a_load_that_delays_nothing_is_not_said_to(tmp_path: Path) -> None:
    rng = np.random.default_rng(52)
    rows = [coherent(rng, run=place) for place in range(24)]
    for place, row in enumerate(rows[:4]):
        row["load_s"] = 3.0 + place / 50
        del row["prompt_eval_s"], row["ttft_s"]
        row |= {"prompt_eval_s": 0.012, "ttft_s": f"{rng.normal(0.072, 0.004):.6f}"}
    write_csv(tmp_path / "a_runs.csv", rows)
    note = notes_of(tmp_path, "cold_start").only
    assert note.certainty == "tie"
    assert all("no measurable difference" in text or "can be told from chance" in text for text in wordings(note))


def test_cold_starts_of_several_sessions_hold(tmp_path: Path) -> None:
    starts(tmp_path, {"m:1b": 12}, warm=48)
    head, *lines = (tmp_path / "a_runs.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "a_runs.csv").unlink()
    for session in range(4):
        text = "".join([head, *lines[session::4]])
        (tmp_path / f"{session}_runs.csv").write_text(text, encoding="utf-8")
    note = notes_of(tmp_path, "cold_start").only
    assert (note.certainty, note.scope.n, note.scope.files) == ("holds", 60, 4)


def test_warm_runs_alone_have_no_such_note(tmp_path: Path) -> None:
    assert starts(tmp_path, {"m:1b": 0}).notes == []
