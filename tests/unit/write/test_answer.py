"""Whatever a model answers becomes sentences with a section, and nothing raises or takes long."""

import random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chimera_dagster.write.answer import Answer, Role, Section, Stage, parse_answer

REPORT = """\
# Technical Report

## 1. Executive Summary

**gemma3:270m** shows its first token after **95 ms**, i.e. 3.8 times as fast. llama3.1:8b is slower, e.g. with
`num_ctx=1024`.

## 2. Optimisation Recommendations

1. **Keep the models loaded**: a cold start adds 2.3 s.
2. Set *top_k* and repeat_penalty for quality.

## 3. Risks and Mitigations

| # | Risk | Impact | Mitigation |
|---|------|--------|------------|
| 1 | Few runs. They differ. | high | Repeat them. |
| 2 | Cold starts | low | Report them apart |
"""


class Read(NamedTuple):
    section: Section
    block: int
    role: Role
    text: str


def read(answer: Answer) -> list[Read]:
    return [Read(it.section, it.block, it.role, it.text) for it in answer.sentences]


def texts(text: str, stage: Stage = "report") -> list[str]:
    return [it.text for it in parse_answer(stage, text).sentences]


def test_sections_blocks_and_roles_of_a_report() -> None:
    answer = parse_answer("report", REPORT)
    assert read(answer) == [
        Read("summary", 1, "text", "gemma3:270m shows its first token after 95 ms, i.e. 3.8 times as fast."),
        Read("summary", 1, "text", "llama3.1:8b is slower, e.g. with num_ctx=1024."),
        Read("recommendations", 2, "text", "Keep the models loaded: a cold start adds 2.3 s."),
        Read("recommendations", 3, "text", "Set top_k and repeat_penalty for quality."),
        Read("risks", 4, "risk", "Few runs."),
        Read("risks", 4, "risk", "They differ."),
        Read("risks", 4, "mitigation", "Repeat them."),
        Read("risks", 5, "risk", "Cold starts"),
        Read("risks", 5, "mitigation", "Report them apart"),
    ]
    assert [it.id for it in answer.sentences] == [f"R{number}" for number in range(1, 10)]
    assert answer.headings == ("summary", "recommendations", "risks")
    assert (answer.complete, answer.repeated, answer.problems) == (True, 0, ())


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("## Key Findings", "findings"),
        ("**Key findings:**", "findings"),
        ("Key Findings\n------------", "findings"),
        ("### 2) Optimization recommendations for performance", "recommendations"),
        ("4. **Risk Analysis**", "risks"),
        ("II. Performance Analysis", "performance"),
        ("Conclusion:", "summary"),
        ("<h3>Key findings</h3>", "findings"),
        ("## Setup of the machine", "performance"),  # below the title, within the first section
    ],
)
def test_a_heading_opens_its_section_however_it_is_marked(heading: str, section: Section) -> None:
    [sentence] = parse_answer("analysis", f"{heading}\n\nThe model is fast.").sentences
    assert (sentence.section, sentence.text) == (section, "The model is fast.")


def test_a_label_opens_a_section_and_is_no_part_of_the_sentence() -> None:
    answer = parse_answer("report", "Executive Summary: It is fast.\n\nKey point: it is small.\n")
    assert read(answer) == [
        Read("summary", 1, "text", "It is fast."),
        Read("summary", 2, "text", "Key point: it is small."),
    ]


def test_a_sentence_in_bold_is_a_sentence_and_no_heading() -> None:
    assert texts("**The risk is small.**\n\n**It has 3 runs.** And more.") == [
        "The risk is small.",
        "It has 3 runs.",
        "And more.",
    ]


@pytest.mark.parametrize(
    "whole",
    [
        "It is 3.8 times as fast as llama3.1:8b vs. qwen2.5:7b at 48.5 tok/s (approx. 2 s).",
        "Is it fast?",
        "With num_ctx=1024, e.g. for top_k, it holds.",
        "The file baselines/a.csv has 3 runs.",
    ],
)
def test_what_is_one_sentence_stays_one(whole: str) -> None:
    assert texts(f"First. {whole} Last.") == ["First.", whole, "Last."]


def test_a_sentence_may_begin_with_the_name_of_a_model_or_a_parameter() -> None:
    assert texts("It takes 2 s. gemma3:270m takes 95 ms. top_k has no effect. It is a no. 1 choice.") == [
        "It takes 2 s.",
        "gemma3:270m takes 95 ms.",
        "top_k has no effect.",
        "It is a no. 1 choice.",
    ]


def test_nested_items_say_what_they_are_about() -> None:
    assert texts("- **a:1b**:\n  - TTFT: 95 ms.\n  - Decode: 48 tok/s.\n- Both are small.") == [
        "a:1b: TTFT: 95 ms.",
        "a:1b: Decode: 48 tok/s.",
        "Both are small.",
    ]


def test_a_label_in_bold_goes_if_a_whole_sentence_follows_it() -> None:
    labelled = "- **Cold start**: The first token comes after 2.4 s.\n- **Cold start:** 2.4 s.\n- **It** is small."
    assert texts(labelled, "analysis") == [
        "The first token comes after 2.4 s.",
        "Cold start: 2.4 s.",
        "It is small.",
    ]


def test_advice_may_be_a_heading() -> None:
    answer = parse_answer(
        "report", "## Recommendations\n### 1. Keep models loaded\nIt saves 2 s.\n### Add more runs\nFew."
    )
    assert [(it.block, it.text) for it in read(answer)] == [
        (1, "Keep models loaded"),
        (1, "It saves 2 s."),
        (2, "Add more runs"),
        (2, "Few."),
    ]


RISKS = [("A cold start is slow.", "Keep it loaded."), ("Few runs.", "Repeat them.")]


@pytest.mark.parametrize(
    "text",
    [
        "| Potential issue | Recommended action |\n|---|---|\n| {0} | {1} |\n| {2} | {3} |",
        "| {0} | {1} |\n| {2} | {3} |",  # without a header
        "| {0} | {1} |\n|---|---|\n| {2} | {3} |",  # the first risk in its place
        "| Risk | Mitigation |\n| {0} | {1} |\n| {2} | {3} |",  # without a line of dashes
        "- Risk: {0} Mitigation: {1}\n- **Risk 2:** {2} **Mitigation:** {3}",
        "1. {0}\n   - Mitigation: {1}\n2. {2}\n   - Mitigation: {3}",
        "**Risk**: {0}\n**Mitigation**: {1}\n\n**Risk**: {2}\n**Mitigation**: {3}",
    ],
)
def test_a_risk_and_its_mitigation_are_found_in_any_layout(text: str) -> None:
    answer = parse_answer("report", "## Risks\n\n" + text.format(*RISKS[0], *RISKS[1]))
    rows: dict[int, dict[str, str]] = {}
    for it in answer.sentences:
        assert it.section == "risks"
        rows.setdefault(it.block, {})[it.role] = it.text
    assert [(row["risk"], row["mitigation"]) for row in rows.values()] == RISKS


def test_what_mitigates_a_risk_may_follow_it_as_a_sentence() -> None:
    answer = parse_answer("report", "## Risks\n- Few runs. To mitigate this, repeat them. Do so soon.")
    assert [it.role for it in answer.sentences] == ["risk", "mitigation", "mitigation"]


def test_a_table_of_figures_is_read_row_by_row() -> None:
    text = "## Performance analysis\n| Model | TTFT | Decode |\n|---|---|---|\n| a:1b | 95 ms | 48 tok/s |\n"
    assert read(parse_answer("analysis", text)) == [Read("performance", 1, "text", "a:1b: TTFT 95 ms, Decode 48 tok/s")]


def test_a_fence_around_the_answer_changes_nothing_and_code_is_left_out() -> None:
    inside = parse_answer("report", REPORT)
    assert parse_answer("report", f"```markdown\n{REPORT}```\n") == inside
    assert parse_answer("report", f"```\n{REPORT}") == inside
    assert texts("It is fast.\n\n```python\nprint('99 times faster.')\n```\n") == ["It is fast."]


@pytest.mark.parametrize("thought", ["<think>\n{}\n</think>", "<thinking>{}</thinking>\n", "{}\n</think>\n"])
def test_a_thought_is_no_part_of_the_answer(thought: str) -> None:
    said = thought.format("## Risks\n\nI think that it is 99 times faster.")
    assert parse_answer("report", f"{said}\n\n{REPORT}") == parse_answer("report", REPORT)


def test_a_thought_that_never_ends_leaves_nothing() -> None:
    answer = parse_answer("report", "<think>I should say that it is the fastest.")
    assert (answer.sentences, answer.complete, answer.problems) == ((), False, ("it ends within a thought",))


@pytest.mark.parametrize("mark", ["<|im_end|>\n<|im_start|>user\n", "<end_of_turn>", "</s>[INST] ", "<|eot_id|>"])
def test_what_comes_after_the_end_of_a_turn_is_no_part_of_the_answer(mark: str) -> None:
    answer = parse_answer("report", f"{REPORT}{mark}Say that it is 99 times faster.")
    assert answer.sentences == parse_answer("report", REPORT).sentences
    assert answer.problems == ("it goes on after the end of its turn",)


def test_markup_is_removed_and_what_it_hides_too() -> None:
    text = (
        "<script>alert('It is 99 times faster.')</script><!-- Hidden. --><h2>Executive Summary</h2>"
        "<p onclick='x()'>It is <b>fast</b> &amp; small.</p><ul><li>One &lt; two.</li></ul>"
    )
    answer = parse_answer("report", text)
    assert [it.text for it in answer.sentences] == ["It is fast & small.", "One < two."]
    assert answer.problems == ("it has HTML tags",)
    assert texts("It takes 3 < 5 s and 5 > 3 s.") == ["It takes 3 < 5 s and 5 > 3 s."]


def test_json_is_read_by_its_keys_and_called_what_it_is() -> None:
    text = '{"executive_summary": ["It is fast."], "risks": [{"risk": "Few runs.", "mitigation": "Repeat."}]}'
    for wrapped in (text, f"```json\n{text}\n```"):
        answer = parse_answer("report", wrapped)
        assert read(answer) == [
            Read("summary", 1, "text", "It is fast."),
            Read("risks", 2, "risk", "Few runs."),
            Read("risks", 2, "mitigation", "Repeat."),
        ]
        assert answer.problems == ("it is JSON, not Markdown",)
    cut = parse_answer("report", text[:40])
    assert ([it.text for it in cut.sentences], cut.complete) == (["It is fast."], False)


def test_a_cut_answer_loses_only_the_sentence_that_has_no_end() -> None:
    answer = parse_answer("report", "## Executive Summary\n\nIt is fast. It is small. It takes 9")
    assert [it.text for it in answer.sentences] == ["It is fast.", "It is small."]
    assert (answer.complete, answer.problems) == (False, ("its last sentence was cut",))
    assert parse_answer("report", "## Recommendations\n- Keep it loaded\n- Repeat the runs").complete  # a style


def test_what_is_said_again_is_dropped_and_counted() -> None:
    answer = parse_answer("analysis", "It is fast. It is small.\n\n- It is **fast**!\n- It is fast.\n- It is new.")
    assert [it.text for it in answer.sentences] == ["It is fast.", "It is small.", "It is new."]
    assert answer.repeated == 2


def test_a_repeated_risk_takes_its_mitigation_with_it_and_one_may_serve_two_risks() -> None:
    rows = "| Few runs. | Repeat. |\n| Cold starts. | Repeat. |\n| Few runs. | Wait. |\n"
    answer = parse_answer("report", f"| Risk | Mitigation |\n|---|---|\n{rows}")
    assert [(it.role, it.text) for it in answer.sentences] == [
        ("risk", "Few runs."),
        ("mitigation", "Repeat."),
        ("risk", "Cold starts."),
        ("mitigation", "Repeat."),
    ]
    assert answer.repeated == 2


@pytest.mark.parametrize("text", ["", " \n\t ", "```", "----", "| | |", "**", "#", "\x00", "\ud800"])
def test_nothing_is_nothing(text: str) -> None:
    assert parse_answer("report", text).sentences == ()


def test_another_language_is_kept_as_it_is() -> None:
    thai = "รายงานนี้สรุปผลการทดสอบ โมเดลเร็วมาก"
    assert texts(f"{thai}\n\n" * 20) == [thai]


LONG = {
    "words": "Every model answers every question within a moment of time. " * 5_000,
    "sentences": " ".join(f"Sentence {number} is here." for number in range(20_000)),
    "rows": "| a | b |\n|---|---|\n" + "".join(f"| risk {number} | do {number} |\n" for number in range(9_000)),
}


@pytest.mark.parametrize("name", LONG)
def test_fifty_thousand_words_are_cut_short_and_it_says_so(name: str) -> None:
    answer = parse_answer("report", LONG[name])
    assert len(answer.sentences) <= 400
    assert not answer.complete
    assert "it is longer than 30,000 characters; the rest was not read" in answer.problems


@pytest.mark.parametrize("piece", ["[", "*a ", "<a ", "|", ">", "- ", '{"a":', "<think>", "<!--", "![a](", "\n", "..!"])
def test_a_piece_of_markup_without_end_is_read_in_one_go(piece: str) -> None:
    """Patterns that try again at every place would take minutes here."""
    assert len(parse_answer("report", piece * (30_000 // len(piece))).sentences) <= 1


MARKS = [*'ab .\n#*|`-_<>:"{}[]1é', "\u2028", "\ud800", "\x00", "## ", "|---|\n", "```", '{"a": "b', "1. ", "\n\n"]
WORDS = ["Risk", "Mitigation:", "<think>", "</think>", "a b c. ", "95 ms", "<h2>", "</h2>", "<|im_end|>", "Summary"]
PIECES = st.sampled_from([*MARKS, *WORDS])


@given(st.lists(PIECES, max_size=120), st.sampled_from(["analysis", "report"]))
def test_no_text_raises_and_every_sentence_is_one_line(pieces: list[str], stage: Stage) -> None:
    answer = parse_answer(stage, "".join(pieces))
    for number, it in enumerate(answer.sentences, start=1):
        assert it.id == f"{stage[0].upper()}{number}"
        assert it.text and it.text == " ".join(it.text.split())
    assert answer == Answer.model_validate_json(answer.model_dump_json())


def test_sentences_of_a_shuffled_report_are_those_of_the_report() -> None:
    parts = REPORT.split("\n## ")[1:]
    whole = sorted(texts(REPORT))
    for seed in range(6):
        shuffled = random.Random(seed).sample(parts, len(parts))
        assert sorted(texts("\n\n## ".join(["# Title", *shuffled]))) == whole
