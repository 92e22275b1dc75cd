"""optimum-benchmark: the report alone and with its configuration."""

import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

REPORT = json.loads((FORMATS / "optimum_benchmark/benchmark_report.json").read_text())
CONDITIONS = {
    **{"engine_version": "2.6.0", "quantization": "bnb", "dtype": "float16", "batch_size": 2, "prompt_tokens": 16},
    **{"output_tokens": 33, "gpu_count": 1, "task": "text-generation"},
}


def test_what_a_benchmark_is_about():
    read = read_file("optimum_benchmark/benchmark.json")
    assert (read.file["format"], read.file["status"]) == ("optimum-benchmark", "ok")
    assert read.about("/report/prefill/latency") == {
        "model": "acme/alpha-1b",
        "model_source": "json",
        "backend": "pytorch",
        "gpu": "NVIDIA A10G",
        "conditions": CONDITIONS,
        "labels": {"seed": 42},
        "timestamp": None,
        "error": False,
    }
    assert read.about("/report/prefill/memory")["conditions"] == CONDITIONS | {"phase": "prefill"}


@pytest.mark.parametrize(
    ("phase", "metric"),
    [
        *(("load_model", "load_ms"), ("prefill", "prompt_eval_ms"), ("decode", "eval_ms"), ("generate", "e2e_ms")),
        ("per_token", "itl_ms"),
    ],
)
def test_the_latency_of_each_phase_has_a_name_of_its_own(phase, metric):
    latency = REPORT[phase]["latency"]
    n = latency["count"]
    aggregates = {
        "mean": "mean",
        "p50": "p50",
        "p90": "p90",
        "p95": "p95",
        "p99": "p99",
        "stdev": "std",
        "total": "sum",
    }
    assert read_file("optimum_benchmark/benchmark_report.json").figures(f"/{phase}/latency") == {
        (metric, made): (pytest.approx(latency[key] * 1000), n) for key, made in aggregates.items()
    }


def test_each_iteration_is_a_run_and_gaps_between_tokens_are_none():
    read = read_file("optimum_benchmark/benchmark_report.json")
    runs = read.rows[read.rows["aggregate"].isna() & (read.rows["metric"] != "energy_j")]
    assert runs["metric"].value_counts().to_dict() == {"e2e_ms": 5, "prompt_eval_ms": 5, "eval_ms": 5, "load_ms": 1}
    assert read.figures("/decode/latency/*/3") == {
        ("eval_ms", None): (pytest.approx(REPORT["decode"]["latency"]["values"][3] * 1000), None)
    }
    assert read.unread["latency/values"] == 1 + len(REPORT["per_token"]["latency"]["values"])  # and one more


def test_a_rate_over_a_batch_is_not_that_of_a_sequence():
    read = read_file("optimum_benchmark/benchmark.json")
    rate = REPORT["decode"]["throughput"]["value"]
    assert read.figures("/report/decode/throughput") == {("output_tok_s", "overall"): (rate, None)}
    assert read.figures("/report/generate/throughput") == {
        ("requests_per_s", "overall"): (REPORT["generate"]["throughput"]["value"], None)
    }


def test_a_batch_of_one_is_known_by_the_time_per_token(tmp_path):
    phases = {
        "prefill": {"throughput": {"unit": "tokens/s", "value": 800.0}},
        "decode": {"throughput": {"unit": "tokens/s", "value": 50.0}},
        "per_token": {"latency": {"unit": "s", "mean": 0.0201, "count": 9}},
    }
    read = read_text(tmp_path, "benchmark_report.json", phases)
    assert read.figures("/decode/throughput") == {("decode_tok_s", "overall"): (50, None)}
    assert read.figures("/prefill/throughput") == {("prefill_tok_s", "overall"): (800, None)}
    del phases["per_token"]
    read = read_text(tmp_path, "benchmark_report.json", phases)
    assert read.figures("/decode/throughput") == {("output_tok_s", "overall"): (50, None)}


def test_memory_and_energy_of_a_phase():
    read = read_file("optimum_benchmark/benchmark_report.json")
    assert read.figures("/generate/memory") == {
        ("memory_used_mib", "max"): (pytest.approx(2160.25e6 / 2**20), None),
        ("gpu_mem_used_mib", "max"): (pytest.approx(7000e6 / 2**20), None),
    }
    assert read.figures("/generate/energy") == {("energy_j", None): (pytest.approx(11e-6 * 3.6e6), None)}


def test_what_is_not_read_is_named():
    unread = read_file("optimum_benchmark/benchmark_report.json").unread
    assert {name: unread[name] for name in ("max_reserved", "latency/stdev_", "cpu")} == {
        **{"max_reserved": 5, "latency/stdev_": 6},
        "cpu": 4,
    }


def test_a_document_with_other_phases_is_not_one(tmp_path):
    read = read_text(tmp_path, "x.json", REPORT | {"comment": "mine"})
    assert read.file["format"] != "optimum-benchmark"


@pytest.mark.parametrize(("count", "n"), [(-1, None), (1e300, None), (None, None)])
def test_an_odd_count_of_iterations_does_not_end_the_reading(tmp_path, count, n):
    phases = {"prefill": {}, "decode": {"latency": {"unit": "s", "mean": 0.5, "count": count}}}
    read = read_text(tmp_path, "benchmark_report.json", phases)
    assert read.figures("/decode/latency") == {("eval_ms", "mean"): (500, n)}


PAGE = """# load_model:

## latency:

| metric | value | unit |
| :----- | ----: | ---: |
| count | 1 | - |
| total | 2.5 | s |
| mean | 2.5 | s |

# decode:

## memory:

| metric | value | unit |
| :----- | ----: | ---: |
| max_ram | 1000.00 | MB |
| max_global_vram | 2000.00 | MB |
| max_reserved | 1500.00 | MB |

## latency:

| metric | value | unit |
| :----- | ----: | ---: |
| count | 10 | - |
| mean | 0.250 | s |
| p90 | 0.300 | s |
| stdev_ | 4.00 | % |

## throughput:

| metric | value | unit |
| :----- | ----: | ---: |
| throughput | 40.00 | tokens/s |

# first_decode:

## latency:

| metric | value | unit |
| :----- | ----: | ---: |
| mean | 9.000 | s |
"""


def test_the_report_in_markdown_has_its_phases_in_headings(tmp_path):
    read = read_text(tmp_path, "benchmark_report.md", PAGE)
    assert read.file["format"] == "optimum-benchmark"
    assert read.values("record", "metric", "value", "aggregate", "n") == [
        ("table 1", "load_ms", 2500, "sum", 1),
        ("table 1", "load_ms", 2500, "mean", 1),
        ("table 2", "memory_used_mib", 1e9 / 2**20, "max", None),
        ("table 2", "gpu_mem_used_mib", 2e9 / 2**20, "max", None),
        ("table 3", "eval_ms", 250, "mean", 10),
        ("table 3", "eval_ms", 300, "p90", 10),
        ("table 4", "output_tok_s", 40, "overall", None),
    ]
    assert read.conditions("table 2") == {"phase": "decode"}
    assert read.unread == {"max_reserved": 1, "stdev": 1, "mean": 1}


def test_other_tables_of_metric_value_and_unit_are_not_its_report(tmp_path):
    read = read_text(
        tmp_path, "page.md", "# Latency:\n\n| metric | value | unit |\n|---|---|---|\n| ttft | 80 | ms |\n"
    )
    assert (read.file["format"], read.values("metric", "value")) == (None, [("ttft_ms", 80)])
