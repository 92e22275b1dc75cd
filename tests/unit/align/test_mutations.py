"""A note's own sentences stand, and what is changed in one respect never does."""

import random
import re

import pytest

from chimera_dagster.align import Aligner, Passage
from chimera_dagster.align.kept_note import KeptNote, Part, Parts
from tests.unit.align.alignment_data import FOLDERS, notes_of

COMPARING = ("difference", "tie", "trend", "cold_start", "tail", "scatter", "outliers", "below_the_knee", "value")
FLIPS = {
    "sooner": "later",
    "faster": "slower",
    "longer": "shorter",
    "grows": "falls",
    "falls": "grows",
    "rises": "falls",
}
METRICS = {
    "time to first token": "decode throughput",
    "decode throughput": "time to first token",
    "prefill throughput": "time to first token",
    "output throughput": "decode throughput",
    "decodes": "reads prompts at",
    "reads prompts at": "decodes",
}
MORE = ("always", "in every case", "because of its smaller size", "due to better caching", "thanks to num_ctx")
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")


def text_of(parts: Parts) -> str:
    return "".join(part.text for part in parts)


def first_of(note: KeptNote, wording: Parts) -> str:
    """Its first sentence, which says the most."""
    return _SENTENCE.split(text_of(wording))[0]


def standing(texts: list[str], folder: str) -> list[str]:
    found = Aligner(notes_of(folder)).align([Passage(text, place) for place, text in enumerate(texts)])
    return [text for text, each in zip(texts, found, strict=True) if each.outcome == "stands"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_first_sentence_of_each_wording_stands(folder: str) -> None:
    texts = [first_of(note, wording) for note in notes_of(folder) for wording in note.wordings]
    missing = set(texts) - set(standing(texts, folder))
    assert len(missing) <= 0.05 * len(texts), missing


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_figure_stands_that_a_note_does_not_give(folder: str) -> None:
    chance = random.Random(7)
    texts: list[str] = []
    for note in notes_of(folder):
        for wording in note.wordings:
            for place, part in enumerate(wording):
                if part.kind == "figure" and note.kind in COMPARING and part.unit in ("ms", "tok/s"):
                    other = changed(part, chance.choice((0.4, 0.7, 1.4, 3.0)))
                    texts.append(_SENTENCE.split(text_of((*wording[:place], other, *wording[place + 1 :])))[0])
    texts = [text for text in texts if text not in {first_of(n, w) for n in notes_of(folder) for w in n.wordings}]
    assert texts
    assert standing(texts, folder) == []


def changed(part: Part, factor: float) -> Part:
    number, _, unit = part.text.partition(" ")
    return Part(f"{float(number.replace(',', '')) * factor:.3g} {unit}", "figure", part.value, part.unit)


@pytest.mark.parametrize("folder", FOLDERS)
def test_swapped_models_do_not_stand(folder: str) -> None:
    texts: list[str] = []
    for note in notes_of(folder):
        if note.kind in ("difference", "cold_start", "scatter", "keep_loaded"):
            for wording in note.wordings:
                names = list(dict.fromkeys(part.text for part in wording if part.kind == "model"))
                turned = dict(zip(names, [*names[1:], *names[:1]], strict=True))
                swapped = tuple(part._replace(text=turned.get(part.text, part.text)) for part in wording)
                texts.append(_SENTENCE.split(text_of(swapped))[0])
    assert texts
    assert standing(texts, folder) == []


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("words", [FLIPS, METRICS])
def test_a_turned_relation_or_another_metric_does_not_stand(folder: str, words: dict[str, str]) -> None:
    texts = [
        text.replace(old, new)
        for note in notes_of(folder)
        if note.kind in ("difference", "trend", "tail", "below_the_knee") and note.certainty != "tie"
        for wording in note.wordings
        for text in [first_of(note, wording)]
        for old, new in words.items()
        if old in text
    ]
    assert texts
    assert standing(texts, folder) == []


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("more", MORE)
def test_more_certainty_or_a_cause_does_not_stand(folder: str, more: str) -> None:
    texts = [
        f"{first_of(note, wording).rstrip('.')} {more}."
        for note in notes_of(folder)
        if note.section in ("performance", "answer")
        for wording in note.wordings
    ]
    assert standing(texts, folder) == []
