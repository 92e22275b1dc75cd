"""The report that serving benchmarks print, in logs and pages."""

import time

import pytest

from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats import recognise
from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

PAGE = (FORMATS / "vllm_bench_serve/reports.md").read_text()


def test_a_log_names_the_model_and_the_load_in_its_arguments():
    read = read_file("vllm_bench_serve/console.txt")
    (record,) = read.records
    assert record == "lines 5-41"
    about = read.about(record)
    assert (about["model"], about["model_source"]) == ("acme/alpha-1b", "text")
    asked = {"dataset": "random", "prompt_tokens": 16, "output_tokens": 6}
    assert about["conditions"] == {"concurrency": 2, **asked}
    figures = read.figures(record)
    assert figures["failed_requests", None] == (2, None)
    assert figures["output_tok_s", None] == (242.11, None)
    assert figures["ttft_ms", "mean"] == (22.45, 4)
    assert figures["tpot_ms", "p99"] == (4.18, None)
    assert figures["benchmark_ms", None] == (100, None)


def test_fenced_reports_are_read_under_their_headings():
    read = read_file("vllm_bench_serve/reports.md")
    vllm, sglang = read.records
    assert read.about(vllm) | {"labels": None, "gpu": None} == {
        "model": "acme/beta-2b",
        "model_source": "heading",
        "backend": "vllm",
        "gpu": None,
        "conditions": {"request_rate": 20},
        "labels": None,
        "timestamp": None,
        "error": False,
    }
    assert read.figures(vllm)["output_tok_s", None] == (90.57, None)
    about = read.about(sglang)
    assert (about["model"], about["backend"]) == ("acme/alpha-1b", "vllm")
    assert about["conditions"] == {"concurrency": 2}
    figures = read.figures(sglang)
    assert figures["e2e_ms", "p95"] == (49.43, 4)
    assert figures["itl_ms", "max"] == (4.43, None)
    assert figures["concurrent_requests", "mean"] == (1.92, None)
    assert figures["input_tok_s", None] == (633.73, None)


def test_a_report_that_breaks_off_is_read_without_its_last_line(tmp_path):
    cut = PAGE[: PAGE.index("P99 TTFT") + len("P99 TTFT (ms):                           2")]
    read = read_text(tmp_path, "page.md", cut)
    assert "the report that begins in line 6 breaks off" in read.file["reason"]
    (record,) = read.records
    figures = read.figures(record)
    assert ("ttft_ms", "p99") not in figures
    assert figures["ttft_ms", "p95"] == (23.54, 3)


def test_means_of_nothing_are_not_values(tmp_path):
    lines = [
        "Mean TTFT (ms): 0.00",
        "P99 TTFT (ms): 0.00",
        "Mean ITL (ms): 2.50",
        "Output token throughput (tok/s): 9.5",
    ]
    text = "\n".join(["=" * 12 + " Serving Benchmark Result " + "=" * 12, *lines, "=" * 50])
    read = read_text(tmp_path, "log.txt", text)
    (record,) = read.records
    assert read.figures(record) == {("output_tok_s", None): (9.5, None), ("itl_ms", "mean"): (2.5, None)}


@pytest.mark.parametrize("piece", ["=", "Mean TTFT (ms):", "Namespace(model='", ", model=", ":", " "])
def test_long_lines_take_linear_time(piece):
    def seconds(repeats):
        line = piece * (repeats // len(piece))
        text = [line, "===== Serving Benchmark Result =====", f"{line}x", "Mean TTFT (ms): 5.00", f"{line}y", "=" * 50]
        start = time.process_time()
        recognise.read_text(text, 1, Collector(lambda _: None), Context())
        return time.process_time() - start

    short, long = (min(seconds(repeats) for _ in range(3)) for repeats in (20_000, 200_000))
    assert long < 30 * short + 0.05  # 100 times as long if the time were quadratic
