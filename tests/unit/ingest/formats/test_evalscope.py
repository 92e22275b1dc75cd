"""EvalScope's summary of a load test."""

import json

from tests.unit.ingest.formats.reading_files import read_text

SUMMARY = {
    "Time taken for tests (s)": 40.0,
    "Number of concurrency": 4,
    "Request rate (req/s)": -1,
    "Total requests": 21,
    "Succeed requests": 20,
    "Failed requests": 1,
    "Output token throughput (tok/s)": 128.5,
    "Total token throughput (tok/s)": 160.25,
    "Request throughput (req/s)": 0.5,
    "Average latency (s)": 7.5,
    "Average time to first token (s)": 0.25,
    "Average time per output token (s)": 0.03,
    "Average input tokens per request": 63.5,
    "Average output tokens per request": 257,
}
FIGURES = {
    ("benchmark_ms", None): (40_000, None),
    ("completed_requests", None): (20, None),
    ("failed_requests", None): (1, None),
    ("output_tok_s", None): (128.5, None),
    ("total_tok_s", None): (160.25, None),
    ("requests_per_s", None): (0.5, None),
    ("e2e_ms", "mean"): (7500, 20),
    ("ttft_ms", "mean"): (250, 20),
    ("tpot_ms", "mean"): (30, 20),
    ("prompt_tokens", "mean"): (63.5, 20),
    ("output_tokens", "mean"): (257, 20),
}


def test_the_summary(tmp_path):
    read = read_text(tmp_path, "benchmark_summary.json", SUMMARY)
    assert (read.file["format"], read.file["status"], read.unread) == ("evalscope", "ok", {})
    assert read.figures("/") == FIGURES
    assert read.conditions("/") == {"concurrency": 4, "request_rate": "inf"}


def test_the_summary_pasted_into_a_page(tmp_path):
    body = json.dumps(SUMMARY, indent=1)
    command = "# Run\n```\nevalscope perf --model lynx:7b --parallel 4\n```\n"
    for pasted in (body, body.strip("{}").strip("\n")):
        read = read_text(tmp_path, "page.md", f"{command}# Result\n\n```\n{pasted}\n```\n")
        assert read.figures("line 8") == FIGURES
        assert read.about("line 8")["model"] == "lynx:7b"
