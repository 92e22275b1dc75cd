"""Answers of any form as sentences in sections."""

from chimera_dagster.write.answer import parse_answer

REPORT = """\
## 1. Executive Summary

`gemma3:270m` answers **3.8 times** sooner. Its decode rate is 48.5 tok/s.

## 2. Optimisation Recommendations

1. Keep the models loaded.
2. Repeat the slow runs.

## 3. Risks and Mitigations

| Risk | Mitigation |
|---|---|
| Cold runs are mixed in. | Report the median of warm runs. |
"""


def test_each_sentence_of_a_report_has_its_section_its_block_and_its_role() -> None:
    found = parse_answer("report", REPORT)
    assert [(it.id, it.section, it.block, it.role, it.text) for it in found.sentences] == [
        ("R1", "summary", 1, "text", "gemma3:270m answers 3.8 times sooner."),
        ("R2", "summary", 1, "text", "Its decode rate is 48.5 tok/s."),
        ("R3", "recommendations", 2, "text", "Keep the models loaded."),
        ("R4", "recommendations", 3, "text", "Repeat the slow runs."),
        ("R5", "risks", 4, "risk", "Cold runs are mixed in."),
        ("R6", "risks", 4, "mitigation", "Report the median of warm runs."),
    ]
    assert found.complete
    assert found.headings == ("summary", "recommendations", "risks")
    assert not found.remarks
