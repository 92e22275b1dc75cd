"""trtllm-bench: its report."""

import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

REPORT = json.loads((FORMATS / "trtllm_bench/report.json").read_text())


def test_what_a_report_is_about():
    read = read_file("trtllm_bench/report.json")
    assert (read.file["format"], read.file["status"]) == ("trtllm-bench", "ok")
    about = read.about("/performance")
    assert (about["model"], about["backend"], about["gpu"]) == (
        "acme/alpha-8b",
        "TensorRT-LLM",
        "NVIDIA H100 80GB HBM3",
    )
    assert about["conditions"] == {
        **{"engine_version": "1.0.0", "quantization": "FP8", "dtype": "bfloat16", "kv_cache_type": "FP8"},
        **{"tensor_parallel": 2, "pipeline_parallel": 1, "expert_parallel": 1, "gpu_count": 2, "batch_size": 256},
        **{"prompt_tokens": 128, "output_tokens": 256},
    }


def test_figures_of_the_whole():
    read = read_file("trtllm_bench/report.json")
    assert read.figures("/performance") == {
        ("benchmark_ms", None): (21500.5, None),
        ("requests_per_s", None): (9.302, None),
        ("output_tok_s", None): (2381.3, None),
        ("total_tok_s", None): (3571.95, None),
        ("output_tok_s_per_gpu", None): (1190.65, None),
        ("request_tok_s", "mean"): (41.9, 200),
    }
    assert read.figures("/request_info") == {("concurrent_requests", "mean"): (57.25, 200)}


@pytest.mark.parametrize(
    ("record", "metric", "mean"),
    [
        ("/performance/request_latency_percentiles_ms", "e2e_ms", 6161),
        ("/streaming_metrics/ttft_percentiles", "ttft_ms", 207.05),
        ("/streaming_metrics/tpot_percentiles", "tpot_ms", 23.331),
        ("/streaming_metrics/gen_tps_percentiles", "decode_tok_s", 43.43),
    ],
)
def test_distributions_over_requests(record, metric, mean):
    figures = read_file("trtllm_bench/report.json").figures(record)
    assert figures[metric, "mean"] == (pytest.approx(mean), 200)
    assert {made for _, made in figures} == {"min", "max", "mean", "p50", "p90", "p95", "p99"}


def test_without_streaming_and_percentiles_the_mean_is_left(tmp_path):
    performance = {name: value for name, value in REPORT["performance"].items() if "percentiles" not in name}
    report = {name: REPORT[name] for name in REPORT if name != "streaming_metrics"} | {"performance": performance}
    read = read_text(tmp_path, "report.json", report)
    assert ("e2e_ms", "mean") in {(row.metric, row.aggregate) for row in read.rows.itertuples()}
    assert "ttft_ms" not in set(read.rows["metric"])


def test_means_that_stand_twice_count_as_read():
    assert "avg_ttft_ms" not in read_file("trtllm_bench/report.json").unread


def test_a_report_without_figures_is_read_as_any_other_file(tmp_path):
    read = read_text(tmp_path, "report.json", REPORT | {"performance": None})
    assert read.file["format"] != "trtllm-bench"
    assert "it looks like a file of trtllm-bench, but `performance` holds no figures" in read.file["reason"]
