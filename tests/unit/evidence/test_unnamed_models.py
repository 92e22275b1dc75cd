"""Files that name no model are about one if a script called them by their settings."""

import json

import pandas as pd

from chimera_dagster.evidence.unnamed_models import one_model_each


def table(files):
    rows = [
        {
            "file": file,
            "model": model,
            "backend": None,
            "gpu": None,
            "conditions": json.dumps(conditions),
            "params": "{}",
        }
        for file, model, conditions in files
    ]
    return pd.DataFrame(rows).astype(
        dict.fromkeys(("file", "model", "backend", "gpu", "conditions", "params"), "object")
    )


def cell(quant, load, folder="out"):
    return f"{folder}/{quant}_run_{load}.json", None, {"concurrency": load, "quantization": quant.upper()}


def test_files_called_by_their_settings_are_of_one_model():
    files = [cell(quant, load) for quant in ("awq", "fp8") for load in (1, 8)]
    assert one_model_each(table(files)) == [tuple(sorted(file for file, *_ in files))]


def test_a_word_that_is_no_setting_may_be_another_model():
    files = [cell("awq", 1), ("out/elk_run_8.json", None, {"concurrency": 8, "quantization": "FP8"})]
    assert one_model_each(table(files)) == [("out/awq_run_1.json",), ("out/elk_run_8.json",)]


def test_two_files_of_the_same_settings_may_be_of_two_models():
    files = [cell("awq", 1), ("out/awq_1_run.json", None, {"concurrency": 1, "quantization": "AWQ"})]
    assert [len(files) for files in one_model_each(table(files))] == [1, 1]


def test_folders_are_told_apart():
    assert len(one_model_each(table([cell("awq", 1, "a"), cell("fp8", 1, "b")]))) == 2


def test_files_that_name_a_model_are_left_out():
    assert one_model_each(table([("out/a.json", "lynx:7b", {}), ("out/b.json", None, {})])) == [("out/b.json",)]
