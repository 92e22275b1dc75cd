"""vLLM `bench throughput` and `bench latency`."""

import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

LATENCY = json.loads((FORMATS / "vllm_bench_offline/latency.json").read_text())


def test_throughput_is_of_prompt_and_output_together():
    read = read_file("vllm_bench_offline/throughput.json")
    assert read.file["format"] == "vLLM bench throughput"
    assert read.about("/")["model"] == "acme/alpha-1b"
    assert read.figures("/") == {
        ("benchmark_ms", None): (12500, None),
        ("requests_per_s", None): (4, None),
        ("total_tok_s", None): (3200, None),
        ("total_tokens", "sum"): (40000, 50),
    }
    assert read.file["numbers"] == read.file["covered"] == 5


def test_latencies_are_seconds_of_a_batch():
    read = read_file("vllm_bench_offline/latency.json")
    assert read.file["format"] == "vLLM bench latency"
    assert read.about("/")["model"] == "acme/alpha-1b"
    assert read.figures("/") == {
        ("latency_ms", "mean"): (1250, 3),
        ("latency_ms", "p10"): (1242, 3),
        ("latency_ms", "p25"): (1245, 3),
        ("latency_ms", "p50"): (1250, 3),
        ("latency_ms", "p75"): (pytest.approx(1255), 3),
        ("latency_ms", "p90"): (1258, 3),
        ("latency_ms", "p99"): (pytest.approx(1259.8), 3),
    }
    assert [read.figures(f"/*/{place}")["latency_ms", None] for place in range(3)] == [
        (1240, None),
        (1250, None),
        (1260, None),
    ]
    assert read.file["numbers"] == read.file["covered"] == 10


def test_the_spread_that_later_versions_add(tmp_path):
    read = read_text(tmp_path, "latency.json", LATENCY | {"std_latency": 0.0125})
    assert read.figures("/")["latency_ms", "std"] == (12.5, 3)


@pytest.mark.parametrize(
    "odd", [{"percentiles": 1.5}, {"latencies": 2.5}, {"latencies": ["a", None], "percentiles": []}]
)
def test_odd_values_end_nothing(odd, tmp_path):
    read = read_text(tmp_path, "latency.json", LATENCY | odd)
    assert read.figures("/")["latency_ms", "mean"][0] == 1250
