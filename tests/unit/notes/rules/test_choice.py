"""The answer names a model only if something puts it first, and says for what."""

import numpy as np
import pytest

from chimera_dagster.notes.phrase import plain
from tests.unit.notes.folders import Row, notes_of, runs, sessions, stated, texts


def near(
    rng: np.random.Generator, value: float, size: tuple[int, int] = (4, 5), spread: float = 0.01
) -> list[list[float]]:
    """Runs of several sessions around a value."""
    return (value * np.exp(rng.normal(0, spread, size))).tolist()


def folder(**models: tuple[float, float]) -> list[Row]:
    """Decode rate and TTFT of each model, in four sessions each, with a record for each run."""
    rng = np.random.default_rng(7)
    rows: list[Row] = []
    for name, (decode, ttft) in models.items():
        rows += sessions(name, near(rng, decode), "decode_tok_s", concurrency=1)
        rows += sessions(name, near(rng, ttft), "ttft_ms", concurrency=1)
    return rows


def answer(rows: list[Row]) -> str:
    [said] = texts(notes_of(rows, section="answer"))
    return said


def test_one_model_that_leads_both_is_chosen():
    said = answer(folder(quick=(80, 90), slow=(40, 300)))
    assert "`quick`" in said and "`slow`" not in said
    assert "shows its first token soonest" in said and "decodes fastest" in said


def test_models_that_lead_one_each_are_chosen_for_what_they_lead_in():
    said = answer(folder(first=(40, 90), writer=(80, 300)))
    assert said in (
        "Choose `first` if people wait for the first word, and `writer` if answers are long.",
        "It depends on the use: `first` shows its first token soonest, and `writer` decodes fastest.",
    )


def test_a_tie_in_one_is_said():
    said = answer(folder(quick=(60, 90), slow=(60, 300)))
    assert said in (
        "Choose `quick` if people wait for the first word; if answers are long, either will do.",
        "If people wait for the first word, choose `quick`; if answers are long, it does not matter which.",
    )


def test_equal_models_are_not_chosen_between():
    [note] = notes_of(folder(one=(60, 90), two=(60, 90)), section="answer")
    assert texts([note])[0] in (
        "Nothing here tells `one` and `two` apart.",
        "These results do not tell `one` and `two` apart.",
    )
    assert note.certainty == "tie"


def test_one_model_alone_is_not_a_choice():
    assert "`only`" in answer(folder(only=(60, 90)))
    assert "Choose" not in answer(folder(only=(60, 90)))


def test_models_under_different_conditions_are_not_ranked():
    rng = np.random.default_rng(1)
    rows = sessions("a", near(rng, 60), gpu="A100") + sessions("b", near(rng, 90), gpu="H100")
    said = answer(rows)
    assert "`a` and `b`" in said and "conditions" in said and "hoose `" not in said


def test_a_second_measure_of_other_models_is_not_mixed_in():
    rows = folder(a=(60, 90), b=(40, 200))
    rng = np.random.default_rng(3)
    rows = [row for row in rows if row["metric"] == "ttft_ms"]
    rows += sessions("c", near(rng, 60), concurrency=1) + sessions("d", near(rng, 90), concurrency=1)
    said = answer(rows)
    assert "`a`" in said and "`c`" not in said and "`d`" not in said


def test_without_a_model_there_is_no_choice():
    assert "no file names" in answer(runs(None, [60.0, 61.0])).lower()


@pytest.mark.parametrize("n", [None, 20])
def test_values_that_files_state_are_an_order_that_nobody_tested(n: float | None):
    rows = stated("a", "a.json", n=n, mean=90.0, concurrency=1) + stated("b", "b.json", n=n, mean=300.0, concurrency=1)
    [note] = notes_of(rows, section="answer")
    assert note.certainty == "plain"
    assert "`a`" in texts([note])[0]


def test_stated_values_that_read_the_same_are_a_tie():
    rows = stated("a", "a.json", mean=90.1, concurrency=1) + stated("b", "b.json", mean=90.2, concurrency=1)
    assert "hoose" not in answer(rows)


def test_a_model_under_another_spelling_is_not_another_model():
    rng = np.random.default_rng(5)
    rows = folder(**{"quick:7b": (80, 90), "slow:8b": (40, 300)}) + sessions("quick-7b", near(rng, 60), concurrency=8)
    assert "others" not in answer(rows) and "other was" not in answer(rows)


def test_models_that_the_answer_does_not_cover_are_counted():
    rng = np.random.default_rng(5)
    rows = folder(quick=(80, 90), slow=(40, 300))
    rows += sessions("c", near(rng, 60), concurrency=8) + sessions("d", near(rng, 90), concurrency=32)
    [note] = notes_of(rows, section="answer")
    for wording in note.wordings:
        assert plain(wording).endswith(
            "This covers 2 models; 2 others were not measured under the same conditions, or not often enough."
        )
    assert note.scope.models == ("quick", "slow")


def test_an_answer_for_all_models_has_no_second_sentence():
    assert "covers" not in answer(folder(quick=(80, 90), slow=(40, 300)))


def test_too_few_runs_to_tell_are_not_called_equal():
    rows = folder(quick=(60, 90), slow=(60, 300))
    rng = np.random.default_rng(4)
    rows = [row for row in rows if row["metric"] == "ttft_ms"]
    for name in ("quick", "slow"):
        rows += sessions(name, near(rng, 60, (3, 1), 0.8), concurrency=1)
    assert answer(rows) in (
        "Choose `quick` if people wait for the first word; if answers are long, these runs don't tell which is better.",
        "If people wait for the first word, choose `quick`; if answers are long, these runs can't tell.",
    )


def test_models_that_are_tied_in_both_and_ahead_of_another_are_named_once():
    said = answer(folder(red=(80, 90), green=(80, 90), blue=(40, 300)))
    assert said.count("`red`") == said.count("`green`") == 1
    assert "`blue`" not in said and "nothing here tells these apart" in said


def test_of_one_model_the_best_value_of_a_condition_is_named():
    rng = np.random.default_rng(5)
    rows = sessions("m", near(rng, 90), quantization="Q4_K_M") + [
        {**row, "file": f"q8_{row['file']}"} for row in sessions("m", near(rng, 50), quantization="Q8_0")
    ]
    said = answer(rows)
    assert "`quantization=Q4_K_M`" in said and "decodes fastest" in said and "Q8_0" not in said


def test_a_few_models_without_common_conditions_stand_side_by_side():
    rng = np.random.default_rng(1)
    rows = sessions("a", near(rng, 60), gpu="A100") + sessions("b", near(rng, 90), gpu="H100")
    assert "Each under its own conditions, the decode throughput is: `b` 9" in answer(rows)


def sweep(alpha: list[float], beta: list[float]) -> list[Row]:
    """One output rate a level of concurrency, from 1 on, each twice that of the level before."""
    return [
        row
        for name, values in (("alpha", alpha), ("beta", beta))
        for place, value in enumerate(values)
        for row in runs(name, [value], "output_tok_s", f"{name}.csv", concurrency=2**place)
    ]


def test_the_leader_that_changes_with_the_load_is_said_by_load():
    rows = sweep([100, 180, 320, 500, 600, 640], [70, 140, 270, 460, 800, 1300])
    assert answer(rows) in (
        "Choose `alpha` up to 8 requests at once, and `beta` from 16.",
        "If many requests come at once, choose `alpha` up to 8 requests at once, and `beta` from 16.",
    )
    assert not notes_of(rows, "tie")


def test_a_level_at_which_the_two_are_equal_belongs_to_neither():
    said = answer(sweep([100, 180, 320, 500], [70, 140, 320, 800]))
    assert "`alpha` up to 2 requests at once, and `beta` from 8" in said


@pytest.mark.parametrize(
    "beta", [[104, 180, 330, 490], [70, 250, 270, 800], [70, 150, 290, 495]], ids=["near", "twice", "never"]
)
def test_no_level_is_named_without_one_clear_change(beta):
    assert "up to" not in answer(sweep([100, 190, 320, 500], beta))
