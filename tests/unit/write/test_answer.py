"""Answers are read whole, cut at any place, and without any form; nothing raises."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chimera_dagster.write.answer import Analysis, Report, Statement, read_analysis, read_report

REPORT: dict[str, Any] = {
    "executive_summary": ["First of {M1} is {F1}.", 'Second "quoted" \\ one.'],
    "recommendations": {"throughput": ["Third one.", "Fourth {D2}, {F1}."], "ttft": ["Fifth."], "quality": ["Sixth."]},
    "risks": [{"risk": "Seventh.", "mitigation": "Eighth."}, {"risk": "Ninth.", "mitigation": "Tenth."}],
}
ANALYSIS = REPORT | {
    "key_findings": ["A finding [F2]."],
    "recommendations": {"throughput": "Third one.", "ttft": "Fifth.", "quality": "Sixth."},
}


def texts(answer: Report | Analysis) -> list[str]:
    return [statement.text for statement in answer.statements]


def test_a_report_without_some_statements_has_no_empty_places() -> None:
    report = read_report(json.dumps(REPORT))
    rest = report.without({"Fifth.", "Seventh.", "Tenth.", "Nobody said this."})
    kept = [text for text in texts(report) if text not in ("Fifth.", "Seventh.", "Eighth.", "Tenth.")]
    assert texts(rest) == kept
    assert [one.aim for one in rest.recommendations] == ["throughput", "quality"]
    assert [(row.risk.text, row.mitigation) for row in rest.risks] == [("Ninth.", None)]
    assert rest.repeated == 4
    assert report.without(set()) == report


def test_a_whole_answer_has_all_its_parts() -> None:
    report = read_report(json.dumps(REPORT))
    assert (report.complete, report.by_schema, report.repeated, report.loose) == (True, True, 0, ())
    assert [statement.text for statement in report.executive_summary] == REPORT["executive_summary"]
    assert [(one.aim, len(one.statements)) for one in report.recommendations] == [
        ("throughput", 2),
        ("ttft", 1),
        ("quality", 1),
    ]
    assert [(row.risk.text, row.mitigation and row.mitigation.text) for row in report.risks] == [
        ("Seventh.", "Eighth."),
        ("Ninth.", "Tenth."),
    ]
    assert len(texts(report)) == 10


def test_an_analysis_has_findings_and_single_recommendations() -> None:
    analysis = read_analysis(json.dumps(ANALYSIS))
    assert (analysis.complete, analysis.by_schema) == (True, True)
    assert [statement.text for statement in analysis.key_findings] == ["A finding [F2]."]
    assert [[each.text for each in one.statements] for one in analysis.recommendations] == [
        ["Third one."],
        ["Fifth."],
        ["Sixth."],
    ]
    assert texts(analysis)[2] == "A finding [F2]."


def test_references_are_the_ids_in_braces_or_brackets_each_once() -> None:
    statement = Statement(text="{F1} and [D2], {M1} ({F1}) but no F3, {F0}, {X1}, {F12")
    assert statement.references == ("F1", "D2", "M1")


@pytest.mark.parametrize("indent", [None, 2])
def test_a_cut_at_any_place_keeps_every_statement_that_was_closed(indent: int | None) -> None:
    whole = json.dumps(REPORT, indent=indent)
    for end in range(1, len(whole)):
        report = read_report(whole[:end])
        closed = [each for each in texts(read_report(whole)) if json.dumps(each) in whole[:end]]
        assert texts(report) == closed, whole[:end]
        assert report.by_schema or end == 0
        assert not report.complete


@pytest.mark.parametrize("around", ["```json\n{}\n```", "Here it is, see {{F1}}:\n{}\nI hope that helps."])
def test_words_around_the_json_are_not_the_answer(around: str) -> None:
    report = read_report(around.replace("{}", json.dumps(REPORT)).replace("{{F1}}", "{F1}"))
    assert report == read_report(json.dumps(REPORT))


def test_what_was_said_before_is_dropped_and_counted() -> None:
    said = {
        "executive_summary": ["One is slow.", "one is  SLOW", "Two is {F1}.", "Two is {F2}."],
        "risks": [{"risk": "One is slow.", "mitigation": "Wait."}, {"risk": "It fails.", "mitigation": "Wait!"}],
    }
    report = read_report(json.dumps(said))
    assert report.repeated == 3
    assert texts(report) == ["One is slow.", "Two is {F1}.", "Two is {F2}.", "It fails."]


def test_free_text_becomes_statements_without_a_place() -> None:
    text = "# Report\n\n**1. Summary**\n\nThe first {F1}\ngoes on.\n- **bold** item\n2) next\n\n|a|b|\n|-|-|\n---\nEnd."
    report = read_report(text)
    assert [statement.text for statement in report.loose] == [
        "The first {F1} goes on.",
        "bold item",
        "next",
        "a–b",
        "End.",
    ]
    assert (report.by_schema, report.complete, report.executive_summary, report.risks) == (False, True, (), ())
    assert not read_report("It stops in the").complete


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
    assert not read_report(text).by_schema


def test_strings_under_keys_that_nobody_asked_for_are_kept() -> None:
    assert texts(read_report('{"summary": {"a": ["One.", {"b": "Two."}]}, "n": 3}')) == ["One.", "Two."]


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '{"a": "\\ud800"}', "{" * 9, '{"a": 1e999}', "\0\x1b[2J"]
)
def test_hostile_answers_are_read(text: str) -> None:
    for read in (read_report, read_analysis):
        read(text).model_dump_json().encode()


@settings(deadline=None)
@given(st.text(max_size=200) | st.text(alphabet='{}[]":,\\n aF1', max_size=60))
def test_any_text_is_read(text: str) -> None:
    answer = read_analysis(text)
    assert all(statement.text.isprintable() or statement.text for statement in answer.statements)
    assert "\n" not in "".join(texts(answer))
    answer.model_dump_json().encode()
