"""What LMDeploy's benchmarks print."""

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

TABLE = "lmdeploy/profile_throughput.log"


def test_the_table_of_profile_throughput():
    read = read_file(TABLE)
    assert (read.file["format"], read.file["status"]) == ("LMDeploy profiler", "ok")
    assert set(read.records) == {"lines 2-22"}
    assert read.values("metric", "aggregate", "value", "n", metric="ttft_ms") == [
        ("ttft_ms", "mean", 310, 198),
        ("ttft_ms", "p50", 300, 198),
        ("ttft_ms", "p75", 400, 198),
        ("ttft_ms", "p95", 500, 198),
        ("ttft_ms", "p99", 600, 198),
    ]
    assert read.values("value", metric="itl_ms", aggregate="p99") == [(200,)]
    assert read.values("value", "aggregate", metric="output_tokens") == [(20_000, "sum")]
    of_server = ("benchmark_ms", "input_tok_s", "output_tok_s", "requests_per_s", "completed_requests")
    assert [read.values("value", metric=metric) for metric in of_server] == [
        [(50_000,)],
        [(800,)],
        [(400,)],
        [(3.96,)],
        [(198,)],
    ]
    assert read.conditions("lines 2-22") == {"concurrency": 32}
    assert read.values("backend", metric="output_tok_s") == [("lmdeploy",)]


def test_a_table_that_breaks_off_has_no_number_of_its_last_line(tmp_path):
    text = (FORMATS / TABLE).read_text()
    cut = text[: text.index("0.071") + 4]
    read = read_text(tmp_path, "cut.log", cut)
    assert "the table that begins in line 2 breaks off" in read.file["reason"]
    assert read.values("value", metric="tpot_ms") == []
    assert read.values("value", metric="ttft_ms", aggregate="mean") == [(310,)]


def test_what_profile_throughput_printed_in_2024():
    read = read_file("lmdeploy/profile_throughput_2024.log")
    (record,) = read.records
    figures = read.figures(record)
    assert figures["ttft_ms", "mean"] == (400, None)
    assert figures["ttft_ms", "max"] == (2500, None)
    assert figures["output_tok_s", None] == (400, None)
    assert figures["total_tok_s", None] == (900, None)
    assert figures["requests_per_s", None] == (5, None)
    assert read.conditions(record) == {"concurrency": 64}


def test_the_report_of_its_server_benchmark_is_of_lmdeploy(tmp_path):
    text = f"""{" Serving Benchmark Result ":=^50}
Backend:                                 lmdeploy
Traffic request rate:                    inf
Successful requests:                     100
Benchmark duration (s):                  20.00
Output token throughput (tok/s):         640.00
Mean TTFT (ms):                          85.00
{"=" * 50}
"""
    (tmp_path / "page.log").write_text(text)
    read = read_file(tmp_path / "page.log")
    assert read.values("backend", "value", metric="ttft_ms") == [("lmdeploy", 85)]
    assert read.conditions(read.records[0]) == {"request_rate": "inf"}
