"""A folder with one file of each of five tools for two models: each metric is ranked where conditions are equal."""

import json

import pytest

from chimera_dagster.records.store import Store
from chimera_dagster.steps.evidence import compute_evidence
from chimera_dagster.steps.ingest import ingest_folder

SPEED = {"alpha-7b": 1.0, "beta-8b": 1.6}  # beta takes that much longer
WOBBLE = (0.99, 1.0, 1.012, 0.995)


def ollama(model, slow):
    answers = [
        {
            "model": model,
            "created_at": f"2026-05-01T10:00:0{place}Z",
            "response": "...",
            "done": True,
            "done_reason": "stop",
            "total_duration": int(5_150_000_000 * slow * wobble),
            "load_duration": 30_000_000,
            "prompt_eval_count": 40,
            "prompt_eval_duration": int(120_000_000 * slow * wobble),
            "eval_count": 250,
            "eval_duration": int(5_000_000_000 * slow * wobble),
        }
        for place, wobble in enumerate(WOBBLE)
    ]
    return f"ollama-{model}.jsonl", "".join(json.dumps(answer) + "\n" for answer in answers)


def vllm(model, slow):
    result = {
        "date": "20260501-101500",
        "endpoint_type": "openai",
        "model_id": model,
        "tokenizer_id": model,
        "num_prompts": 64,
        "request_rate": "inf",
        "burstiness": 1.0,
        "max_concurrency": 8 if model.startswith("alpha") else 16,
        "duration": 20.0 * slow,
        "completed": 64,
        "total_input_tokens": 64 * 512,
        "total_output_tokens": 64 * 128,
        "request_throughput": 3.2 / slow,
        "output_throughput": 409.6 / slow,
        "total_token_throughput": 2048.0 / slow,
        "mean_ttft_ms": 140.0 * slow,
        "median_ttft_ms": 138.0 * slow,
        "std_ttft_ms": 9.0,
        "p99_ttft_ms": 165.0 * slow,
        "mean_tpot_ms": 18.0 * slow,
        "median_tpot_ms": 17.9 * slow,
        "std_tpot_ms": 1.0,
        "p99_tpot_ms": 21.0 * slow,
    }
    return f"serve-{model}.json", json.dumps(result)


def llama_bench(model, slow):
    rows = [("pp512", 1800.0, 12.0), ("tg128", 52.0, 0.3)]
    table = "".join(
        f"| {model} | 4.07 GiB | 7.24 B | CUDA | 99 | {test} | {rate / slow:.2f} ± {spread} |\n"
        for test, rate, spread in rows
    )
    head = "| model | size | params | backend | ngl | test | t/s |\n| --- | ---: | ---: | --- | --: | ---: | ---: |\n"
    return f"bench-{model}.md", f"{head}{table}\nbuild: 0a1b2c3d (5000)\n"


def aiperf(model, slow):
    def metric(unit, mean, spread=None):
        if spread is None:
            return {"unit": unit, "avg": mean}
        return {"unit": unit, "avg": mean, "p50": mean, "p99": mean + 2 * spread, "std": spread, "count": 40}

    result = {
        "schema_version": "1.4",
        "aiperf_version": "0.13.0",
        "request_throughput": metric("requests/sec", 1.9 / slow),
        "request_latency": metric("ms", 2100.0 * slow, 40.0),
        "request_count": metric("requests", 40.0),
        "time_to_first_token": metric("ms", 95.0 * slow, 4.0),
        "inter_token_latency": metric("ms", 15.8 * slow, 0.4),
        "output_token_throughput": metric("tokens/sec", 243.0 / slow),
        "input_config": {
            "endpoint": {"model_names": [model], "type": "chat", "streaming": True},
            "loadgen": {"concurrency": 4, "request_count": 40},
        },
    }
    return f"{model}/profile_export_aiperf.json", json.dumps(result)


def sheet(model, slow):
    rows = "".join(f"{model},{400 * slow * wobble:.1f},{38 / slow * wobble:.2f}\n" for wobble in WOBBLE)
    return f"sheet-{model}.csv", f"model,ttft_ms,tokens_per_second\n{rows}"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    root = tmp_path_factory.mktemp("folder")
    for model, slow in SPEED.items():
        for tool in (ollama, vllm, llama_bench, aiperf, sheet):
            name, text = tool(model, slow)
            path = root / "reports" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    store = Store(root / "data")
    ingest_folder(store, root / "reports")
    compute_evidence(store)
    return store


def texts(evidence, detector):
    found = evidence.read_table("findings")
    return found.loc[found["detector"] == detector, "text"].tolist()


def test_every_file_is_read_by_the_reader_of_its_tool(evidence):
    files = evidence.read_table("benchmark_files")
    assert files["status"].unique().tolist() == ["ok"]
    assert files["format"].value_counts().to_dict() == {
        "AIPerf": 2,
        "Ollama": 2,
        "llama-bench": 2,
        "vLLM bench serve": 2,
    }
    assert files["format"].isna().sum() == 2


def test_a_metric_is_ranked_once_where_conditions_are_equal(evidence):
    ranked = texts(evidence, "rank_models")
    assert len(set(ranked)) == len(ranked)
    for text in ranked:
        assert text.index("alpha-7b") < text.index("beta-8b"), text
    decode = [text for text in ranked if "decode throughput" in text]
    assert any("52 tok/s" in text and "tool=llama-bench" in text for text in decode)
    assert any("over 2 equal setups (backend=ollama or not named)" in text for text in decode)  # and the sheet's
    assert not any("1638" in text for text in decode)  # a server's rate is not one


def test_what_differs_in_load_is_not_compared(evidence):
    (text,) = [text for text in texts(evidence, "not_comparable") if "throughput of the server" in text or "8" in text]
    assert "concurrency" in text
    assert "16" in text


def test_values_of_each_tool_are_facts(evidence):
    facts = evidence.read_table("facts")
    values = {round(value, 1) for value in facts["value"]}
    assert {409.6, 140.0, 95.0, 243.0, 52.0, 1800.0} <= values
