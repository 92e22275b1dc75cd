"""What only the names of folders say of runs of one model is a condition."""

import json

import pandas as pd

from chimera_dagster.evidence.folder_variants import with_folder_variants


def found(*files, model="lynx-7b", **more):
    """The variant of each file, whose runs are under equal conditions unless `more` has other ones."""
    rows = [
        {
            "file": file,
            "model": model,
            "backend": None,
            "gpu": None,
            "conditions": json.dumps(more.get(file.partition("/")[0], {"threads": 4})),
            "params": "{}",
        }
        for file in files
    ]
    changed = with_folder_variants(pd.DataFrame(rows).astype("object"))
    return [json.loads(text).get("variant") for text in changed["conditions"]]


def test_words_beside_the_model_tell_folders_apart():
    files = ("20260101-lynx-7b-kv8-paged/raw/1.json", "20260102-lynx-7b-kv4-paged/raw/1.json", "lynx-7b/raw/1.json")
    assert found(*files) == ["kv8-paged", "kv4-paged", None]


def test_runs_and_dates_are_repeats():
    assert found("lynx-7b-run1/a.json", "lynx-7b-run2/a.json") == [None, None]
    assert found("2026-01-01-lynx-7b/a.json", "2026-01-02-lynx-7b/a.json") == [None, None]


def test_folders_whose_files_say_the_difference_are_left_alone():
    files = ("lynx-7b-t4/a.json", "lynx-7b-t8/a.json")
    assert found(*files, **{"lynx-7b-t8": {"threads": 8}}) == [None, None]


def test_folders_that_do_not_name_the_model_are_left_alone():
    assert found("monday/a.json", "tuesday/a.json") == [None, None]
    assert found("big-lynx/a.json", "small-lynx/a.json", model="lynx") == [None, None]


def test_folders_elsewhere_are_not_beside_each_other():
    assert found("x/lynx-7b-kv8/a.json", "y/lynx-7b-kv4/a.json") == [None, None]
