"""Models that nothing compares: what was measured of them, a sentence each, and no wall of them."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import Noted, notes_of, values, wordings


def alone(tmp_path: Path, models: int = 1, n: int = 4) -> Noted:
    """Each model at a load of its own."""
    rng = np.random.default_rng(81)
    rows = [
        run(f"m{place}:1b", noisy(rng, 50), noisy(rng, 40), concurrency=place)
        for place in range(1, models + 1)
        for _ in range(n)
    ]
    write_csv(tmp_path / "a_runs.csv", rows)
    return notes_of(tmp_path, "value")


def test_metrics_of_one_setting_are_one_sentence(tmp_path: Path) -> None:
    found = alone(tmp_path)
    note = found.only
    one, other = wordings(note)
    assert one.startswith("`m1:1b` shows its first token after 4")
    assert " ms and decodes " in one
    assert one.endswith(" tok/s, with one request at a time, over 4 runs.")
    assert other.startswith("With one request at a time, over 4 runs, `m1:1b` shows its first token after ")
    assert (note.section, note.certainty, note.order, note.metric) == ("performance", "plain", (), None)
    assert (note.scope.models, note.scope.setup, note.scope.n, note.scope.files) == (
        ("m1:1b",),
        {"concurrency": 1},
        4,
        1,
    )
    assert note.sources == tuple(("a_runs.csv", f"row {place}") for place in range(1, 5))


def test_its_figures_are_the_means_of_the_measurements(tmp_path: Path) -> None:
    found = alone(tmp_path)
    assert values(found.only, "ms") == pytest.approx([found.rows("ttft_ms")["value"].mean()])
    assert values(found.only, "tok/s") == pytest.approx([found.rows("decode_tok_s")["value"].mean()])
    assert 4 in values(found.only)


def test_a_model_has_two_sentences_at_most(tmp_path: Path) -> None:
    rng = np.random.default_rng(82)
    rows = [
        run("m:1b", noisy(rng, 50), noisy(rng, 40), dataset=name)
        for name, n in (("a", 2), ("b", 5), ("c", 4), ("d", 3))
        for _ in range(n)
    ]
    write_csv(tmp_path / "a_runs.csv", rows)
    notes = notes_of(tmp_path, "value").notes
    assert [note.scope.n for note in notes] == [5, 4]


def test_of_many_models_the_rest_is_counted(tmp_path: Path) -> None:
    *first, last = alone(tmp_path, models=20).notes
    assert len(first) == 12
    assert len(last.scope.models) == 8
    assert wordings(last)[0].endswith(" and 7 other models were measured too, not more often than these.")
    named = {model for note in first for model in note.scope.models}
    assert len(named | set(last.scope.models)) == 20


def test_models_that_are_compared_are_not_told_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(83)
    write_csv(
        tmp_path / "a_runs.csv", [run(name, noisy(rng, 50), noisy(rng, 40)) for name in ("a", "b") for _ in range(4)]
    )
    assert notes_of(tmp_path, "value").notes == []


def test_levels_that_are_compared_are_not_told_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(84)
    rows = [run("m:1b", noisy(rng, 50), noisy(rng, 40), quantization=name) for name in ("a", "b") for _ in range(4)]
    write_csv(tmp_path / "a_runs.csv", rows)
    assert notes_of(tmp_path, "value").notes == []
