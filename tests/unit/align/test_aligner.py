"""What becomes of a sentence: it stands, is replaced, is a view, is filler, or is withheld."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chimera_dagster.align import Aligner, Passage
from tests.unit.align.alignment_data import FOLDERS, labelled, notes_of, of_one, said

FALSE_THAT_STAND, TRUE_THAT_DO_NOT = 0.01, 0.3  # of the sentences that the aligner was mended on


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("gemma3:270m answers after 95 ms and smollm2:135m after 363 ms.", ("N2",)),
        ("smollm2:135m needs nearly four times as long as Gemma 3 270M to show its first token.", ("N2",)),
        ("Decode throughput does not separate the two models: 48.5 and 46.8 tok/s are too close.", ("N3",)),
        ("From a cold start, gemma3:270m shows its first token after 2.4 s.", ("N4",)),
        ("Keep both models loaded between requests.", ("N15",)),
        ("Power and GPU memory were not measured.", ("N26",)),
    ],
)
def test_a_sentence_that_a_note_entails_stands_with_that_note(text: str, notes: tuple[str, ...]) -> None:
    found = of_one(text)
    assert (found.outcome, found.reason) == ("stands", "")
    assert found.notes == notes


@pytest.mark.parametrize(
    "text",
    [
        "smollm2:135m answers after 95 ms and gemma3:270m after 363 ms.",  # swapped
        "gemma3:270m shows its first token after 59 ms, once loaded.",  # another figure
        "gemma3:270m shows its first token after 95 s.",  # another unit
        "gemma3:270m decodes faster than smollm2:135m.",  # a tie
        "gemma3:270m is always faster to its first token.",  # more certain
        "gemma3:270m is faster to its first token because it is larger.",  # a cause
        "gemma3:270m shows its first token after 2.4 s.",  # without the cold start
        "The p95 of the time to first token of smollm2:135m is 291 ms.",  # the median
        "gemma3:270m decodes at 205 tok/s.",  # another metric
        "Power and GPU memory were measured.",  # denied
        "A higher temperature slows decoding down.",  # no effect is known
        "The throughput grows linearly with the prompt.",  # an unknown word
    ],
)
def test_a_sentence_that_differs_in_one_respect_does_not_stand(text: str) -> None:
    found = of_one(text)
    assert found.outcome != "stands"
    assert found.reason


def test_a_sentence_that_nearly_says_a_note_is_replaced_by_it_and_the_slot_is_named() -> None:
    found = of_one("smollm2:135m shows its first token after 95 ms, gemma3:270m after 363 ms.")
    assert (found.outcome, found.notes) == ("replaced", ("N2",))
    assert found.reason == "95 ms is that of `gemma3:270m`, not of `smollm2:135m`"


def test_advice_without_a_claim_is_a_view() -> None:
    assert of_one("Consider testing smollm2:135m with a quantized cache?").outcome == "view"


def test_a_sentence_that_names_nothing_is_filler() -> None:
    assert of_one("In summary, here are the results.").outcome == "filler"


def test_a_pronoun_means_the_one_model_of_the_sentence_before() -> None:
    first, second = said("gemma3:270m reads prompts at 205 tok/s.", "It is 44 % faster than smollm2:135m at that.")
    assert first.outcome == "stands"
    assert second.outcome in ("stands", "replaced")
    assert said("It shows its first token after 95 ms.")[0].outcome != "stands"


def test_how_sure_something_is_needs_the_sentence_that_it_is_about() -> None:
    sure = "That holds within these sessions; in others it may not."
    assert said("gemma3:270m shows its first token after 95 ms.", sure)[1].outcome == "stands"
    assert said(sure)[0].outcome != "stands"


def test_a_cause_between_two_true_notes_does_not_stand() -> None:
    text = "Decode throughput does not tell the models apart because a cold start adds 2.3 s."
    assert of_one(text).outcome != "stands"


def test_without_notes_nothing_stands() -> None:
    assert [each.outcome == "stands" for each in Aligner([]).align([Passage("a decodes 5 tok/s.", 0)])] == [False]


@pytest.mark.parametrize("folder", FOLDERS)
def test_false_sentences_of_others_do_not_stand_and_true_ones_do(folder: str) -> None:
    sentences = [each for each in labelled(folder) if not each.by.endswith("held out")]
    found = Aligner(notes_of(folder)).align([Passage(each.text, place) for place, each in enumerate(sentences)])
    stands = [each.outcome == "stands" for each in found]
    true = [stand for each, stand in zip(sentences, stands, strict=True) if each.truth]
    false = [each.text for each, stand in zip(sentences, stands, strict=True) if not each.truth and stand]
    assert len(false) <= FALSE_THAT_STAND * (len(sentences) - len(true)), false
    assert sum(true) >= (1 - TRUE_THAT_DO_NOT) * len(true)


@pytest.mark.parametrize("seed", ["1", "2", "3", "4"])
def test_the_reason_is_the_same_in_every_process(seed: str) -> None:
    script = (
        "from tests.unit.align.alignment_data import of_one\n"
        "text = 'llama3.1:8b shows its first token soonest of the three.'\n"
        "print(of_one(text, 'served').reason)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "it swaps `llama3.1:8b` and `phi3:mini`\n"
