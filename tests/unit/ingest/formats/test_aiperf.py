"""AIPerf 0.13 (and its older forms, 0.3 and 0.7), by files that it wrote."""

import json

import pytest

from tests.unit.ingest.formats.files import DATA, read_file

PACED = "aiperf/alpha_alpha-1b-openai-chat-request_rate20.0"
CONCURRENT = "aiperf/alpha_alpha-1b-openai-chat-concurrency2"


def changed(path, **fields):
    return json.dumps(json.loads((DATA / path).read_text()) | fields)


def test_the_figures_of_a_benchmark_with_its_model_load_and_failures():
    found = read_file(f"{PACED}/profile_export_aiperf.json")
    assert (found.file.format, found.file.status) == ("AIPerf", "ok")
    assert (found.only("model"), found.only("model_source")) == ("alpha/alpha-1b", "json")
    assert found.only("conditions") == {"output_tokens": 8, "prompt_tokens": 24, "request_rate": 20}
    assert found.only("timestamp").startswith("2026-11-28T09:32:49")
    assert not any(row["error"] for row in found.rows)
    assert found.value("ttft_ms", "mean") == 62.081469399999996
    assert found.value("ttft_ms", "std") == 1.376664533410315
    assert found.value("ttft_ms", "p99") == 64.62835267999999
    assert found.value("ttft_ms", "max") == 64.73455
    assert found.value("ttfa_ms", "mean") == 142.82649619999998  # half of the tokens are reasoning
    assert found.value("itl_ms", "mean") == 20.220718485714286
    assert found.value("decode_tok_s", "mean") == 49.454378838545054
    assert found.value("reasoning_tokens", "mean") == 4
    assert found.value("output_tokens", "sum") == 40
    assert found.n("ttft_ms", "mean") == 5


def test_the_rates_of_the_server_are_single_values():
    found = read_file(f"{PACED}/profile_export_aiperf.json")
    assert found.value("output_tok_s") == 84.420263573148
    assert found.value("requests_per_s") == 10.5525329466435
    assert found.value("benchmark_ms") == 410.83264
    assert (found.value("completed_requests"), found.value("failed_requests")) == (5, 1)


def test_what_is_over_fewer_requests_has_its_own_count():
    path = f"{PACED}/profile_export_aiperf.json"
    ttft = {"unit": "ms", "avg": 50.0, "p50": 49.0, "count": 3}
    found = read_file(path, changed(path, time_to_first_token=ttft))
    assert (found.value("ttft_ms", "mean"), found.n("ttft_ms", "mean")) == (50, 3)
    assert found.row("ttft_ms", "mean")["record"] == "/time_to_first_token"
    assert found.n("e2e_ms", "mean") == 5


def test_what_is_not_read_is_named():
    found = read_file(f"{PACED}/profile_export_aiperf.json")
    assert found.file.covered == 145
    assert found.file.numbers == 731
    assert found.unread()["time_to_second_token/p50"] == 1


@pytest.mark.parametrize(("version", "ttft"), [("0.3.0", 62.432090499999994), ("0.7.0", 64.493315125)])
def test_older_forms_of_the_configuration(version, ttft):
    found = read_file(f"aiperf/{version}/profile_export_aiperf.json")
    assert found.only("model") == "alpha/alpha-1b"
    assert found.only("conditions") == {"concurrency": 4, "output_tokens": 8, "prompt_tokens": 24}
    assert found.value("ttft_ms", "mean") == ttft
    assert (found.n("ttft_ms", "mean"), found.n("itl_ms", "mean")) == (8, 8)


def test_each_line_is_a_run_and_those_of_the_warm_up_are_none():
    found = read_file(f"{CONCURRENT}/profile_export.jsonl")
    assert {row["record"] for row in found.rows} == {f"line {place}/metrics" for place in (2, 3, 4, 5)}
    assert found.value("ttft_ms", record="line 2/metrics") == 61.744195999999995
    assert found.value("output_tokens", record="line 5/metrics") == 8
    assert {row["aggregate"] for row in found.rows} == {None}
    assert (found.only("model"), found.only("model_source")) == ("alpha/alpha-1b", "path")
    assert found.only("conditions") == {"concurrency": 2}
    assert found.row("ttft_ms", record="line 2/metrics")["timestamp"].startswith("2026-11-28T09:32:42")
    assert found.unread()["usage_prompt_tokens/value"] == 4


def test_a_failed_request_is_a_failure_without_figures():
    found = read_file(f"{PACED}/profile_export.jsonl")
    failures = [row for row in found.rows if row["error"]]
    assert [(row["record"], row["metric"]) for row in failures] == [("line 1/metrics", "failed")]
    assert sum(row["metric"] == "ttft_ms" for row in found.rows) == 5


def test_the_tables_of_a_csv_file():
    found = read_file(f"{CONCURRENT}/profile_export_aiperf.csv")
    assert (found.file.format, found.file.status) == ("AIPerf", "ok")
    assert (found.only("model"), found.only("model_source")) == ("alpha/alpha-1b", "path")
    assert found.only("conditions") == {"concurrency": 2}
    ttft = found.row("ttft_ms", "p99")
    assert (ttft["value"], ttft["unit"], ttft["n"], ttft["record"]) == (62.17, "ms", 4, "row 42")
    assert ttft["original_name"] == "Time to First Token (ms) p99"
    assert found.value("itl_ms", "p99") == 20.3
    rate = found.row("output_tok_s")
    assert (rate["value"], rate["record"]) == (69.73, "table 2 row 5")
    assert found.value("benchmark_ms") == 430
    assert found.value("completed_requests") == 4
    assert found.unread()["HTTP Sending (ms)"] == 14


def test_a_csv_file_without_sums():
    found = read_file("aiperf/0.3.0/profile_export_aiperf.csv")
    assert found.file.status == "ok"
    assert (found.value("ttft_ms", "mean"), found.n("ttft_ms", "mean")) == (62.43, 8)
    assert found.only("model") is None


GPU = {"gpu_index": 1, "gpu_name": "Acme 80GB", "gpu_uuid": "GPU-1", "hostname": None}


def test_figures_of_a_gpu():
    power = {"unit": "W", "avg": 212.5, "p50": 210.0, "p99": 230.0, "max": 231.0, "count": 40}
    memory = {"unit": "GB", "avg": 61.5, "p50": 61.5, "p99": 61.5}
    gpu = GPU | {"metrics": {"nvidia_power_usage": power, "nvidia_memory_used": memory}}
    telemetry = {"endpoints": {"localhost:9400": {"gpus": {"gpu_1": gpu}}}}
    path = "aiperf/0.7.0/profile_export_aiperf.json"
    found = read_file(path, changed(path, telemetry_data=telemetry))
    assert found.only("gpu") == "Acme 80GB"
    row = found.row("power_w", "p99")
    assert (row["value"], row["unit"], json.loads(row["labels"])) == (230, "W", {"gpu_index": 1})
    assert found.n("power_w", "p99") is None
    assert "gpu_mem_used_mib" not in found.metrics()  # its GB are decimal


def test_the_load_of_the_warm_up_is_not_that_of_the_benchmark():
    path = f"{PACED}/profile_export_aiperf.json"
    config = json.loads((DATA / path).read_text())["input_config"]
    config["phases"] = [
        {"name": "warmup", "type": "concurrency", "concurrency": 64},
        {"name": "short", "kind": "profiling", "concurrency": 8, "rate": 2.0},
        {"name": "long", "kind": "profiling", "concurrency": 8, "rate": 4.0},
    ]
    warmed_up = changed(path, input_config=config, warmup_metrics={"request_latency": {"unit": "ms", "avg": 9000.0}})
    found = read_file(path, warmed_up)
    assert found.only("conditions") == {"concurrency": 8, "output_tokens": 8, "prompt_tokens": 24}
    assert found.value("e2e_ms", "mean") < 1000
    of_phase = read_file("run/phases/long/profile_export_aiperf.json", warmed_up)
    assert of_phase.only("conditions")["request_rate"] == 4
    assert read_file("run/phases/warmup/profile_export_aiperf.json", warmed_up).rows == []


@pytest.mark.parametrize("name", ["profile_export_aiperf.json", "profile_export_aiperf.csv"])
def test_the_file_of_the_only_phase_repeats_that_of_the_benchmark(name):
    path = next(f"{folder}/{name}" for folder in (PACED, CONCURRENT) if (DATA / folder / name).exists())
    found = read_file(f"run/phases/profiling/{name}", (DATA / path).read_text())
    assert (found.file.status, found.file.numbers, found.rows) == ("set_aside", 0, [])


@pytest.mark.parametrize(
    "content",
    [
        {"timeslices": [{"start_ns": 1, "request_latency": {"unit": "ms", "avg": 2.0}}]},
        {"data": [{"session_id": "a", "payloads": [{"max_tokens": 8}]}]},
    ],
)
def test_files_beside_the_results_are_set_aside(content):
    found = read_file("run/x.json", json.dumps(content))
    assert (found.file.format, found.file.status, found.rows) == ("AIPerf", "set_aside", [])
    assert read_file(f"{CONCURRENT}/phase_manifest.json").file.status == "set_aside"


def test_several_models_are_not_one():
    path = f"{PACED}/profile_export_aiperf.json"
    config = json.loads((DATA / path).read_text())["input_config"]
    config["models"] = {"items": [{"name": "alpha-1b"}, {"name": "beta-2b"}]}
    found = read_file(path, changed(path, input_config=config))
    assert found.only("model") is None
    assert "several models, alpha-1b, beta-2b" in found.file.reason


def test_a_benchmark_that_did_not_end():
    path = f"{PACED}/profile_export_aiperf.json"
    found = read_file(path, changed(path, was_cancelled=True))
    assert found.file.status == "partial"
    assert "did not end" in found.file.reason
    assert found.value("ttft_ms", "mean") == 62.081469399999996


def test_another_version_is_read_as_any_other_file():
    path = f"{PACED}/profile_export_aiperf.json"
    found = read_file(path, changed(path, schema_version="2.0"))
    assert found.file.format is None
    assert "its schema_version is 2.0, and only 1 is read" in found.file.reason
    assert found.rows


@pytest.mark.parametrize("count", [-3, 1e300, 1 << 60])
def test_a_count_that_can_not_be_one_is_not_kept(count):
    path = "aiperf/0.7.0/profile_export_aiperf.json"
    found = read_file(path, changed(path, request_count={"unit": "requests", "avg": count}))
    assert found.value("ttft_ms", "mean") == 64.493315125
    assert found.n("ttft_ms", "mean") is None


def test_a_table_that_only_looks_like_one():
    found = read_file("a.csv", "Metric,avg,min,max,std,p50,p95,p99\nWaiting (ms),1,1,1,0,1,1,1\n")
    assert found.file.format is None
    assert "none of its rows is a metric that is known" in found.file.reason
    assert len(found.rows) == 7


@pytest.mark.parametrize("name", ["profile_export.jsonl", "profile_export_aiperf.csv"])
def test_a_file_that_breaks_off_keeps_its_whole_rows(name):
    text = (DATA / CONCURRENT / name).read_text()
    found = read_file(f"{CONCURRENT}/{name}", text[: len(text) * 2 // 3])
    assert (found.file.format, found.file.status) == ("AIPerf", "partial")
    assert found.rows


def test_a_document_that_breaks_off_says_where():
    text = (DATA / PACED / "profile_export_aiperf.json").read_text()
    found = read_file("a.json", text[:2000])
    assert (found.file.status, found.rows) == ("malformed", [])
    assert "line" in found.file.reason
