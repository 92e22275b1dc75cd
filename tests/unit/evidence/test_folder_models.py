import pandas as pd
import pytest

from chimera_dagster.evidence.folder_models import with_folder_models


def models_of(rows, *, categories=False):
    given = [(*row, '{"concurrency":8,"tool":"AIPerf"}' if "/aiperf/" in row[0] else "{}") for row in rows]
    table = pd.DataFrame(given, columns=["file", "model", "model_source", "conditions"]).assign(labels="{}")
    if categories:
        table = table.astype("category")
    found = with_folder_models(table)
    assert found["file"].tolist() == table["file"].tolist()
    return list(
        zip(found["model"].astype(object).where(found["model"].notna(), None), found["model_source"], strict=True)
    )


RUN = ("a/qwen3-coder_30b/run.json", "qwen3-coder:30b", "json")


@pytest.mark.parametrize("categories", [False, True])
def test_the_spelling_of_the_files_beside_it_wins(categories):
    rows = [RUN, ("a/qwen3-coder_30b/summary.json", "Qwen3-Coder-30B", "path"), ("a/qwen3-coder_30b/x.csv", None, None)]
    assert models_of(rows, categories=categories) == [
        ("qwen3-coder:30b", "json"),
        ("qwen3-coder:30b", "path"),
        ("qwen3-coder:30b", "path"),
    ]


@pytest.mark.parametrize(
    "row",
    [
        ("a/other/summary.json", "Qwen3-Coder-30B", "path"),  # of another folder
        ("a/qwen3-coder_30b/summary.json", "qwen3", "path"),  # another name
        ("a/qwen3-coder_30b/summary.json", "Qwen3-Coder-30B", "column"),  # which the file says itself
    ],
)
def test_what_keeps_its_model(row):
    assert models_of([RUN, row])[1] == row[1:]


def test_two_models_that_match_change_nothing():
    rows = [
        ("lynx_7b/a.json", "lynx:7b", "json"),
        ("lynx_7b/b.json", "lynx-7b", "json"),
        ("lynx_7b/c.json", "Lynx_7B", "path"),
        ("lynx_7b/d.json", None, None),
    ]
    assert models_of(rows)[2][0] == "Lynx_7B"
    assert models_of(rows)[3][0] is None


def test_a_folder_of_another_name_names_no_model():
    assert models_of([("results/a.json", "lynx:7b", "json"), ("results/b.json", None, None)])[1][0] is None


def test_files_in_no_folder_and_a_table_without_rows():
    rows = [("a.json", "lynx:7b", "json"), ("lynx_7b.json", "lynx_7b", "path")]
    assert models_of(rows)[1] == ("lynx:7b", "path")
    assert models_of([]) == []


def test_files_of_one_tool_in_one_folder_are_of_one_run():
    rows = [
        ("x/aiperf/lynx-c1/export.json", "lynx-7b", "json"),
        ("x/aiperf/lynx-c1/export.csv", "lynx-c1", "path"),
        ("x/aiperf/lynx-c1/export.jsonl", None, None),
        ("x/aiperf/lynx-c1/puma-3b.csv", "puma-3b", "path"),  # which its own name says
        ("x/aiperf/lynx-c2/export.csv", "lynx-c2", "path"),
    ]
    assert [model for model, _ in models_of(rows)] == ["lynx-7b", "lynx-7b", "lynx-7b", "puma-3b", "lynx-c2"]
    two = [*rows[:2], ("x/aiperf/lynx-c1/other.json", "puma-3b", "json")]
    assert models_of(two)[1] == ("lynx-c1", "path")


def test_a_path_that_adds_the_concurrency_is_of_the_model():
    rows = [
        ("x/aiperf/lynx-7b.json", "lynx-7b", "json"),
        ("x/aiperf/puma-3b.json", "puma-3b", "json"),
        *(("x/aiperf/a.txt", f"{name}", "path") for name in ("lynx-7b-8", "puma-3b_c8", "lynx-7b-4", "puma-8")),
    ]
    assert [model for model, _ in models_of(rows)][2:] == ["lynx-7b", "puma-3b", "lynx-7b-4", "puma-8"]


@pytest.mark.parametrize("categories", [False, True])
def test_a_type_of_llama_bench_is_the_file_with_its_size(categories):
    rows = [
        ("a/b.json", "Lynx-1B-Q4", 1235.81, 762.5),
        ("a/b.md", "llama 1B Q4_K - Medium", 1235.81, 762.5),
        ("a/b.md", "llama 3B Q4_K - Medium", 3212.75, 1918.4),  # of no other file
        ("c/b.md", "llama 1B Q4_K - Medium", 1235.81, 762.5),  # in another folder
        ("d/b.json", "One", 10.0, 5.0),
        ("d/c.json", "Two", 10.0, 5.0),
        ("d/b.md", "llama 10M F16", 10.0, 5.0),  # of one of two
    ]
    table = pd.DataFrame(
        {
            "file": [row[0] for row in rows],
            "model": [row[1] for row in rows],
            "model_source": "column",
            "conditions": '{"tool":"llama-bench"}',
            "labels": [f'{{"model_params_m":{row[2]},"model_size_mib":{row[3]}}}' for row in rows],
        }
    )
    if categories:
        table = table.astype("category")
    assert with_folder_models(table)["model"].tolist() == [
        *("Lynx-1B-Q4", "Lynx-1B-Q4", "llama 3B Q4_K - Medium", "llama 1B Q4_K - Medium"),
        *("One", "Two", "llama 10M F16"),
    ]


def test_a_folder_may_say_more_than_the_model_of_the_files_below_it():
    rows = [("a/lynx-7b-kv8/raw/1.json", "lynx-7b", "json"), ("a/lynx-7b-kv8/results.csv", "lynx-7b-kv8", "path")]
    assert models_of(rows)[1] == ("lynx-7b", "path")


def test_but_a_file_that_is_called_by_another_model_keeps_it():
    rows = [("a/lynx-7b/1.json", "lynx-7b", "json"), ("a/lynx-7b/lynx-7b-chat.csv", "lynx-7b-chat", "path")]
    assert models_of(rows)[1] == ("lynx-7b-chat", "path")
