"""Answers are parsed whole, cut at any place, and without any form; nothing raises."""

import json
import unicodedata
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chimera_dagster.write.answer import Answer, Stage, Statement, parse_answer

REPORT: dict[str, Any] = {
    "executive_summary": ["First of {M1} is {F1}.", 'Second "quoted" \\ one.'],
    "recommendations": {"throughput": ["Third one.", "Fourth {D2}, {F1}."], "ttft": ["Fifth."], "quality": ["Sixth."]},
    "risks": [{"risk": "Seventh.", "mitigation": "Eighth."}, {"risk": "Ninth.", "mitigation": "Tenth."}],
}
ANALYSIS = REPORT | {
    "key_findings": ["A finding [F2]."],
    "recommendations": {"throughput": "Third one.", "ttft": "Fifth.", "quality": "Sixth."},
}


def report_of(text: str) -> Answer:
    return parse_answer("report", text)


def texts(answer: Answer) -> list[str]:
    return [statement.text for statement in answer.statements]


def places(answer: Answer) -> list[tuple[str, str, int | None, str]]:
    return [(statement.id, statement.place, statement.row, statement.text) for statement in answer.statements]


def test_each_statement_of_a_whole_answer_has_an_id_and_its_place() -> None:
    report = report_of(json.dumps(REPORT))
    assert (report.complete, report.by_schema, report.repeated) == (True, True, 0)
    assert places(report) == [
        ("R1", "executive_summary", None, "First of {M1} is {F1}."),
        ("R2", "executive_summary", None, 'Second "quoted" \\ one.'),
        ("R3", "throughput", None, "Third one."),
        ("R4", "throughput", None, "Fourth {D2}, {F1}."),
        ("R5", "ttft", None, "Fifth."),
        ("R6", "quality", None, "Sixth."),
        ("R7", "risk", 1, "Seventh."),
        ("R8", "mitigation", 1, "Eighth."),
        ("R9", "risk", 2, "Ninth."),
        ("R10", "mitigation", 2, "Tenth."),
    ]


def test_an_analysis_has_findings_and_single_recommendations() -> None:
    analysis = parse_answer("analysis", json.dumps(ANALYSIS))
    assert (analysis.complete, analysis.by_schema) == (True, True)
    assert places(analysis)[2:6] == [
        ("A3", "key_findings", None, "A finding [F2]."),
        ("A4", "throughput", None, "Third one."),
        ("A5", "ttft", None, "Fifth."),
        ("A6", "quality", None, "Sixth."),
    ]
    assert report_of(json.dumps(ANALYSIS)).statements[-1].place == "loose"  # a report has no findings


def test_references_are_the_ids_in_braces_or_brackets_each_once() -> None:
    text = "{F1} and [D2], {M1} ({F1}) but no F3, {F0}, {X1}, {F12"
    assert Statement(id="A1", place="loose", text=text).references == ("F1", "D2", "M1")


@pytest.mark.parametrize("indent", [None, 2])
def test_a_cut_at_any_place_keeps_every_statement_that_was_closed(indent: int | None) -> None:
    whole = json.dumps(REPORT, indent=indent)
    for end in range(1, len(whole)):
        report = report_of(whole[:end])
        closed = [each for each in texts(report_of(whole)) if json.dumps(each) in whole[:end]]
        assert texts(report) == closed, whole[:end]
        assert report.by_schema or end == 0
        assert not report.complete


@pytest.mark.parametrize("around", ["```json\n{}\n```", "Here it is, see {{F1}}:\n{}\nI hope that helps."])
def test_words_around_the_json_are_not_the_answer(around: str) -> None:
    report = report_of(around.replace("{}", json.dumps(REPORT)).replace("{{F1}}", "{F1}"))
    assert report == report_of(json.dumps(REPORT))


def test_what_was_said_before_is_dropped_and_counted() -> None:
    said = {
        "executive_summary": ["One is slow.", "one is  SLOW", "Two is {F1}.", "Two is {F2}."],
        "risks": [{"risk": "One is slow.", "mitigation": "Wait."}, {"risk": "It fails.", "mitigation": "Wait!"}],
    }
    report = report_of(json.dumps(said))
    assert report.repeated == 3
    assert texts(report) == ["One is slow.", "Two is {F1}.", "Two is {F2}.", "It fails."]


def test_free_text_becomes_statements_without_a_place() -> None:
    text = "# Report\n\n**1. Summary**\n\nThe first {F1}\ngoes on.\n- **bold** item\n2) next\n\n|a|b|\n|-|-|\n---\nEnd."
    report = report_of(text)
    assert texts(report) == [
        "The first {F1} goes on.",
        "bold item",
        "next",
        "a–b",
        "End.",
    ]
    assert {statement.place for statement in report.statements} == {"loose"}
    assert (report.by_schema, report.complete) == (False, True)
    assert not report_of("It stops in the").complete


@pytest.mark.parametrize(
    "text",
    [
        '{"summary": "Other keys."}',
        '{"executive_summary": "No list."}',
        '{"executive_summary": [1, null, {"a": "b"}]}',
        '{"recommendations": ["a", "b"]}',
        '{"risks": "none"}',
        '{"risks": ["a"]}',
        '["a"]',
        "null",
        "",
    ],
)
def test_another_form_than_that_of_the_schema_is_said(text: str) -> None:
    assert not report_of(text).by_schema


def test_strings_under_keys_that_nobody_asked_for_are_kept() -> None:
    assert texts(report_of('{"summary": {"a": ["One.", {"b": "Two."}]}, "n": 3}')) == ["One.", "Two."]


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '{"a": "\\ud800"}', "{" * 9, '{"a": 1e999}', "\0\x1b[2J"]
)
def test_hostile_answers_are_read(text: str) -> None:
    for stage in get_args(Stage):
        parse_answer(stage, text).model_dump_json().encode()


@settings(deadline=None)
@example('{"executive_summary": ["A\\u2028line\\u0007 of\\u0085words."]}')
@example("A form\ffeed.")
@given(st.text(max_size=200) | st.text(alphabet='{}[]":,\\n aF1', max_size=60))
def test_any_text_is_read_into_lines_with_words_that_can_be_stored(text: str) -> None:
    answer = parse_answer("analysis", text)
    for statement in answer.statements:
        assert statement.text == " ".join(statement.text.split())
        assert any(char.isalnum() or char in "_{}" for char in statement.text)
        assert not [char for char in statement.text if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert [statement.id for statement in answer.statements] == [f"A{n + 1}" for n in range(len(answer.statements))]
    answer.model_dump_json().encode()
