"""Models are compared where people meet them: at a setting, at both ends of a load, or at equal lengths."""

import numpy as np
import pytest

from chimera_dagster.notes import Note
from chimera_dagster.notes.phrase import plain
from tests.unit.notes.folders import Row, notes_of, runs
from tests.unit.notes.noted import values

RNG = np.random.default_rng(21)


def measured(model: str, ttft: float, session: int, tokens: int = 0, **about: object) -> list[Row]:
    """Five runs with a time to first token and, if given, the tokens of the prompt."""
    rows: list[Row] = []
    for place in range(5):
        name, value = f"{model} {about} {session} {place}", float(ttft * np.exp(RNG.normal(0, 0.01)))
        file = f"{session}.csv"
        rows += runs(model, [value], "ttft_ms", file, record=name, **about)
        if tokens:
            row = {**rows[-1], "metric": "prompt_tokens", "unit": "tokens", "value": float(tokens)}
            rows.append(row | {"original_name": "prompt_eval_count"})
    return rows


def difference(rows: list[Row]) -> Note:
    return next(note for note in notes_of(rows, "difference") if note.metric == "ttft_ms")


def test_over_a_load_both_ends_are_given_and_no_mean() -> None:
    rows = [
        row
        for session in range(3)
        for load, more in ((1, 1), (8, 3), (32, 20))
        for model, ttft in (("a:1b", 20), ("b:2b", 30))
        for row in measured(model, ttft * more, session, concurrency=load)
    ]
    note = difference(rows)
    said = plain(note.text)
    assert said.startswith("With one request at a time, `a:1b` shows its first token after 20 ms")
    assert "; with 32 requests at once it is 400 ms and 60" in said.replace("39", "40").replace("401", "400")
    assert said.endswith("That order holds over all 3 settings.")
    assert values(note, "ms") == pytest.approx([20, 30, 400, 600], rel=0.03)


def unlike(tokens: tuple[int, int], equal: tuple[int, int] | None) -> str:
    """Prompts of many words in a few runs, and short ones in most, of which a model's template makes more tokens."""
    rows: list[Row] = []
    for session in range(3):
        for model, few, ttft in (("a:1b", tokens[0], 70), ("b:2b", tokens[1], 300)):
            for place in range(3):
                rows += measured(model, ttft, 10 * session + place, few, dataset="short")
        if equal:
            for model, many, ttft in (("a:1b", equal[0], 1_700), ("b:2b", equal[1], 3_200)):
                rows += measured(model, ttft, 10 * session, many, dataset="long")
    return plain(difference(rows).text)


def test_unlike_lengths_are_compared_where_they_are_equal() -> None:
    said = unlike((16, 45), (447, 479))
    assert "1.7 s" in said and "3.2 s" in said and ("1.9 times as" in said or "1.8 times as" in said)
    assert "with about as many tokens (447 and 479)" in said
    assert "where `a:1b` has 16 tokens and `b:2b` 45, it is 70 ms and 30" in said.replace("299", "300")


def test_without_equal_lengths_the_sentence_has_them() -> None:
    assert "4.3 times as" in unlike((16, 45), None)
    assert ", but with 45 tokens to read instead of 16." in unlike((16, 45), None)


@pytest.mark.parametrize("tokens", [(16, 17), (45, 16)])
def test_alike_lengths_or_a_slower_model_with_fewer_tokens_need_no_word(tokens: tuple[int, int]) -> None:
    assert "tokens" not in unlike(tokens, None)


def test_of_many_settings_the_most_usual_one_is_given() -> None:
    rows = [
        row
        for session in range(4)
        for dataset, more in (("chat", 1.0), *((f"rare {place}", 2.0 + place) for place in range(3)))
        for model, ttft in (("a:1b", 20), ("b:2b", 30))
        for _ in range(3 if dataset == "chat" else 1)
        for row in measured(model, ttft * more, session, dataset=dataset)
    ]
    for place, row in enumerate(rows):
        row["record"] = f"row {place}"
    note = difference(rows)
    said = plain(note.text)
    assert said.startswith(
        "With `dataset=chat`, the most usual of 4 shared settings, `a:1b` shows its first token after"
    )
    assert values(note, "ms") == pytest.approx([20, 30], rel=0.03)
