"""LLMPerf (results of version 2023-08-31), by files that it wrote."""

import json

import pytest

from tests.unit.ingest.formats.files import DATA, read_file

SUMMARY = "llmperf/alpha-alpha-1b_60_8_summary.json"
REQUESTS = "llmperf/alpha-alpha-1b_60_8_individual_responses.json"


def test_a_summary():
    found = read_file(SUMMARY)
    assert (found.file.format, found.file.status) == ("LLMPerf", "ok")
    assert (found.only("model"), found.only("model_source")) == ("alpha/alpha-1b", "json")
    assert found.only("conditions") == {"concurrency": 2, "output_tokens": 8, "prompt_tokens": 60}
    assert found.only("params") == {"temperature": 0}
    assert found.only("timestamp").startswith("2026-11-28T09:32:35")
    ttft = found.row("ttft_ms", "p50")
    assert (ttft["original_name"], ttft["original_unit"]) == ("results_ttft_s_quantiles_p50", "s")
    assert ttft["value"] == pytest.approx(62.4456, abs=0.0001)
    assert found.value("e2e_ms", "mean") == pytest.approx(224.5476, abs=0.0001)
    assert found.value("ntpot_ms", "mean") == pytest.approx(22.6773, abs=0.0001)
    assert (found.value("output_tokens", "min"), found.value("prompt_tokens", "max")) == (9, 61)  # texts in the file
    assert found.n("ttft_ms", "p50") == 4
    assert found.value("output_tok_s") == pytest.approx(25.7624, abs=0.0001)
    assert found.value("requests_per_s") == pytest.approx(171.7492 / 60, abs=0.0001)
    assert (found.value("completed_requests"), found.value("failed_requests")) == (4, 0)


def test_requests_are_runs():
    found = read_file(REQUESTS)
    assert (found.file.format, found.file.status) == ("LLMPerf", "ok")
    assert (found.only("model"), found.only("model_source")) == ("alpha-alpha-1b", "path")
    assert found.only("conditions") == {"output_tokens": 8, "prompt_tokens": 60}
    assert {row["record"] for row in found.rows} == {"/0", "/1", "/2", "/3"}
    assert found.value("ttft_ms", record="/0") == pytest.approx(63.169, abs=0.0005)
    assert found.value("output_tokens", record="/0") == 9
    assert not any(row["error"] for row in found.rows)  # error_msg is an empty text
    assert found.unread() == {"number_total_tokens": 4, "request_output_throughput_token_per_s": 4}


def test_a_failed_request_has_zeros_that_are_no_runs():
    requests = json.loads((DATA / REQUESTS).read_text())
    zeros = dict.fromkeys(("ttft_s", "end_to_end_latency_s", "number_output_tokens", "inter_token_latency_s"), 0)
    found = read_file(REQUESTS, json.dumps([*requests, requests[0] | zeros | {"error_code": 429, "error_msg": "busy"}]))
    assert {row["record"] for row in found.rows if row["error"]} == {"/4"}
    assert found.row("failed")["record"] == "/4"


def test_requests_without_a_name():
    content = [{"ttft_s": 0.25, "end_to_end_latency_s": 2.5, "number_output_tokens": 150}]
    found = read_file("requests.json", json.dumps(content))
    assert found.only("model") is None
    assert [row["value"] for row in found.rows if not row["derived"]] == [250, 2500, 150]


def test_the_gaps_of_the_first_version_are_not_read():
    content = [
        {"ttft_s": 0.25, "end_to_end_latency_s": 2.5, "number_output_tokens": 3}
        | {"inter_token_latency_s": [0.25, 0.5]}
    ]
    found = read_file("requests.json", json.dumps(content))
    assert "ntpot_ms" not in found.metrics()
    assert found.unread() == {"inter_token_latency_s": 2}


def test_another_version_is_read_as_any_other_file():
    content = json.loads((DATA / SUMMARY).read_text()) | {"version": "2031-01-01"}
    found = read_file(SUMMARY, json.dumps(content))
    assert found.file.format is None
    assert "its version is 2031-01-01, and only 2023-08-31 is read" in found.file.reason
    assert found.rows


def test_a_summary_that_breaks_off():
    found = read_file(SUMMARY, (DATA / SUMMARY).read_text()[:2000])
    assert (found.file.status, found.rows) == ("malformed", [])
