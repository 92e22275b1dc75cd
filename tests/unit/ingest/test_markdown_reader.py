import json
import time

import pytest

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


def test_tables_and_items_are_read_and_tables_in_fences():
    assert found(PAGE) == [
        ("line 4", "mean", "Mean TTFT", 165, "seconds"),
        ("table 1 row 1", "reported", "Tokens/s", 303.9, "tok/s"),
        ("table 1 row 1", "reported", "TTFT (s)", 60, "s"),
        ("table 1 row 2", "reported", "Tokens/s", 102.31, "tokens/s"),
        ("line 15", None, "ttft_s", 9000, "s"),
    ]
    assert {row["model"] for row in md(PAGE).rows} == {"gemma3:270m"}
    assert md(PAGE).parameters() == [{}, {"num_ctx": 1024}, {"num_ctx": 1024}, {"num_ctx": 2048}, {}]


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
    assert md("---\nx: 12 ms\n").rows == []  # a rule, and no front matter


def test_a_value_with_its_spread_and_one_with_a_word():
    text = "- Throughput: 99.5 ± 1.2 tok/s\n- Rate: **12** widgets\n- Version: 4-bit\n- Speed: 102 @ 5\n"
    assert md(text).values("original_name", "metric", "value", "original_unit") == [
        ("Throughput", "decode_tok_s", 99.5, "tok/s"),
        ("Throughput", "decode_tok_s", 1.2, "tok/s"),
        ("Rate", "Rate", 12, "widgets"),
    ]


def test_one_dash_a_cell_is_enough_below_a_header_and_stands_for_no_value_elsewhere():
    text = "| run | ttft_ms |\n| - | -: |\n| 1 | 5 |\n| - | - |\n| 2 | 6 |\n"
    assert found(text) == [
        ("table 1 row 1", None, "ttft_ms", 5, "ms"),
        ("table 1 row 3", None, "ttft_ms", 6, "ms"),
    ]
    assert md("# Head\n- | -\n").problems == []


def models(text):
    return md(text).values("record", "model", "model_source")


def test_delimiter_cells_of_one_dash_and_a_row_of_dashes():
    text = "| model | ttft_ms | fa |\n| - | -: | :-: |\n| lynx | 5 | 1 |\n| - | - | - |\n| puma | 6 | 1 |\n"
    assert md(text).values("record", "model", "value") == [("table 1 row 1", "lynx", 5), ("table 1 row 3", "puma", 6)]
    assert md("| ttft_ms |\n| - |\n| 5 |\n").values("record", "value") == [("table 1 row 1", 5)]
    assert md("a - b | c\n").rows == []


def test_a_heading_names_the_model_of_its_section():
    text = """# Speed of two models
- TTFT: 1 ms
## lynx:7b
- TTFT: 2 ms
### Details
- TTFT: 3 ms
## puma-3b (Q4)
- TTFT: 4 ms
## Notes
- TTFT: 5 ms
"""
    assert models(text) == [
        ("line 2", None, None),
        ("line 4", "lynx:7b", "heading"),
        ("line 6", "lynx:7b", "heading"),
        ("line 8", "puma-3b", "heading"),
        ("line 10", None, None),
    ]


@pytest.mark.parametrize(
    "above",
    [
        "### Model: lynx:7b\n",
        "lynx:7b\n=======\n",
        "Model: lynx:7b\n",
        "**Model**: `lynx:7b`\n",
        "Table 1: Results of lynx:7b\n",
        "**lynx:7b**\n",
        "On my laptop, lynx:7b gives:\n",
    ],
)
def test_what_names_the_model_of_a_table(above):
    table = "\n| run | ttft_ms |\n|---|---|\n| 1 | 5 |\n"
    assert models(above + table) == [("table 1 row 1", "lynx:7b", "heading")]


def test_a_caption_is_that_of_one_table():
    table = "| run | ttft_ms |\n|---|---|\n| 1 | 5 |\n"
    text = f"## puma:3b\n\nTable 1: lynx:7b\n{table}\nlynx:7b and puma:3b are alike.\n\n{table}"
    assert models(text) == [("table 1 row 1", "lynx:7b", "heading"), ("table 2 row 1", "puma:3b", "heading")]


def test_a_model_in_a_column_or_an_item_is_told_from_one_above():
    table = "| model | ttft_ms |\n|---|---|\n| puma | 5 |\n"
    assert models(f"## lynx:7b\n\n{table}\n- Model: lynx:7b-q4\n- TTFT: 6 ms\n## Other\n- TTFT: 7 ms\n") == [
        ("table 1 row 1", "puma", "column"),
        ("line 8", "lynx:7b-q4", "column"),
        ("line 10", None, None),
    ]


def test_conditions_hold_in_their_section_and_a_model_on_the_page():
    text = "## Setup\n- Model: lynx\n- Concurrency: 8\n- TTFT: 1 ms\n## Results\n- TTFT: 2 ms\n"
    assert md(text).values("model", "conditions") == [("lynx", '{"concurrency":8}'), ("lynx", "{}")]


def test_lines_outside_of_lists_count_if_their_metric_is_known():
    text = "TTFT: 12 ms\n**Throughput** = 45.2 tok/s\nNote: 5 apples\n> E2E latency: 1.5 s\nTTFT: about 5\nx = 3 ms\n"
    assert md(text).values("record", "metric", "value") == [
        ("line 1", "ttft_ms", 12),
        ("line 2", "decode_tok_s", 45.2),
        ("line 4", "e2e_ms", 1500),
    ]


def test_numbered_items_and_durations_in_parts():
    assert found("1. TTFT: 5 ms\n2) Load time: 1m27.5s\n") == [
        ("line 1", "reported", "TTFT", 5, "ms"),
        ("line 2", "reported", "Load time", 87_500, "s"),
    ]


@pytest.mark.parametrize(
    "value",
    ["58.1 ± 4.4 tok/s", "58.1 tok/s ± 4.4", "58.1 tok/s ± 4.4 tok/s", "58.1 (±4.4) tok/s", "**58.1** +/- 4.4 tok/s"],
)
def test_a_spread_is_the_standard_deviation_of_a_mean(value):
    rows = md(f"| run | Throughput |\n|---|---|\n| 1 | {value} |\n")
    assert rows.values("value", "unit", "aggregate") == [(58.1, "tok/s", "mean"), (4.4, "tok/s", "std")]


def test_a_table_with_a_column_for_each_model():
    rows = "| TTFT (ms) | 950 | 310 |\n| Throughput | 45.2 tok/s | 101.3 tok/s |\n"
    text = f"| Metric | lynx:7b | puma:3b |\n|---|---|---|\n{rows}"
    assert md(text).values("record", "model", "metric", "value", "original_name") == [
        ("table 1 column 2", "lynx:7b", "ttft_ms", 950, "TTFT (ms)"),
        ("table 1 column 2", "lynx:7b", "decode_tok_s", 45.2, "Throughput"),
        ("table 1 column 3", "puma:3b", "ttft_ms", 310, "TTFT (ms)"),
        ("table 1 column 3", "puma:3b", "decode_tok_s", 101.3, "Throughput"),
    ]


def test_a_table_with_a_row_for_each_metric():
    rows = "| lynx | TTFT | 950 | ms |\n| lynx | Throughput | 45 | tok/s |\n"
    text = f"| model | metric | value | unit |\n|---|---|---|---|\n{rows}"
    assert md(text).values("record", "model", "metric", "value") == [
        ("table 1 row 1", "lynx", "ttft_ms", 950),
        ("table 1 row 2", "lynx", "decode_tok_s", 45),
    ]


def test_rows_of_a_table_of_pairs_share_what_it_says():
    text = "| Metric | Value |\n|---|---|\n| TTFT | 5 ms |\n| Model | lynx:7b |\n| Concurrency | 8 |\n"
    assert md(text).values("record", "model", "conditions") == [("table 1 row 1", "lynx:7b", '{"concurrency":8}')]


def test_a_column_whose_units_are_of_other_kinds_is_damaged():
    text = "| model | Load time | TTFT |\n|---|---|---|\n| a | 18 tokens | 5 ms |\n| b | 31.6 ms | 6 ms |\n"
    page = md(text)
    assert page.values("record", "metric", "value") == [
        ("table 1 row 1", "ttft_ms", 5),
        ("table 1 row 2", "ttft_ms", 6),
    ]
    assert page.problems == [
        "table 1, column 'Load time' is damaged: its cells are in ms and tokens, and none of them is read"
    ]
    assert (page.numbers, page.covered) == (4, 2)


GRID = """```
+---------+------+
| ttft_ms | t/s  |
+=========+======+
| 5       | 40   |
+---------+------+
| 6       | 41   |
+---------+------+
TTFT: 9 ms
```
"""


def test_a_console_table_and_lines_in_a_fence_are_read_under_their_heading():
    boxed = GRID.translate(str.maketrans("|-+=", "│─┼━"))
    for text in (GRID, boxed):
        assert md(f"## lynx:7b\n{text}").values("record", "model", "original_name", "value") == [
            ("line 6", "lynx:7b", "ttft_ms", 5),
            ("line 6", "lynx:7b", "t/s", 40),
            ("line 8", "lynx:7b", "ttft_ms", 6),
            ("line 8", "lynx:7b", "t/s", 41),
            ("line 10", "lynx:7b", "TTFT", 9),
        ]


def test_code_in_a_fence_is_not_read():
    assert md("```python\nTTFT = 5 ms\n| ttft_ms | a |\n|---|---|\n| 7 | 8 |\n```\n").rows == []


ASSIGNMENTS = """# lynx-7b

```text
  warm-1  wall= 9.00s  ttft=  90ms  decode_TPS=40.0
  run-1   wall= 7.00s  ttft=  13ms  decode_TPS=50.0
  run-2   wall= 7.10s  ttft=  14ms  decode_TPS=49.0
  decode_TPS   mean= 49.50  std= 0.50  min=49.00
```

Set n_ctx=4096 n_batch=512 first, as a=1, b=2.
"""


def test_lines_of_assignments_are_records():
    assert found(ASSIGNMENTS) == [
        ("line 5", None, "wall", 7000, "s"),
        ("line 5", None, "ttft", 13, "ms"),
        ("line 5", None, "decode_TPS", 50, "tps"),
        ("line 6", None, "wall", 7100, "s"),
        ("line 6", None, "ttft", 14, "ms"),
        ("line 6", None, "decode_TPS", 49, "tps"),
        ("line 7", "mean", "decode_TPS mean", 49.5, "tps"),
        ("line 7", "std", "decode_TPS std", 0.5, "tps"),
        ("line 7", "min", "decode_TPS min", 49, "tps"),
    ]
    assert {*md(ASSIGNMENTS).values("model")} == {("lynx-7b",)}


def test_assignments_that_number_no_run_are_reported():
    assert found("On a laptop: ttft=80ms decode_tps=20\n") == [
        ("line 1", "reported", "ttft", 80, "ms"),
        ("line 1", "reported", "decode_tps", 20, "tps"),
    ]


def test_assignments_of_several_records_on_one_line_are_not_pooled():
    assert found("- lynx: ttft=80ms decode_tps=20 - puma: ttft=90ms decode_tps=25\n") == []


def test_a_line_of_many_assignments_takes_linear_time():
    start = time.perf_counter()
    for line in ("a=" * 90, "=" * 200, "a" * 198 + "==", "a =" * 60):
        md("\n".join([line] * 2_000))
    assert time.perf_counter() - start < 5


def test_a_series_after_a_family_is_part_of_the_name():
    page = "### DeepSeek R1 14b\n\n| GPU | Eval rate (tok/s) |\n|---|---|\n| A | 20 |\n"
    assert md(page).values("model", "metric", "value") == [("DeepSeek R1 14b", "decode_tok_s", 20)]


def test_a_fence_that_is_a_csv_file():
    page = '# Data\n\n```csv\nmodel,batch,ttft_ms,note\na:7b,1,25,"x, y"\n\nb:3b,4,30,\n```\n'
    assert md(page).values("record", "model", "metric", "value", "conditions") == [
        ("line 5", "a:7b", "ttft_ms", 25, '{"batch_size":1}'),
        ("line 7", "b:3b", "ttft_ms", 30, '{"batch_size":4}'),
    ]
    assert md("```csv\n```\n").rows == md("```csv\nmodel,ttft_ms\n```\n").rows == []


def test_the_mean_of_a_log_is_not_a_run():
    page = "| run | ttft_ms |\n|---|---|\n| 1 | 20 |\n| 2 | 30 |\n| **Avg** | 25 |\n"
    assert md(page).values("record", "metric", "value", "aggregate") == [
        ("table 1 row 1", "ttft_ms", 20, None),
        ("table 1 row 2", "ttft_ms", 30, None),
        ("table 1 row 3", "ttft_ms", 25, "mean"),
    ]


def test_a_configuration_may_be_called_best():
    page = "| Config | ttft_ms |\n|---|---|\n| Best | 20 |\n| Other | 30 |\n"
    assert md(page).values("original_name", "aggregate") == [("ttft_ms", "reported")] * 2


def test_a_metric_that_only_the_caption_names():
    page = """# acme-7b

Mean decode speed (tokens / s) by engine:

| Engine | float16 | int4 |
|---|---|---|
| vLLM | 40.5 ± 0.5 | 90 |
| llama.cpp | - | 80 |

## GPU memory (unit: MB)

| GPU | 8B Q4_K_M | 70B F16 |
|---|---|---|
| 3090 24GB | **6000** | OOM |
"""
    assert md(page).values("record", "backend", "gpu", "conditions", "metric", "value", "aggregate") == [
        ("table 1 row 1 column 2", "vLLM", None, '{"quantization":"float16"}', "decode_tok_s", 40.5, "mean"),
        ("table 1 row 1 column 2", "vLLM", None, '{"quantization":"float16"}', "decode_tok_s", 0.5, "std"),
        ("table 1 row 1 column 3", "vLLM", None, '{"quantization":"int4"}', "decode_tok_s", 90, "mean"),
        ("table 1 row 2 column 3", "llama.cpp", None, '{"quantization":"int4"}', "decode_tok_s", 80, "mean"),
        ("table 2 row 1 column 2", None, "3090 24GB", "{}", "gpu_mem_used_mib", 6000, "reported"),
    ]
    assert md(page).rows[-1]["model"] == "8B Q4_K_M"


def test_a_caption_that_names_no_metric_names_nothing():
    table = "| Engine | float16 | int4 |\n|---|---|---|\n| vLLM | 40 | 90 |\n"
    assert md(f"Some figures (see below)\n\n{table}").values("metric") == [("float16",), ("int4",)]


def test_each_model_that_a_log_names_is_that_of_the_lines_below_it():
    log = "model_name =    mistral:7b\nDecode speed: 55.1 tok/s\nmodel_name =    qwen2.5:7b\nDecode speed: 44.2 tok/s\n"
    for text, console in ((log, True), (f"```\n{log}```\n", False)):
        assert read(read_markdown, text, is_console=console).values("model", "value") == [
            ("mistral:7b", 55.1),
            ("qwen2.5:7b", 44.2),
        ]
    unnamed = log.replace("model_name", "model_nature")
    assert read(read_markdown, unnamed, is_console=True).values("model", "value") == [(None, 55.1), (None, 44.2)]


def test_a_table_of_fields_is_about_the_page_it_stands_on():
    page = """# `sweep/elk-8b-w4/tp2_c4096`

| field | value |
|---|---|
| Model | Elk-8B |
| Engine | vllm |
| Quant | w4a16 |
| Concurrency | 32 |
| Prompt tokens | 512 |
| Generated tokens | 256 |

## Metrics

| metric | value |
|---|---:|
| `ttft_p50_ms` | 605 |
"""
    (row,) = read(read_markdown, page).rows
    assert (row["model"], row["model_source"], row["backend"]) == ("Elk-8B", "column", "vllm")
    assert json.loads(row["conditions"]) == {
        "concurrency": 32,
        "output_tokens": 256,
        "prompt_tokens": 512,
        "quantization": "w4a16",
    }
    assert (row["record"], row["value"]) == ("table 2 row 1", 605)


def test_a_table_of_fields_with_a_measured_number_is_a_record():
    page = "| field | value |\n|---|---|\n| Model | Elk-8B |\n| TTFT (ms) | 605 |\n\n- TTFT: 80 ms\n"
    assert read(read_markdown, page).values("model", "value") == [("Elk-8B", 605), (None, 80)]


def test_columns_of_engines_are_no_models():
    page = "| metric | llama.cpp | vLLM 0.9.1 |\n|---|---|---|\n| TTFT (ms) | 80 | 91 |\n"
    assert read(read_markdown, page).values("model", "backend", "value") == [
        (None, "llama.cpp", 80),
        (None, "vLLM 0.9.1", 91),
    ]


def test_the_sides_of_a_comparison_are_no_models():
    page = "| Metric | Baseline | Current | Q8\\_0 now |\n|---|---|---|---|\n| TTFT (ms) | 80 | 76 | 99 |\n"
    found = read(read_markdown, page).values("model", "conditions")
    assert found == [(None, f'{{"variant":"{name}"}}') for name in ("Baseline", "Current", "Q8_0 now")]


def test_columns_below_a_model_are_engines_quantizations_or_variants_of_it():
    page = "# lynx:7b\n\n| Metric | vLLM 0.9 | Q4_K_M | attic |\n|---|---|---|---|\n| TTFT (ms) | 81 | 44 | 50 |\n"
    found = read(read_markdown, page)
    assert found.values("model", "backend", "conditions", "value") == [
        ("lynx:7b", "vLLM 0.9", "{}", 81),
        ("lynx:7b", None, '{"quantization":"Q4_K_M"}', 44),
        ("lynx:7b", None, '{"variant":"attic"}', 50),
    ]


def test_a_heading_names_the_metric_of_columns_of_chips_beside_what_compares_them():
    lines = (
        *("# lynx:7b", "", "## 请求吞吐量（Request throughput (req/s)）", ""),
        *("| 并发数 | NVIDIA_H100 | Kunlun_P800 | 差值 |", "|---|---|---|---|", "| 8 | 0.45 | 0.15 | -0.30 |"),
    )
    found = read(read_markdown, "\n".join(lines))
    assert found.values("record", "metric", "gpu", "conditions", "value") == [
        ("table 1 row 1 column 2", "requests_per_s", "NVIDIA_H100", '{"concurrency":8}', 0.45),
        ("table 1 row 1 column 3", "requests_per_s", "Kunlun_P800", '{"concurrency":8}', 0.15),
        ("table 1 row 1 column 4", "Request throughput 差值", None, "{}", -0.3),
    ]


def test_runs_and_their_mean_at_the_top_of_a_table_leave_the_metrics_to_its_rows():
    text = (
        "# lynx-7b\n\n| Metric | Trial 1 | Trial 2 | Mean \u00b1 \u03c3 |\n|---|---|---|---|\n"
        "| **Final Score** | 90 | 92 | **91.0 \u00b1 1.0** |\n| Total Points | 150/168 | 152/168 | - |\n"
        "| Rating | good | good | good |\n| Warnings | 0 | 0 | - |\n"
    )
    rows = [row for row in read(read_markdown, text).rows if row["metric"] == "score"]
    assert [(row["model"], row["value"], row["aggregate"]) for row in rows] == [
        ("lynx-7b", 90, "reported"),
        ("lynx-7b", 92, "reported"),
        ("lynx-7b", 91, "mean"),
        ("lynx-7b", 1, "std"),
    ]


def test_an_estimated_time_is_not_measured():
    text = "| Model | Est. Time | TTFT (ms) |\n|---|---|---|\n| lynx-7b | 3.2h | 12 |\n"
    assert {row["metric"] for row in read(read_markdown, text).rows} == {"ttft_ms"}
