import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

FOLDER = FORMATS / "llama_bench"
TESTS = [  # of smollm2.json: rate, prompt, generated, depth
    ("prefill_tok_s", 16, None, 0),
    ("decode_tok_s", None, 8, 0),
    ("total_tok_s", 16, 8, 0),
    ("prefill_tok_s", 16, None, 32),
    ("decode_tok_s", None, 8, 32),
    ("total_tok_s", 16, 8, 32),
]
TABLE = """| model | size | params | backend | ngl | fa | test | t/s |
| --- | ---: | ---: | --- | --: | -: | ---: | ---: |
| alpha 7B Q4_K - Medium | 4.07 GiB | 7.24 B | CUDA | 99 | 1 | pp512 | 2368.80 ± 93.24 |
| alpha 7B Q4_K - Medium | 4.07 GiB | 7.24 B | CUDA | 99 | 1 | tg128 @ d1024 | 131.42 ± 0.59 |
"""
RESULT = {"model_filename": "m/alpha-Q8_0.gguf", "n_prompt": 0, "n_gen": 16, "avg_ts": 5.0, "stddev_ts": 0.5}


def shapes(read):
    """What each record measured: its rate, and the tokens of its test."""
    names = "prompt_tokens", "output_tokens", "context_depth"
    shapes = []
    for record in read.records:
        conditions = read.conditions(record)
        shapes.append((read.metrics(record)[0][0], *(conditions.get(name) for name in names)))
    return shapes


@pytest.mark.parametrize(
    ("name", "first", "others"),
    [("smollm2.json", "/0", "/0/*/2"), ("smollm2.jsonl", "line 1", "line 1/*/2")],
)
def test_json_has_the_sums_of_a_test_and_each_of_its_runs(name, first, others):
    text = (FOLDER / name).read_text(encoding="utf-8")
    written = json.loads(text)[0] if name.endswith("json") else json.loads(text.partition("\n")[0])
    read = read_file(FOLDER / name)
    assert (read.file.format, read.file.status, read.file.records) == ("llama-bench", "ok", 24)
    assert read.file.numbers == read.file.covered == 162
    assert read.values("metric", "value", "aggregate", "n", record=first) == [
        ("prefill_tok_s", written["avg_ts"], "mean", 3),
        ("prefill_tok_s", written["stddev_ts"], "std", 3),
        ("prompt_eval_ms", pytest.approx(written["avg_ns"] / 1e6), "mean", 3),
        ("prompt_eval_ms", pytest.approx(written["stddev_ns"] / 1e6), "std", 3),
    ]
    assert read.values("metric", "value", "aggregate", "n", "original_name", record=others) == [
        ("prefill_tok_s", written["samples_ts"][2], None, None, "samples_ts"),
        ("prompt_eval_ms", pytest.approx(written["samples_ns"][2] / 1e6), None, None, "samples_ns"),
    ]
    assert shapes(read) == [test for test in TESTS for _ in range(4)]
    about = "model", "model_source", "backend", "gpu", "params", "timestamp"
    expected = ("SmolLM2-135M-Instruct.Q4_1", "json", "llama.cpp", None, '{"num_gpu":-1}', written["test_time"])
    assert read.values(*about, record=first)[0] == expected
    assert read.conditions(first) == {
        **{"prompt_tokens": 16, "context_depth": 0, "batch_size": 2048, "micro_batch_size": 512, "threads": 1},
        **{"kv_cache_type": "f16", "flash_attention": "auto", "quantization": "Q4_1", "engine_version": "b11393"},
        **{"device": "CPU", "cpu": "AMD EPYC"},
    }
    assert json.loads(read.values("labels", record=first)[0][0]) == {"model_size_mib": 92.1, "model_params_m": 134.52}


@pytest.mark.parametrize(("name", "first"), [("smollm2.csv", "row 1"), ("smollm2.sql", "line 46")])
def test_csv_and_sql_have_the_sums_alone(name, first):
    read = read_file(FOLDER / name)
    assert (read.file.format, read.file.status, read.file.records) == ("llama-bench", "ok", 6)
    assert read.file.numbers == read.file.covered
    assert shapes(read) == TESTS
    line = next(line for line in (FOLDER / name).read_text(encoding="utf-8").split("\n") if ".gguf" in line)
    mean_ns, std_ns, mean, std = (float(cell.strip("\"'();")) for cell in line.replace(" ", "").split(",")[-4:])
    assert read.values("metric", "value", "aggregate", "n", "original_name", record=first) == [
        ("prefill_tok_s", mean, "mean", None, "avg_ts"),
        ("prefill_tok_s", std, "std", None, "stddev_ts"),
        ("prompt_eval_ms", pytest.approx(mean_ns / 1e6), "mean", None, "avg_ns"),
        ("prompt_eval_ms", pytest.approx(std_ns / 1e6), "std", None, "stddev_ns"),
    ]
    assert read.conditions(first) == read_file(FOLDER / "smollm2.json").conditions("/0")


def test_markdown_has_the_mean_its_spread_and_the_build_below():
    read = read_file(FOLDER / "smollm2.md")
    assert (read.file.format, read.file.status, read.file.records) == ("llama-bench", "ok", 6)
    assert read.file.numbers == read.file.covered == 24
    assert shapes(read) == TESTS
    assert read.values("metric", "value", "aggregate", "model", "backend", record="table 1 row 2") == [
        ("decode_tok_s", 154.53, "mean", "llama 256M Q4_1", "llama.cpp"),
        ("decode_tok_s", 1.19, "std", "llama 256M Q4_1", "llama.cpp"),
    ]
    assert read.conditions("table 1 row 2") == {
        **{"output_tokens": 8, "context_depth": 0, "threads": 1, "quantization": "Q4_1", "engine_version": "b11393"},
        "device": "CPU",
    }


@pytest.mark.parametrize("fence", ["```\n", ""])
def test_a_table_in_a_post_names_the_gpu_above_it_and_the_build_below(tmp_path, fence):
    device = "  Device 0: NVIDIA GeForce RTX 4090, compute capability 8.9, VMM: yes\n"
    page = f"# A post\n\n{fence}$ llama-bench -m a.gguf\n{device}{TABLE}\nbuild: 0a1b2c3d (5000)\n{fence}\nEnd.\n"
    read = read_text(tmp_path, "post.md", page)
    records = ("line 8", "line 9") if fence else ("table 1 row 1", "table 1 row 2")
    assert read.values("record", "metric", "value", "aggregate") == [
        (records[0], "prefill_tok_s", 2368.8, "mean"),
        (records[0], "prefill_tok_s", 93.24, "std"),
        (records[1], "decode_tok_s", 131.42, "mean"),
        (records[1], "decode_tok_s", 0.59, "std"),
    ]
    assert set(read.values("gpu", "params")) == {("NVIDIA GeForce RTX 4090", '{"num_gpu":99}')}
    assert read.conditions(records[1]) == {
        **{"output_tokens": 128, "context_depth": 1024, "flash_attention": 1, "quantization": "Q4_K_M"},
        **{"device": "CUDA", "engine_version": "b5000"},
    }


def test_a_log_with_a_table_is_read(tmp_path):
    device = "0.00.137.305 I   Device 0: Tesla V100, compute capability 7.0, VMM: yes\n"
    read = read_text(tmp_path, "bench.log", f"init: found 1 device\n{device}{TABLE}\nbuild: 0a1b2c3d (5000)\n")
    assert read.values("metric", "value", "gpu", aggregate="mean") == [
        ("prefill_tok_s", 2368.8, "Tesla V100"),
        ("decode_tok_s", 131.42, "Tesla V100"),
    ]


def test_settings_other_than_the_defaults_are_conditions(tmp_path):
    settings = {
        "split_mode": "row",
        "n_cpu_moe": 16,
        "poll": 50,
        "embeddings": False,
        "type_k": "q8_0",
        "type_v": "f16",
    }
    described = {
        "gpu_info": "GPU A, GPU B",
        "cpu_info": "CPU A",
        "flash_attn": True,
        "model_type": "alpha 7B IQ2_XXS - 2.06 bpw",
    }
    read = read_text(tmp_path, "a.json", json.dumps(RESULT | settings | described))
    assert read.conditions("/") == {
        **{"output_tokens": 16, "context_depth": 0, "flash_attention": 1, "kv_cache_type": "q8_0/f16"},
        **{"quantization": "IQ2_XXS", "settings": "split_mode=row, n_cpu_moe=16"},
    }
    assert set(read.values("gpu")) == {("GPU A, GPU B",)}


@pytest.mark.parametrize(
    ("file", "kind", "model", "quantization"),
    [
        ("C:\\m\\alpha-00001-of-00003.gguf", "alpha 7B Q5_K - Small", "alpha", "Q5_K_S"),
        ("alpha", "alpha 7B Q2_K - Medium", "alpha", "Q2_K"),
        (None, "alpha 7B mostly F16", "alpha 7B mostly F16", "F16"),
        (None, "alpha ?B", "alpha ?B", None),
    ],
)
def test_the_model_is_the_file_and_its_quantization_that_of_the_description(tmp_path, file, kind, model, quantization):
    read = read_text(tmp_path, "a.json", json.dumps(RESULT | {"model_filename": file, "model_type": kind}))
    assert set(read.values("model")) == {(model,)}
    assert read.conditions("/").get("quantization") == quantization


@pytest.mark.parametrize(
    ("mean", "std", "is_read"),
    [(1_000_000_000, 5_000_000, True), (60_000_000_000, 500_000_000, False), (4e9, 1e5, False)],
)
def test_a_deviation_that_the_tool_can_not_compute_in_whole_nanoseconds_is_left_out(tmp_path, mean, std, is_read):
    read = read_text(tmp_path, "a.json", json.dumps(RESULT | {"avg_ns": mean, "stddev_ns": std}))
    assert (("eval_ms", std / 1e6, "std") in read.metrics("/")) == is_read
    assert read.file.status == "ok"


def test_results_below_log_lines_are_whole(tmp_path):
    text = f"init: found 1 device\ninit: 0 = GPU A | fp16: 1\n[\n{json.dumps(RESULT)}\n]\n"
    read = read_text(tmp_path, "a.json", text)
    assert read.metrics("/0") == [("decode_tok_s", 5, "mean"), ("decode_tok_s", 0.5, "std")]
    assert read.file.status == "partial"
    assert read.file.reason == "text around the JSON was left out: lines 1-2"


def test_a_document_without_a_test_is_read_as_any_other(tmp_path):
    read = read_text(tmp_path, "a.json", json.dumps(RESULT | {"n_gen": 0}))
    assert read.file.format is None
    assert read.file.reason == (
        "it looks like a file of llama-bench, but it has neither n_prompt nor n_gen; it was read as any other file"
    )
    assert ("avg_ts", 5, "mean") in read.metrics("/")


def test_a_table_that_a_script_wrote_keeps_its_columns_apart(tmp_path):
    table = "| layers | test | t/s |\n|---|---|---|\n| 8 | pp 2048 @ d64 | 1,329.72 ± 2 |\n| 16 | tg 32 | 5.5 |\n"
    read = read_text(tmp_path, "gemma3_1b.md", table)
    assert read.values("metric", "value", "aggregate") == [
        ("prefill_tok_s", 1_329.72, "mean"),
        ("prefill_tok_s", 2, "std"),
        ("decode_tok_s", 5.5, "mean"),
    ]
    assert set(read.values("model", "model_source", "backend")) == {("gemma3:1b", "path", None)}
    assert [read.conditions(f"table 1 row {place}")["settings"] for place in (1, 2)] == ["layers=8", "layers=16"]


def test_a_table_of_other_tests_is_read_as_any_other(tmp_path):
    read = read_text(tmp_path, "a.md", "| model | test | t/s |\n|---|---|---|\n| alpha:7b | reading | 5 |\n")
    assert read.file.format is None
    assert "no row of the table has a test such as pp512" in read.file.reason
    assert read.values("model", "value") == [("alpha:7b", 5)]


def test_a_row_that_breaks_off_is_named(tmp_path):
    sql = (FOLDER / "smollm2.sql").read_text(encoding="utf-8")
    read = read_text(tmp_path, "a.sql", sql[:-30])
    assert (read.file.status, read.file.records) == ("partial", 5)
    assert read.file.reason == "line 51 is cut off, or is not the row of a test"
    rows = (FOLDER / "smollm2.csv").read_text(encoding="utf-8").replace('"16","0","0"', '"0","0","0"')
    read = read_text(tmp_path, "a.csv", rows)
    assert (read.file.status, read.file.records) == ("partial", 5)
    assert read.file.reason == "row 1: n_prompt and n_gen are not those of a test"
    table = read_text(tmp_path, "a.md", TABLE.replace("131.42 ± 0.59", "failed"))
    assert table.file.reason == "table 1 row 2: 'tg128 @ d1024' and 'failed' are not a test and its rate"


def test_samples_that_are_no_list_are_no_runs(tmp_path):
    read = read_text(tmp_path, "a.json", json.dumps(RESULT | {"samples_ts": 3, "samples_ns": {"a": 1}}))
    assert read.values("record", "n") == [("/", None), ("/", None)]
    assert read.unread == {"samples_ts": 1, "a": 1}
