"""A budget of tokens is filled from the most important fact on, and never exceeded."""

import pytest

from chimera_dagster.cli.facts import within_budget
from chimera_dagster.write.prompt import estimate_tokens
from tests.unit.write.facts import fact

FACTS = [fact(f"F{n}", f"a statement about thing {n}", f"{n} ms") for n in range(1, 41)]


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize(
    ("budget", "kept"), [(0, 0), (8, 0), (9, 1), (17, 1), (18, 2), (359, 39), (360, 40), (999, 40)]
)
def test_a_budget_is_used_up_to_its_last_token_and_never_exceeded(budget: int, kept: int) -> None:
    assert words(FACTS[0].line) == 9
    assert within_budget(FACTS, budget, words) == FACTS[:kept]


def test_what_does_not_fit_is_not_passed_over_for_something_less_important() -> None:
    long = fact("F1", "many words that take a lot of room", "1 ms")
    assert within_budget([FACTS[0], long, FACTS[1]], 9 + 9, words) == [FACTS[0]]
    assert within_budget([], 5, words) == []


def test_the_estimate_of_a_fact_is_of_its_line() -> None:
    one = estimate_tokens(f"{FACTS[0].line}\n")
    assert [len(within_budget(FACTS, budget, estimate_tokens)) for budget in (one, one - 1)] == [1, 0]
