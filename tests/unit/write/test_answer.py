"""Answers of any form as sentences in sections."""

import random
import time

import pytest

from chimera_dagster.write.answer import MOST_SENTENCES, Answer, Stage, parse_answer
from chimera_dagster.write.raw_answer import has_end

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
RISK = "Cold runs are mixed in."
MITIGATION = "Report the median of warm runs."


def texts(answer: Answer, section: str = "") -> list[str]:
    return [it.text for it in answer.sentences if section in ("", it.section)]


def places(answer: Answer) -> list[tuple[str, int, str]]:
    return [(it.section, it.block, it.role) for it in answer.sentences]


def test_each_sentence_of_a_report_has_its_section_its_block_and_its_role() -> None:
    found = parse_answer("report", REPORT)
    assert [(it.id, it.section, it.block, it.role, it.text) for it in found.sentences] == [
        ("R1", "summary", 1, "text", "gemma3:270m answers 3.8 times sooner."),
        ("R2", "summary", 1, "text", "Its decode rate is 48.5 tok/s."),
        ("R3", "recommendations", 2, "text", "Keep the models loaded."),
        ("R4", "recommendations", 3, "text", "Repeat the slow runs."),
        ("R5", "risks", 4, "risk", RISK),
        ("R6", "risks", 4, "mitigation", MITIGATION),
    ]
    assert found.complete
    assert found.headings == ("summary", "recommendations", "risks")
    assert not found.problems
    assert [it.id for it in parse_answer("analysis", REPORT).sentences][:2] == ["A1", "A2"]


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("# Performance Analysis", "performance"),
        ("## 1. Performance analysis:", "performance"),
        ("##Key Findings", "findings"),
        ("### Main insights from the data ###", "findings"),
        ("**Executive Summary**", "summary"),
        ("**1. Executive Summary:**", "summary"),
        ("1. **Executive Summary**", "summary"),
        ("Executive Summary", "summary"),
        ("2. Recommendations", "recommendations"),
        ("Executive Summary\n=================", "summary"),
        ("Optimization Recommendations\n---", "recommendations"),
        ("## II. Three Optimisation Suggestions", "recommendations"),
        ("## Performance Optimisation Recommendations", "recommendations"),
        ("__Risks & Mitigations__", "risks"),
        ("## Risk Assessment", "risks"),
        ("## Key findings and recommendations", "findings"),
        ("## Conclusion", "summary"),
    ],
)
def test_a_heading_is_mapped_to_a_section_by_its_words(heading: str, section: str) -> None:
    found = parse_answer("analysis", f"{heading}\n\nThe model gemma3:270m answers sooner.")
    assert texts(found) == ["The model gemma3:270m answers sooner."]
    assert found.sentences[0].section == section
    assert found.headings == ((section,) if section != "other" else ())


@pytest.mark.parametrize(
    "line",
    ["Executive Summary: It is fast.", "**Executive Summary:** It is fast.", "**Executive Summary**: It is fast."],
)
def test_a_heading_may_have_its_text_behind_it(line: str) -> None:
    [sentence] = parse_answer("report", line).sentences
    assert (sentence.section, sentence.text) == ("summary", "It is fast.")


def test_a_title_is_no_section() -> None:
    found = parse_answer(
        "analysis", "# Performance Analysis of two models\n\nA start.\n\n## Key Findings\n\nIt is fast."
    )
    assert places(found) == [("performance", 1, "text"), ("findings", 2, "text")]
    assert found.headings == ("findings",)


@pytest.mark.parametrize(("stage", "section"), [("analysis", "performance"), ("report", "summary")])
@pytest.mark.parametrize("above", ["", "# Benchmark report\n\n", "Sure, here it is.\n\n## Introduction\n\n"])
def test_what_has_no_heading_is_of_the_first_section(stage: Stage, section: str, above: str) -> None:
    found = parse_answer(stage, f"{above}It is fast.\n\n## Key findings\n\nIt is sure.")
    expected = "other" if "##" in above else section
    assert [it.section for it in found.sentences][-2:] == [expected, "findings"]
    assert found.headings == ("findings",)


def test_a_topic_below_a_section_stays_in_it_and_a_foreign_heading_beside_it_does_not() -> None:
    text = "## Recommendations\n\n### Throughput performance\n\nUse one model.\n\n## Verification\n\nAll is proved."
    assert places(parse_answer("report", text)) == [("recommendations", 2, "text"), ("other", 3, "text")]


@pytest.mark.parametrize(
    "line",
    [
        "The run took 3.8 times as long, i.e. 2.5 s vs. 0.66 s, at approx. 48.5 tok/s.",
        "With llama3.1:8b and qwen2.5-coder:0.5b it is e.g. 95 ms (see results.v2.csv).",
        "Its p95 is 1,234.5 ms, that of the other 120 ms etc. at num_ctx=1024.",
        "It took 2.3 sec. to load.",
    ],
)
def test_full_stops_inside_a_sentence_do_not_end_it(line: str) -> None:
    assert texts(parse_answer("analysis", line)) == [line]


@pytest.mark.parametrize(
    "pair",
    [
        ("It decodes 48.5 tok/s.", "smollm2:135m decodes 46.8 tok/s."),
        ("It took 95 ms.", "The other took 363 ms."),
        ("Is it sure?", "It is!"),
        ('He said "it is fast."', "It is."),
        ("It holds for p95.", "3 runs are few."),
        ("它很快。", "它不慢。"),
        ("It took 2.3 sec.", "The other was slower."),
    ],
)
def test_sentences_are_split(pair: tuple[str, str]) -> None:
    assert texts(parse_answer("analysis", " ".join(pair))) == list(pair)


def test_names_keep_their_underscores_and_marks_go() -> None:
    text = "Set *num_ctx* and `top_k` as in [the docs](https://a.b/c) to __1024__ ~~or~~ 2 * 512, top\\_p too."
    assert texts(parse_answer("report", text)) == [
        "Set num_ctx and top_k as in the docs to 1024 or 2 * 512, top_p too."
    ]


@pytest.mark.parametrize(
    "label", ["**Throughput**: ", "**Throughput:** ", "**Throughput** - ", "Throughput: ", "__Throughput__: "]
)
def test_a_label_that_names_the_topic_is_left_out(label: str) -> None:
    assert texts(parse_answer("report", f"1. {label}Keep the model loaded.")) == ["Keep the model loaded."]


def test_a_label_that_is_a_sentence_comes_first_in_its_block() -> None:
    found = parse_answer("report", "1. **Keep the model loaded**: A cold start adds 2.3 s.")
    assert texts(found) == ["Keep the model loaded.", "A cold start adds 2.3 s."]
    assert {it.block for it in found.sentences} == {1}


def test_text_that_goes_on_in_a_small_letter_keeps_its_label() -> None:
    text = "1. **Keep the model loaded**: a cold start adds 2.3 s.\n2. **Warm runs**: gemma3:270m is sooner."
    assert texts(parse_answer("report", text)) == [
        "Keep the model loaded: a cold start adds 2.3 s.",
        "Warm runs: gemma3:270m is sooner.",
    ]


def test_a_bold_sentence_is_a_sentence() -> None:
    text = "**The risk is small.**\n\n- **It has 3 runs.** And more.\n- **Risk.**\n"
    assert texts(parse_answer("report", text)) == ["The risk is small.", "It has 3 runs.", "And more."]


def test_a_label_stays_where_only_it_says_what_a_value_or_a_sentence_is_about() -> None:
    text = "- **gemma3:270m**:\n  - **Decode throughput**: 48.5 tok/s\n- **smollm2:135m**: Its rate is lower.\n"
    assert texts(parse_answer("analysis", text)) == [
        "gemma3:270m: Decode throughput: 48.5 tok/s",
        "smollm2:135m: Its rate is lower.",
    ]


def test_what_lies_below_an_item_is_of_its_block() -> None:
    text = (
        "## Recommendations\n1. **Throughput**\n   - Use one model.\n   - Keep it loaded.\n2. **TTFT**\n- Warm it up.\n"
    )
    text += "### 3. Quality\nTest it.\n\nRead the answers.\n"
    blocks = [it.block for it in parse_answer("report", text).sentences]
    assert blocks == [blocks[0]] * 2 + [blocks[2]] + [blocks[3]] * 2
    assert len(set(blocks)) == 3


@pytest.mark.parametrize(
    "text",
    [
        f"| Potential issue | What to do |\n|:---|---:|\n| {RISK} | {MITIGATION} |",
        f"| # | Concern | Impact | Solution |\n|---|---|---|---|\n| 1 | {RISK} | High | {MITIGATION} |",
        f"Risk | Mitigation\n--- | ---\n{RISK} | {MITIGATION}",
        f"| A | B |\n|---|---|\n| {RISK} | {MITIGATION} |",
        f"| {RISK} | {MITIGATION} |\n|---|---|",
        f"| **{RISK}** | _{MITIGATION}_ |",
        f"1. **Risk**: {RISK} **Mitigation**: {MITIGATION}",
        f"- Risk 1: {RISK}\n  - Mitigation strategy: {MITIGATION}",
        f"- **Risk:** {RISK}\n- **Mitigation:** {MITIGATION}",
        f"Risk: {RISK}\nMitigation: {MITIGATION}",
        f"### Risk 1: Cold runs\n\n{RISK}\n\n**Mitigation:** {MITIGATION}",
        f"<table><tr><th>Risk</th><th>Mitigation</th></tr>\n<tr><td>{RISK}</td><td>{MITIGATION}</td></tr></table>",
    ],
)
def test_a_risk_has_its_mitigation_in_whatever_form(text: str) -> None:
    found = parse_answer("report", f"## Risks and Mitigations\n\n{text}\n")
    assert [(it.role, it.text) for it in found.sentences] == [("risk", RISK), ("mitigation", MITIGATION)]
    assert len({it.block for it in found.sentences}) == 1
    assert {it.section for it in found.sentences} == {"risks"}


def test_a_sentence_that_begins_with_to_avoid_this_is_the_mitigation() -> None:
    found = parse_answer("report", f"## Risks\n\n- {RISK} It misleads. To avoid this, report medians. Do it daily.")
    assert [it.role for it in found.sentences] == ["risk", "risk", "mitigation", "mitigation"]


def test_a_table_of_risks_needs_no_heading_and_further_sentences_of_a_row_are_of_the_risk() -> None:
    table = f"| Risk | Impact | Mitigation |\n|---|---|---|\n| {RISK} | The mean is too high. | {MITIGATION} |"
    found = parse_answer("report", f"The summary is short.\n\n{table}")
    assert [(it.section, it.role) for it in found.sentences] == [
        ("summary", "text"), ("risks", "risk"), ("risks", "risk"), ("risks", "mitigation"),
    ]  # fmt: skip


def test_a_row_of_values_is_a_sentence_with_the_names_of_its_columns() -> None:
    table = "| Model | Time to first token (ms) | Rate |\n|---|---|---|\n| gemma3:270m | 95 | 48.5 tok/s |"
    assert texts(parse_answer("analysis", table)) == ["gemma3:270m: Time to first token 95 ms, Rate 48.5 tok/s"]


def test_an_analysis_has_risks_only_where_it_says_so() -> None:
    found = parse_answer("analysis", f"## Risks\n\nA start.\n\n- Risk: {RISK} Mitigation: {MITIGATION}")
    assert [it.role for it in found.sentences] == ["text", "risk", "mitigation"]


@pytest.mark.parametrize(
    "fence", ["```markdown\n{}\n```", "```\n{}", "~~~md\n{}\n~~~\n", "Here it is.\n\n```md\n{}\n```"]
)
def test_a_fence_around_the_answer_is_no_code(fence: str) -> None:
    wanted = parse_answer("report", REPORT)
    found = parse_answer("report", fence.format(REPORT))
    assert texts(found)[-6:] == texts(wanted)
    assert found.headings == wanted.headings


def test_code_in_an_answer_is_no_prose() -> None:
    assert texts(parse_answer("report", "Run this.\n\n```bash\nollama run it.\n```\n\nThen read on.")) == [
        "Run this.",
        "Then read on.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<think>\nIt is slow. ## Risks\n</think>\n{}",
        "It is slow, I think.</think>\n{}",
        "<think>a</think><THINKING>b</THINKING>{}",
        "<|im_start|>assistant\n<think></think>{}<|im_end|>",
    ],
)
def test_thinking_is_not_part_of_an_answer(text: str) -> None:
    found = parse_answer("report", text.format(REPORT))
    assert [it for it in texts(found) if it != "assistant"] == texts(parse_answer("report", REPORT))


def test_an_answer_that_never_stops_thinking_is_empty_and_says_why() -> None:
    found = parse_answer("report", f"<think>{REPORT}")
    assert not found.sentences
    assert not found.complete
    assert found.problems == ("it ends within a thought",)


def test_html_goes_and_its_text_stays() -> None:
    text = (
        "<h2>Key findings</h2><p>It is <b>fast</b>.<br>It is &lt; 1 s.</p><script>alert('It is.')</script><!-- No. -->"
    )
    found = parse_answer("analysis", text)
    assert texts(found, "findings") == ["It is fast.", "It is < 1 s."]
    assert found.problems == ("it has HTML tags",)
    assert texts(parse_answer("analysis", "At p < 0.05 and n > 3 it holds.")) == ["At p < 0.05 and n > 3 it holds."]


@pytest.mark.parametrize("end", ["", "}"])
def test_strings_of_json_are_sentences_without_a_section(end: str) -> None:
    found = parse_answer(
        "report", '```json\n{"summary": "It is fast. It is sure.", "risks": [{"risk": "Few runs."}]' + end
    )
    assert texts(found, "other") == texts(found) == ["It is fast.", "It is sure.", "Few runs."]
    assert "it is JSON, not Markdown" in found.problems


def test_sentences_that_come_again_are_dropped_and_counted() -> None:
    found = parse_answer("analysis", "It is fast. " + "**It** is fast!\n\n" * 40 + "It is slow.")
    assert texts(found) == ["It is fast.", "It is slow."]
    assert found.repeated == 40
    text = f"## Summary\n\n{MITIGATION}\n\n## Risks\n\n| Risk | Mitigation |\n|---|---|\n| {RISK} | {MITIGATION} |"
    assert [it.role for it in parse_answer("report", text).sentences] == ["text", "risk", "mitigation"]


def test_a_recommendation_may_be_in_the_summary_too() -> None:
    text = "## Summary\n\nUse one model.\n\n## Recommendations\n\n1. Use one model.\n2. Use one model.\n"
    assert [it.section for it in parse_answer("report", text).sentences] == ["summary", "recommendations"]


def test_one_mitigation_may_serve_two_risks_and_goes_with_a_repeated_one() -> None:
    rows = f"| {RISK} | Repeat. |\n| Cold starts. | Repeat. |\n| {RISK} | Wait. |\n"
    found = parse_answer("report", f"| Risk | Mitigation |\n|---|---|\n{rows}")
    assert texts(found) == [RISK, "Repeat.", "Cold starts.", "Repeat."]
    assert found.repeated == 2


@pytest.mark.parametrize("mark", ["<|im_end|>\n<|im_start|>user\n", "<end_of_turn>", "</s>[INST] ", "<|eot_id|>"])
def test_what_a_model_writes_after_its_turn_is_not_read(mark: str) -> None:
    found = parse_answer("report", f"<|im_start|>assistant\n{REPORT}{mark}It is 99 times faster.")
    assert texts(found) == texts(parse_answer("report", REPORT))
    assert found.problems == ("it goes on after the end of its turn",)
    assert not parse_answer("report", f"{REPORT}<|im_end|>\n").problems


@pytest.mark.parametrize("line", ["END OF TEXT", "**END OF TEXT**", "END OF TEXT."])
def test_the_line_that_ends_an_answer_is_not_a_part_of_it(line: str) -> None:
    assert parse_answer("report", f"{REPORT}\n{line}\n") == parse_answer("report", REPORT)
    assert has_end(f"{REPORT}\n{line}\n")


def test_it_may_follow_the_last_sentence() -> None:
    row = "| Risk | Mitigation |\n|---|---|\n| It is slow. | Wait. "
    assert parse_answer("report", f"{row}END OF TEXT |\n") == parse_answer("report", f"{row}|\n")
    assert has_end(f"{REPORT} END OF TEXT")


def test_words_within_a_sentence_end_no_answer() -> None:
    assert not has_end(f"{REPORT}\nIt is not the END OF TEXT yet.\n")


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("It is fast. It is", False),
        ("It is fast. It is so:", True),
        ("- num_ctx 1024\n- top_k 40", True),
        ("- It is fast.\n- It is", False),
        ("| Risk | Mitigation |\n|---|---|\n| a | b |", True),
        ("| Risk | Mitigation |\n|---|---|\n| a is | b is", False),
        ("", False),
    ],
)
def test_a_cut_answer_is_not_complete(text: str, complete: bool) -> None:
    assert parse_answer("report", text).complete == complete


def test_half_a_sentence_at_the_end_is_left_out() -> None:
    found = parse_answer("report", "It is fast. gemma3:270m and")
    assert texts(found) == ["It is fast."]
    assert found.problems == ("its last sentence was cut",)


def test_thai_is_one_sentence_a_line() -> None:
    assert texts(parse_answer("analysis", "โมเดลเร็วมาก\n\nโมเดลช้ามาก")) == ["โมเดลเร็วมาก"]


def test_a_very_long_answer_is_read_as_far_as_it_may_be() -> None:
    found = parse_answer("report", " ".join(f"Run {number} took {number} ms." for number in range(12_500)))
    assert len(found.sentences) == MOST_SENTENCES
    assert not found.complete
    assert found.problems[0].partition(" of ")[0] == "only its first 40,000"
    [one] = parse_answer("report", "word " * 50_000).sentences
    assert len(one.text) < 1_100


PIECES = [
    *REPORT.splitlines(),
    *(
        "|",
        "||",
        "|-|-|",
        "-",
        "1.",
        "**",
        "__",
        "`",
        "```",
        "```json",
        "<think>",
        "</think>",
        "<!--",
        "<script",
        "<td>",
    ),
    *(">", "#", "===", "---", "{", "]", ":", ".", "...", "e.g.", "ไทย", "。"),
    *("  - ", "> > ", '{"a": [', "\x00", "\ud800", "\u202e", "\\|", "\t", "&lt;", "[a](b)"),
    *("**a**:", "Risk:", "Mitigation:", "**Risk:** ", "To avoid it"),
]


def test_any_text_is_parsed() -> None:
    draw = random.Random(7)
    for _ in range(3_000):
        text = "".join(draw.choice(PIECES) + draw.choice(["", " ", "\n", "\n\n"]) for _ in range(draw.randrange(30)))
        stage: Stage = draw.choice(["analysis", "report"])
        found = parse_answer(stage, text)
        assert found == parse_answer(stage, text)
        assert [it.id for it in found.sentences] == [
            f"{stage[0].upper()}{n}" for n in range(1, len(found.sentences) + 1)
        ]
        assert [it.block for it in found.sentences] == sorted(it.block for it in found.sentences)
        for it in found.sentences:
            assert it.text == " ".join(it.text.split())
            assert any(map(str.isalnum, it.text))


def test_the_time_grows_with_the_length_of_the_text() -> None:
    for piece in [
        *PIECES,
        "a",
        "**a",
        "| a ",
        "a. ",
        "<think>a",
        "- **a**:\n",
        "**Risk**: a. **Mitigation**: b. ",
        "<p ",
        "\n",
    ]:
        text = (piece * 40_000)[:40_000]
        short, whole = (min(_cpu_seconds(text[:length]) for _ in range(3)) for length in (10_000, 40_000))
        assert whole < 0.1 + 12 * short, piece


def _cpu_seconds(text: str) -> float:
    began = time.process_time()
    parse_answer("report", text)
    return time.process_time() - began


def test_an_answer_that_begins_again_is_not_a_loop() -> None:
    once = "## 1. Executive Summary\n\nOne is fast. Two is slow. Three is cold. Four is warm.\n"
    found = parse_answer("report", f"{once}\n{once}")
    assert [it.text for it in found.sentences] == ["One is fast.", "Two is slow.", "Three is cold.", "Four is warm."]
    assert found.repeated == 0
    assert found.problems == ("it began again, and 4 sentences of its second round are left out",)
    looping = parse_answer("report", once + "Four is warm. " * 5)
    assert looping.repeated == 5
