"""Sentences that claim more than any note by where, how or of what they say it, and true ones beside them."""

import pytest

from tests.unit.align.alignment_data import of_one


@pytest.mark.parametrize(
    "text", ["Consider increasing num_ctx.", "Consider monitoring the time to first token in production."]
)
def test_advice_that_no_note_gives_is_a_view(text: str) -> None:
    assert of_one(text).outcome == "view"


@pytest.mark.parametrize(
    "text",
    [
        "Consider keeping both models loaded between requests.",
        "You should keep both models loaded between requests.",
        "Report the median of warm runs.",
        "It should be noted that 3 of 135 runs of smollm2:135m were far slower than the others.",
    ],
)
def test_the_advice_of_a_note_stands(text: str) -> None:
    assert of_one(text).outcome == "stands"


@pytest.mark.parametrize(
    "text",
    [
        "It answers 3.8 times sooner.",
        "This difference is certain.",
        "This difference is significant.",
        "Num_ctx: 1024",
        "Temperature: 0.7",
        "This indicates a significant variation in performance.",
        "This suggests that the models have different performance characteristics.",
        "The models were tested under various conditions.",
    ],
)
def test_what_only_the_sentence_before_explains_or_what_says_nothing_does_not_stand(text: str) -> None:
    assert of_one(text).outcome != "stands"
    assert of_one(text, folder="served").outcome != "stands"


@pytest.mark.parametrize(
    "scope", ["For all models", "In all settings", "In every setting", "For every prompt", "Under any load"]
)
def test_a_true_sentence_of_everything_does_not_stand(scope: str) -> None:
    true = "gemma3:270m shows its first token sooner than smollm2:135m"
    assert of_one(f"{true}.").outcome == "stands"
    assert of_one(f"{scope}, {true}.").outcome != "stands"
    assert of_one(f"{true} {scope.lower()}.").outcome != "stands"


@pytest.mark.parametrize(
    "adverb",
    ["consistently", "invariably", "solely", "linearly", "exponentially", "uniformly", "unfailingly", "incredibly"],
)
def test_an_adverb_that_no_note_has_does_not_stand(adverb: str) -> None:
    assert of_one(f"gemma3:270m is {adverb} faster to its first token than smollm2:135m.").outcome != "stands"


@pytest.mark.parametrize(("model", "stands"), [("smollm2:135m", True), ("gemma3:270m", False)])
def test_a_figure_behind_with_is_of_the_subject(model: str, stands: bool) -> None:
    text = f"{model} shows its first token, with a p95 of 543 ms, 1.9 times its median of 291 ms."
    assert (of_one(text).outcome == "stands") is stands
    other = "gemma3:270m is faster to its first token than smollm2:135m, with a p95 of 543 ms."
    assert of_one(other).outcome != "stands"


@pytest.mark.parametrize(("load", "stands"), [(16, True), (32, False)])
def test_a_peak_is_at_its_own_load(load: int, stands: bool) -> None:
    text = f"With {load} requests at once phi3:mini reaches its highest output throughput."
    assert (of_one(text, folder="served").outcome == "stands") is stands


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("gemma3:270m shows its first token 3.8 times slower than smollm2:135m does.", "N2"),
        ("With longer prompts, smollm2:135m generates markedly more slowly.", "N3"),
        ("smollm2:135m reads prompts faster than gemma3:270m.", "N11"),
    ],
)
def test_a_false_order_is_replaced_by_the_note_on_its_metric(text: str, note: str) -> None:
    found = of_one(text)
    assert (found.outcome, found.notes) == ("replaced", (note,))
