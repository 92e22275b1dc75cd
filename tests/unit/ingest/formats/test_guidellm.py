"""GuideLLM's JSON and CSV, against the definitions in its own source."""

import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

CONSTANT = json.loads((FORMATS / "guidellm/constant.json").read_text())


def test_a_benchmark_says_what_it_is_about():
    read = read_file("guidellm/constant.json")
    assert (read.file["format"], read.file["status"]) == ("GuideLLM", "ok")
    assert read.about("/benchmarks/0") == {
        "model": "acme/alpha-1b",
        "model_source": "json",
        "backend": None,
        "gpu": None,
        "conditions": {"request_rate": 20, "load_pattern": "constant", "prompt_tokens": 16, "output_tokens": 6},
        "labels": {},
        "timestamp": "2026-11-28T09:34:57.754+00:00",
        "error": False,
    }


def test_rates_are_the_means_of_the_whole_benchmark():
    figures = read_file("guidellm/constant.json").figures("/benchmarks/0")
    mean = {
        name: dist["successful"]["mean"]
        for name, dist in CONSTANT["benchmarks"][0]["metrics"].items()
        if "mean" in str(dist)
    }
    assert figures["output_tok_s", None] == (mean["output_tokens_per_second"], None)
    assert figures["total_tok_s", None] == (mean["tokens_per_second"], None)
    assert figures["input_tok_s", None] == (mean["prompt_tokens_per_second"], None)
    assert figures["requests_per_s", None] == (mean["requests_per_second"], None)
    assert figures["concurrent_requests", "mean"] == (mean["request_concurrency"], None)
    assert figures["completed_requests", None] == (3, None)
    assert figures["failed_requests", None] == (1, None)
    assert not {("output_tok_s", made) for made in ("median", "p99", "max")} & figures.keys()
    assert {metric for metric, _ in figures} == {
        *("benchmark_ms", "completed_requests", "failed_requests", "requests_per_s", "concurrent_requests"),
        *("output_tok_s", "input_tok_s", "total_tok_s", "e2e_ms", "ttft_ms", "ttfa_ms", "itl_ms"),
        *("prompt_tokens", "output_tokens", "total_tokens"),
    }


def test_distributions_over_requests():
    figures = read_file("guidellm/constant.json").figures("/benchmarks/0")
    of_ttft = {made: value for (metric, made), value in figures.items() if metric == "ttft_ms"}
    assert of_ttft == {
        "mean": (22.381226221720375, 3),
        "median": (21.622180938720703, 3),
        "std": (1.1885440188324543, 3),
        "min": (21.461963653564453, 3),
        "max": (24.059534072875977, 3),
        **dict.fromkeys(("p0.1", "p1", "p5", "p10", "p25"), (21.461963653564453, 3)),
        "p50": (21.622180938720703, 3),
        **dict.fromkeys(("p75", "p90", "p95", "p99", "p99.9"), (24.059534072875977, 3)),
    }
    assert figures["e2e_ms", "max"] == (pytest.approx(49.664735794067383), 3)


def test_a_count_of_tokens_is_not_the_number_of_requests():
    figures = read_file("guidellm/constant.json").figures("/benchmarks/0")
    assert CONSTANT["benchmarks"][0]["metrics"]["inter_token_latency_ms"]["successful"]["count"] == 15
    assert figures["itl_ms", "mean"] == (4.239189929, None) or figures["itl_ms", "mean"][1] is None


def test_each_request_is_a_run_and_an_errored_one_failed():
    read = read_file("guidellm/constant.json")
    assert read.records[1:] == [
        *(f"/benchmarks/0/requests/successful/{place}" for place in range(3)),
        "/benchmarks/0/requests/errored/0",
    ]
    request = CONSTANT["benchmarks"][0]["requests"]["successful"][0]
    assert read.figures("/benchmarks/0/requests/successful/0") == {
        ("e2e_ms", None): (pytest.approx(request["request_latency"] * 1000), None),
        ("ttft_ms", None): (request["time_to_first_token_ms"], None),
        ("ttfa_ms", None): (request["time_to_first_output_token_ms"], None),
        ("itl_ms", None): (request["inter_token_latency_ms"], None),
        ("request_tok_s", None): (request["output_tokens_per_second"], None),
        ("prompt_tokens", None): (16, None),
        ("output_tokens", None): (6, None),
        ("total_tokens", None): (22, None),
    }
    assert set(read.rows[read.rows["error"]]["record"]) == {"/benchmarks/0/requests/errored/0"}


def test_time_per_output_token_is_not_tpot():
    read = read_file("guidellm/constant.json")
    assert "tpot_ms" not in set(read.rows["metric"])
    assert "metrics/time_per_output_token_ms/successful/mean" not in set(read.rows["original_name"])


def test_a_csv_of_three_header_rows():
    read = read_file("guidellm/concurrent.csv")
    assert (read.file["format"], read.file["status"]) == ("GuideLLM", "ok")
    assert read.records == ["row 3", "row 4"]
    about = read.about("row 3")
    assert (about["model"], about["model_source"]) == ("acme/alpha-1b", "column")
    assert about["conditions"] == {"concurrency": 1, "prompt_tokens": 16, "output_tokens": 6}
    assert read.about("row 4")["conditions"]["concurrency"] == 2
    figures = read.figures("row 3")
    assert figures["output_tok_s", None] == (pytest.approx(114.969923, rel=1e-6), None)
    assert figures["total_tok_s", None] == (pytest.approx(421.556385, rel=1e-6), None)
    assert figures["ttft_ms", "mean"] == (pytest.approx(23.192048, rel=1e-6), 4)
    assert figures["ttft_ms", "p99"] == figures["ttft_ms", "max"] == (pytest.approx(26.655674, rel=1e-6), 4)
    assert figures["ttft_ms", "min"] == (pytest.approx(21.377325, rel=1e-6), 4)
    assert figures["e2e_ms", "std"] == (pytest.approx(2.152301, rel=1e-6), 4)
    assert figures["itl_ms", "mean"][1] is None
    assert figures["completed_requests", None] == (4, None)
    (name,) = set(read.rows[(read.rows["metric"] == "ttft_ms") & (read.rows["aggregate"] == "std")]["original_name"])
    assert name == "Time to First Token / Successful ms / Std Dev"


def test_a_csv_of_two_header_rows(tmp_path):
    text = (
        "Run Info,Run Info,Benchmark,Benchmark,Timings,Time to First Token,Time to First Token,Token Throughput\n"
        "Model,Backend,Strategy,Requests per Second,Duration (Sec),"
        "Successful ms Mean,Successful ms Percentiles p95,Successful Output Tok/Sec Mean\n"
        "acme/alpha-1b,openai_http,constant,2.0,30.0,80.0,130.0,64.0\n"
    )
    read = read_text(tmp_path, "benchmarks.csv", text)
    assert read.file["status"] == "ok"
    about = read.about("row 2")
    assert (about["model"], about["conditions"]) == ("acme/alpha-1b", {"request_rate": 2, "load_pattern": "constant"})
    assert read.figures("row 2") == {
        ("benchmark_ms", None): (30_000, None),
        ("ttft_ms", "mean"): (80, None),
        ("ttft_ms", "p95"): (130, None),
        ("output_tok_s", None): (64, None),
    }


@pytest.mark.parametrize("file", ["layout-0.5.json", "layout-0.3.json"])
def test_older_layouts(file):
    read = read_file(f"guidellm/{file}")
    assert read.file["format"] == "GuideLLM"
    asked = {"prompt_tokens": 128, "output_tokens": 32}
    load = {"concurrency": 4} if "0.5" in file else {"request_rate": 5, "load_pattern": "constant"}
    assert read.about("/benchmarks/0")["conditions"] == {"concurrency": 1, **asked}
    assert read.about("/benchmarks/1")["conditions"] == {**load, **asked}
    assert read.about("/benchmarks/1")["model"] == "acme/alpha-1b"
    figures = read.figures("/benchmarks/1")
    assert figures["completed_requests", None] == (60, None)
    assert figures["output_tok_s", None] == (160, None)
    assert figures["total_tok_s", None] == (800, None)
    assert figures["ttft_ms", "mean"] == (150, 60)
    assert figures["e2e_ms", "mean"] == (800, 60)


def test_the_requests_of_the_oldest_layout():
    read = read_file("guidellm/layout-0.3.json")
    figures = read.figures("/benchmarks/0/requests/successful/1")
    assert figures["ttft_ms", None] == (82, None)
    assert figures["e2e_ms", None] == (480, None)
    assert read.about("/benchmarks/0/requests/successful/1")["timestamp"] == "2026-01-01T00:00:01.500+00:00"


def test_the_csv_of_the_oldest_layout():
    read = read_file("guidellm/layout-0.3.csv")
    assert read.file["format"] == "GuideLLM"
    asked = {"prompt_tokens": 128, "output_tokens": 32}
    assert read.about("row 1")["conditions"] == {"concurrency": 1, **asked}
    assert read.about("row 2")["conditions"] == {"request_rate": 5, "load_pattern": "constant", **asked}
    assert read.about("row 2")["model"] == "acme/alpha-1b"
    figures = read.figures("row 2")
    assert figures["output_tok_s", None] == (160, None)
    assert figures["ttft_ms", "mean"] == (150, 60)
    assert figures["ttft_ms", "p95"] == (180, 60)
    assert figures["e2e_ms", "std"] == (40, 60)
    assert figures["benchmark_ms", None] == (30_000, None)


def test_a_dataset_is_a_condition(tmp_path):
    whole = json.loads((FORMATS / "guidellm/layout-0.5.json").read_text())
    whole["args"]["data"] = ["openai/gsm8k"]
    about = read_text(tmp_path, "benchmarks.json", whole).about("/benchmarks/0")
    assert about["conditions"] == {"concurrency": 1, "dataset": "openai/gsm8k"}


def test_another_shape_of_metrics_falls_back_and_says_so(tmp_path):
    whole = json.loads((FORMATS / "guidellm/layout-0.5.json").read_text())
    for benchmark in whole["benchmarks"]:
        benchmark["metrics"] = {name: {"avg": 5.0} for name in benchmark["metrics"]}
    read = read_text(tmp_path, "benchmarks.json", whole)
    assert read.file["format"] != "GuideLLM"
    assert read.file["status"] == "partial"
    assert "it looks like a file of GuideLLM, but benchmark 0 has no distribution" in read.file["reason"]


def test_a_header_without_known_columns_falls_back_and_says_so(tmp_path):
    text = "Run Info,Benchmark,Timings,Time to First Token\n1,2,3,4\n"
    read = read_text(tmp_path, "benchmarks.csv", text)
    assert "it looks like a file of GuideLLM, but no column is an aggregate" in read.file["reason"]


@pytest.mark.parametrize(
    "odd",
    [
        {"config": None, "requests": None, "request_totals": None},
        {
            "config": {"strategy": {"type_": ["x"], "rate": "2"}, "backend": 5},
            "requests": {"successful": [None, 5, {}]},
        },
        {"start_time": 1e300, "duration": "long"},
    ],
)
def test_odd_values_end_nothing(odd, tmp_path):
    whole = json.loads((FORMATS / "guidellm/layout-0.5.json").read_text())
    whole["benchmarks"][0] |= odd
    read = read_text(tmp_path, "benchmarks.json", whole)
    assert read.figures("/benchmarks/0")["ttft_ms", "mean"][0] == 80


def test_a_csv_that_breaks_off_loses_its_last_row(tmp_path):
    text = (FORMATS / "guidellm/layout-0.3.csv").read_text()
    read = read_text(tmp_path, "benchmarks.csv", text[: text.rindex("constant@5.00") + 200])
    assert read.file["status"] == "partial"
    assert "row 2" in read.file["reason"] or "line" in read.file["reason"]
    assert read.figures("row 1")["ttft_ms", "mean"] == (80, 60)
