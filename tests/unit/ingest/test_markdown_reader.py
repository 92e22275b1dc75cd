from chimera_dagster.ingest.markdown_reader import read_markdown
from tests.unit.ingest.reading import read

PAGE = """# Results

- Model: `gemma3:270m` (quantized)
- **Mean TTFT:** 0.165 seconds (warm)
- Note: 102 tok/s @ 0.1 s

| Config | num_ctx | Tokens/s | TTFT (s) |
|---|---|---|---|
| a | 1024 | **303.9** | 0.06 |
| b | 2048 | 102.31 tokens/s | - |

```
| run | ttft_s |
|---|---|
| 1 | 9 |
```
"""


def md(text):
    return read(read_markdown, text)


def found(text):
    return md(text).values("record", "aggregate", "original_name", "value", "original_unit")


def test_tables_and_items_are_read_and_fences_are_not():
    assert found(PAGE) == [
        ("line 4", "mean", "Mean TTFT", 165, "seconds"),
        ("table 1 row 1", "reported", "Tokens/s", 303.9, "tok/s"),
        ("table 1 row 1", "reported", "TTFT (s)", 60, "s"),
        ("table 1 row 2", "reported", "Tokens/s", 102.31, "tokens/s"),
    ]
    assert {row["model"] for row in md(PAGE).rows} == {"gemma3:270m"}
    assert md(PAGE).parameters() == [{}, {"num_ctx": 1024}, {"num_ctx": 1024}, {"num_ctx": 2048}]


def test_a_table_that_numbers_its_runs_is_a_log():
    assert found("| run | ttft_ms |\n|---|---|\n| 1 | 0.5 |\n") == [("table 1 row 1", None, "ttft_ms", 0.5, "ms")]


def test_a_table_of_metric_and_value_is_read_by_row():
    text = "| Metric | Value |\n|---|---|\n| **Model** | gemma3:latest |\n| GPU Memory | 5.5 GB |\n"
    assert found(text) == [("table 1 row 2", "reported", "GPU Memory", 5632, "gb")]


def test_text_glued_to_a_table_is_cut_off():
    text = "- TTFT: 0.088 s Top: | num_ctx | ttft_s |\n| --- | --- |\n| 512 | 0.25 | ## Observations\n"
    assert md(text).values("record", "value", "params") == [("table 1 row 1", 250, '{"num_ctx":512}')]


def test_a_short_row_and_a_missing_header_are_named_and_not_covered():
    short = md("| a | ttft_s |\n|---|---|\n| 1 |\n")
    assert short.problems == ["table 1 row 1 has 1 cells, the header has 2"]
    headless = md("|---|---|\n| x | 1 |\n")
    assert headless.problems == ["table 1, line 1: a header of 2 cells is expected above"]
    assert [(page.numbers, page.covered) for page in (short, headless)] == [(1, 0), (1, 0)]


def test_a_page_of_prose_has_no_records():
    assert md("# Title\n\nNothing measured here.\n") == ([], [], 0, 0, 0)


def test_front_matter_is_read_and_its_model_holds_for_the_page():
    text = "---\nmodel: gemma3:270m\nTTFT: 12 ms\n---\n\n- Throughput: 50 tok/s\n"
    assert md(text).values("record", "model", "metric", "value") == [
        ("line 3", "gemma3:270m", "ttft_ms", 12),
        ("line 6", "gemma3:270m", "decode_tok_s", 50),
    ]
    assert md("---\nTTFT: 12 ms\n").rows == []  # a rule, and no front matter


def test_a_value_with_its_spread_and_one_with_a_word():
    text = "- Throughput: 99.5 ± 1.2 tok/s\n- Rate: **12** widgets\n- Version: 4-bit\n- Speed: 102 @ 5\n"
    assert md(text).values("original_name", "metric", "value", "original_unit") == [
        ("Throughput", "decode_tok_s", 99.5, "tok/s"),
        ("Rate", "Rate", 12, "widgets"),
    ]


def test_one_dash_a_cell_is_enough_below_a_header_and_stands_for_no_value_elsewhere():
    text = "| run | ttft_ms |\n| - | -: |\n| 1 | 5 |\n| - | - |\n| 2 | 6 |\n"
    assert found(text) == [
        ("table 1 row 1", None, "ttft_ms", 5, "ms"),
        ("table 1 row 3", None, "ttft_ms", 6, "ms"),
    ]
    assert md("# Head\n- | -\n").problems == []
