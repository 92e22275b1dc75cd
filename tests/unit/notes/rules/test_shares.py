"""Shares of answers: which of them differ, and how their difference is said."""

import pytest

from chimera_dagster.evidence.certainty import Certainty
from tests.unit.notes.folders import notes_of, stated, texts


def folder(n: float | None, **shares: float):
    return [row for name, share in shares.items() for row in stated(name, f"{name}.json", "accuracy", n=n, mean=share)]


def test_shares_of_five_hundred_answers_are_told_apart_only_if_they_are_far_apart():
    [note] = notes_of(folder(500, alpha=0.71, beta=0.70, gamma=0.42), "difference")
    [said] = texts([note])
    assert "`beta` (70 %) can't be told from it" in said
    assert "`gamma` comes last with 42 %" in said
    assert "29 points more" in said
    assert note.certainty is not Certainty.PLAIN


def test_the_standard_error_of_a_file_comes_before_that_of_a_share():
    rows = folder(500, alpha=0.71, gamma=0.42)
    errors = [{**row, "aggregate": "stderr", "value": 0.3} for row in rows]
    assert notes_of(rows, "difference") and not notes_of(rows, "tie")
    assert notes_of(rows + errors, "tie") and not notes_of(rows + errors, "difference")


@pytest.mark.parametrize("n", [None, 5])
def test_few_answers_or_an_unknown_number_of_them_show_nothing(n):
    notes = notes_of(folder(n, alpha=0.71, gamma=0.42), "difference")
    assert all(note.certainty is Certainty.PLAIN for note in notes)
