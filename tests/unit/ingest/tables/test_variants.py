"""Tables with columns for each variant: `B0_ttft`, `llama3_tps`, `TTFT (baseline)`."""

import json

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.markdown_reader import read_markdown
from tests.unit.ingest.reading import read


def csv(*lines):
    return read(read_csv, "\n".join(lines) + "\n")


def shown(found, *columns):
    return [
        tuple(json.loads(row[name]) if name == "conditions" else row[name] for name in columns) for row in found.rows
    ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("model,baseline_ttft_ms,optimized_ttft_ms", ("conditions", {"variant": "baseline"}, {"variant": "optimized"})),
        ("model,ttft_ms_before,ttft_ms_after", ("conditions", {"variant": "before"}, {"variant": "after"})),
        ("model,fp16_ttft_ms,int4_ttft_ms", ("conditions", {"quantization": "fp16"}, {"quantization": "int4"})),
        ("model,Q4_K_M TTFT (ms),Q8_0 TTFT (ms)", ("conditions", {"quantization": "Q4_K_M"}, {"quantization": "Q8_0"})),
        ("model,vLLM TTFT ms,SGLang TTFT ms", ("backend", "vLLM", "SGLang")),
        ("model,TTFT ms (vLLM),TTFT ms (Ollama)", ("backend", "vLLM", "Ollama")),
        ("prompt,llama3_ttft_ms,gemma3_ttft_ms", ("model", "llama3", "gemma3")),
        ("prompt,lynx-7b ttft [ms],puma-3b ttft [ms]", ("model", "lynx-7b", "puma-3b")),
        ("model,A100 TTFT (ms),H100 TTFT (ms)", ("gpu", "A100", "H100")),
        ("model,TTFT ms at ctx=256,TTFT ms at ctx=2048", ("params", '{"num_ctx":256}', '{"num_ctx":2048}')),
        ("model,8 users TTFT (ms),16 users TTFT (ms)", ("conditions", {"concurrency": 8}, {"concurrency": 16})),
    ],
)
def test_names_that_say_what_a_column_is_about(header, expected):
    found = csv(header, "x-1b,12.5,25")
    column, *sides = expected
    assert shown(found, "record", "metric", "value", column) == [
        ("row 1 column 2", "ttft_ms", 12.5, sides[0]),
        ("row 1 column 3", "ttft_ms", 25.0, sides[1]),
    ]
    assert found.numbers == found.covered >= 2  # a level in a name counts with its record


def test_sides_that_nothing_knows_need_several_metrics_of_a_run():
    found = csv("workload,K1_ttft_ms,K1_tok_s,Z2_ttft_ms,Z2_tok_s", "chat,20,50,30,40", "code,21,51,31,41")
    assert shown(found, "record", "metric", "value", "conditions")[:4] == [
        ("row 1 column 2", "ttft_ms", 20, {"task": "chat", "variant": "K1"}),
        ("row 1 column 2", "decode_tok_s", 50, {"task": "chat", "variant": "K1"}),
        ("row 1 column 4", "ttft_ms", 30, {"task": "chat", "variant": "Z2"}),
        ("row 1 column 4", "decode_tok_s", 40, {"task": "chat", "variant": "Z2"}),
    ]
    assert (found.records, len(found.rows)) == (4, 8)


@pytest.mark.parametrize(
    "header",
    [
        "model,network_ms,retrieval_ms",
        "model,tokenize_time_ms,postprocess_time_ms",
        "model,tokenize_time_ms,tokenize_tokens,postprocess_time_ms,postprocess_tokens",
        "model,optimized_ttft_ms,network_ms",
        "model,baseline_ttft_ms,attic_ttft_ms",
    ],
)
def test_parts_of_a_run_and_single_sides_are_not_told_apart(header):
    cells = ",".join(str(12 + place) for place in range(header.count(",")))
    found = csv(header, f"x-1b,{cells}")
    assert {row["record"] for row in found.rows} == {"row 1"}
    assert {row["unit"] for row in found.rows} <= {None, "tokens"}


def test_what_is_of_no_side_is_a_record_of_its_own():
    found = csv("model,output_tokens,speedup,base_tok_s,tuned_tok_s", "x-1b,128,1.5,40,60")
    assert shown(found, "record", "metric", "value", "conditions") == [
        ("row 1", "output_tokens", 128, {}),
        ("row 1", "speedup", 1.5, {}),
        ("row 1 column 4", "decode_tok_s", 40, {"variant": "base"}),
        ("row 1 column 5", "decode_tok_s", 60, {"variant": "tuned"}),
    ]


def test_aggregates_of_sides():
    found = csv("model,awq_ttft_ms_p50,awq_ttft_ms_p99,gptq_ttft_ms_p50,gptq_ttft_ms_p99", "x-1b,10,19,12,18")
    assert shown(found, "metric", "value", "aggregate", "conditions") == [
        ("ttft_ms", 10, "p50", {"quantization": "awq"}),
        ("ttft_ms", 19, "p99", {"quantization": "awq"}),
        ("ttft_ms", 12, "p50", {"quantization": "gptq"}),
        ("ttft_ms", 18, "p99", {"quantization": "gptq"}),
    ]


def test_a_column_that_names_the_model_counts():
    found = csv("model,llama3_tok_s,gemma3_tok_s", "x-1b,40,60")
    assert {row["unit"] for row in found.rows} == {None}


def test_tables_of_pages():
    page = "| Task | vLLM tok/s | Ollama tok/s |\n|---|---|---|\n| chat | 81.5 | 44 ± 2 |\n"
    found = read(read_markdown, page)
    assert shown(found, "record", "backend", "value") == [
        ("table 1 row 1 column 2", "vLLM", 81.5),
        ("table 1 row 1 column 3", "Ollama", 44),
        ("table 1 row 1 column 3", "Ollama", 2),
    ]


def test_a_number_of_each_gpu():
    found = csv("model,tok_s,gpu0_power_w,gpu1_power_w,gpu_0_util,gpu_1_util", "x-1b,40,100,120,80,81")
    assert [(row["record"], row["metric"], row["value"], json.loads(row["labels"])) for row in found.rows] == [
        ("row 1", "decode_tok_s", 40, {}),
        ("row 1 column 3", "power_w", 100, {"gpu_index": 0}),
        ("row 1 column 3", "gpu_util_pct", 80, {"gpu_index": 0}),
        ("row 1 column 4", "power_w", 120, {"gpu_index": 1}),
        ("row 1 column 4", "gpu_util_pct", 81, {"gpu_index": 1}),
    ]


def test_keys_of_an_object():
    speeds = {"base_ttft_ms": 12, "tuned_ttft_ms": 8}
    found = read(read_json, json.dumps({"model": "x-1b", "tokens": 5, "vram_gpu0_gb": 2, "vram_gpu1_gb": 3} | speeds))
    assert shown(found, "record", "original_name", "value", "conditions", "labels") == [
        ("/", "tokens", 5, {}, "{}"),
        ("/vram_gpu0_gb", "vram_gpu0_gb", 2048, {}, '{"gpu_index":0}'),
        ("/vram_gpu1_gb", "vram_gpu1_gb", 3072, {}, '{"gpu_index":1}'),
        ("/base_ttft_ms", "base_ttft_ms", 12, {"variant": "base"}, "{}"),
        ("/tuned_ttft_ms", "tuned_ttft_ms", 8, {"variant": "tuned"}, "{}"),
    ]
    assert found.numbers == found.covered == len(found.rows) == 5


def test_a_column_for_each_side_and_a_row_for_each_metric():
    found = csv(
        *("model,metric,vLLM,attic,delta %", "x-1b,ttft_ms,50,60,20%", "x-1b,pp512 (t/s),500,600,20%"),
    )
    assert shown(found, "record", "metric", "value", "backend", "conditions") == [
        ("row 1 column 3", "ttft_ms", 50, "vLLM", {}),
        ("row 1 column 4", "ttft_ms", 60, None, {"variant": "attic"}),
        ("row 1 column 5", "ttft_ms delta %", 20, None, {}),
        ("row 2 column 3", "prefill_tok_s", 500, "vLLM", {"prompt_tokens": 512}),
        ("row 2 column 4", "prefill_tok_s", 600, None, {"prompt_tokens": 512, "variant": "attic"}),
        ("row 2 column 5", "pp512 (t/s) delta %", 20, None, {}),
    ]


def test_a_corner_that_names_the_metric():
    found = csv("TTFT (ms),1,8,Delta", "vLLM,11,12,1", "attic,13,14,1", "8 users,15,-,0")
    assert shown(found, "record", "value", "backend", "conditions") == [
        ("row 1 column 2", 11, "vLLM", {"variant": 1}),
        ("row 1 column 3", 12, "vLLM", {"variant": 8}),
        ("row 1 column 4", 1, None, {}),
        ("row 2 column 2", 13, None, {"variant": "attic / 1"}),
        ("row 2 column 3", 14, None, {"variant": "attic / 8"}),
        ("row 2 column 4", 1, None, {}),
        ("row 3 column 2", 15, None, {"concurrency": 8, "variant": 1}),
        ("row 3 column 4", 0, None, {}),
    ]
    assert {row["metric"] for row in found.rows} == {"ttft_ms", "TTFT (ms) Delta"}


@pytest.mark.parametrize("lines", [("ttft_ms,model,tok_s", "11,x-1b,40"), ("TTFT (ms),attic,cellar", "x-1b,11,12")])
def test_other_tables_that_begin_with_a_metric(lines):
    assert all(row["metric"] != "ttft_ms" or row["record"] == "row 1" for row in csv(*lines).rows)
