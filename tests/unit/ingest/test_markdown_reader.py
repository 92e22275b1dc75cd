from chimera_dagster.ingest.markdown_reader import read_markdown

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


def found(text):
    return [(r.where, r.kind, [(n.name, n.value, n.unit) for n in r.numbers]) for r in read_markdown(text).records]


def test_tables_and_items_are_read_and_fences_are_not():
    assert found(PAGE) == [
        ("line 4", "reported", [("Mean TTFT", 0.165, "seconds")]),
        ("table 1 row 1", "reported", [("Tokens/s", 303.9, None), ("TTFT (s)", 0.06, None)]),
        ("table 1 row 2", "reported", [("Tokens/s", 102.31, "tokens/s")]),
    ]
    assert {record.context.model for record in read_markdown(PAGE).records} == {"gemma3:270m"}
    assert [r.context.params for r in read_markdown(PAGE).records] == [(), (("num_ctx", 1024),), (("num_ctx", 2048),)]


def test_a_table_that_numbers_its_runs_is_a_log():
    assert found("| run | ttft_s |\n|---|---|\n| 1 | 0.5 |\n") == [("table 1 row 1", "run", [("ttft_s", 0.5, None)])]


def test_a_table_of_metric_and_value_is_read_by_row():
    text = "| Metric | Value |\n|---|---|\n| **Model** | gemma3:latest |\n| GPU Memory | 5.3 GB |\n"
    assert found(text)[1] == ("table 1 row 2", "reported", [("GPU Memory", 5.3, "GB")])


def test_text_glued_to_a_table_is_cut_off():
    text = "- TTFT: 0.088 s Top: | num_ctx | ttft_s |\n| --- | --- |\n| 512 | 0.25 | ## Observations\n"
    read = read_markdown(text)
    assert [(r.where, [n.value for n in r.numbers], r.context.params) for r in read.records] == [
        ("table 1 row 1", [0.25], (("num_ctx", 512),))
    ]


def test_a_short_row_and_a_missing_header_are_named():
    assert read_markdown("| a | ttft_s |\n|---|---|\n| x |\n").problems == [
        "table 1 row 1 has 1 cells, the header has 2"
    ]
    assert read_markdown("|---|---|\n| x | 1 |\n").problems == [
        "table 1, line 1: a header of 2 cells is expected above"
    ]


def test_a_page_of_prose_has_no_records():
    assert read_markdown("# Title\n\nNothing measured here.\n") == ([], [])
