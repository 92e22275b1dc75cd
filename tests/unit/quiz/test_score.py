"""Which answers count as right, and the interval of their share."""

from typing import Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from chimera_dagster.quiz.question import Answered, Question
from chimera_dagster.quiz.score import accuracy_of, is_right, read_answer, wilson
from chimera_dagster.spec.tasks import Expected

CHOICES = ("57.2 tok/s", "61 tok/s", "The data do not say.", "6.1 tok/s")


def choice(right: str = "B", **changes: Any) -> Question:
    fields: dict[str, Any] = {"id": "Q1", "kind": "look up", "text": "?", "choices": CHOICES, "right": right} | changes
    return Question(**fields)


def task(**expected: Any) -> Question:
    return Question(id="t", kind="your tasks", text="?", right="", expected=Expected(**expected))


def answered(right: bool, kind: Any = "look up", read: str | None = "A") -> Answered:
    return Answered(question=choice(kind=kind), answer="A", read=read, is_right=right, ms=500.0)


@pytest.mark.parametrize(("right", "asked"), [(0, 1), (1, 1), (0, 24), (6, 24), (17, 24), (24, 24), (199, 200)])
def test_the_interval_is_that_of_statsmodels(right: int, asked: int) -> None:
    expected = proportion_confint(right, asked, alpha=0.05, method="wilson")
    assert wilson(right, asked) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        (" b\n", "B"),
        ('"B"', "B"),
        ("(B)", "B"),
        ("**B**", "B"),
        ("B. 61 tok/s", "B"),
        ("B) because it is the highest", "B"),
        ("The answer is B.", "B"),
        ("Answer: C", "C"),
        ("The correct choice is D, as 6.1 is lowest", "D"),
        ("61 tok/s", "B"),
        ("The data do not say.", "C"),
        ("A model of this size decodes 61 tok/s", None),
        ("E", None),
        ("It can't be told.", None),
        ("", None),
    ],
)
def test_the_letter_of_an_answer_is_read(text: str, letter: str | None) -> None:
    assert read_answer(choice(), text) == letter
    assert is_right(choice("B"), read_answer(choice(), text)) == (letter == "B")


@pytest.mark.parametrize(
    ("expected", "text", "right"),
    [
        ({"exact": "Paris"}, " Paris\n", True),
        ({"exact": "Paris"}, "Paris.", False),
        ({"regex": r"(?i)\bparis\b"}, "It is PARIS.", True),
        ({"regex": r"^\d+$"}, "42", True),
        ({"regex": r"^\d+$"}, "about 42", False),
        ({"numeric": 1240}, "In all 1,240.", True),
        ({"numeric": 1240}, "It is between 1,000 and 1,240", True),
        ({"numeric": 20}, "10-20", True),
        ({"numeric": -20}, "It fell to -20", True),
        ({"numeric": 0.2, "tolerance": 0.1}, "0.3", True),
        ({"numeric": 0.2, "tolerance": 0.1}, "0.31", False),
        ({"numeric": 200, "tolerance": "5 %"}, "209.9 ms", True),
        ({"numeric": 200, "tolerance": "5 %"}, "211 ms", False),
        ({"numeric": 5e-3}, "5e-3 s", True),
        ({"numeric": 4}, "four", False),
        ({"exact": "4"}, "", False),
    ],
)
def test_an_answer_to_a_task_is_judged_as_the_task_says(expected: dict[str, Any], text: str, right: bool) -> None:
    question = task(**expected)
    assert is_right(question, read_answer(question, text)) is right


def test_accuracy_counts_all_and_each_kind_with_its_chance() -> None:
    open_task = Answered(question=task(exact="4"), answer="5", read="5", is_right=False, ms=1000.0)
    found = accuracy_of([answered(True), answered(False), answered(False, "unit", read=None), open_task])
    assert found is not None
    assert (found.right, found.asked, found.share, found.unanswered) == (1, 4, 0.25, 1)
    assert found.chance == pytest.approx((3 * 0.25 + 0) / 4)
    assert found.seconds == pytest.approx(2.5)
    assert {kind: (part.right, part.asked) for kind, part in found.kinds.items()} == {
        "look up": (1, 2),
        "unit": (0, 1),
        "your tasks": (0, 1),
    }
    assert (found.low, found.high) == wilson(1, 4)


def test_without_questions_there_is_no_accuracy() -> None:
    assert accuracy_of([]) is None
