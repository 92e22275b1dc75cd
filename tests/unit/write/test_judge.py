"""What becomes of each sentence of an answer."""

from collections.abc import Sequence

import pytest

from chimera_dagster.align import Aligned, Aligner, Passage
from chimera_dagster.align.kept_note import Part
from chimera_dagster.write.answer import Answer, Role, Sentence, parse_answer
from chimera_dagster.write.judge import JudgedAnswer, judge_answer
from tests.unit.write.judged import note

STANDS, REPLACED, WITHHELD = (
    Aligned("stands", ("N1",)),
    Aligned("replaced", ("N1",), "why"),
    Aligned("withheld", (), "why"),
)
NOTES = [
    note("N1", "A answers sooner than B."),
    note("N2", "Few runs are known.", mitigation="Repeat them.", section="risks"),
    note("N3", "Cold runs are mixed in.", mitigation="Report medians.", section="risks"),
]


def sentences(*texts: str, blocks: Sequence[int] = (), roles: Sequence[Role] = ()) -> Answer:
    found = [
        Sentence(
            id=f"R{place + 1}",
            section="risks" if roles else "summary",
            block=blocks[place] if blocks else place,
            role=roles[place] if roles else "text",
            text=text,
        )
        for place, text in enumerate(texts)
    ]
    return Answer(sentences=tuple(found), complete=True, repeated=2, headings=("summary",), problems=("it is JSON",))


def judged(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, fates: dict[str, Aligned], prompt: str = ""
) -> JudgedAnswer:
    """Judged by an aligner that knows these sentences, and `alone: ` in front of those that it sees alone."""

    def known(aligner: Aligner, passages: Sequence[Passage]) -> list[Aligned]:
        assert list(aligner.notes) == NOTES
        is_first = len(passages) == len(answer.sentences)
        return [fates.get("" if is_first else f"alone: {it.text}", fates[it.text]) for it in passages]

    monkeypatch.setattr(Aligner, "align", known)
    return judge_answer(answer, Aligner(NOTES), prompt)


def outcomes(answer: JudgedAnswer) -> list[tuple[str, tuple[str, ...]]]:
    return [(it.outcome, it.notes) for it in answer.sentences]


def test_a_judged_answer_keeps_what_the_answer_says_and_adds_what_became_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = sentences("One.", "Two.", "Three.", "Four.")
    fates = {"One.": STANDS, "Two.": WITHHELD, "Three.": Aligned("view", (), "v"), "Four.": Aligned("filler", (), "f")}
    found = judged(monkeypatch, answer, fates)
    assert [it.outcome for it in found.sentences] == ["stands", "withheld", "view", "filler"]
    assert [it.reason for it in found.sentences] == ["", "why", "v", "f"]
    assert Answer(**found.model_dump()) == answer
    assert [it.text for it in found.standing] == ["One."]
    assert [it.text for it in found.fallen] == ["Two."]
    assert JudgedAnswer.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("other", [STANDS, REPLACED])
def test_a_note_replaces_no_sentence_if_it_is_said_already(monkeypatch: pytest.MonkeyPatch, other: Aligned) -> None:
    found = judged(monkeypatch, sentences("One.", "Two."), {"One.": other, "Two.": REPLACED})
    assert outcomes(found) == [(other.outcome, ("N1",)), ("withheld", ())]
    assert found.sentences[1].reason == "why; what it should say is said already"
    assert [it.text for it in found.fallen][-1] == "Two."  # it counts against the model


def test_a_note_replaces_no_sentence_if_a_later_one_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcomes(judged(monkeypatch, sentences("One.", "Two."), {"One.": REPLACED, "Two.": STANDS})) == [
        ("withheld", ()),
        ("stands", ("N1",)),
    ]


@pytest.mark.parametrize(
    ("text", "alone", "outcome"),
    [
        ("It is certain.", STANDS, "replaced"),
        ("However, this is certain.", STANDS, "replaced"),
        ("The rate is 48 tok/s.", WITHHELD, "replaced"),
        ("A is certain.", STANDS, "stands"),
    ],
)
def test_a_sentence_falls_with_the_one_that_it_refers_to(
    monkeypatch: pytest.MonkeyPatch, text: str, alone: Aligned, outcome: str
) -> None:
    fates = {"One.": WITHHELD, text: STANDS, f"alone: {text}": alone}
    assert outcomes(judged(monkeypatch, sentences("One.", text, blocks=(1, 1)), fates))[1] == (outcome, ("N1",))
    assert outcomes(judged(monkeypatch, sentences("One.", text, blocks=(1, 2)), fates))[1] == ("stands", ("N1",))
    fates["One."] = STANDS
    assert outcomes(judged(monkeypatch, sentences("One.", text, blocks=(1, 1)), fates))[1] == ("stands", ("N1",))


def test_a_view_stands_alone_so_it_may_not_mean_a_sentence_before(monkeypatch: pytest.MonkeyPatch) -> None:
    view = Aligned("view", (), "advice")
    found = judged(
        monkeypatch,
        sentences("A.", "This may help.", "Test it."),
        {"A.": STANDS, "This may help.": view, "Test it.": view},
    )
    assert [it.outcome for it in found.sentences] == ["stands", "filler", "view"]


def test_instructions_of_the_prompt_are_withheld_and_its_data_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = "Write a report. Say what is *certain*.\n-----\n- B is slower.\n-----\n## Key findings, three of them"
    view = Aligned("view", (), "advice")
    fates = {"Say what is certain.": view, "B is slower.": view, "Key findings, three of them": STANDS, "A.": view}
    fates["Write a report."] = Aligned("filler", (), "it says nothing")
    found = judged(monkeypatch, sentences(*fates), fates, prompt)
    assert [it.outcome for it in found.sentences] == ["withheld", "view", "withheld", "view", "withheld"]
    assert found.sentences[0].reason == "it copies its prompt"


RISK, OTHER, MITIGATION = "A risk.", "More of it.", "A mitigation."
BY_NOTE = Aligned("replaced", ("N2",), "why")


@pytest.mark.parametrize(
    ("risk", "mitigation", "expected"),
    [
        (STANDS, STANDS, ["stands", "stands"]),
        (BY_NOTE, STANDS, ["replaced", "stands"]),
        (BY_NOTE, BY_NOTE, ["replaced", "replaced"]),  # the note has a text for each
        (STANDS, WITHHELD, ["stands", "withheld"]),
        (WITHHELD, STANDS, ["withheld", "withheld"]),
        (WITHHELD, Aligned("stands", ("N2",)), ["replaced", "stands"]),
        (Aligned("stands", ("N3",)), Aligned("stands", ("N2",)), ["stands", "replaced"]),
        (Aligned("stands", ("N3",)), Aligned("stands", ("N2", "N3")), ["stands", "stands"]),
        (Aligned("stands", ("N3",)), STANDS, ["stands", "stands"]),
        (Aligned("filler"), BY_NOTE, ["filler", "withheld"]),
    ],
)
def test_a_mitigation_is_shown_with_its_risk(
    monkeypatch: pytest.MonkeyPatch, risk: Aligned, mitigation: Aligned, expected: list[str]
) -> None:
    answer = sentences(RISK, MITIGATION, blocks=(1, 1), roles=("risk", "mitigation"))
    found = judged(monkeypatch, answer, {RISK: risk, MITIGATION: mitigation})
    assert [it.outcome for it in found.sentences] == expected
    if expected == ["replaced", "stands"]:
        assert found.sentences[0].notes == ("N2",)
    if expected == ["stands", "replaced"]:
        assert found.sentences[1].notes == ("N3",)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [("Report the medians of runs.", "stands"), ("Then cold runs are mixed in with them.", "replaced")],
)
def test_a_risk_is_not_what_to_do_about_it(monkeypatch: pytest.MonkeyPatch, text: str, outcome: str) -> None:
    own = Aligned("stands", ("N3",))
    answer = sentences(RISK, text, blocks=(1, 1), roles=("risk", "mitigation"))
    found = judged(monkeypatch, answer, {RISK: own, text: own})
    assert (found.sentences[1].outcome, found.sentences[1].notes) == (outcome, ("N3",))


def test_the_rows_note_is_not_put_in_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Aligned("stands", ("N2",))
    answer = sentences(RISK, OTHER, MITIGATION, blocks=(1, 1, 1), roles=("risk", "risk", "mitigation"))
    found = judged(monkeypatch, answer, {RISK: WITHHELD, OTHER: WITHHELD, MITIGATION: own})
    assert [it.outcome for it in found.sentences] == ["replaced", "withheld", "stands"]
    said = sentences("Few runs.", RISK, MITIGATION, blocks=(0, 1, 1), roles=("text", "risk", "mitigation"))
    found = judged(monkeypatch, said, {"Few runs.": own, RISK: WITHHELD, MITIGATION: own})
    assert [it.outcome for it in found.sentences] == ["stands", "withheld", "withheld"]


def test_true_sentences_stand_and_a_swapped_one_does_not() -> None:
    faster = (
        Part("gemma3:270m", "model"), Part(" shows its first token after "), Part("95 ms", "figure", 95.0, "ms"),
        Part(" and "), Part("smollm2:135m", "model"), Part(" after "), Part("363 ms", "figure", 363.0, "ms"), Part("."),
    )  # fmt: skip
    given = note(
        "N1", "", metric="ttft_ms", models=("gemma3:270m", "smollm2:135m"), order=("gemma3:270m", "smollm2:135m")
    )
    given = given.model_copy(update={"text": faster, "wording": faster, "wordings": (faster,), "certainty": "certain"})
    text = "gemma3:270m shows its first token after 95 ms.\n\nsmollm2:135m shows its first token after 95 ms."
    found = judge_answer(parse_answer("report", text), Aligner([given]))
    assert found.sentences[0].outcome == "stands"
    assert found.sentences[1].outcome in ("withheld", "replaced")


def test_an_empty_answer_has_nothing_to_judge() -> None:
    assert judge_answer(parse_answer("report", ""), Aligner(NOTES)).sentences == ()
