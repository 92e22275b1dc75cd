"""GenAI-Perf 0.0.16, by files that its exporters wrote."""

import json

from tests.unit.ingest.formats.files import DATA, read_file

FOLDER = "genai_perf/alpha_alpha-1b-openai-chat-concurrency2"


def test_the_figures_of_a_benchmark():
    found = read_file(f"{FOLDER}/profile_export_genai_perf.json")
    assert (found.file.format, found.file.status) == ("GenAI-Perf", "ok")
    assert (found.only("model"), found.only("model_source")) == ("alpha/alpha-1b", "json")
    assert found.only("backend") is None  # the file has the default of a server that was not used
    assert found.only("conditions") == {"concurrency": 2, "output_tokens": 8, "prompt_tokens": 24}
    assert found.value("ttft_ms", "mean") == 61.599148125
    assert found.value("e2e_ms", "p99") == 222.23620554
    assert found.value("itl_ms", "std") == 0.025682966047253477
    assert found.value("decode_tok_s", "p50") == 49.283203641701604
    assert (found.n("ttft_ms", "mean"), found.n("itl_ms", "std")) == (8, 8)
    assert found.value("output_tok_s") == 72.95836935709819
    assert found.value("requests_per_s") == 9.119796169637274
    assert found.value("completed_requests") == 8


def test_figures_of_a_gpu():
    found = read_file(f"{FOLDER}/profile_export_genai_perf.json")
    row = found.row("power_w", "p95")
    assert (row["value"], row["record"]) == (228, "/telemetry_stats/gpu_power_usage/gpu0")
    assert json.loads(row["labels"]) == {"gpu_index": 0}
    assert found.value("gpu_util_pct", "mean") == 71
    assert found.n("power_w", "p95") is None
    assert found.unread()["gpu0/avg"] == 1  # of total_gpu_memory


def test_the_engine_of_a_triton_server():
    path = f"{FOLDER}/profile_export_genai_perf.json"
    content = json.loads((DATA / path).read_text())
    content["input_config"]["endpoint"] |= {"service_kind": "triton", "backend": "vllm"}
    content["input_config"]["perf_analyzer"]["stimulus"] = {"request_rate": 2.5}
    found = read_file(path, json.dumps(content))
    assert found.only("backend") == "vllm"
    assert found.only("conditions") == {"request_rate": 2.5, "output_tokens": 8, "prompt_tokens": 24}


def test_the_tables_of_a_csv_file():
    found = read_file(f"{FOLDER}/profile_export_genai_perf.csv")
    assert (found.file.format, found.file.status) == ("GenAI-Perf", "ok")
    assert (found.only("model"), found.only("conditions")) == ("alpha/alpha-1b", {"concurrency": 2})
    assert (found.value("ttft_ms", "p99"), found.n("ttft_ms", "p99")) == (62.82, 8)
    assert found.value("requests_per_s") == 9.12
    # it writes 0.00 for what it did not measure of a GPU
    assert found.unread()["GPU Power Usage (W)"] == 12
    assert "power_w" not in found.metrics()


def test_raw_timestamps_are_set_aside():
    request = {"timestamp": 1, "response_timestamps": [3, 5], "request_inputs": {}, "response_outputs": []}
    experiments = [{"experiment": {"mode": "concurrency", "value": 2}, "requests": [request]}]
    content = {"experiments": experiments, "version": "", "service_kind": "openai", "endpoint": "v1/chat/completions"}
    found = read_file("profile_export.json", json.dumps(content))
    assert (found.file.format, found.file.status, found.rows) == ("GenAI-Perf", "set_aside", [])


def test_a_cut_table_is_read_to_its_last_whole_row():
    text = (DATA / FOLDER / "profile_export_genai_perf.csv").read_text()
    found = read_file(f"{FOLDER}/profile_export_genai_perf.csv", text[: text.index("Request Latency") + 40])
    assert found.file.status == "partial"
    assert found.metrics() == {"ttft_ms"}
    assert found.n("ttft_ms", "mean") is None
