"""Shapes in which JSON files of other tools hold numbers: what each says of metric, unit, aggregate and model."""

import json

import pytest

from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read


def js(document, **options):
    return read(read_json, document if isinstance(document, str) else json.dumps(document), **options)


def metrics(document, **options):
    return {
        row[:2]: row[2:]
        for row in js(document, **options).values("record", "original_name", "metric", "value", "aggregate")
    }


def test_a_metric_with_its_unit_and_aggregates_below_it():
    rows = js({"time_to_first_token": {"unit": "s", "avg": 0.25, "p99": 0.75, "std": 0.1, "count": 40, "sum": 10}})
    assert rows.values("metric", "value", "original_unit", "aggregate", "n") == [
        ("ttft_ms", 250, "s", "mean", 40),
        ("ttft_ms", 750, "s", "p99", 40),
        ("ttft_ms", 100, "s", "std", 40),
        ("ttft_ms", 10_000, "s", "sum", 40),
    ]
    assert (rows.numbers, rows.covered) == (5, 5)


def test_a_metric_that_nothing_knows_keeps_its_name_and_is_not_covered():
    rows = js({"image_latency": {"unit": "ms", "avg": 8, "p50": 7}, "ttft": {"unit": "ms", "avg": 3}})
    assert rows.values("metric", "unit", "aggregate", "original_name") == [
        ("image_latency", None, "mean", "avg"),
        ("image_latency", None, "p50", "p50"),
        ("ttft_ms", "ms", "mean", "avg"),
    ]
    assert (rows.numbers, rows.covered) == (3, 1)


def test_value_and_unit():
    document = {"ttft": {"value": 0.5, "unit": "s"}, "throughput": {"unit": "tok/s", "value": 40}}
    assert metrics(document) == {
        ("/ttft", "value"): ("ttft_ms", 500, None),
        ("/throughput", "value"): ("decode_tok_s", 40, None),
    }


def test_a_unit_beside_a_metric_is_that_of_the_names_that_say_none():
    rows = js({"unit": "tok/s", "throughput": 50, "ttft_ms": 3})
    assert rows.values("metric", "value") == [("decode_tok_s", 50), ("ttft_ms", 3)]


def test_a_list_of_metrics_by_name():
    document = [
        {"name": "ttft", "value": 0.25, "unit": "s", "model": "lynx:7b"},
        {"metric": "throughput", "mean": 50, "p95": 40, "unit": "tok/s"},
        {"metric": "ttft_ms", "percentile": 95, "value": 300},
        {"metric": "ttft_ms", "statistic": "median", "value": 200},
        {"metric": "spins", "value": 9},
        {"name": "warm", "value": 4},
    ]
    assert metrics(document) == {
        ("/0", "value"): ("ttft_ms", 250, None),
        ("/1", "mean"): ("decode_tok_s", 50, "mean"),
        ("/1", "p95"): ("decode_tok_s", 40, "p95"),
        ("/2", "value"): ("ttft_ms", 300, "p95"),
        ("/3", "value"): ("ttft_ms", 200, "median"),
        ("/4", "value"): ("spins", 9, None),
        ("/5", "value"): ("value", 4, None),
    }
    assert js(document).values("model")[:2] == [("lynx:7b",), (None,)]
    assert js(document).covered == 6


def test_a_name_beside_a_value_does_not_hide_the_metric_above():
    assert metrics({"ttft_ms": [{"name": "warm", "value": 4}]}) == {("/ttft_ms/0", "value"): ("ttft_ms", 4, None)}


def test_aggregates_above_the_metrics():
    document = {"p50": {"ttft_ms": 80, "itl": {"value": 5, "unit": "ms"}}, "mean": {"ttft_ms": 90}}
    assert metrics(document) == {
        ("/p50", "ttft_ms"): ("ttft_ms", 80, "p50"),
        ("/p50/itl", "value"): ("itl_ms", 5, "p50"),
        ("/mean", "ttft_ms"): ("ttft_ms", 90, "mean"),
    }


def test_percentiles_by_number():
    document = {
        "ttft_ms": {"percentiles": {"50": 1, "99.9": 4, "p001": 0.5, "p999": 5}, "quantiles": {"0.5": 1, "0.95": 3}}
    }
    assert {row[2] for row in metrics(document).values()} == {"p50", "p99.9", "p0.1", "p95"}
    assert {row[0] for row in metrics(document).values()} == {"ttft_ms"}
    assert metrics({"ttft_ms": {"mean": 2, "25%": 1}})["/ttft_ms", "25%"] == ("ttft_ms", 1, "p25")


def test_the_metric_is_the_nearest_key_that_names_something():
    document = {"latency": {"time_to_first_token": {"summary": {"mean_s": 2}}, "parse_step": {"mean": 3}}}
    assert metrics(document) == {
        ("/latency/time_to_first_token/summary", "mean_s"): ("ttft_ms", 2000, "mean"),
        ("/latency/parse_step", "mean"): ("parse_step", 3, "mean"),
    }


def test_values_are_runs_of_the_metric_above():
    rows = js({"ttft": {"unit": "s", "samples": [1, 2], "mean": 1.5}})
    assert rows.values("record", "original_name", "metric", "value", "aggregate") == [
        ("/ttft", "mean", "ttft_ms", 1500, "mean"),
        ("/ttft/samples/0", "samples", "ttft_ms", 1000, None),
        ("/ttft/samples/1", "samples", "ttft_ms", 2000, None),
    ]


def test_objects_called_a_summary_hold_no_runs():
    document = {"aggregate_metrics": {"ttft_ms": 3, "runs": 2}, "individual_runs": [{"ttft_ms": 2}, {"ttft_ms": 4}]}
    assert js(document).values("value", "aggregate", "n") == [(3, "summary", 2), (2, None, None), (4, None, None)]


def test_keys_that_are_models():
    document = {
        "ttft_ms": {"lynx:7b": 95, "lynx-3b": {"mean": 80}},
        "mistral": [{"ttft_ms": 1}],
        "warm": {"ttft_ms": 2},
    }
    assert js(document).values("record", "original_name", "model", "metric", "value") == [
        ("/ttft_ms/lynx:7b", "lynx:7b", "lynx:7b", "ttft_ms", 95),
        ("/ttft_ms/lynx-3b", "mean", "lynx-3b", "ttft_ms", 80),
        ("/mistral/0", "ttft_ms", "mistral", "ttft_ms", 1),
        ("/warm", "ttft_ms", None, "ttft_ms", 2),
    ]


@pytest.mark.parametrize(
    ("document", "models"),
    [
        ({"model_info": {"model": "lynx", "layers": 4}, "runs": [{"ttft_ms": 1}]}, ["lynx"]),
        ({"config": {"engine": {"model": "lynx"}}, "runs": [{"ttft_ms": 1}]}, ["lynx"]),
        ({"config": {"draft": {"model": "lynx"}, "target": {"model": "puma"}}, "ttft_ms": 1}, [None]),
        ({"a": {"model": "lynx", "ttft_ms": 1}, "b": {"ttft_ms": 2}}, ["lynx", None]),
        ({"before": {"model": "lynx"}, "after": {"model": "puma"}, "runs": [{"ttft_ms": 1}]}, [None]),
        ({"models": [{"name": "lynx", "ttft_ms": 1}, {"name": "puma", "ttft_ms": 2}]}, ["lynx", "puma"]),
        ([{"name": "lynx:7b", "ttft_ms": 1}, {"name": "warm", "ttft_ms": 2}], ["lynx:7b", None]),
        ({"models": ["lynx"], "model": {"id": "puma", "size": 3}, "ttft_ms": 1}, ["puma"]),
    ],
)
def test_where_the_model_is_named(document, models):
    rows = js(document)
    assert [row["model"] for row in rows.rows if row["metric"] == "ttft_ms"] == models
    assert {row["model_source"] for row in rows.rows if row["model"]} <= {"json"}


def test_settings_of_one_of_two_runs_are_not_those_of_the_other():
    document = {
        "plain": {"model": "lynx", "totals": {"ttft_ms": 1}},
        "tuned": {"model": "lynx", "options": {"num_ctx": 512}, "totals": {"ttft_ms": 2}},
    }
    assert js(document).parameters() == [{}, {"num_ctx": 512}]


def test_what_a_machine_has_is_not_what_a_run_used():
    document = {
        "system": {"memory_gb": 64, "gpus": [{"name": "X", "vram_gb": 24, "memory_used_gb": 3}]},
        "runs": [{"ttft_ms": 1, "memory_gb": 3}],
    }
    assert js(document).values("record", "metric", "unit") == [
        ("/system/gpus/0", "memory_used_mib", "MiB"),
        ("/runs/0", "ttft_ms", "ms"),
        ("/runs/0", "memory_used_mib", "MiB"),
    ]
    assert {row["conditions"] for row in js(document).rows} == {"{}"}


def test_settings_are_not_measured():
    rows = js({"config": {"duration_s": 60}, "metadata": {"compile_time_s": 2}, "ttft_ms": 1})
    assert rows.values("metric", "unit") == [("ttft_ms", "ms"), ("duration_s", None), ("compile_ms", "ms")]


def test_lists_beside_others_are_columns_and_an_empty_error_is_none():
    document = {
        "mean_ttft_ms": 2,
        "ttfts_ms": [1, 2, 3],
        "gaps": [[4, 5], [6], []],
        "errors": ["", "timed out", ""],
        "texts": ["a", "b", "c"],
    }
    assert js(document).values("record", "metric", "value", "error") == [
        ("/", "ttft_ms", 2, False),
        ("/*/0", "ttft_ms", 1, False),
        ("/*/1", "ttft_ms", 2, True),
        ("/*/1", "failed", 1, True),
        ("/*/2", "ttft_ms", 3, False),
        ("/gaps/0/0", "gaps", 4, False),
        ("/gaps/0/1", "gaps", 5, False),
        ("/gaps/1/0", "gaps", 6, False),
    ]


@pytest.mark.parametrize(
    "said", [{"errors": ["", ""]}, {"failed": False}, {"errors": []}, {"errors": None}, {"failures": ""}]
)
def test_what_is_no_failure_of_a_record(said):
    assert js({"ttft_ms": 1, **said}).values("metric", "error") == [("ttft_ms", False)]


@pytest.mark.parametrize("said", [{"errors": 0}, {"failed": 3}, {"failed": 0}, {"failures": "2"}, {"errored": 1}])
def test_a_number_of_failures_is_a_count_and_no_failure_of_a_record(said):
    ((name, count),) = said.items()
    found = js({"ttft_ms": 1, **said})
    columns = ("metric", "value", "unit", "original_name", "error")
    expected = [("ttft_ms", 1, "ms", "ttft_ms", False), ("failed_requests", int(count), "requests", name, False)]
    assert found.values(*columns) == expected
    assert (found.numbers, found.covered) == (2, 2)


@pytest.mark.parametrize("said", [{"errors": ["", "lost"]}, {"error": {"message": "lost"}}, {"success": False}])
def test_what_is_a_failure_of_a_record(said):
    assert js({"ttft_ms": 1, **said}).values("metric", "error") == [("ttft_ms", True), ("failed", True)]


@pytest.mark.parametrize("rate", ["Infinity", '"inf"', '"Infinity"', "1e999"])
def test_a_rate_without_a_limit_is_a_condition(rate):
    rows = js(f'{{"request_rate": {rate}, "ttft_ms": 1}}')
    assert (rows.values("conditions"), rows.problems) == ([('{"request_rate":"inf"}',)], [])


@pytest.mark.parametrize(
    ("fields", "timestamp"),
    [
        ({"created_at": "2026-01-01T10:00:00Z"}, "2026-01-01T10:00:00Z"),
        ({"start_time": 1767225600.5}, "1767225600.5"),
        ({"test_date": 20260101}, "20260101"),
        ({"start_time": 12.5}, None),  # seconds since a start
        ({"end_time": 1767225900, "created_at": "2026-01-01"}, "2026-01-01"),
    ],
)
def test_timestamps(fields, timestamp):
    assert js({**fields, "ttft_ms": 1}).values("timestamp") == [(timestamp,)]


def test_lines_of_text_around_documents_are_left_out_and_named():
    log = 'loading 2 files\n[info] ready\n[\n {"ttft_ms": 1}\n]\nresult: {"ttft_ms": 2}\n\ndone\n'
    rows = js(log)
    assert rows.values("record", "value") == [("line 3/0", 1), ("line 6", 2)]
    assert rows.problems == ["text around the JSON was left out: lines 1-2, 8"]


def test_indented_documents_one_after_the_other():
    text = '{\n "ttft_ms": 1\n}\n{\n "ttft_ms": 2\n}\n'
    for lines in (False, True):
        rows = js(text, lines=lines)
        assert (rows.values("record", "value"), rows.problems) == ([("line 1", 1), ("line 4", 2)], [])


def test_a_document_that_breaks_off_below_a_log_is_not_read_in_pieces():
    rows = js('log\n{"model": "lynx",\n "a": {"ttft_ms": 1},\n "b":\n')
    assert rows.rows == []
    assert rows.problems == ["line 5, column 1: Expecting value, in the JSON that begins in line 2"]


def test_a_mistake_in_the_only_document_is_named_where_it_is():
    assert js('[{"ttft_ms": 1,,},\n{"ttft_ms": 2}\n]').problems == [
        "line 1, column 16: Expecting property name enclosed in double quotes"
    ]


def test_a_header_line_describes_the_lines_below_it():
    text = '{"type": "start", "model": "lynx", "concurrency": 4}\n{"ttft_ms": 1}\n{"model": "puma", "ttft_ms": 2}\n'
    rows = js(text, lines=True)
    assert rows.values("model", "conditions") == [("lynx", '{"concurrency":4}'), ("puma", '{"concurrency":4}')]


def test_names_above_rows():
    document = {"headers": ["model", "ttft_ms"], "rows": [["lynx", 1], ["puma", 2]]}
    assert js(document).values("record", "model", "value") == [("/rows/0", "lynx", 1), ("/rows/1", "puma", 2)]


def test_a_list_of_metrics_with_their_statistics_below_them():
    rows = js({"metrics": [{"name": "time_to_first_token", "unit": "seconds", "stats": {"avg": 0.25, "p99": 0.5}}]})
    assert rows.values("metric", "value", "aggregate") == [("ttft_ms", 250, "mean"), ("ttft_ms", 500, "p99")]
