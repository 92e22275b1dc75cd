"""SGLang `bench_serving`, against the definitions in its own source."""

import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

LINES = (FORMATS / "sglang_bench_serving/random.jsonl").read_text().splitlines()
DETAILED = json.loads(LINES[2])


def test_a_line_is_a_result():
    read = read_file("sglang_bench_serving/random.jsonl")
    assert (read.file["format"], read.file["status"]) == ("SGLang bench_serving", "ok")
    about = read.about("line 1")
    assert (about["model"], about["backend"]) == ("acme/alpha-1b", "vllm")
    asked = {"dataset": "random-ids", "prompt_tokens": 16, "output_tokens": 6}
    server = {"tensor_parallel": 2, "engine_version": "0.5.23"}
    assert about["conditions"] == {"concurrency": 2, **asked, **server}
    assert read.about("line 2")["conditions"] == {"request_rate": 20, **asked, **server}


def test_its_figures():
    figures = read_file("sglang_bench_serving/random.jsonl").figures("line 1")
    assert figures["benchmark_ms", None] == (pytest.approx(100.98945100071433), None)
    assert figures["requests_per_s", None] == (39.608097285049176, None)
    assert figures["input_tok_s", None] == (633.7295565607868, None)
    assert figures["output_tok_s", None] == (237.64858371029507, None)
    assert figures["total_tok_s", None] == (871.3781402710819, None)
    assert figures["output_tok_s", "max"] == (24, None)
    assert figures["concurrent_requests", "max"] == (4, None)
    assert figures["concurrent_requests", "mean"] == (1.9174938380231379, None)
    assert figures["completed_requests", None] == (4, None)
    assert figures["prompt_tokens", "sum"] == (64, 4)
    assert figures["e2e_ms", "p90"] == (49.28345839998656, 4)
    assert figures["ttft_ms", "std"] == (0.7863797507608286, 4)
    assert figures["tpot_ms", "mean"] == (5.139961100030631, None)
    assert figures["itl_ms", "p99"] == (4.4297390197789355, None)
    assert len(figures) == 35


def test_requests_of_output_details():
    read = read_file("sglang_bench_serving/random.jsonl")
    assert read.figures("line 3/*/0") == {
        ("ttft_ms", None): (pytest.approx(24.795900999379228), None),
        ("prompt_tokens", None): (16, None),
        ("output_tokens", None): (6, None),
    }
    assert sorted(set(read.rows[read.rows["error"]]["record"])) == ["line 3/*/2", "line 3/*/5"]
    assert read.unread["itls"] == 20


def test_a_failed_request_may_have_an_empty_error(tmp_path):
    read = read_text(tmp_path, "run.jsonl", DETAILED | {"errors": [""] * 6})
    assert sorted(set(read.rows[read.rows["error"]]["record"])) == ["line 1/*/2", "line 1/*/5"]


def test_lengths_are_conditions_of_random_data_alone(tmp_path):
    read = read_text(tmp_path, "run.jsonl", DETAILED | {"dataset_name": "sharegpt"})
    assert not {"prompt_tokens", "output_tokens"} & read.about("line 1")["conditions"].keys()


def test_a_server_that_says_nothing_of_itself_leaves_the_model_open(tmp_path):
    read = read_text(tmp_path, "run.jsonl", DETAILED | {"server_info": None})
    assert read.about("line 1")["model"] is None
    assert read.figures("line 1")["output_tok_s", None] == (223.49498477303507, None)


def test_a_line_that_breaks_off_costs_only_itself(tmp_path):
    read = read_text(tmp_path, "run.jsonl", f"{LINES[0]}\n{LINES[1][:700]}")
    assert read.file["status"] == "partial"
    assert "line 2" in read.file["reason"]
    assert read.figures("line 1")["output_tok_s", None] == (237.64858371029507, None)
