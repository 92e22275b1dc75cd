"""A prompt never exceeds its budget, and loses facts from the end, whole."""

import pytest

from chimera_dagster.errors import ContextTooSmallError
from chimera_dagster.write.prompt import Prompt, Stage, estimate_tokens, render_prompt, within_budget
from tests.unit.write.facts import fact

FACTS = [fact(f"F{n}", f"a statement about thing {n}", f"{n} ms") for n in range(1, 41)]


def prompt(stage: Stage = "analysis", num_ctx: int = 4096, *, chat: bool = True, persona: str = "Be brief.") -> Prompt:
    return render_prompt(stage, FACTS, total_files=68, chat=chat, num_ctx=num_ctx, max_tokens=256, persona=persona)


def test_all_facts_fit_a_large_context() -> None:
    rendered = prompt()
    assert (rendered.facts, rendered.facts_left_out) == (40, 0)
    assert "{F40} a statement about thing 40: 40 ms (n=1)" in rendered.text
    assert "did not fit" not in rendered.text


def test_a_small_context_keeps_the_first_facts_and_says_how_many_are_missing() -> None:
    rendered = prompt(num_ctx=1024)
    assert 0 < rendered.facts < 40
    assert f"{{F{rendered.facts}}}" in rendered.text
    assert f"{{F{rendered.facts + 1}}}" not in rendered.text
    assert f"({40 - rendered.facts} more facts did not fit.)" in rendered.text


def test_no_room_for_one_fact_is_an_error_that_names_the_way_out() -> None:
    with pytest.raises(ContextTooSmallError, match=r"num_ctx=512 .* Raise num_ctx"):
        prompt(num_ctx=512)


def test_the_report_prompt_carries_the_persona_as_it_is() -> None:
    persona = "You are InsightAgent.\n1. Executive {summary} <b>\n"
    assert persona.strip() in prompt("report", persona=persona).text


@pytest.mark.parametrize("stage", ["analysis", "report"])
def test_a_base_model_gets_the_beginning_of_its_answer(stage: Stage) -> None:
    rendered = prompt(stage, chat=False)
    assert rendered.prefix
    assert rendered.text.endswith(rendered.prefix)
    assert prompt(stage).prefix == ""


def test_the_digest_is_of_the_whole_prompt() -> None:
    assert prompt().sha256 == prompt().sha256 != prompt(persona="", stage="report").sha256


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


def test_without_a_tokenizer_a_token_is_guessed_at_two_and_a_half_characters() -> None:
    assert [estimate_tokens(text) for text in ("", "a", "ab", "abc", "abcde", "abcdef")] == [0, 1, 1, 2, 2, 3]
    one = estimate_tokens(f"{FACTS[0].line}\n")
    assert (len(within_budget(FACTS, one)), len(within_budget(FACTS, one - 1))) == (1, 0)


@pytest.mark.parametrize("num_ctx", range(900, 1100, 7))
def test_a_prompt_stays_within_its_context(num_ctx: int) -> None:
    rendered = prompt(num_ctx=num_ctx)
    assert estimate_tokens(rendered.system) + estimate_tokens(rendered.text) + 256 <= num_ctx
