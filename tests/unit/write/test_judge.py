"""Every statement gets one verdict, and under each policy one decision whether it is shown."""

import json
from typing import Any

import pytest

from chimera_dagster.grounding import CheckedStatement, Claim, Verdict
from chimera_dagster.write import judge
from chimera_dagster.write.answer import parse_answer
from chimera_dagster.write.judge import JudgedAnswer, judge_answer

VOID = "It is at 42."  # a figure of its own


def judged(
    monkeypatch: pytest.MonkeyPatch, content: dict[str, Any], policy: Any = "strict", **verdicts: list[Verdict]
) -> JudgedAnswer:
    """A judged report; `verdicts` are those of the claims in a statement, by its first word; supported if missing."""

    def check(texts: list[str], index: object, models: object) -> list[CheckedStatement]:
        return [
            CheckedStatement(
                text,
                f"{text} Rendered.",
                tuple(
                    Claim(kind="value", text=text, verdict=verdict, reason=f"{verdict} {number}")
                    for number, verdict in enumerate(verdicts.get(text.split()[0], ["supported"]))
                ),
            )
            for text in texts
        ]

    monkeypatch.setattr(judge, "check", check)
    answer = parse_answer("report", json.dumps(content))
    index: Any = None
    return judge_answer(answer, index, models=["a:b"], ids=["F3"], prompt="The prompt.", policy=policy)


@pytest.mark.parametrize(
    ("claims", "text", "verdict", "strict", "annotate", "reason"),
    [
        (["supported"], "One.", "supported", True, True, ""),
        (["not checkable"], "One.", "not checkable", True, True, ""),
        (["not checkable", "supported"], "One.", "supported", True, True, ""),
        (["supported", "unsupported"], "One.", "unsupported", False, True, "unsupported: One.: unsupported 1"),
        (["unsupported", "contradicted"], "One.", "contradicted", False, False, "contradicted: One.: contradicted 1"),
        (["supported"], VOID, "void", False, False, "42.: a figure that the model wrote itself"),
        (["unsupported"], VOID, "unsupported", False, False, "unsupported: It is at 42.: unsupported 0"),
    ],
)
def test_a_statement_has_one_verdict_and_is_shown_or_not(
    monkeypatch: pytest.MonkeyPatch,
    claims: list[Verdict],
    text: str,
    verdict: Verdict,
    strict: bool,
    annotate: bool,
    reason: str,
) -> None:
    for policy, shown in (("strict", strict), ("annotate", annotate)):
        answer = judged(monkeypatch, {"executive_summary": [text]}, policy, **{text.split(maxsplit=1)[0]: claims})
        [found] = answer.statements
        assert (found.id, found.place, found.text, found.rendered) == (
            "R1",
            "executive_summary",
            text,
            f"{text} Rendered.",
        )
        assert (found.verdict, found.shown) == (verdict, shown)
        assert found.reason.startswith(reason) and bool(found.reason) == bool(reason)
        assert [claim.verdict for claim in found.claims] == [*claims, *(["void"] if text == VOID else [])]
        assert (answer.shown(), answer.withheld) == (([found], []) if shown else ([], [found]))
        assert answer.shown("risk") == []
        assert answer.promptable == ([found] if verdict in ("supported", "not checkable") else [])
        assert answer.verdicts == {verdict: 1}


def test_an_answer_without_void_statements_has_no_mitigation_without_its_risk(monkeypatch: pytest.MonkeyPatch) -> None:
    content = {
        "executive_summary": ["One.", VOID],
        "recommendations": {"throughput": ["It is at 43."], "ttft": ["Two."], "quality": []},
        "risks": [
            {"risk": "It is at 44.", "mitigation": "Three."},
            {"risk": "Four.", "mitigation": "It is at 45."},
            {"risk": "Five.", "mitigation": "Six."},
        ],
    }
    answer = judged(monkeypatch, content)
    left = answer.without_void()
    assert [(it.id, it.text) for it in left.statements] == [
        ("R1", "One."),
        ("R4", "Two."),
        ("R7", "Four."),
        ("R9", "Five."),
        ("R10", "Six."),
    ]
    assert (left.repeated, left.complete, left.by_schema) == (5, True, True)
    assert left.without_void() == left


def test_what_is_stored_is_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = judged(monkeypatch, {"executive_summary": ["One.", VOID], "risks": []})
    assert JudgedAnswer.model_validate_json(answer.model_dump_json()) == answer


def test_a_mitigation_is_withheld_with_its_risk(monkeypatch: pytest.MonkeyPatch) -> None:
    risks = [{"risk": "Four.", "mitigation": "Three."}, {"risk": "Five.", "mitigation": "Six."}]
    answer = judged(monkeypatch, {"risks": risks}, **{"Four.": ["contradicted"]})
    assert [it.text for it in answer.shown()] == ["Five.", "Six."]
    assert [(it.text, it.reason) for it in answer.withheld] == [
        ("Four.", "contradicted: Four.: contradicted 0"),
        ("Three.", "its risk is withheld"),
    ]
