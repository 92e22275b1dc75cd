import json

from chimera_dagster.ingest.json_reader import read_json


def found(text, **options):
    return {(record.where, n.name): n.value for record in read_json(text, **options).records for n in record.numbers}


def test_pointers_lead_to_the_object_of_a_number():
    text = json.dumps({"mean_ms": 3.5, "a/b": {"ttft_s": 1}, "results": [{"ttft_s": 2}, {"deep": [{"ttft_s": 3}]}]})
    assert found(text) == {
        ("/", "mean_ms"): 3.5,
        ("/a~1b", "ttft_s"): 1,
        ("/results/0", "ttft_s"): 2,
        ("/results/1/deep/0", "ttft_s"): 3,
    }


def test_records_inherit_model_backend_and_options():
    text = json.dumps(
        {
            "model": {"name": "conv"},
            "options": {"temperature": 1, "top_k": 40},
            "results": [{"ttft_s": 2, "backend": "jit"}],
        }
    )
    context = read_json(text).records[0].context
    assert (context.model, context.model_source, context.backend) == ("conv", "json", "jit")
    assert context.params == (("temperature", 1.0), ("top_k", 40))
    assert json.dumps(dict(context.params)) == '{"temperature": 1.0, "top_k": 40}'


def test_a_key_that_is_a_model_tag_names_the_model():
    record = read_json('{"gemma3:270m": {"tokens_s": 5}}').records[0]
    assert (record.where, record.context.model) == ("/gemma3:270m", "gemma3:270m")


def test_texts_truth_values_and_non_finite_numbers_are_not_measured():
    assert found('{"a_ms": "12.8", "b_ms": true, "c_ms": NaN, "d_ms": Infinity, "e_ms": 1' + "0" * 400 + "}") == {}


def test_an_error_holds_for_nested_objects_and_not_for_neighbours():
    text = '[{"error": "lost", "usage": {"eval_count": 1}}, {"error": null, "eval_count": 2}]'
    assert [(r.where, r.context.failed, r.failed_by) for r in read_json(text).records] == [
        ("/0", True, "error"),
        ("/0/usage", True, None),
        ("/1", False, None),
    ]


def test_a_temperature_in_degrees_is_no_parameter():
    record = read_json('{"temperature": 48, "power_draw": 2.5}').records[0]
    assert record.context.params == ()
    assert [number.name for number in record.numbers] == ["temperature", "power_draw"]


def test_a_record_above_records_holds_totals():
    records = read_json('{"total_tokens": 9, "results": [{"tokens": 4}, {"tokens": 5}]}').records
    assert [record.kind for record in records] == ["totals", "run", "run"]


def test_json_lines_are_named_by_line_and_a_bad_line_is_left_out():
    read = read_json('{"ttft_s": 1}\n\n{"ttft_s": \n{"usage": {"eval_count": 7}}\n', lines=True)
    assert [record.where for record in read.records] == ["line 1", "line 4/usage"]
    assert len(read.problems) == 1
    assert read.problems[0].startswith("line 3: ")


def test_lines_in_a_json_file_are_read_as_lines():
    assert found('{"ttft_s": 1}\n{"ttft_s": 2}\n') == {("line 1", "ttft_s"): 1, ("line 2", "ttft_s"): 2}


def test_a_broken_document_names_the_place():
    assert read_json('{\n  "a": 1,,\n}').problems[0].startswith("line 2, column 10: ")
    assert read_json("[" * 100_000).problems == ["the document is nested too deeply"]


def test_a_lone_surrogate_is_replaced():
    assert read_json('{"prompt": "\\ud83d x", "ttft_s": 1}').records[0].context.prompt == "? x"
