import json

import pytest

from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read


def js(document, **options):
    return read(read_json, document if isinstance(document, str) else json.dumps(document), **options)


def found(document, **options):
    return {(row["record"], row["original_name"]): row["value"] for row in js(document, **options).rows}


def test_pointers_lead_to_the_object_of_a_number():
    document = {"mean_ms": 3.5, "a/b": {"ttft_ms": 1}, "results": [{"ttft_ms": 2}, {"deep": [{"ttft_ms": 3}]}]}
    assert found(document) == {
        ("/", "mean_ms"): 3.5,
        ("/a~1b", "ttft_ms"): 1,
        ("/results/0", "ttft_ms"): 2,
        ("/results/1/deep/0", "ttft_ms"): 3,
    }


def test_records_inherit_model_backend_and_options():
    document = {
        "model": {"name": "conv"},
        "options": {"temperature": 1, "top_k": 40},
        "results": [{"ttft_s": 2, "backend": "jit"}],
    }
    (row,) = js(document).rows
    assert (row["model"], row["model_source"], row["backend"]) == ("conv", "json", "jit")
    assert row["params"] == '{"temperature":1.0,"top_k":40}'


def test_a_key_that_is_a_model_tag_names_the_model():
    (row,) = js('{"gemma3:270m": {"tokens_s": 5}}').rows
    assert (row["record"], row["model"]) == ("/gemma3:270m", "gemma3:270m")


def test_a_count_beyond_what_a_float_holds_is_not_kept():
    (row,) = js({"count": 1 << 60, "mean_ttft_ms": 1}).rows
    assert row["n"] is None


def test_truth_values_and_non_finite_numbers_are_not_measured():
    assert found('{"b_ms": true, "c_ms": NaN, "d_ms": Infinity, "e_ms": 1' + "0" * 400 + "}") == {}


def test_a_number_in_a_text_is_read_where_the_vocabulary_knows_its_name():
    assert found({"ttft_ms": "12.5", "driver": "581.29"}) == {("/", "ttft_ms"): 12.5}
    assert js({"ttft_ms": 1, "num_ctx": "1024"}).parameters() == [{"num_ctx": 1024}]


def test_an_error_holds_for_nested_objects_and_not_for_neighbours():
    rows = js('[{"error": "lost", "usage": {"eval_count": 1}}, {"error": null, "eval_count": 2}]')
    assert rows.values("record", "metric", "error") == [
        ("/0", "failed", True),
        ("/0/usage", "output_tokens", True),
        ("/1", "output_tokens", False),
    ]


def test_a_temperature_in_degrees_is_no_parameter():
    rows = js('{"temperature": 48, "power_draw": 2.5}')
    assert rows.parameters() == [{}, {}]
    assert {row["original_name"] for row in rows.rows} == {"temperature", "power_draw"}


def test_a_record_above_records_holds_totals():
    rows = js('{"total_tokens": 9, "results": [{"tokens": 4}, {"tokens": 5}]}')
    assert rows.values("value", "aggregate") == [(9, "sum"), (4, None), (5, None)]


def test_json_lines_are_named_by_line_and_a_bad_line_is_left_out():
    rows = js('{"ttft_s": 1}\n\n{"ttft_s": \n{"usage": {"eval_count": 7}}\n', lines=True)
    assert rows.values("record") == [("line 1",), ("line 4/usage",)]
    assert rows.problems == ["line 3: Expecting value at column 12"]


def test_lines_in_a_json_file_are_read_as_lines():
    assert found('{"ttft_ms": 1}\n{"ttft_ms": 2}\n') == {("line 1", "ttft_ms"): 1, ("line 2", "ttft_ms"): 2}


def test_a_broken_document_names_the_place():
    assert js('{\n  "a": 1,,\n}').problems[0].startswith("line 2, column 10: ")
    assert js('{"ttft_ms": 1} rubbish').problems == ["line 1, column 16: Extra data"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 10_000 + "1" + "}" * 10_000])
def test_nesting_that_python_can_not_follow_is_named(text):
    assert js(text).problems == ["the document is nested too deeply"]


@pytest.mark.parametrize("depth", [101, 200, 300])
def test_of_a_deep_document_the_upper_levels_are_read_and_the_place_below_is_named(depth):
    rows = js('{"ttft_ms": 1, "a": ' * depth + "1" + "}" * depth)
    assert rows.values("record", "value") == [("/a" * level or "/", 1) for level in range(100)]
    assert rows.problems == [f"{'/a' * 100}: nested too deeply"]


def test_a_lone_surrogate_is_replaced():
    assert js('{"prompt": "\\ud83d x", "ttft_s": 1}').rows[0]["prompt"] == "? x"


def test_a_number_in_a_list_is_a_record_with_its_own_pointer():
    assert found({"model": "m:1", "ttft_ms": [1, 2, "x", None, [3]]}) == {
        ("/ttft_ms/0", "ttft_ms"): 1,
        ("/ttft_ms/1", "ttft_ms"): 2,
        ("/ttft_ms/4/0", "ttft_ms"): 3,
    }
    assert js({"ttft_ms": [1, 2]}).values("metric", "unit") == [("ttft_ms", "ms")] * 2


def test_lists_of_one_length_are_columns():
    rows = js({"host": "h", "seed": 7, "model": ["a:1", "b:1"], "num_ctx": [512, 1024], "tokens_s": [5, None]})
    assert rows.values("record", "model", "original_name", "value") == [("/*/0", "a:1", "tokens_s", 5)]
    assert rows.parameters() == [{"num_ctx": 512}]
    assert rows.rows[0]["labels"] == '{"seed":7}'
    assert (rows.numbers, rows.covered) == (4, 3)


def test_lists_that_happen_to_match_are_no_columns():
    assert set(found({"low": [1, 2], "high": [3, 4]})) == {
        ("/low/0", "low"),
        ("/low/1", "low"),
        ("/high/0", "high"),
        ("/high/1", "high"),
    }


def test_tables_as_pandas_writes_them():
    split = {"columns": ["model", "ttft_ms"], "index": [0, 1], "data": [["a:1", 1], ["b:1", 2]]}
    assert js(split).values("record", "model", "value") == [("/data/0", "a:1", 1), ("/data/1", "b:1", 2)]
    columns = {"model": {"0": "a:1", "5": "b:1"}, "ttft_ms": {"0": 1, "5": 2}}
    assert js(columns).values("record", "model", "value") == [("/*/0", "a:1", 1), ("/*/5", "b:1", 2)]


def test_a_number_that_no_row_shows_is_not_covered():
    assert js({"about": {"seed": 3}, "results": [{"ttft_ms": 1}]})[3:] == (2, 1)
    assert js({"settings": {"seed": 3}, "results": [{"ttft_ms": 1}]})[3:] == (2, 2)
    assert js({"seed": 3, "results": []})[3:] == (1, 0)


def test_a_document_below_log_lines_is_read_and_the_lines_are_reported():
    log = "gpu: found 1 device\n[INFO] ready\n"
    found = js(log + '[\n{"ttft_ms": 5}\n]\n')
    assert found.values("record", "value") == [("/0", 5)]
    assert found.problems == ["text around the JSON was left out: lines 1-2"]


@pytest.mark.parametrize("text", ['{"a": 1,\n{"ttft_ms": 5}\n{"ttft_ms": 6}\n', 'log\n[{"ttft_ms": 5', "log\n{}\nlog"])
def test_a_damaged_document_is_not_read_from_one_of_its_lines_on(text):
    found = js(text)
    assert found.rows == []
    assert [problem[:5] for problem in found.problems] == ["line "]
