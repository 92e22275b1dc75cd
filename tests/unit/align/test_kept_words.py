"""Drafts of notes' own words: what a model keeps stands, and the slips that it makes while it copies do not."""

import re
from pathlib import Path

import pytest

from chimera_dagster.align import Aligner, Passage
from chimera_dagster.align.kept_note import KeptNote, Parts, load_notes
from chimera_dagster.cli.reading import read_folder
from chimera_dagster.notes.table import table_of
from chimera_dagster.steps.evidence import Evidence
from tests.unit.align.alignment_data import DATA, FOLDERS, notes_of, of_one, said

FORMATS = ("lighteval", "sglang_bench_serving", "two_agents", "vllm_log")
# Folder and sentence: models swapped, a figure moved to the other model, one value for both, another statistic
SLIPS = [line.split("\t") for line in Path(__file__).with_name("slips.tsv").read_text(encoding="utf-8").splitlines()]
_SENTENCE = re.compile(r"(?<=[.!?]) (?=\S)")


def kept_texts(notes: tuple[KeptNote, ...]) -> list[str]:
    return [
        text
        for note in notes
        for parts in (note.text, *note.wordings, note.action, note.mitigation, _both(note))
        if (text := "".join(part.text for part in parts))
    ]


def _both(note: KeptNote) -> Parts:
    """The advice with its reason, as a list item has them."""
    return (*note.action, note.text[0]._replace(text=": "), *note.reason) if note.action and note.reason else ()


def fallen(texts: list[str], notes: tuple[KeptNote, ...]) -> list[str]:
    """Sentences that don't stand, of texts that are a paragraph each."""
    passages = [Passage(each, block) for block, text in enumerate(texts) for each in _SENTENCE.split(text)]
    found = Aligner(notes).align(passages)
    return [each.text for each, fate in zip(passages, found, strict=True) if fate.outcome != "stands"]


def in_other_spelling(text: str) -> str:
    """As small models write it: names with a capital, no space before the percent sign, bold."""
    text = re.sub(r"\b(gemma3|smollm2|qwen2|llama3|phi3)", lambda match: match.group().capitalize(), text)
    return f"**{text.replace(' %', '%')}**"


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_sentence_of_a_note_stands_in_its_paragraph(folder: str) -> None:
    texts = kept_texts(notes_of(folder))
    assert texts
    assert fallen(texts, notes_of(folder)) == []
    assert fallen([in_other_spelling(text) for text in texts], notes_of(folder)) == []


@pytest.mark.parametrize("name", FORMATS)
def test_each_sentence_of_the_notes_of_other_tools_stands(name: str) -> None:
    read = read_folder(DATA.parent / "formats" / name)
    found = Evidence(read.files, read.measurements).brief.notes
    notes = tuple(load_notes(table_of([each.note for each in found])))
    assert notes
    assert fallen(kept_texts(notes), notes) == []


def test_a_later_sentence_of_a_note_needs_the_one_before() -> None:
    assert of_one("gemma3:270m is 3.8 times as fast.").outcome != "stands"
    assert of_one("They move a mean over all runs.").outcome != "stands"
    assert of_one("That holds within these sessions; in others it may not.").outcome != "stands"


@pytest.mark.parametrize(("folder", "text"), SLIPS)
def test_a_slip_in_a_copied_sentence_does_not_stand(folder: str, text: str) -> None:
    found = of_one(text, folder=folder)
    assert found.outcome != "stands"
    assert found.reason


def test_a_sentence_about_a_note_of_before_stands_behind_it() -> None:
    first, second = said(
        "Once loaded, gemma3:270m shows its first token after 95 ms, smollm2:135m after 363 ms.",
        "This difference holds within these sessions; in others it may not.",
    )
    assert (first.outcome, second.outcome) == ("stands", "stands")
