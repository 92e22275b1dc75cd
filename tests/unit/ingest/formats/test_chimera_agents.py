"""metrics.json of the original project: its agents."""

import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

METRICS = json.loads((FORMATS / "two_agents/metrics.json").read_text())


def test_each_run_of_an_agent_is_a_record():
    read = read_file("two_agents/metrics.json")
    assert (read.file["format"], read.file["status"]) == ("Chimera agents", "ok")
    run = METRICS["baseline"]["individual_runs"][1]
    assert read.figures("/baseline/individual_runs/1") == {
        ("ttft_ms", None): (run["ttft_ms"], None),
        ("decode_tok_s", None): (run["throughput_tokens_per_sec"], None),
        ("total_ms", None): (run["total_duration_ms"], None),
        ("prompt_eval_ms", None): (run["prompt_eval_duration_ms"], None),
        ("eval_ms", None): (run["eval_duration_ms"], None),
        ("load_ms", None): (run["load_duration_ms"], None),
        ("output_tokens", None): (run["tokens_generated"], None),
    }
    runs = read.rows[read.rows["aggregate"].isna() & read.rows["unit"].notna()]
    assert runs["record"].nunique() == 4


def test_durations_over_all_runs_are_sums():
    together = METRICS["chimera"]["aggregate_metrics"]
    assert read_file("two_agents/metrics.json").figures("/chimera/aggregate_metrics") == {
        ("ttft_ms", "mean"): (together["average_ttft_ms"], 2),
        ("ttft_ms", "std"): (together["stddev_ttft"], 2),
        ("decode_tok_s", "mean"): (together["average_tokens_per_second"], 2),
        ("decode_tok_s", "std"): (together["stddev_throughput"], 2),
        ("total_ms", "sum"): (together["total_duration_ms"], 2),
        ("prompt_eval_ms", "sum"): (together["prompt_eval_duration_ms"], 2),
        ("eval_ms", "sum"): (together["eval_duration_ms"], 2),
        ("load_ms", "sum"): (together["load_duration_ms"], 2),
        ("output_tokens", "sum"): (together["total_tokens_generated"], 2),
    }


def test_parameters_are_as_they_were_before_they_were_kept_in_32_bits():
    read = read_file("two_agents/metrics.json")
    params = read.rows.loc[read.rows["record"] == "/chimera/individual_runs/0", "params"].iloc[0]
    assert json.loads(params) == {
        **{"num_ctx": 512, "num_gpu": 60, "repeat_penalty": 1.1, "temperature": 0.8, "top_k": 40, "top_p": 0.9},
    }
    assert read.about("/chimera/individual_runs/0")["model"] == "alpha:7b"
    assert read.about("/baseline/individual_runs/0")["timestamp"] == "2025-11-10T05:08:48.747704600Z"


def test_differences_between_the_agents_are_not_runs_of_a_known_metric():
    read = read_file("two_agents/metrics.json")
    assert read.rows.loc[read.rows["record"] == "/delta", "unit"].isna().all()
    assert read.unread["baseline_ttft_ms"] == 1


def test_two_agents_at_once():
    read = read_file("two_agents/multi_agent.json")
    assert read.about("/insight/result/individual_runs/0")["conditions"] == {"task": "baseline_vs_chimera"}
    assert set(read.rows.loc[read.rows["metric"] == "ttft_ms", "prompt"]) == {"List the files."}


@pytest.mark.parametrize("settings", ["configuration", "options"])
def test_agents_have_any_name_and_may_count_their_runs_inside(tmp_path, settings):
    agent = {
        "model": "beta:3b",
        settings: {"temperature": 0.800000011920929},
        "aggregate_metrics": {"runs": 1, "average_ttft_ms": 250.0, "load_duration_ms": 90.0},
        "individual_runs": [{"run": 1, "ttft_ms": 250.0, "load_duration_ms": 90.0}],
    }
    read = read_text(tmp_path, "metrics.json", {"tuned": agent})
    assert read.figures("/tuned/aggregate_metrics") == {("ttft_ms", "mean"): (250, 1), ("load_ms", "sum"): (90, 1)}
    assert read.figures("/tuned/individual_runs/0") == {("ttft_ms", None): (250, None), ("load_ms", None): (90, None)}
    assert set(read.rows["params"]) == {'{"temperature":0.8}'}


def test_agents_without_single_runs(tmp_path):
    agent = {
        "model": "beta:3b",
        "aggregate_metrics": {"total_requests": 2, "average_ttft_ms": 250.0, "p95_ttft_ms": 300.0},
    }
    read = read_text(tmp_path, "metrics.json", [{"run_number": 1, "baseline_results": {"metrics": agent}}])
    assert read.figures("/0/baseline_results/metrics/aggregate_metrics") == {
        ("ttft_ms", "mean"): (250, 2),
        ("ttft_ms", "p95"): (300, 2),
    }
