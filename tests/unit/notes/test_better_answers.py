"""The answer says if the model that it chooses for its speed answers worse than another."""

from pathlib import Path

import numpy as np

from tests.unit.notes import noted
from tests.unit.notes.folders import Row, notes_of, sessions, stated, texts


def folder(n: float | None = 200, **models: tuple[float, float]) -> list[Row]:
    """Decode rate, a time to first token that goes with it, and the share of right answers of each model."""
    rng = np.random.default_rng(5)
    rows: list[Row] = []
    for name, (rate, right) in models.items():
        for metric, value in (("decode_tok_s", rate), ("ttft_ms", 9000 / rate)):
            rows += sessions(name, (value * np.exp(rng.normal(0, 0.01, (4, 3)))).tolist(), metric, concurrency=1)
        rows += stated(name, f"{name}.json", "accuracy", n=n, mean=right)
    return rows


def answer(rows: list[Row]) -> str:
    [said] = texts(notes_of(rows, section="answer"))
    return said


def test_the_fastest_model_with_clearly_worse_answers_is_not_chosen_without_saying_so():
    [note] = notes_of(folder(fast=(90, 0.55), slow=(40, 0.74)), section="answer")
    [said] = texts([note])
    assert "`fast`" in said.partition(".")[0]
    assert said.endswith(
        "If good answers count more, choose `slow`: its accuracy is 74 %, and that of `fast` is 55 %, a difference "
        "that is more than chance."
    )
    assert note.certainty == "in_session"
    assert {source[0] for source in note.sources} >= {"fast.json", "slow.json"}


def test_of_models_with_answers_that_nothing_tells_apart_the_fastest_is_named():
    said = answer(folder(fast=(90, 0.55), middle=(60, 0.72), slow=(40, 0.74)))
    assert "choose `middle`: its accuracy is 72 %" in said


def test_scores_that_agree_or_can_not_be_told_apart_are_not_said():
    assert "accuracy" not in answer(folder(fast=(90, 0.74), slow=(40, 0.55)))
    assert "accuracy" not in answer(folder(fast=(90, 0.70), slow=(40, 0.74)))


def test_scores_of_an_unknown_number_of_answers_are_said_as_untested():
    said = answer(folder(None, fast=(90, 0.55), slow=(40, 0.74)))
    assert said.endswith("that of `fast` is 55 %; whether that is more than chance was not tested.")


def test_a_column_of_questions_counts_the_answers(tmp_path: Path):
    (tmp_path / "scores.md").write_text(
        "| model | accuracy | questions |\n|---|---|---|\n| a:7b | 0.74 | 200 |\n| b:3b | 0.55 | 200 |\n"
    )
    found = noted.notes_of(tmp_path, "difference")
    assert found.only.certainty == "in_session"
    assert found.texts[0].endswith("That is more than chance for these questions.")
    assert noted.notes_of(tmp_path, "sessions").notes == []  # answers do not drift with the machine
