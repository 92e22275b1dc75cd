"""LocalScore: its JSON and CSV."""

import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

RESULTS = json.loads((FORMATS / "localscore/results.json").read_text())
FIGURES = {
    ("ttft_ms", "mean"): 386.3,
    ("prefill_tok_s", "mean"): 2650.75,
    ("prefill_tok_s", "std"): 8.25,
    ("decode_tok_s", "mean"): 51.5,
    ("decode_tok_s", "std"): 0.4,
    ("e2e_ms", "mean"): 420.25,
    ("e2e_ms", "std"): 3.5,
    ("power_w", "mean"): 88,
    ("model_size_mib", None): pytest.approx(799862912 / 2**20),
}


def test_the_figures_of_a_test():
    read = read_file("localscore/results.json")
    assert (read.file["format"], read.file["status"]) == ("LocalScore", "ok")
    assert read.figures("/results/0") == {key: (value, 1 if key[1] else None) for key, value in FIGURES.items()}
    assert read.figures("/results/0/*/0") == {("e2e_ms", None): (pytest.approx(420.25), None)}
    about = read.about("/results/0")
    assert (about["model"], about["backend"], about["gpu"]) == (
        *("Alpha 1B Instruct", "llamafile"),
        "NVIDIA GeForce RTX 3060",
    )
    assert about["conditions"] == {
        **{"engine_version": "0.9.3", "quantization": "Q4_K - Medium", "prompt_tokens": 1024, "output_tokens": 16},
    }
    assert about["timestamp"] == "2026-03-04T05:06:07Z"


def test_the_csv_has_the_same_figures_without_the_host():
    read = read_file("localscore/results.csv")
    assert read.figures("row 1") == {key: (value, None) for key, value in FIGURES.items()}
    assert (read.about("row 1")["backend"], read.about("row 1")["gpu"]) == (None, None)
    assert read.records == ["row 1", "row 2", "row 3"]


def test_what_is_not_read_is_named():
    assert read_file("localscore/results.csv").unread == {
        **{"build_number": 3, "model_n_params": 3, "prompt_tps_watt": 3, "gen_tps_watt": 3, "main_gpu": 3},
    }


def test_a_cpu_is_not_a_gpu(tmp_path):
    host = RESULTS["accelerator_info"] | {"type": "CPU", "name": "Example CPU"}
    read = read_text(tmp_path, "results.json", RESULTS | {"accelerator_info": host})
    assert read.about("/results/0")["gpu"] is None


def test_results_of_another_kind_are_read_as_any_other_file(tmp_path):
    read = read_text(tmp_path, "results.json", RESULTS | {"results": [{"ttft_ms": 3.0}]})
    assert "it looks like a file of LocalScore, but no test in `results` states gen_tps" in read.file["reason"]
    assert read.figures("/results/0") == {("ttft_ms", None): (3, None)}
