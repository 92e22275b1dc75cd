"""Levels of a condition of one model: a difference is said where a test tells them apart, a tie where none does."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import Noted, figures_of, notes_of, values, wordings


def levels(tmp_path: Path, means: Mapping[str, float], name: str = "quantization", n: int = 8) -> Noted:
    rng = np.random.default_rng(21)
    rows = [
        run("m:7b", noisy(rng, mean), noisy(rng, 8000 / mean)) | {name: level}
        for level, mean in means.items()
        for _ in range(n)
    ]
    rng.shuffle(rows)
    write_csv(tmp_path / "a_runs.csv", rows)
    return notes_of(tmp_path, "condition_effect")


def test_a_quantization_that_is_slower_is_said_with_both_figures(tmp_path: Path) -> None:
    found = levels(tmp_path, {"Q4_K_M": 57, "Q8_0": 45})
    first_token, decode = found.notes
    assert [note.metric for note in found.notes] == ["ttft_ms", "decode_tok_s"]
    assert wordings(decode)[0].startswith("`m:7b` decodes 5")
    assert " tok/s with `quantization=Q4_K_M`; with `quantization=Q8_0` it is 4" in wordings(decode)[0]
    assert wordings(decode)[1].startswith("Decode throughput of `m:7b` is 5")
    sure = " % slower. That holds within these sessions; in others it may not."
    assert all(text.endswith(sure) for text in wordings(decode))
    assert all(" % longer. " in text for text in wordings(first_token))
    assert (decode.section, decode.certainty) == ("performance", "in_session")
    assert decode.order == ("quantization=Q4_K_M", "quantization=Q8_0")
    assert (decode.scope.models, decode.scope.n, decode.scope.files, decode.scope.runs) == (("m:7b",), 16, 1, "warm")
    assert len(decode.sources) == 16
    assert decode.weight >= 100  # there is nothing else to say of a single model


def test_its_figures_are_those_of_the_measurements(tmp_path: Path) -> None:
    found = levels(tmp_path, {"Q4_K_M": 57, "Q8_0": 45})
    decode = found.notes[1]
    rows = found.rows("decode_tok_s")
    means = rows.groupby("conditions")["value"].agg(lambda of_level: np.exp(np.log(of_level).mean()))
    best, worst = means.max(), means.min()
    assert values(decode, "tok/s") == pytest.approx([best, worst])
    assert values(decode, "%") == pytest.approx([100 * (1 - worst / best)])
    assert {figure.value for figure in figures_of(decode)} == {figure.value for figure in decode.figures}


def test_levels_that_chance_separates_are_a_tie(tmp_path: Path) -> None:
    found = levels(tmp_path, {"Q4_K_M": 57, "Q8_0": 57})
    for note in found.notes:
        assert (note.certainty, note.order) == ("tie", ())
        for text in wordings(note):
            assert "no measurable difference" in text or "shows no difference" in text
            assert text.endswith(" % would have shown.")
            assert "holds" not in text


def test_of_several_levels_those_tied_with_the_best_are_not_ordered_behind_it(tmp_path: Path) -> None:
    found = levels(tmp_path, {"A": 57, "B": 57, "C": 40, "D": 30}, name="gpu")
    decode = found.notes[1]
    [text] = wordings(decode)
    assert text.startswith("`m:7b` decodes 5")
    assert ") can't be told from it; then `C` (" in text
    assert "; on `D` it is 30" in text.replace("29.", "30.")
    assert decode.order[2:] == ("gpu=C", "gpu=D")


def test_a_difference_in_each_of_several_sessions_holds(tmp_path: Path) -> None:
    rng = np.random.default_rng(24)
    for session in range(4):
        rows = [
            run("m:7b", noisy(rng, mean), quantization=level)
            for level, mean in (("Q4", 57), ("Q8", 45))
            for _ in range(3)
        ]
        write_csv(tmp_path / f"{session}_runs.csv", rows)
    decode = next(note for note in notes_of(tmp_path, "condition_effect").notes if note.metric == "decode_tok_s")
    assert decode.certainty == "holds"
    assert all(text.endswith(" % slower. That difference holds.") for text in wordings(decode))


def test_levels_with_files_of_their_own_may_differ_by_the_session(tmp_path: Path) -> None:
    rng = np.random.default_rng(22)
    for level, mean in (("1.0", 50), ("2.0", 60)):
        write_csv(
            tmp_path / f"{level}_runs.csv", [run("m:7b", noisy(rng, mean), engine_version=level) for _ in range(6)]
        )
    decode = next(note for note in notes_of(tmp_path, "condition_effect").notes if note.metric == "decode_tok_s")
    assert decode.certainty == "in_session"
    assert decode.scope.files == 2
    assert all(text.endswith("That holds within these sessions; in others it may not.") for text in wordings(decode))


def test_one_level_has_no_effect_to_tell(tmp_path: Path) -> None:
    assert levels(tmp_path, {"Q4_K_M": 57}).notes == []


def test_levels_of_two_models_are_not_an_effect(tmp_path: Path) -> None:
    rng = np.random.default_rng(23)
    rows = [
        run(model, noisy(rng, 50), quantization=level) for model, level in (("a", "Q4"), ("b", "Q8")) for _ in range(6)
    ]
    write_csv(tmp_path / "a_runs.csv", rows)
    assert notes_of(tmp_path, "condition_effect").notes == []


def test_single_values_that_are_near_each_other_were_not_tested(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("m:7b", 57.0, backend="a"), run("m:7b", 57.2, backend="b")])
    for note in notes_of(tmp_path, "condition_effect").notes:
        assert note.certainty == "plain"
        for text in wordings(note):
            assert "measurable" not in text and "no difference" not in text and "would have shown" not in text
            assert "`a` (" in text and "`b` (" in text and "nobody tested" in text
