"""What code states on a report's page: what the model did not convey, and something in every section."""

from typing import Any

import pytest

from chimera_dagster.align import Outcome as Fate
from chimera_dagster.align.kept_note import KeptNote, Part
from chimera_dagster.records.documents import Outcome, StageText
from chimera_dagster.records.trial_files import Recorded, read_recorded
from chimera_dagster.render.blocks import Inlines
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.render.report.stated import Stated, stated
from chimera_dagster.render.report.trial_report import build_trial_report
from chimera_dagster.steps.checks import structure
from chimera_dagster.write.answer import Role, Section, Stage
from chimera_dagster.write.judge import JudgedAnswer, JudgedSentence
from tests.desk import Desk, saying

Written = tuple[Section, int, str, Fate, tuple[str, ...]]  # section, block, text, what became of it, notes


def note(number: int, section: str, weight: float = 10.0) -> KeptNote:
    return KeptNote(
        id=f"N{number}",
        section=section,
        kind=f"planted {number}",
        weight=weight,
        text=(Part(f"{section} says {number}, of "), Part("m:7b", "model"), Part(".")),
        mitigation=(Part(f"Do {number}."),) if section == "risks" else (),
        certainty="holds" if section == "performance" else None,
        n=9,
        files=2,
        findings=(),
        facts=(),
        sources=(("a.csv", "row 1"),),
    )


NOTES = [
    note(1, "answer", 200.0),
    note(2, "performance", 150.0),
    note(3, "performance"),
    note(4, "findings"),
    *(note(number, "recommendations") for number in range(5, 10)),
    note(10, "risks"),
    note(11, "not_measured"),
    note(12, "files"),
]
SUMMARY: list[Written] = [
    ("summary", 1, "The answer is m:7b.", "stands", ("N1",)),
    ("summary", 1, "It is quick.", "replaced", ("N2",)),
    ("summary", 1, "It is 99 times as quick.", "withheld", ()),
    ("summary", 2, "As seen above.", "filler", ()),
    ("recommendations", 3, "Keep it loaded.", "stands", ("N6",)),
    ("recommendations", 4, "Consider a smaller num_ctx.", "view", ()),
]


@pytest.fixture(scope="module")
def recorded(desk: Desk) -> Recorded:
    """A trial of a model that said nothing."""
    desk.run(saying("-"), after=1)
    return read_recorded(desk.store, desk.plan())


def text_with(recorded: Recorded, stage: Stage, written: list[Written]) -> StageText:
    sentences = tuple(
        JudgedSentence(
            id=f"{stage[0].upper()}{number}",
            section=section,
            block=block,
            role=_role(section, number),
            text=text,
            outcome=fate,
            notes=notes,
            reason="" if fate == "stands" else f"it is {fate}",
        )
        for number, (section, block, text, fate, notes) in enumerate(written, start=1)
    )
    given: StageText = getattr(recorded.outcome, stage)
    answer: JudgedAnswer = given.answer.model_copy(update={"sentences": sentences})
    return given.model_copy(update={"answer": answer})


def _role(section: Section, number: int) -> Role:
    if section != "risks":
        return "text"
    return "risk" if number % 2 else "mitigation"


def trial(
    recorded: Recorded,
    notes: list[KeptNote],
    report: list[Written] | None = None,
    analysis: list[Written] | None = None,
    verdict: str = "usable with care",
) -> Recorded:
    """The same trial with these notes and texts."""
    quality = recorded.metrics.text_quality.model_copy(update={"verdict": verdict, "complaints": ["it is short"]})
    texts = {
        "report": text_with(recorded, "report", report or []),
        "analysis": text_with(recorded, "analysis", analysis or []),
    }
    outcome: Outcome = recorded.outcome.model_copy(update={"notes": notes, **texts})
    return recorded._replace(metrics=recorded.metrics.model_copy(update={"text_quality": quality}), outcome=outcome)


def by_code(recorded: Recorded, *given: Any, rounds: int = 1, **more: Any) -> Stated:
    metrics, outcome, _ = trial(recorded, *given, **more)
    return stated(metrics, outcome, rounds)


def text(parts: Inlines) -> str:
    return "".join(part.text for part in parts if hasattr(part, "text"))  # pyright: ignore


def texts(items: list[Inlines]) -> list[str]:
    return [text(each) for each in items]


def sections_of(desk: Desk, recorded: Recorded) -> dict[str, str]:
    """The page as Markdown, by heading."""
    page = to_markdown(build_trial_report(desk.plan(), *recorded, desk.store.runs))
    parts = [part.partition("\n") for part in page.replace("\n### ", "\n## ").split("\n## ")]
    return {title: body for title, _, body in reversed(parts)}  # a prompt in the appendix has headings too


def test_each_note_stands_in_its_section_once_if_the_model_is_not_usable(recorded: Recorded) -> None:
    said = by_code(recorded, NOTES, SUMMARY, verdict="not usable")
    assert texts(said.summary) == ["Answer says 1, of m:7b.¹", "Performance says 2, of m:7b.²"]
    assert [each.id for each in said.found] == ["N3", "N4"]
    assert [line.split(",")[0] for line in texts(said.advice)] == [f"recommendations says {n}" for n in (5, 6, 7)]
    further = [line.split(",")[0] for line in texts(said.further)]
    assert further[:2] == ["recommendations says 8", "not_measured says 11"]
    assert not any("says 9" in line for line in further)  # the appendix has it
    first, second = ((text(risk), text(mitigation)) for risk, mitigation in said.risks)
    assert first == ("risks says 10, of m:7b.¹⁰", "Do 10.")
    assert second[0].startswith("One round of calls measured this trial")
    assert texts(said.files) == ["files says 12, of m:7b.¹²"]


def test_code_says_nothing_that_a_usable_text_conveyed(recorded: Recorded) -> None:
    said = by_code(recorded, NOTES, SUMMARY)
    assert said.summary == []
    assert [each.id for each in said.found] == ["N3", "N4"]
    assert [line.split(",")[0] for line in texts(said.advice)] == [f"recommendations says {n}" for n in (5, 7)]


def test_a_summary_that_the_analysis_took_all_notes_of_is_not_empty(recorded: Recorded) -> None:
    analysis: list[Written] = [("performance", 1, f"So {n}.", "stands", (f"N{n}",)) for n in (1, 2, 3)]
    said = by_code(recorded, NOTES, [SUMMARY[3]], analysis)
    assert texts(said.summary) == ["Answer says 1, of m:7b.¹", "Performance says 2, of m:7b.²"]
    assert [each.id for each in said.found] == ["N4"]


def test_what_is_missing_comes_from_the_trial_itself(recorded: Recorded) -> None:
    said = by_code(recorded, NOTES[:2], verdict="not usable")
    assert texts(said.further) == ["Set rounds: 3 or more before you compare this trial with another."]
    assert texts(said.advice) == ["Try a larger model for the words of a report: this text is not usable."]
    assert len(said.risks) == 2


def test_rounds_that_are_still_to_come_are_no_advice_to_plan_them(recorded: Recorded) -> None:
    said = by_code(recorded, NOTES[:2], verdict="not usable", rounds=3)
    assert [text.split(":")[0] for text in texts(said.further)] == ["Compare this trial with the others of the sweep"]
    assert not any("measured this trial" in text(risk) for risk, _ in said.risks)


def test_nothing_at_all_is_said_so(recorded: Recorded) -> None:
    said = by_code(recorded, [], verdict="not usable")
    assert texts(said.summary) == ["The files say nothing here that can be stated."]
    assert len(said.risks) == 2
    assert said.further


def test_a_usable_text_stands_in_its_order_with_signs_where_code_words_it(desk: Desk, recorded: Recorded) -> None:
    risks: list[Written] = [
        ("risks", 7, "It may differ.", "stands", ("N10",)),
        ("risks", 7, "Nobody knows.", "withheld", ()),
    ]
    sections = sections_of(desk, trial(recorded, NOTES, [*SUMMARY, *risks]))
    [summary] = [line for line in sections["1. Executive Summary"].splitlines() if line]
    model, own, sign = "`m:7b`", "[¹](#statements-by-code)", "[‡](#verification)"
    assert summary == f"The answer is {model}.{own} performance says 2, of {model}.[²](#statements-by-code) {sign}"
    advice = [line for line in sections["2. Optimisation Recommendations"].splitlines() if line]
    assert advice[0] == "1. Keep it loaded.[⁶](#statements-by-code)"
    assert [line.split(",")[0] for line in advice[1:3]] == ["2. recommendations says 5", "3. recommendations says 7"]
    assert all(line.endswith(sign) for line in advice[1:3])
    assert advice[3:] == ["> **The model's own view, not checked**", ">", "> - Consider a smaller num_ctx."]
    table = sections["3. Risks and Mitigations"]
    assert "| It may differ.[¹⁰](#statements-by-code) | Do 10." in table  # the note knows what to do
    head = sections["Technical Report: Chimera Agent B Analysis"]
    assert "3 of 8 sentences are by `smollm2:135m`" in head
    assert "99 times" not in "".join(sections[each] for each in sections if each != "Verification")
    rows = [line for line in sections["Verification"].splitlines() if line.startswith("| R")]
    assert [row.split(" | ")[2] for row in rows] == [
        *("stands", "replaced by the note", "withheld", "dropped", "stands", "its own view", "stands", "withheld")
    ]


@pytest.mark.parametrize("notes", [NOTES, []], ids=["notes", "no notes"])
@pytest.mark.parametrize("verdict", ["good", "not usable"])
def test_no_section_of_a_report_is_empty(desk: Desk, recorded: Recorded, notes: list[KeptNote], verdict: str) -> None:
    planted = trial(recorded, notes, verdict=verdict)
    page = to_markdown(build_trial_report(desk.plan(), *planted, desk.store.runs))
    missing = str(structure(page, planted.outcome).evidence["missing"]).splitlines()
    assert missing == ["an executive summary", "3 of 3 recommendations", "2 of 2 risks with a mitigation"]
    assert ("is not usable (it is short)" in page) is (verdict == "not usable")
