"""The body of a report has the model's sentences that stand and notes in place of the others, whatever it says."""

import re
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.report.model_words import BY_CODE
from chimera_dagster.steps import checks
from tests.conftest import Project
from tests.desk import Desk, desk_in, faithful, plain, saying
from tests.rendered import Element, Html
from tests.stub_ollama import Answer

BODY = {
    "executive-summary": "1. Executive Summary",
    "optimisation-recommendations": "2. Optimisation Recommendations",
    "risks-and-mitigations": "3. Risks and Mitigations",
    "key-findings": "Key Findings",
    "recommendations": "Recommendations",
}
ASKED_FOR = ("summary", "recommendations", "risks")
SPEC: dict[str, Any] = {"grid": {"num_ctx": [4096]}, "max_tokens": 900}


@pytest.fixture(scope="module")
def desk(shared_project: Project) -> Generator[Desk]:
    with desk_in(shared_project.data, shared_project.reports) as desk:
        yield desk


def run(desk: Desk, said: Answer, **spec: Any) -> tuple[Metrics, Outcome, Html, str]:
    metrics = desk.run(said, after=1, **(SPEC | spec))
    folder = desk.render(**(SPEC | spec))
    outcome = Outcome.model_validate_json(folder.outcome.read_text())
    return metrics, outcome, Html(folder.page.read_text()), folder.report.read_text()


def text_of(blocks: Sequence[Element]) -> str:
    return " ".join("".join(block.itertext()) for block in blocks)


def body(page: Html) -> dict[str, str]:
    """The text of each section that may have the model's words, without raised numbers and signs."""
    sections = page.sections()
    return {name: re.sub(rf"[⁰¹²³⁴⁵⁶⁷⁸⁹\u2009{BY_CODE}]", "", text_of(sections[name])) for name in BODY}


def lines_of(report: str) -> dict[str, str]:
    """The same of report.md, with its links and marks."""
    parts = re.split(r"^#{2,3} (.+)$", report, flags=re.M)
    by_title = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {name: by_title[title] for name, title in BODY.items()}


def leading(notes: Sequence[KeptNote]) -> KeptNote:
    return next(note for note in notes if note.section in ("answer", "performance"))


def test_a_model_that_says_what_notes_say_is_shown_in_its_own_words(desk: Desk) -> None:
    metrics, outcome, page, report = run(desk, saying(faithful(desk.notes())))
    sentences = outcome.published.answer.sentences
    standing = outcome.published.answer.standing
    assert len(standing) >= 0.8 * len(sentences), [each for each in sentences if each.outcome != "stands"]
    assert metrics.text_quality.verdict != "not usable"
    shown, sections = body(page), page.sections()
    for each in standing:
        if each.section in ASKED_FOR:
            assert any(each.text in text for text in shown.values()), each.text
    assert BY_CODE not in text_of(sections["executive-summary"])
    top = text_of(sections["technical-report"])
    assert (found := re.search(r"(\d+) of (\d+) sentences are by smollm2:135m", top))
    assert int(found[1]) >= 10
    assert f"{found[0].removesuffix('smollm2:135m')}`smollm2:135m`" in report
    links = {element.get("href") for element in sections["executive-summary"][0].iter("a")}
    assert links == {f"#{note.lower()}" for each in sentences if each.section == "summary" for note in each.notes}


def test_what_is_false_reaches_no_reader_as_the_models(desk: Desk) -> None:
    notes = desk.notes()
    written = faithful(notes)
    models = sorted({model for note in notes for model in note.models})
    swapped = written.replace(models[0], "\0").replace(models[1], models[0]).replace("\0", models[1])
    for false in (swapped, re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), written)):
        _, outcome, page, report = run(desk, saying(false))
        answers = (outcome.analysis.answer, outcome.published.answer)
        fallen = {each.text: each for answer in answers for each in answer.sentences if each.outcome != "stands"}
        assert len(fallen) >= 8
        texts = " ".join(plain(phrase) for note in notes for phrase in (note.text, note.mitigation, *note.wordings))
        for shown in (*body(page).values(), *lines_of(report).values()):
            assert not [
                text for text in fallen if text not in texts and text in shown.replace("`", "").replace("*", "")
            ]
        rows = text_of(page.sections()["verification"])
        assert all(text in rows and each.reason.replace("`", "") in rows for text, each in fallen.items())


def test_a_replaced_sentence_has_the_words_of_its_note_and_a_quiet_sign(desk: Desk) -> None:
    notes = desk.notes()
    faithful_text = faithful(notes)
    figure = next(part for part in leading_with_figure(notes).text if part.kind == "figure" and part.unit)
    wrong = faithful_text.replace(
        figure.text, figure.text.replace(figure.text[0], "9" if figure.text[0] != "9" else "8", 1)
    )
    assert wrong != faithful_text
    _, outcome, page, report = run(desk, saying(wrong))
    asked_for = [each for each in outcome.published.answer.sentences if each.section in ASKED_FOR]
    replaced = [each for each in asked_for if each.outcome == "replaced"]
    assert replaced
    by_id = {note.id: note for note in outcome.notes}
    shown, sections = body(page), page.sections()
    signs = {
        element.get("href"): element.get("title")
        for name in BODY
        for block in sections[name]
        for element in block.iter("a")
        if element.text == BY_CODE
    }
    for each in replaced:
        assert any(plain(by_id[each.notes[0]].text) in text for text in shown.values())
        assert each.reason.replace("`", "") in str(signs[f"#s-{each.id.lower()}"])
    assert f"{BY_CODE} marks" in text_of(sections["technical-report"])
    assert f"[{BY_CODE}](#verification)" in report


def leading_with_figure(notes: Sequence[KeptNote]) -> KeptNote:
    return next(note for note in notes if note.section == "performance" and any(part.unit for part in note.text))


def test_advice_of_its_own_stands_in_a_box_that_says_so(desk: Desk) -> None:
    own = "Consider increasing num_ctx."
    text = faithful(desk.notes()).replace("\n1. ", f"\n- {own}\n1. ")
    _, outcome, page, report = run(desk, saying(text))
    [view] = [each for each in outcome.published.answer.sentences if each.text == own]
    assert view.outcome == "view"
    [box] = [block for block in page.sections()["optimisation-recommendations"] if block.get("class") == "note view"]
    assert text_of([box]).split("\n")[1:2] == ["The model's own view, not checked"]
    assert own in text_of([box])
    assert "> **The model's own view, not checked**\n>\n> - Consider increasing num_ctx." in report


def test_no_section_is_empty_and_code_repeats_nothing_that_the_model_said(desk: Desk) -> None:
    _, outcome, page, _ = run(desk, saying(faithful(desk.notes())))
    said = {
        note for text in (outcome.analysis, outcome.published) for each in text.answer.sentences for note in each.notes
    }
    by_id = {note.id: plain(note.text) for note in outcome.notes}
    sections = page.sections()
    for name in BODY:
        assert text_of(sections[name]).strip()
    tables = [block for block in sections["key-findings"] if block.find("table") is not None]
    [*_, line, by_code] = sections["recommendations"]
    assert text_of([line]) == "Stated by code"
    stated = text_of([*tables, by_code])
    assert not [id_ for id_ in said if by_id[id_] in stated]


def test_every_sentence_can_be_followed_to_its_notes(desk: Desk) -> None:
    _, outcome, page, _ = run(desk, saying(faithful(desk.notes())))
    anchors = {element.attrib["id"] for element in page.body.iter() if "id" in element.attrib}
    [table] = [block for block in page.sections()["verification"] if block.find("table") is not None][:1]
    rows = {str(row[0].findtext("span")): row for row in table.iter("tr") if row.find("th/span") is not None}
    for text in (outcome.analysis, outcome.published):
        for each in text.answer.sentences:
            hrefs = [str(element.get("href")) for element in rows[each.id].iter("a")]
            assert hrefs == [f"#{note.lower()}" for note in each.notes]
            assert {href[1:] for href in hrefs} <= anchors


def test_the_checks_and_the_page_read_the_same_judgement(desk: Desk) -> None:
    metrics, outcome, _, report = run(desk, saying(faithful(desk.notes())))
    assert checks.fidelity(metrics).passed
    assert checks.structure(report, outcome).passed, checks.structure(report, outcome).message
    counted = sum(metrics.alignment.sentences.values())
    assert counted == len(outcome.analysis.answer.sentences) + len(outcome.published.answer.sentences)
