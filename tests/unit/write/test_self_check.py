"""Statements that say nothing are told from those that say little."""

import pytest

from chimera_dagster.grounding import Checked, Claim, Verdict
from chimera_dagster.records.documents import Written
from chimera_dagster.write.self_check import mark_void

PROMPT = """\
{F3} mean decode throughput of {M2} over all its runs
Three optimisation recommendations that balance throughput, TTFT, and quality.
{"throughput": ["Prefer the model with the higher decode throughput for long answers."],
"mitigation": "Keep the model loaded."}"""


def checked(text: str, verdict: Verdict) -> Checked:
    claim = Claim(kind="opinion", text=text, verdict=verdict, reason="as it was checked")
    reason = "withheld before" if claim.fails else ""
    return Checked(text=text, rendered=text, claims=[claim], kept=not claim.fails, reason=reason)


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
def test_what_says_nothing_is_void_and_withheld(text: str, verdict: Verdict, reason: str) -> None:
    [found] = mark_void([checked(text, verdict)], PROMPT, ["a:1", "b:2"], ["F3"])
    assert (found.verdict, found.kept) == ("void", False)
    assert reason in found.reason
    assert found.claims[:-1] == checked(text, verdict).claims


@pytest.mark.parametrize("verdict", ["supported", "unsupported", "not checkable"])
def test_a_figure_of_its_own_never_stands_whether_true_or_not(verdict: Verdict) -> None:
    [found] = mark_void([checked("{F3} is 42 tok/s.", verdict)], PROMPT, ["a:1", "b:2"], ["F3"])
    assert found.claims[-1].verdict == "void"
    assert found.verdict == ("unsupported" if verdict == "unsupported" else "void")
    assert Written.model_construct(policy="annotate").withheld(found)


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
def test_what_says_something_stays_as_it_was_checked(text: str, verdict: Verdict) -> None:
    assert mark_void([checked(text, verdict)], PROMPT, ["a:1", "b:2"], ["F3"]) == [checked(text, verdict)]
