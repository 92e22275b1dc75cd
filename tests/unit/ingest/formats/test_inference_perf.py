"""inference-perf 0.7, by files that it wrote, and the shorter reports of 0.2."""

import json

import pytest

from tests.unit.ingest.formats.files import DATA, read_file

STAGE = "inference_perf/rate/stage_1_lifecycle_metrics.json"


def test_a_stage_with_a_rate():
    found = read_file(STAGE)
    assert (found.file.format, found.file.status) == ("inference-perf", "ok")
    assert found.only("model") is None
    assert found.only("conditions") == {"request_rate": 10}
    ttft = found.row("ttft_ms", "median")
    assert (ttft["unit"], ttft["original_unit"], ttft["record"]) == ("ms", "s", "/")
    assert ttft["value"] == pytest.approx(61.26, abs=0.005)
    assert ttft["original_name"] == "successes/latency/time_to_first_token/median"
    assert found.value("e2e_ms", "p99.9") == pytest.approx(227.19, abs=0.1)
    assert found.value("ntpot_ms", "mean") == pytest.approx(28.13, abs=0.005)
    assert found.value("prompt_tokens", "mean") == 20
    assert found.value("output_tokens", "sum") == 80
    assert found.n("ttft_ms", "median") == 10
    assert found.value("output_tok_s") == pytest.approx(71.75, abs=0.005)
    assert found.value("requests_per_s") == pytest.approx(8.97, abs=0.005)
    assert (found.value("completed_requests"), found.value("failed_requests")) == (10, 0)


def test_latencies_between_tokens_do_not_say_how_many():
    found = read_file(STAGE)
    assert found.row("itl_ms", "p99")["record"] == "/successes/latency/inter_token_latency"
    assert found.value("tpot_ms", "mean") == pytest.approx(20.349, abs=0.0005)
    assert (found.n("itl_ms", "p99"), found.n("tpot_ms", "mean")) == (None, None)


def test_a_stage_with_a_concurrency_and_a_failure():
    found = read_file("inference_perf/concurrency2/stage_0_lifecycle_metrics.json")
    assert found.only("conditions") == {"concurrency": 2}
    assert (found.value("completed_requests"), found.value("failed_requests")) == (3, 1)
    assert found.n("e2e_ms", "mean") == 3
    assert not any(row["error"] for row in found.rows)


def test_the_summary_is_over_all_stages():
    found = read_file("inference_perf/rate/summary_lifecycle_metrics.json")
    assert found.only("conditions") == {"load_pattern": "all stages"}
    assert found.n("ttft_ms", "mean") == 14


def test_the_folder_names_the_model():
    found = read_file("smollm2-135m/stage_1_lifecycle_metrics.json", (DATA / STAGE).read_text())
    assert found.only("model").startswith("smollm2")
    assert found.only("model_source") == "path"


def test_requests_are_runs():
    found = read_file("inference_perf/concurrency2/per_request_lifecycle_metrics.json")
    assert (found.only("model"), found.only("model_source")) == ("alpha-1b", "json")
    assert found.only("conditions") == {"output_tokens": 8}
    assert found.value("prompt_tokens", record="/0") == 20
    assert found.value("output_tokens", record="/3") == 8
    assert [row["record"] for row in found.rows if row["error"]] == ["/1"]
    assert found.row("failed")["value"] == 1
    assert found.unread()["chunk_times"] == 24


OLD = {
    "load_summary": {"count": 3, "requested_rate": 2.0, "achieved_rate": 2.1},
    "successes": {
        "count": 2,
        "latency": {"request_latency": {"mean": 0.5, "median": 0.4}, "time_to_first_token": None},
        "throughput": {"output_tokens_per_sec": 62.5},
        "prompt_len": {"mean": 201.5, "p99": 209.0},
        "output_len": {"mean": 62.5},
    },
    "failures": {"count": 1, "request_latency": None, "prompt_len": None},
}


def test_the_older_report_with_lengths():
    found = read_file("a.json", json.dumps(OLD))
    assert (found.value("e2e_ms", "mean"), found.value("e2e_ms", "median")) == (500, 400)
    assert (found.value("prompt_tokens", "p99"), found.value("output_tokens", "mean")) == (209, 62.5)
    assert found.value("failed_requests") == 1


def test_a_report_without_figures_is_read_as_any_other_file():
    found = read_file("a.json", json.dumps(OLD | {"successes": {"latency": {}}, "failures": {}, "x_ms": 1}))
    assert found.file.format is None
    assert "none of its figures is a number" in found.file.reason


def test_a_report_that_breaks_off():
    found = read_file(STAGE, (DATA / STAGE).read_text()[:3000])
    assert (found.file.status, found.rows) == ("malformed", [])
