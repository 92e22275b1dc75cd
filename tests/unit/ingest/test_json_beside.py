"""Objects of settings hold for the results beside them, whatever they are called."""

import json

from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read


def js(document):
    return read(read_json, json.dumps(document))


def conditions(document):
    return [json.loads(text) for (text,) in dict.fromkeys(js(document).values("conditions"))]


def test_an_object_of_settings_holds_for_what_is_beside_and_below_it():
    document = {"point": {"config": "awq", "clients": 8}, "ttft_ms": 31.5, "raw": [{"ttft_ms": 30}, {"ttft_ms": 33}]}
    assert conditions(document) == [{"concurrency": 8, "config": "awq"}]
    found = js(document)
    assert found.numbers == found.covered == 4


def test_an_object_with_a_number_that_may_be_measured_holds_for_itself():
    document = {"server": {"concurrency": 8, "uptime": 12.7}, "ttft_ms": 31.5}
    assert conditions(document) == [{}, {"concurrency": 8}]


def test_two_objects_with_the_same_setting_are_about_themselves():
    document = {"first": {"threads": 4}, "second": {"threads": 8}, "ttft_ms": 31.5}
    assert conditions(document) == [{}]


def test_texts_of_such_an_object_are_conditions_unless_they_are_names_or_remarks():
    point = {"threads": 4, "scheme": "paged", "name": "nightly", "note": "after lunch", "log_path": "/tmp/x.log"}
    assert conditions({"point": point, "ttft_ms": 31.5}) == [{"threads": 4, "scheme": "paged"}]


def test_an_object_without_a_known_setting_is_left_alone():
    assert conditions({"point": {"scheme": "paged"}, "ttft_ms": 31.5}) == [{}]


def test_meta_beside_results_names_the_model_by_an_object_and_what_they_were_measured_under():
    text = {
        "meta": {"scenario": "short story", "backend": "vllm", "model_info": {"name": "mine-draft4"}, "runs": 1},
        "results": [{"turn": 1, "ttft_ms": 12, "tool": "look_up"}, {"turn": 2, "ttft_ms": 13, "tool": "write_file"}],
    }
    rows = read(read_json, json.dumps(text)).rows
    assert {(row["model"], row["backend"], row["conditions"]) for row in rows} == {
        ("mine-draft4", "vllm", '{"task":"short story"}')
    }
