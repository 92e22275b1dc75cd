"""Scores of reports by their parts."""

import pytest

from chimera_dagster.write.judge import JudgedAnswer, JudgedSentence
from chimera_dagster.write.quality import Quality, score_text
from tests.unit.write.judged import answer, note, sentence

SUBJECTS = [f"subject{letter}" for letter in "abcdefghijklmn"]
COMMON = ("the", "of", "and", "to", "is", "in", "for", "that", "it")
NOTES = [note(f"N{number}", f"Of {subject} is said this.", 100.0 - number) for number, subject in enumerate(SUBJECTS)]
SHOWN = [it.id for it in NOTES]


def text(number: int) -> str:
    """Eighteen words, of which no four occur in another sentence."""
    return " ".join(f"word{number}{common} {common}" for common in COMMON)


def sound(count: int = 18) -> list[JudgedSentence]:
    """A report that says all notes: a summary, three recommendations, and two risks with their mitigations."""
    found = [sentence(number, text(number), notes=SHOWN[number : number + 1]) for number in range(count - 7)]
    for _ in range(3):
        number = len(found)
        found.append(sentence(number, text(number), notes=SHOWN[number : number + 1], section="recommendations"))
    for block in (100, 101):
        for role in ("risk", "mitigation"):
            found.append(sentence(len(found), text(len(found)), section="risks", block=block, role=role))
    return found


def score(*sentences: JudgedSentence, repeated: int = 0) -> Quality:
    return score_text(answer(*sentences, repeated=repeated), NOTES, SHOWN)


def part(quality: Quality, name: str) -> tuple[float, str]:
    [found] = [it for it in quality.components if it.name == name]
    return round(found.value, 3), found.reason


def fallen(sentences: list[JudgedSentence], count: int, outcome: str) -> list[JudgedSentence]:
    changed = [it.model_copy(update={"outcome": outcome, "notes": ()}) for it in sentences[:count]]
    return [*changed, *sentences[count:]]


def test_a_report_that_says_every_note_in_the_right_form_has_all_points() -> None:
    found = score(*sound())
    assert (found.score, found.verdict, found.complaints) == (1.0, "good", [])
    assert found.words == 18 * 18
    assert sum(it.weight for it in found.components) == pytest.approx(1)
    assert {it.reason for it in found.components} == {""}


@pytest.mark.parametrize("outcome", ["replaced", "withheld"])
def test_fidelity_is_the_share_of_claiming_sentences_that_stand(outcome: str) -> None:
    found = score(*fallen(sound(), 9, outcome))
    assert part(found, "fidelity") == (0.5, "9 of 18 sentences that state something stand")
    assert found.verdict != "good"
    assert score(*fallen(sound(), 12, outcome)).verdict == "not usable"


@pytest.mark.parametrize("outcome", ["view", "filler"])
def test_what_claims_nothing_does_not_count_against_fidelity(outcome: str) -> None:
    assert part(score(*fallen(sound(), 3, outcome)), "fidelity") == (1.0, "")


def test_coverage_is_the_weight_of_what_standing_sentences_say() -> None:
    half = sum(it.weight for it in NOTES[7:]) / sum(it.weight for it in NOTES)
    value, reason = part(score(*fallen(sound(), 7, "withheld")), "coverage")
    assert value == round(half, 3)
    assert reason.startswith("it conveys 7 of 14 notes")


def test_coverage_expects_no_more_than_the_heaviest_notes_that_the_words_of_a_report_can_say() -> None:
    long = [note(f"N{number}", "word " * 40, 100.0 - number) for number in range(28)]
    said = [sentence(number, text(number), notes=(f"N{number}",)) for number in range(10)]
    report = answer(*said)
    assert part(score_text(report, long, [it.id for it in long]), "coverage") == (1.0, "")
    short = [note(it.id, "word " * 20, it.weight) for it in long]
    assert 0.5 < part(score_text(report, short, [it.id for it in short]), "coverage")[0] < 0.6
    only = score_text(answer(sentence(0, text(0), notes=("N27",))), long, [it.id for it in long])
    assert part(only, "coverage")[0] < 0.1
    heavy = [note(it.id, "word " * 40, 200.0 if it.id == "N0" else it.weight) for it in long]
    missed = score_text(answer(*said[1:]), heavy, [it.id for it in heavy])
    assert (
        part(missed, "coverage")[0] < part(score_text(answer(*said[1:]), long, [it.id for it in long]), "coverage")[0]
    )


def test_notes_that_the_prompt_did_not_show_do_not_count() -> None:
    found = score_text(answer(*sound()), NOTES, SHOWN[:2])
    assert part(found, "coverage") == (1.0, "")
    assert part(score_text(answer(*sound()), NOTES, []), "coverage")[0] == 0


@pytest.mark.parametrize(
    ("without", "value", "reason"),
    [
        (
            "recommendations",
            1 - 1 / 12 - 1 / 4 - (1 - 270 / 300) / 4,
            "2 of 3 sections, 0 of 3 recommendations, 270 words",
        ),
        (
            "risks",
            1 - 1 / 12 - 1 / 4 - (1 - 252 / 300) / 4,
            "2 of 3 sections, 0 of 2 risks with a mitigation, 252 words",
        ),
        ("mitigation", 1 - 1 / 4 - (1 - 288 / 300) / 4, "0 of 2 risks with a mitigation, 288 words"),
    ],
)
def test_the_form_is_what_the_persona_asks_for(without: str, value: float, reason: str) -> None:
    kept = [it for it in sound() if without not in (it.section, it.role)]
    found = part(score(*kept), "form")
    assert found[0] == round(value, 3)
    assert found[1].startswith(f"it has {reason}")


def test_filler_has_no_form() -> None:
    found = score(*(it.model_copy(update={"outcome": "filler"}) if it.section == "risks" else it for it in sound()))
    assert part(found, "form")[1].startswith("it has 2 of 3 sections")


@pytest.mark.parametrize("how", ["incomplete", "cut"])
def test_a_cut_report_loses_form(how: str) -> None:
    report = answer(*sound(), complete=how != "incomplete")
    found = score_text(report, NOTES, SHOWN, cut=how == "cut")
    assert part(found, "form") == (0.5, "it has no end: it was cut off")


def test_a_report_may_be_neither_short_nor_long() -> None:
    assert "it has 162 words, not 300 to 400" in score(*sound(9)).complaints
    assert part(score(*sound(9)), "form")[0] == pytest.approx(0.75 + 0.25 * 162 / 300, abs=0.001)
    assert part(score(*sound(40)), "form")[0] == pytest.approx(0.75 + 0.25 * 400 / 720, abs=0.001)


def test_a_loop_is_not_usable_whatever_it_says() -> None:
    loop = [
        sentence(n, f"The time of the first token is what it is for {n}", notes=SHOWN[n : n + 1]) for n in range(14)
    ]
    found = score(*loop)
    assert part(found, "fluency")[0] == 0
    assert found.verdict == "not usable"
    assert found.words < 0.7 * 14 * 12  # a loop does not reach the length that is asked for
    value, reason = part(score(*sound(), repeated=6), "fluency")
    assert 0 < value < 1
    assert "6 whole sentences" in reason
    assert part(score(*sound(), repeated=1), "fluency")[0] == 1.0


@pytest.mark.parametrize("words", ["โมเดลเร็วมาก", "Das Modell antwortet schnell, weil niemand sonst rechnet"])
def test_another_language_is_not_fluent_english(words: str) -> None:
    sentences = [sentence(number, f"{words} {number}", notes=SHOWN[number : number + 1]) for number in range(12)]
    value, reason = part(score(*sentences), "fluency")
    assert value < 0.5
    assert "it drifts from English" in reason
    assert score(*sentences).verdict == "not usable"


@pytest.mark.parametrize("sentences", [[], [sentence(1, "It is a report.", "filler")]])
def test_a_text_that_says_nothing_has_no_points(sentences: list[JudgedSentence]) -> None:
    found = score(*sentences)
    assert (found.score, found.verdict, len(found.components)) == (0, "not usable", 4)
    assert found.complaints == ["it is empty" if not sentences else "it says nothing about the files"]


def test_few_sentences_are_no_report_however_true() -> None:
    found = score_text(answer(*sound()[-2:]), NOTES, [])
    assert part(found, "fidelity") == (1.0, "")
    assert found.verdict == "not usable"


def test_complaints_have_the_costliest_first_and_what_was_left_out() -> None:
    report = answer(*fallen(sound(), 9, "withheld")).model_copy(update={"problems": ("it is JSON",)})
    found = score_text(report, NOTES, SHOWN)
    losses = [it.weight * (1 - it.value) for it in found.components if it.reason]
    by_reason = {it.reason: it.weight * (1 - it.value) for it in found.components if it.reason}
    assert [by_reason[reason] for reason in found.complaints[:-1]] == sorted(losses, reverse=True)
    assert found.complaints[-1] == "it is JSON"


def test_a_score_is_kept_as_it_is() -> None:
    found = score(*fallen(sound(), 4, "replaced"))
    assert Quality.model_validate_json(found.model_dump_json()) == found
    assert score(*fallen(sound(), 4, "replaced")) == found
    assert isinstance(answer(), JudgedAnswer)
