"""Every sentence of an answer is judged once, and what is not the model's to say is kept from the reader."""

from collections.abc import Sequence

import pytest

from chimera_dagster.align import Aligned, Outcome, Passage
from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.write import judge
from chimera_dagster.write.answer import parse_answer
from chimera_dagster.write.judge import JudgedAnswer, judge_answer
from tests.unit.write.notes import note

NOTES = [
    note(1),
    note(2),
    note(3, "risks", mitigation="Do three."),
    note(4, "risks", mitigation="Do four."),
]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[Passage]]:
    """What the aligner was asked; it makes of a sentence what its first two words say, as "Stands N1"."""
    asked: list[list[Passage]] = []

    def align(passages: Sequence[Passage], notes: Sequence[KeptNote]) -> list[Aligned]:
        asked.append(list(passages))
        return [_planned(passage.text) for passage in passages]

    monkeypatch.setattr(judge, "align", align)
    return asked


def _planned(text: str) -> Aligned:
    outcomes: dict[str, Outcome] = {
        "Stands": "stands",
        "Replaced": "replaced",
        "Withheld": "withheld",
        "View": "view",
        "Filler": "filler",
    }
    first, second = [*text.split(), ""][:2]
    notes = tuple(second.split("+")) if second.startswith("N") else ()
    return Aligned(outcomes[first], notes, "" if first == "Stands" else f"planned {first}")


def judged(text: str, prompt: str = "") -> JudgedAnswer:
    return judge_answer(parse_answer("report", text), NOTES, prompt)


def fates(answer: JudgedAnswer) -> list[tuple[str, tuple[str, ...], str]]:
    return [(it.outcome, it.notes, it.reason) for it in answer.sentences]


def table(*rows: tuple[str, str]) -> str:
    return "\n".join(["## Risks", "", "| Risk | Mitigation |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


def test_one_call_judges_all_sentences_and_keeps_what_was_parsed(calls: list[list[Passage]]) -> None:
    text = "Stands N1 one. Withheld it.\n\n- View it.\n"
    answer, parsed = judged(text), parse_answer("report", text)
    assert calls == [[Passage(it.text, it.block) for it in parsed.sentences]]
    assert fates(answer) == [
        ("stands", ("N1",), ""),
        ("withheld", (), "planned Withheld"),
        ("view", (), "planned View"),
    ]
    assert [it.text for it in answer.standing] == ["Stands N1 one."]
    assert [it.text for it in answer.fallen] == ["Withheld it."]
    shared = {"id", "section", "block", "role", "text"}
    assert [it.model_dump(include=shared) for it in answer.sentences] == [it.model_dump() for it in parsed.sentences]
    assert JudgedAnswer.model_validate_json(answer.model_dump_json()) == answer


@pytest.mark.usefixtures("calls")
def test_a_note_replaces_one_sentence_and_none_if_it_is_said_already() -> None:
    [_, early, once, again, other] = fates(
        judged("Stands N1 a. Replaced N1 b. Replaced N2 c. Replaced N2 d. Withheld N9.")
    )
    assert early == ("withheld", (), "planned Replaced; what it should say is said already")
    assert once == ("replaced", ("N2",), "planned Replaced")
    assert again[0] == "withheld"
    assert other[2] == "planned Withheld"
    assert [it[0] for it in fates(judged("Replaced N1 b. Stands N1 a."))] == ["withheld", "stands"]


@pytest.mark.usefixtures("calls")
def test_a_mitigation_goes_with_its_risk() -> None:
    answer = judged(table(("Withheld it.", "Stands N3 do."), ("Stands N4 it.", "Stands N4 do.")))
    assert [(it.role, it.outcome, it.reason) for it in answer.sentences] == [
        ("risk", "withheld", "planned Withheld"),
        ("mitigation", "filler", "its risk is not shown"),
        ("risk", "stands", ""),
        ("mitigation", "stands", ""),
    ]


@pytest.mark.usefixtures("calls")
def test_a_mitigation_of_another_risk_gives_way_to_the_right_one() -> None:
    answer = judged(table(("Stands N3 it.", "Stands N4 do."), ("Stands N4 it.", "Stands N1 do.")))
    assert fates(answer)[1] == ("replaced", ("N3",), "it is what to do about another risk")
    assert fates(answer)[3] == ("stands", ("N1",), "")  # advice that is no mitigation of another risk


@pytest.mark.usefixtures("calls")
def test_a_sentence_of_the_prompt_is_not_the_models() -> None:
    prompt = "Stands N1 as an order.\n-----\n- Stands N2 as data.\n-----\n## 1. Stands N1 as a heading\nWrite it."
    answer = judged(
        "Stands N1 as an order. Stands N2 as data. Stands N1 as a HEADING! Stands N1 of these true statements.", prompt
    )
    assert fates(answer) == [
        ("withheld", (), "it copies its prompt"),
        ("stands", ("N2",), ""),
        ("withheld", (), "it copies its prompt"),
        ("filler", (), "it speaks of its prompt"),
    ]


def test_an_empty_answer_is_judged() -> None:
    assert judged("").sentences == ()
