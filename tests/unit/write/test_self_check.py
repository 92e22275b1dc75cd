"""Statements that say nothing are told from those that say little."""

import pytest

from chimera_dagster.grounding import CheckedStatement, Claim, Verdict
from chimera_dagster.write.self_check import SelfCheck

PROMPT = """\
{F3} mean decode throughput of {M2} over all its runs
Three optimisation recommendations that balance throughput, TTFT, and quality.
{"throughput": ["Prefer the model with the higher decode throughput for long answers."],
"mitigation": "Keep the model loaded."}"""


def why_void(text: str, verdict: Verdict) -> str:
    claim = Claim(kind="opinion", text=text, verdict=verdict, reason="as it was checked")
    return SelfCheck(PROMPT, ["a:1", "b:2"], ["F3"]).reason(CheckedStatement(text, text, (claim,)))


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        ("Prefer the model with the higher decode throughput for long answers.", "not checkable", "repeats its prompt"),
        ("Keep the model loaded, always.", "not checkable", "repeats its prompt"),
        ("balance Throughput, TTFT and quality of it.", "not checkable", "repeats its prompt"),
        ("A model of ight-score of ight-score of ight-score of ight-score.", "not checkable", "over and over"),
        ("{M1} is at {F3} and is at {F3} and is at {F3}.", "supported", "over and over"),
    ],
)
def test_what_says_nothing_is_void(text: str, verdict: Verdict, reason: str) -> None:
    assert reason in why_void(text, verdict)


@pytest.mark.parametrize("verdict", ["supported", "unsupported", "not checkable"])
def test_a_figure_of_its_own_is_void_even_if_it_is_true(verdict: Verdict) -> None:
    assert why_void("{F3} is 42 tok/s.", verdict).startswith("42: a figure that the model wrote itself")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (
            "The mean decode throughput of {M2} over all its runs is {F3}.",
            "supported",
        ),  # facts are there for it
        ("Keep the model warm by a request each minute.", "not checkable"),
        ("The mean of the runs of the model that is the best of the two.", "not checkable"),
        ("Fine.", "not checkable"),
        ("", "not checkable"),
    ],
)
def test_what_says_something_is_not_void(text: str, verdict: Verdict) -> None:
    assert why_void(text, verdict) == ""
