import json

import pytest

from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.formats.page import figure_of
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.markdown_reader import read_markdown
from tests.unit.ingest.reading import read


def derived(record, reader=read_json, **options):
    text = record if isinstance(record, str) else json.dumps(record)
    return [row for row in read(reader, text, **options).rows if row["derived"]]


def values(record):
    return {row["metric"]: row["value"] for row in derived(record)}


def test_rates_of_an_answer_of_ollama():
    answer = {"total_duration": 9_000_000_000, "prompt_eval_count": 120, "prompt_eval_duration": 400_000_000}
    answer |= {"eval_count": 500, "eval_duration": 8_000_000_000}
    decode, prefill = derived(answer)
    assert (decode["metric"], decode["value"], decode["unit"]) == ("decode_tok_s", 62.5, "tok/s")
    assert (decode["derived"], decode["original_name"]) == ("output_tokens / eval_ms", "eval_count / eval_duration")
    assert (decode["original_unit"], decode["aggregate"], decode["record"]) == (None, None, "/")
    assert (prefill["metric"], prefill["value"]) == ("prefill_tok_s", 300)
    assert prefill["original_name"] == "prompt_eval_count / prompt_eval_duration"


def test_what_was_in_the_cache_was_not_evaluated():
    (row,) = derived({"prompt_tokens": 1000, "cached_tokens": 900, "prompt_eval_ms": 50})
    assert (row["value"], row["derived"]) == (2000, "(prompt_tokens - prompt_cached_tokens) / prompt_eval_ms")
    assert row["original_name"] == "(prompt_tokens - cached_tokens) / prompt_eval_ms"
    assert derived({"prompt_tokens": 1000, "cached_tokens": 1000, "prompt_eval_ms": 50}) == []
    assert derived({"prompt_tokens": 3, "cached_tokens": 1000, "prompt_eval_ms": 50}) == []


def test_times_by_their_definitions():
    assert values({"e2e_ms": 2100, "ttft_ms": 100, "output_tokens": 101}) == {"tpot_ms": 20}
    parts = {"load_ms": 10, "prompt_eval_ms": 20, "eval_ms": 300}
    assert values(parts) == {}
    assert values(parts | {"residual_ms": 5}) == {"total_ms": 335}


def test_the_gaps_between_the_chunks_of_an_answer_add_up():
    tables = []
    collector = Collector(tables.append)
    collector.start("file", Context())
    figures = (figure_of("ttft_ms", 0.1, "ttfts", "s", None), figure_of("itl_ms", 900, "itls", "ms", "sum"))
    collector.add("/*/0", Context(), [figure for figure in figures if figure])
    collector.flush()
    row = tables[0].to_pylist()[-1]
    assert (row["metric"], row["value"], row["derived"]) == ("e2e_ms", 1000, "ttft_ms + itl_ms")
    assert row["original_name"] == "ttfts + itls"


def test_rates_of_a_server_from_its_totals_and_its_duration():
    tables = []
    collector = Collector(tables.append)
    collector.start("file", Context())
    figures = (
        figure_of("benchmark_ms", 20, "duration", "s", None),
        figure_of("output_tokens", 5000, "total_output_tokens", None, "sum"),
        figure_of("completed_requests", 40, "completed", None, None),
    )
    collector.add("/", Context(), [figure for figure in figures if figure])
    collector.flush()
    rows = [row for row in tables[0].to_pylist() if row["derived"]]
    assert [(row["metric"], row["value"], row["original_name"]) for row in rows] == [
        ("output_tok_s", 250, "total_output_tokens / duration"),
        ("requests_per_s", 2, "completed / duration"),
    ]


@pytest.mark.parametrize("tokens", [0, 1])
def test_an_answer_of_one_token_has_no_rate_and_no_time_per_token(tokens):
    assert values({"e2e_ms": 2100, "ttft_ms": 100, "output_tokens": tokens, "eval_ms": 30}) == {}


@pytest.mark.parametrize(
    "record",
    [
        {"eval_count": 300, "eval_ms": 4500, "tokens_per_second": 66},  # stated
        {"eval_count": 300, "eval_ms": 4500, "mean_tokens_per_second": 66},
        {"mean_output_tokens": 300, "mean_eval_ms": 4500},  # not of runs
        {"output_tokens": 300, "mean_eval_ms": 4500},
        {"eval_count": 300, "eval_ms": 4500, "error": "cut off"},
        {"eval_count": 300, "eval_ms": -4500},
        {"eval_count": 300, "eval_ms": 0},
        {"eval_count": 300, "eval_ms": 4500, "completion_tokens": 500},  # which of two
        {"e2e_ms": 90, "ttft_ms": 100, "output_tokens": 101},
    ],
)
def test_what_gives_nothing(record):
    assert values(record) == {}


def test_two_names_for_one_value_give_it_once():
    assert values({"eval_count": 300, "completion_tokens": 300, "eval_ms": 4000}) == {"decode_tok_s": 75}


def test_a_rate_beside_or_around_an_object_of_the_same_run_is_its_rate():
    ours = {"eval_count": 300, "eval_ms": 4500}
    assert derived({"tokens_per_second": 66, "metrics": ours}) == []
    assert derived({**ours, "rates": {"tokens_per_second": 66}}) == []
    (row,) = derived({"tokens_per_second": 66, "runs": [ours]})
    assert row["record"] == "/runs/0"
    (row,) = derived({"a": {"tokens_per_second": 66}, "b": ours})
    assert row["record"] == "/b"


def test_each_stands_after_the_values_of_its_record_and_a_page_reports_no_runs():
    text = "eval_count,eval_ms,model\n300,4000,a\n,4000,a\n100,4000,b\n"
    rows = read(read_csv, text)
    assert rows.values("record", "metric", "model", "value") == [
        ("row 1", "output_tokens", "a", 300),
        ("row 1", "eval_ms", "a", 4000),
        ("row 1", "decode_tok_s", "a", 75),
        ("row 2", "eval_ms", "a", 4000),
        ("row 3", "output_tokens", "b", 100),
        ("row 3", "eval_ms", "b", 4000),
        ("row 3", "decode_tok_s", "b", 25),
    ]
    assert (rows.numbers, rows.covered) == (5, 5)
    assert derived("| eval_count | eval_ms |\n|---|---|\n| 300 | 4000 |\n", read_markdown) == []


def test_a_prompt_and_an_answer_that_think():
    text = "reasoning_tokens,completion_tokens,ttft_ms,time_to_first_output_token_ms,eval_ms\n400,500,110,4200,5000\n"
    found = {row["metric"]: row["value"] for row in read(read_csv, text).rows}
    assert found == {
        "reasoning_tokens": 400,
        "output_tokens": 500,
        "ttft_ms": 110,
        "ttfa_ms": 4200,
        "eval_ms": 5000,
        "decode_tok_s": 100,
    }
