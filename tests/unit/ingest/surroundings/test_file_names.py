"""Files that only their names tell apart are not one sample, and repeats are."""

import json

import pandas as pd
import pytest

from chimera_dagster.ingest.surroundings.file_names import with_file_names


def told(*files, model="lynx-7b", prompts=None, layouts=None, conditions=None):
    """GPU, engine and conditions of each file, which hold runs of one model in one layout unless said otherwise."""
    rows = [
        {
            "file": file,
            "model": model,
            "backend": None,
            "gpu": None,
            "conditions": json.dumps((conditions or {}).get(file, {"threads": 4})),
            "params": "{}",
            "named_by": None,
            "prompt": (prompts or {}).get(file),
            "original_name": (layouts or {}).get(file, "ttft_ms"),
            "derived": None,
        }
        for file in files
    ]
    changed = with_file_names(pd.DataFrame(rows).astype("object"))
    found = []
    for gpu, backend, text in zip(changed["gpu"], changed["backend"], changed["conditions"], strict=True):
        more = {name: value for name, value in json.loads(text).items() if name != "threads"}
        names = {"gpu": gpu, "backend": backend}
        found.append({name: value for name, value in names.items() if not pd.isna(value)} | more)
    return found


def test_machines_engines_and_quantizations_are_known():
    assert told("bench_4090.csv", "bench_t4.csv") == [{"gpu": "4090"}, {"gpu": "t4"}]
    assert told("x/vllm.json", "x/ollama.json") == [{"backend": "vllm"}, {"backend": "ollama"}]
    assert told("run_q4_k_m.csv", "run_q8_0.csv") == [{"quantization": "q4_k_m"}, {"quantization": "q8_0"}]
    assert told("4x3090/a.csv", "2x3090/a.csv") == [{"gpu": "3090", "gpu_count": 4}, {"gpu": "3090", "gpu_count": 2}]


def test_other_words_tell_files_apart_too():
    assert told("results_basement.csv", "results_attic.csv") == [{"file_name": "basement"}, {"file_name": "attic"}]
    assert told("anna/out.json", "bert/out.json") == [{"file_name": "anna"}, {"file_name": "bert"}]
    assert told("results.csv", "results_optimized.csv") == [{}, {"file_name": "optimized"}]
    assert told("bench_old.csv", "bench_new.csv") == [{"file_name": "old"}, {"file_name": "new"}]
    files = ("x.default-attic.csv", "x.mine-tune.csv", "x.mine-tune-decode.csv")
    assert [each.get("file_name") for each in told(*files)] == ["attic", "mine", "mine-decode"]
    assert told("x_cuda.csv", "x_cpu.csv") == [{"file_name": "cuda"}, {"file_name": "cpu"}]


@pytest.mark.parametrize(
    "files",
    [
        ("run1.csv", "run2.csv", "run_3.csv"),
        ("bench_20260101.csv", "bench_20260102-101500.csv"),
        ("2026-01-01T10-00-00/out.json", "2026-01-02T10-00-00/out.json"),
        ("monday.csv", "tuesday.csv"),
        ("a.csv", "b.csv"),
        ("results.csv", "results_rerun.csv", "results_copy.csv"),
        ("lynx-7b.json", "results_lynx_7b_v2.json"),
        ("x_3fa9c1d2.json", "x_77b0ee41.json"),
        ("first.json", "second.json"),
        ("README.md", "averages.md", "results_summary.md"),
        ("out/metrics_threads4.csv", "out/metrics.csv"),
    ],
)
def test_repeats_stay_one_sample(files):
    assert told(*files) == [{}] * len(files)


def test_the_machine_of_repeats_is_told():
    files = ("t4_run1.csv", "t4_run2.csv", "l4_run1.csv")
    assert told(*files) == [{"gpu": "t4"}, {"gpu": "t4"}, {"gpu": "l4"}]


def test_files_of_other_layouts_models_or_conditions_are_left_alone():
    files = ("attic.csv", "basement.csv")
    assert told(*files, layouts={"attic.csv": "latency_ms"}) == [{}, {}]
    assert told(*files, model=None) == [{}, {}]
    assert told(*files, conditions={"attic.csv": {"concurrency": 8}}) == [{"concurrency": 8}, {}]


def test_a_file_for_each_prompt_is_one_sample():
    files = ("poem.json", "proof.json")
    assert told(*files, prompts={"poem.json": "Write a poem", "proof.json": "Prove it"}) == [{}, {}]
    same = dict.fromkeys(files, "Write a poem")
    assert told(*files, prompts=same) == [{"file_name": "poem"}, {"file_name": "proof"}]


def test_what_a_file_says_itself_counts():
    conditions = {file: {"quantization": "AWQ"} for file in ("x_q4.csv", "x_q8.csv")}
    assert told(*conditions, conditions=conditions) == [{"quantization": "AWQ"}] * 2


def test_numbers_that_stand_joined_tell_files_apart():
    assert told("512+64+1.csv", "512+128+1.csv") == [{"file_name": "512+64+1"}, {"file_name": "512+128+1"}]
    assert told("x_8_4.csv", "x_64_4.csv") == [{"file_name": "8_4"}, {"file_name": "64_4"}]


@pytest.mark.parametrize("files", [("x_8_1.csv", "x_8_2.csv"), ("a-1-1.csv", "a-1-2.csv", "a-2-1.csv")])
def test_joined_numbers_that_only_count_do_not(files):
    assert told(*files) == [{} for _ in files]


def test_joined_numbers_that_the_settings_say_do_not_count():
    conditions = {file: {"threads": 4, "concurrency": 8, "batch_size": 16} for file in ("8_16.csv", "8_16_4.csv")}
    assert [found.get("file_name") for found in told(*conditions, conditions=conditions)] == [None, None]
