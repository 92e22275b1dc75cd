import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

FOLDER = FORMATS / "ollama"
REMARK = "# Model: alpha:7b | Params: 7.2B | Quant: Q4_K_M | Family: alpha | Size: 1 | VRAM: 1 | NumCtx: 4096\n"
HEADER = "NAME,STEP,COUNT,NS_PER_COUNT,TOKEN_PER_SEC\n"


def test_the_steps_of_a_csv_file_become_runs():
    read = read_file(FOLDER / "bench.csv")
    assert read.file.format == "Ollama's bench command"
    assert read.file.status == "ok"
    assert read.file.records == 6
    assert read.values("metric", "value", "original_name", "original_unit", record="row 2 to row 6") == [
        ("prompt_tokens", 7, "prefill COUNT", None),
        ("prefill_tok_s", 196.61, "prefill TOKEN_PER_SEC", None),
        ("output_tokens", 16, "generate COUNT", None),
        ("decode_tok_s", 126.5, "generate TOKEN_PER_SEC", None),
        ("ttft_ms", pytest.approx(43.994896), "ttft NS_PER_COUNT", "ns"),
        ("load_ms", pytest.approx(1.496261), "load NS_PER_COUNT", "ns"),
        ("total_ms", pytest.approx(164.405733), "total NS_PER_COUNT", "ns"),
    ]
    runs = dict(read.values("record", "model"))
    assert [*runs.values()] == ["smollm2:135m"] * 3 + ["smollm2-b:135m"] * 3
    (about,) = set(read.values("model_source", "backend", "params", "conditions", "aggregate"))
    assert about == ("column", "ollama", '{"num_ctx":2048}', '{"quantization":"Q4_1"}', None)
    # the time of a token repeats the rate; of the 5 x 3 numbers of a run all others are read
    assert read.unread == {"NS_PER_COUNT": 12}
    assert (read.file.numbers, read.file.covered) == (90, 78)


def test_text_for_benchstat_has_the_same_runs_without_counts():
    read = read_file(FOLDER / "benchstat.txt")
    assert read.file.format == "Ollama's bench command"
    assert read.file.records == 6
    assert read.values("metric", "value", "original_name", "original_unit", record="lines 4-8") == [
        ("prefill_tok_s", 107.59, "prefill token/sec", "token/sec"),
        ("decode_tok_s", 88.85, "generate token/sec", "token/sec"),
        ("ttft_ms", pytest.approx(68.53844), "ttft ns/op", "ns"),
        ("load_ms", pytest.approx(1.453856), "load ns/op", "ns"),
        ("total_ms", pytest.approx(248.191088), "total ns/op", "ns"),
    ]
    assert set(read.values("params", "conditions")) == {('{"num_ctx":2048}', '{"quantization":"Q4_1"}')}
    assert [model for _, model in dict(read.values("record", "model")).items()][-1] == "smollm2-b:135m"


def test_zeros_of_a_request_without_an_answer_are_no_values(tmp_path):
    rows = "alpha:7b,prefill,5,10,100\nalpha:7b,generate,0,0.00,0.00\nalpha:7b,ttft,1,0,0\nalpha:7b,total,1,5000000,0\n"
    read = read_text(tmp_path, "a.csv", HEADER + rows)
    assert read.metrics("row 1 to row 4") == [
        ("prompt_tokens", 5, None),
        ("prefill_tok_s", 100, None),
        ("total_ms", 5, None),
    ]
    lines = "/step=generate 1 0 ns/token 0 token/sec\n", "/step=ttft 1 0 ns/op\n", "/step=total 1 5000000 ns/op\n"
    text = "".join(f"BenchmarkModel/name=alpha:7b{line}" for line in lines)
    assert read_text(tmp_path, "a.bench", text).metrics("lines 1-3") == [("total_ms", 5, None)]


def test_a_remark_about_another_model_and_an_unknown_quantization_say_nothing(tmp_path):
    remark = REMARK.replace("Q4_K_M", "unknown")
    rows = f"{remark}alpha:7b,load,1,10,0\nbeta:3b,load,1,10,0\n"
    read = read_text(tmp_path, "a.csv", HEADER + rows)
    assert read.values("record", "model", "params", "conditions") == [
        ("row 2", "alpha:7b", '{"num_ctx":4096}', "{}"),
        ("row 3", "beta:3b", "{}", "{}"),
    ]


def test_the_first_versions_count_tokens_and_print_a_table(tmp_path):
    text = (
        "BenchmarkModel/name=alpha:7b/step=prefill 128 78125.00 ns/token 12800.00 token/sec\n"
        "BenchmarkModel/name=alpha:7b/step=load 1 1500000000 ns/request\n"
        "BenchmarkModel/name=alpha:7b 1 3000000000 ns/request\n"
    )
    assert read_text(tmp_path, "a.txt", text).metrics("lines 1-3") == [
        ("prompt_tokens", 128, None),
        ("prefill_tok_s", 12_800, None),
        ("load_ms", 1_500, None),
        ("total_ms", 3_000, None),
    ]
    table = (
        "| Model | Step | Count | Duration | nsPerToken | tokensPerSec |\n|---|---|---|---|---|---|\n"
        "| alpha:7b | generate | 200 | 2.5s | 12500000.00 | 80.00 |\n| alpha:7b | load | 1 | 121.5ms | - | - |\n"
    )
    read = read_text(tmp_path, "a.md", table)
    assert read.metrics("table 1 row 1 to table 1 row 2") == [
        ("output_tokens", 200, None),
        ("decode_tok_s", 80, None),
        ("eval_ms", 2_500, None),
        ("load_ms", 121.5, None),
    ]


def test_an_unknown_step_and_a_cut_row_are_named(tmp_path):
    read = read_text(tmp_path, "a.csv", f"{HEADER}alpha:7b,generate,2,5,9\nalpha:7b,warmup,1,5,0\nalpha:7b,total,1\n")
    assert read.metrics("row 1") == [("output_tokens", 2, None), ("decode_tok_s", 9, None)]
    assert read.file.status == "partial"
    assert read.file.reason == "row 2: 'warmup' is not a step of a request; row 3 has 3 cells, the header has 5"
