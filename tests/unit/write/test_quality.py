"""The score of a text, part by part, and its verdict."""

from typing import get_args

import pytest

from chimera_dagster.align import Outcome
from chimera_dagster.write.answer import Role, Section
from chimera_dagster.write.judge import JudgedAnswer, JudgedSentence
from chimera_dagster.write.quality import LEAST_STANDING, Component, Quality, score_text
from tests.unit.write.notes import note

NOTES = [note(number, weight=10.0) for number in range(1, 10)] + [note(10, weight=110.0)]
SHOWN = [each.id for each in NOTES]
FORM = "the a{x} token{x} the {n} is{x} the in{x} {n} the and{x} that{x} the for{x} {n} the of{x} it{x} the with{x} {n}"


def sentence(
    number: int,
    outcome: Outcome = "stands",
    section: Section = "summary",
    role: Role = "text",
    text: str = "",
    notes: tuple[str, ...] | None = None,
    block: int | None = None,
) -> JudgedSentence:
    """A sentence of 21 words, of which it has most alone, unless it has a `text`."""
    conveyed = ((f"N{number}",) if outcome == "stands" else ()) if notes is None else notes
    return JudgedSentence(
        id=f"R{number}",
        section=section,
        block=number if block is None else block,
        role=role,
        text=text or FORM.format(n=number, x="abcdefghijklmnop"[number % 16]),
        outcome=outcome,
        notes=conveyed,
        reason="",
    )


def report(*changed: JudgedSentence, complete: bool = True, repeated: int = 0) -> JudgedAnswer:
    """Sixteen standing sentences in the form asked for, with these in place of those of the same number."""
    text, risk, mitigation = get_args(Role)
    summary: list[tuple[Section, Role]] = [("summary", text)] * 7
    advice: list[tuple[Section, Role]] = [("recommendations", text)] * 3
    risks: list[tuple[Section, Role]] = [("risks", risk), ("risks", mitigation)] * 3
    by_number = {
        number: sentence(
            number,
            section=section,
            role=role,
            notes=(f"N{number % 10 + 1}",),
            block=number - (role == "mitigation"),
        )
        for number, (section, role) in enumerate([*summary, *advice, *risks], start=1)
    }
    by_number |= {int(each.id[1:]): each for each in changed}
    return JudgedAnswer(sentences=tuple(by_number.values()), complete=complete, repeated=repeated)


def part(quality: Quality, name: str) -> Component:
    return next(each for each in quality.components if each.name == name)


def score(answer: JudgedAnswer, *, cut: bool = False) -> Quality:
    return score_text(answer, NOTES, SHOWN, cut=cut)


def test_a_report_that_does_all_that_was_asked_for_is_good() -> None:
    quality = score(report())
    assert (quality.score, quality.verdict, quality.complaints) == (1.0, "good", [])
    assert [each.name for each in quality.components] == ["fidelity", "coverage", "form", "fluency"]
    assert sum(each.weight for each in quality.components) == pytest.approx(1.0)
    assert 300 <= quality.words <= 400


@pytest.mark.parametrize(
    ("outcomes", "value"),
    [
        (["withheld"] * 4, 12 / 16),
        (["replaced"] * 4, 12 / 16),
        (["view"] * 4, 1.0),
        (["filler"] * 4, 1.0),
        (["withheld", "view", "filler", "replaced"], 12 / 14),
    ],
)
def test_fidelity_is_the_share_that_stands_of_what_claims_something(outcomes: list[Outcome], value: float) -> None:
    found = part(score(report(*(sentence(n, outcome) for n, outcome in enumerate(outcomes, start=1)))), "fidelity")
    assert found.value == pytest.approx(value)
    assert (found.reason == "") == (value == 1.0)


def test_coverage_weighs_the_notes_that_standing_sentences_say() -> None:
    one, other = sentence(1, notes=("N1",)), sentence(2, notes=("N10", "N99"))
    answer = JudgedAnswer(sentences=(one, other, sentence(3, "replaced", notes=("N3",))), complete=True, repeated=0)
    found = part(score(answer), "coverage")
    assert found.value == pytest.approx(120 / 200)
    assert found.reason == "it says 2 of the 10 notes that it was given"
    assert part(score_text(answer, NOTES, ["N10"]), "coverage").value == 1.0
    assert part(score_text(answer, [], []), "coverage").value == 0.0


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        ("recommendations", "it has 2 of 3 sections; it has 0 of 3 recommendations"),
        ("risks", "it has 2 of 3 sections; its risk table has 0 of 2 rows"),
    ],
)
def test_form_is_what_the_persona_asks_for(gone: Section, reason: str) -> None:
    left = tuple(each for each in report().sentences if each.section != gone)
    found = part(score(report().model_copy(update={"sentences": left})), "form")
    assert found.value < 0.75
    assert found.reason.startswith(reason)


def test_a_short_report_says_how_short_it_is() -> None:
    short = report().model_copy(update={"sentences": report().sentences[5:]})
    assert "words, not 300 to 400" in part(score(short), "form").reason


def test_a_cut_report_has_half_the_form() -> None:
    for quality in (score(report(), cut=True), score(report(complete=False))):
        assert part(quality, "form").value == pytest.approx(0.5)
        assert part(quality, "form").reason == "it was cut off"


THAI = [sentence(number, text="โมเดลเร็วมากและดีมาก ควรใช้งานต่อไป") for number in range(1, 13)]
LOOP = [sentence(number, text="It is the best model of all of the models here.") for number in range(1, 15)]


@pytest.mark.parametrize("written", [THAI, LOOP], ids=["Thai", "a loop"])
def test_repetition_and_another_language_spoil_the_fluency_and_the_text(written: list[JudgedSentence]) -> None:
    quality = score(report(*written))
    assert part(quality, "fluency").value < 0.35
    assert part(quality, "fluency").reason
    assert quality.verdict == "not usable"


def test_whole_sentences_that_were_dropped_count_as_repeated() -> None:
    assert part(score(report(repeated=3)), "fluency").value == pytest.approx(1 - 3 / 19 / 0.3)


def test_a_language_in_latin_script_is_not_english() -> None:
    words = "Das Modell {n} ist bei langen Antworten deutlich schneller als erwartet{n}"
    german = [sentence(number, text=words.format(n=number)) for number in range(1, 17)]
    assert part(score(report(*german)), "fluency").value < 0.2


def test_names_in_another_script_are_no_other_language() -> None:
    named = sentence(1, text="The model 通义千问 is the first of all, and that holds.")
    assert part(score(report(named)), "fluency").value > 0.5


@pytest.mark.parametrize("outcome", ["withheld", "view"])
def test_a_text_of_which_nearly_nothing_stands_is_not_usable(outcome: Outcome) -> None:
    assert score(report(*(sentence(number, outcome) for number in range(LEAST_STANDING, 17)))).verdict == "not usable"


def test_an_empty_text_has_no_score() -> None:
    quality = score(JudgedAnswer(sentences=(), complete=True, repeated=0))
    assert (quality.score, quality.verdict, quality.words) == (0.0, "not usable", 0)
    assert quality.complaints == ["it is empty"]


def test_a_false_sentence_costs_more_than_a_missing_one() -> None:
    missing = report().model_copy(update={"sentences": report().sentences[1:]})
    assert score(report(sentence(1, "withheld"))).score < score(missing).score


def test_the_costliest_complaint_comes_first() -> None:
    quality = score(report(*(sentence(number, "withheld") for number in range(1, 8)), repeated=1))
    assert quality.complaints[0] == "9 of 16 sentences that state something stand"
    assert len(quality.complaints) == 3
