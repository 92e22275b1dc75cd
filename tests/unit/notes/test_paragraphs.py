"""A paragraph says once what its notes have in common, and joins two of them only by what is known."""

from typing import Any

import pytest

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.order_words import sure
from chimera_dagster.notes.paragraphs import Numbered, paragraph, paragraphs
from chimera_dagster.notes.phrase import model, phrase, plain, subject
from tests.unit.notes.folders import Row, notes_of, sessions


def note(template: str, *, first: str = "a", metric: str = "ttft_ms", **more: Any) -> Note:
    words = phrase(template, a=subject(first)) if "{a}" in template else phrase(template)
    return Note("value", "performance", 1.0, (words,), metric=metric, **more)


def said(*notes: Note) -> str:
    numbered = [Numbered(f"N{place}", each) for place, each in enumerate(notes, start=1)]
    return " ".join(plain(each.words) for each in paragraph(numbered))


def test_the_same_subject_is_said_once() -> None:
    assert said(note("{a} decodes fast."), note("{a} starts soon."), note("{a} ends late.")) == (
        "`a` decodes fast. It starts soon. It ends late."
    )


def test_another_subject_is_named() -> None:
    assert said(note("{a} decodes fast."), note("{a} starts soon.", first="b")) == "`a` decodes fast. `b` starts soon."


def test_it_is_not_said_behind_a_sentence_with_another_model() -> None:
    two = Note("value", "performance", 1.0, (phrase("{a} beats {b}.", a=subject("a"), b=model("b")),))
    assert said(two, note("{a} starts soon.")) == "`a` beats `b`. `a` starts soon."


def test_it_is_not_said_behind_how_sure_that_is() -> None:
    wins = note("{a} wins.", order=("a", "a2"), certainty=Certainty.HOLDS, sure=sure(Certainty.HOLDS))
    assert said(wins, note("{a} starts soon.")) == "`a` wins. That difference holds. `a` starts soon."


def test_equal_conditions_are_said_once_and_others_each_time() -> None:
    once, twice = phrase("with one thread, "), phrase("with 8 threads, ")
    notes = [note("{a} is fast.", opening=once), note("{a} is slow.", first="b", opening=once)]
    assert said(*notes) == "With one thread, `a` is fast. `b` is slow."
    assert said(notes[0], note("{a} is slow.", first="b", opening=twice)) == (
        "With one thread, `a` is fast. With 8 threads, `b` is slow."
    )


def test_conditions_that_only_read_the_same_are_said_again() -> None:
    words = phrase("over two settings, ")
    notes = [note("{a} is fast.", opening=words, scope=Scope(("a",), {"num_ctx": value})) for value in (1, 2)]
    assert said(*notes) == "Over two settings, `a` is fast. Over two settings, it is fast."


@pytest.mark.parametrize(
    ("certainty", "one", "two"),
    [
        (Certainty.HOLDS, "That difference holds.", "These differences hold."),
        (
            Certainty.IN_SESSION,
            "That holds within these sessions; in others it may not.",
            "These differences hold within these sessions; in others they may not.",
        ),
        (
            Certainty.PLAIN,
            "Whether that is more than chance was not tested.",
            "Whether these differences are more than chance was not tested.",
        ),
    ],
)
def test_how_sure_it_is_stands_once_behind_those_that_are_equally_sure(
    certainty: Certainty, one: str, two: str
) -> None:
    first, second = (note(f"{who} wins.", order=(who, "z"), certainty=certainty, sure=sure(certainty)) for who in "ab")
    tie = note("none wins.", certainty=Certainty.TIE)
    assert said(first, tie) == f"A wins. {one} None wins."
    assert said(first, tie, second) == f"A wins. B wins. {two} None wins."


def test_a_value_alone_claims_no_difference() -> None:
    assert said(note("{a} decodes fast.", certainty=Certainty.PLAIN)) == "`a` decodes fast."


def test_but_stands_between_opposite_orders_of_the_same_models_alone() -> None:
    up, down = note("{a} wins.", order=("a", "b")), note("{a} wins.", first="b", order=("b", "a"))
    assert said(up, down) == "`a` wins. But `b` wins."
    assert said(up, up) == "`a` wins. It wins."
    assert said(up, note("{a} wins.", first="c", order=("c", "a"))) == "`a` wins. `c` wins."
    assert said(note("{a} is there."), note("{a} is there.", first="b")) == "`a` is there. `b` is there."


def test_a_section_has_a_paragraph_for_each_metric_and_none_too_long() -> None:
    notes = [Numbered(f"N{place}", note("{a} is.", metric=("x", "y")[place % 2])) for place in range(14)]
    found = paragraphs(notes)
    assert [len(each) for each in found] == [5, 2, 5, 2]
    assert [sentence.note for each in found for sentence in each] == [
        f"N{place}" for odd in (0, 1) for place in range(odd, 14, 2)
    ]


def test_a_note_of_a_folder_says_how_sure_it_is_apart_from_its_wordings() -> None:
    rows: list[Row] = []
    for name, rate in (("fast", 80.0), ("slow", 40.0)):
        rows += sessions(name, [[rate, rate * 1.01, rate * 0.99]] * 4)
    [found] = [each for each in notes_of(rows, kind="difference") if each.metric == "decode_tok_s"]
    assert found.certainty == Certainty.HOLDS
    assert all("holds" not in plain(wording) for wording in found.wordings)
    assert plain(found.text).endswith(" That difference holds.")
    [sentence, last] = paragraph([Numbered("N2", found)])
    assert sentence.words == found.sentence(found.wording)
    assert (plain(last.words), last.note) == ("That difference holds.", "")
