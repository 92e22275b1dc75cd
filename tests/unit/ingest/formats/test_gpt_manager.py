"""The CSV file of TensorRT-LLM's gptManagerBenchmark."""

from tests.unit.ingest.formats.reading_files import read_text

HEADER = (
    "num_samples,num_error_samples,total_latency(ms),seq_throughput(seq/sec),token_throughput(token/sec),"
    "avg_sequence_latency(ms),p99_sequence_latency(ms),avg_time_to_first_token(ms),p50_time_to_first_token(ms),"
    "avg_inter_token_latency(ms),util_max"
)


def test_a_row_is_a_run_of_the_benchmark(tmp_path):
    read = read_text(tmp_path, "lynx-7b.csv", f"{HEADER}\n64,0,8000,8,800,910.5,1100,41.25,40,7.5,96\n")
    (record,) = read.records
    assert read.about(record)["backend"] == "tensorrt_llm"
    assert read.file["format"] == "TensorRT-LLM gptManagerBenchmark"
    assert read.figures(record) == {
        ("failed_requests", None): (0, None),
        ("benchmark_ms", None): (8000, None),
        ("requests_per_s", None): (8, None),
        ("output_tok_s", None): (800, None),
        ("e2e_ms", "mean"): (910.5, 64),
        ("e2e_ms", "p99"): (1100, 64),
        ("ttft_ms", "mean"): (41.25, 64),
        ("ttft_ms", "p50"): (40, 64),
        ("itl_ms", "mean"): (7.5, 64),
        ("gpu_util_pct", "max"): (96, 64),
    }


def test_a_file_that_breaks_off_is_said(tmp_path):
    read = read_text(tmp_path, "lynx-7b.csv", f"{HEADER}\n64,0,8000\n")
    assert read.file["status"] != "ok"
    assert not len(read.rows)
