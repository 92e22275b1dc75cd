"""Slips of small models, most of them as they were written, and true sentences beside them."""

import pytest

from tests.unit.align.alignment_data import of_one, said

_IT = "Over 31 shared settings, it shows its first token after {}, which is 3.8 times {} than smollm2:135m."


@pytest.mark.parametrize(
    "text",
    [
        "Gemma3:270m: First Token Time Increase: 1.7 s",
        "First token time increase: 1.7 s (smollm2:135m: 3.2 s)",
        "Time to first token growth of gemma3:270m: 1.7 s",
        "gemma3:270m has an increase in time to first token of 1.7 s.",
        "The time to first token of gemma3:270m grows by 1.7 s.",
        "The time to first token of smollm2:135m shows a growth of 3.2 s.",
    ],
)
def test_a_value_is_not_the_increase_that_leads_to_it(text: str) -> None:
    assert of_one(text).outcome != "stands"


@pytest.mark.parametrize(
    "text",
    [
        "With longer prompts the time to first token of gemma3:270m grows to 1.7 s.",
        "The time to first token of gemma3:270m grows from 130 ms to 1.7 s over prompts of 25 to 400 words.",
        "A cold start adds 2.3 s to the first token of gemma3:270m.",
    ],
)
def test_the_value_that_it_grows_to_and_a_true_increase_stand(text: str) -> None:
    assert of_one(text).outcome == "stands"


@pytest.mark.parametrize(("owner", "stands"), [("", False), (" of smollm2:135m", True)])
def test_a_tail_of_one_of_several_models_needs_its_model(owner: str, stands: bool) -> None:
    text = f"p95 of time to first token{owner} is 543 ms, 1.9 times its median, over 103 warm runs in 22 settings."
    assert (of_one(text).outcome == "stands") is stands


@pytest.mark.parametrize(
    ("text", "stands"), [(_IT.format("363 ms", "faster"), False), (_IT.format("95 ms", "faster"), True)]
)
def test_a_pronoun_behind_an_opening_is_the_model_before(text: str, stands: bool) -> None:
    before = "gemma3:270m shows its first token after 95 ms."
    assert (said(before, text)[-1].outcome == "stands") is stands


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("Gemma3:270m: Warm runs: 1.5 times as long with prompts of 25 to 400 words", False),
        ("The time to first token is 1.5 times as long with prompts of 50 words.", False),
        ("The time to first token is more than 1.5 times as long with prompts of 400 words.", False),
        ("The time to first token is more than 1.5 times as long with prompts of 50 words.", True),
    ],
)
def test_a_ratio_keeps_its_bound_and_its_level(text: str, stands: bool) -> None:
    assert (of_one(text).outcome == "stands") is stands


@pytest.mark.parametrize(
    ("end", "stands"),
    [
        (", indicating that the model performs well under warm runs", False),
        (", suggesting that the model performs well", False),
        (", which means that the model performs well under warm runs", False),
        (", making it a model with good performance", False),
        ("", True),
    ],
)
def test_an_evaluation_that_no_note_gives_does_not_stand(end: str, stands: bool) -> None:
    text = f"The p95 of the time to first token of smollm2:135m is higher than its median{end}."
    assert (of_one(text).outcome == "stands") is stands


@pytest.mark.parametrize("folder", ["samples", "served"])
@pytest.mark.parametrize("of", ["session dates", "hours", "milliseconds", "runs", "sessions"])
def test_different_performance_on_different_things_does_not_stand(of: str, folder: str) -> None:
    text = f"The notes also found that the models have different performance on different {of}."
    assert of_one(text, folder=folder).outcome != "stands"


@pytest.mark.parametrize(
    "text",
    [
        "However, the performance of gemma3:270m can vary depending on the session and the number of shared settings.",
        "The performance of smollm2:135m depends on the runs.",
    ],
)
def test_performance_that_depends_on_something_does_not_stand(text: str) -> None:
    assert of_one(text).outcome != "stands"


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        (
            "The notes also found that the models have to be loaded first, and that the time to first token of "
            "gemma3:270m is longer than that of smollm2:135m.",
            False,
        ),
        ("If the models have to be loaded first, gemma3:270m shows its first token after 2.4 s.", True),
    ],
)
def test_the_order_of_cold_starts_holds_only_if_a_model_has_to_be_loaded(text: str, stands: bool) -> None:
    assert (of_one(text).outcome == "stands") is stands


@pytest.mark.parametrize(
    "text",
    [
        "This summary provides a high-level overview of the model's performance, including its throughput, time to "
        "first token (TTFT), and quality of answers.",
        "This report presents the time to first token and the decode throughput of gemma3:270m.",
    ],
)
def test_what_describes_the_report_is_filler(text: str) -> None:
    assert of_one(text).outcome == "filler"


@pytest.mark.parametrize(("end", "stands"), [(" (smallest)", False), ("", True)])
def test_a_bare_extreme_behind_a_mean_does_not_stand(end: str, stands: bool) -> None:
    assert (of_one(f"Gemma3:270m: First Token Time: 95 ms{end}").outcome == "stands") is stands
