"""vLLM `bench serve`, against the definitions in its own source."""

import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

SUMMARY = json.loads((FORMATS / "vllm_bench_serve/alpha-1b-c1.json").read_text())
DETAILED = json.loads((FORMATS / "vllm_bench_serve/alpha-1b-detailed.json").read_text())


def test_a_summary_says_what_it_is_about():
    read = read_file("vllm_bench_serve/alpha-1b-c1.json")
    assert (read.file["format"], read.file["status"]) == ("vLLM bench serve", "ok")
    assert read.about("/") == {
        "model": "acme/alpha-1b",
        "model_source": "json",
        "backend": None,
        "gpu": "H100",
        "conditions": {"concurrency": 1, "quantization": "fp8", "tensor_parallel": 2},
        "labels": {"num_prompts": 4},
        "timestamp": "2026-11-28T09:23:53",
        "error": False,
    }


def test_the_figures_of_a_summary():
    assert read_file("vllm_bench_serve/alpha-1b-c1.json").figures("/") == {
        ("benchmark_ms", None): (pytest.approx(196.4718389990594), None),
        ("requests_per_s", None): (20.359151827449175, None),
        ("output_tok_s", None): (122.15491096469505, None),
        ("total_tok_s", None): (447.90134020388183, None),
        ("completed_requests", None): (4, None),
        ("failed_requests", None): (0, None),
        ("prompt_tokens", "sum"): (64, 4),
        ("output_tokens", "sum"): (24, 4),
        ("output_tok_s", "max"): (24, None),
        ("concurrent_requests", "max"): (4, None),
        ("ttft_ms", "mean"): (22.946051750295737, 4),
        ("ttft_ms", "median"): (21.601576999273675, 4),
        ("ttft_ms", "std"): (2.378184384605657, 4),
        ("ttft_ms", "p50"): (21.601576999273675, 4),
        ("ttft_ms", "p95"): (26.25673900092806, 4),
        ("ttft_ms", "p99"): (26.902137401157233, 4),
        ("e2e_ms", "mean"): (44.74948500046594, 4),
        ("e2e_ms", "median"): (44.40898949997063, 4),
        ("e2e_ms", "std"): (2.290933017238923, 4),
        ("e2e_ms", "p50"): (44.40898949997063, 4),
        ("e2e_ms", "p95"): (47.536364000734466, 4),
        ("e2e_ms", "p99"): (47.73252800096088, 4),
        ("tpot_ms", "mean"): (4.36068665003404, None),
        ("tpot_ms", "median"): (4.186676900098973, None),
        ("tpot_ms", "std"): (0.3268125214803814, None),
        ("tpot_ms", "p50"): (4.186676900098973, None),
        ("tpot_ms", "p95"): (4.8164882300261525, None),
        ("tpot_ms", "p99"): (4.903918765987328, None),
        ("itl_ms", "mean"): (4.36068665003404, None),
        ("itl_ms", "median"): (4.157587500230875, None),
        ("itl_ms", "std"): (0.8105698220807394, None),
        ("itl_ms", "p50"): (4.157587500230875, None),
        ("itl_ms", "p95"): (4.913826200026962, None),
        ("itl_ms", "p99"): (7.226767640495377, None),
    }


def test_every_number_of_a_summary_is_read_or_named():
    read = read_file("vllm_bench_serve/alpha-1b-c1.json")
    assert read.unread == {"queue_times": 4, "burstiness": 1, "rtfx": 1}
    assert read.file["numbers"] - read.file["covered"] == 6


def test_a_detailed_result_has_a_record_per_request_in_ms():
    read = read_file("vllm_bench_serve/alpha-1b-detailed.json")
    assert read.records == ["/", *(f"/*/{place}" for place in range(6))]
    assert read.figures("/*/1") == {
        ("ttft_ms", None): (pytest.approx(22.49545599988778), None),
        ("e2e_ms", None): (pytest.approx(43.37151500112668), None),
        ("prompt_tokens", None): (16, None),
        ("output_tokens", None): (6, None),
    }
    assert read.about("/*/1")["conditions"] == {"concurrency": 2}


def test_a_request_failed_if_its_error_is_not_empty():
    read = read_file("vllm_bench_serve/alpha-1b-detailed.json")
    failed = read.rows[read.rows["error"]]
    assert sorted(set(failed["record"])) == ["/*/2", "/*/5"]
    assert read.figures("/")["failed_requests", None] == (2, None)
    assert read.figures("/")["ttft_ms", "mean"] == (22.45354375008901, 4)


def test_empty_errors_are_not_failures(tmp_path):
    whole = DETAILED | {"completed": 2, "failed": 0, "errors": ["", ""]}
    for name in ("input_lens", "output_lens", "ttfts", "itls", "latencies"):
        whole[name] = DETAILED[name][:2]
    read = read_text(tmp_path, "run.json", whole)
    assert not read.rows["error"].any()
    assert "failed" not in set(read.rows["metric"])


def test_gaps_between_tokens_stay_unread_by_name():
    assert read_file("vllm_bench_serve/alpha-1b-detailed.json").unread["itls"] == 20


def test_appended_results_are_one_a_line():
    read = read_file("vllm_bench_serve/beta-2b-appended.json")
    assert read.about("line 1")["conditions"] == {"request_rate": 20, "burstiness": 1}
    assert read.about("line 2")["conditions"] == {"concurrency": 2}
    assert read.about("line 2")["model"] == "acme/beta-2b"
    assert read.figures("line 1")["output_tok_s", None] == (90.56601495197137, None)
    assert read.figures("line 2/*/2") == {("e2e_ms", None): (pytest.approx(42.608145999111), None)}


def test_an_infinite_rate_is_the_load_if_nothing_else_limits_it(tmp_path):
    read = read_text(tmp_path, "run.json", SUMMARY | {"max_concurrency": None})
    assert read.about("/")["conditions"]["request_rate"] == "inf"


def test_the_engine_is_named_unless_only_the_protocol_is(tmp_path):
    assert read_text(tmp_path, "run.json", SUMMARY | {"backend": "vllm"}).about("/")["backend"] == "vllm"
    assert read_text(tmp_path, "run.json", SUMMARY | {"backend": "openai-chat"}).about("/")["backend"] is None


def test_means_of_nothing_are_not_values(tmp_path):
    nothing = {name: 0.0 for name in SUMMARY if name.endswith("_ms")}
    read = read_text(tmp_path, "run.json", SUMMARY | nothing | {"completed": 0, "failed": 4, "latencies": [0.0]})
    assert not {"ttft_ms", "tpot_ms", "itl_ms"} & set(read.rows["metric"])
    assert read.rows["error"].all()


def test_a_sweep_is_a_row_per_run():
    read = read_file("vllm_bench_serve/summary.csv")
    assert (read.file["format"], read.file["status"]) == ("vLLM bench serve", "ok")
    assert read.records == ["row 1", "row 2", "row 3", "row 4"]
    about = read.about("row 3")
    assert about["conditions"] == {"concurrency": 4, "max_num_seqs": 16, "tensor_parallel": 2}
    assert (about["model"], about["labels"]) == ("acme/alpha-1b", {"num_prompts": 4, "run_number": 0})
    assert read.figures("row 3")["output_tok_s", None] == (383.2139148279785, None)
    assert read.figures("row 3")["ttft_ms", "p99"] == (31.321517639116795, 4)
    assert read.figures("row 3")["benchmark_ms", None] == (pytest.approx(62.62820600022678), None)


def test_lists_of_different_length_are_reported(tmp_path):
    read = read_text(tmp_path, "run.json", DETAILED | {"ttfts": DETAILED["ttfts"][:4]})
    assert read.file["status"] == "partial"
    assert "lists differ in length: ttfts has 4, latencies has 6" in read.file["reason"]
    assert ("ttft_ms", None) not in read.figures("/*/4")


@pytest.mark.parametrize(
    "odd",
    [
        {"ttfts": None, "errors": {"0": "x"}, "latencies": "none"},
        {"ttfts": [[1], "x", None], "latencies": [], "input_lens": {}, "output_lens": []},
        {"model_id": 7, "max_concurrency": [2], "request_rate": {}, "date": 5, "completed": "four"},
        {"mean_ttft_ms": None, "p99_ttft_ms": "12", "std_ttft_ms": float("nan"), "duration": 1e400},
    ],
)
def test_odd_values_end_nothing(odd, tmp_path):
    read = read_text(tmp_path, "run.json", SUMMARY | odd)
    assert read.file["format"] == "vLLM bench serve"
    assert read.figures("/")["output_tok_s", None] == (122.15491096469505, None)


def test_a_file_that_breaks_off_says_where(tmp_path):
    read = read_text(tmp_path, "run.json", json.dumps(SUMMARY)[:900])
    assert read.file["status"] == "malformed"
    assert "line 1, column" in read.file["reason"]


def test_results_in_a_list_are_read_one_by_one(tmp_path):
    read = read_text(tmp_path, "summary.json", [SUMMARY, SUMMARY | {"run_number": 1, "output_throughput": 99.5}])
    assert read.figures("/0")["output_tok_s", None] == (122.15491096469505, None)
    assert read.figures("/1")["output_tok_s", None] == (99.5, None)
    assert read.about("/1")["labels"] == {"num_prompts": 4, "run_number": 1}
