import json

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from tests.unit.ingest.reading import read


def csv(text):
    return read(read_csv, text)


def values(text):
    return csv(text).values("original_name", "value")


def test_a_row_is_a_record_with_its_model_parameters_labels_and_numbers():
    found = csv("model,num_ctx,temperature,run,ttft_s,tokens_s\ngemma3:270m,1024,0.2,7,0.5,60\n")
    assert found.values("record", "model", "model_source", "metric", "value", "unit") == [
        ("row 1", "gemma3:270m", "column", "ttft_ms", 500, "ms"),
        ("row 1", "gemma3:270m", "column", "decode_tok_s", 60, "tok/s"),
    ]
    assert found.rows[0]["params"] == '{"num_ctx":1024,"temperature":0.2}'
    assert found.rows[0]["labels"] == '{"run":7}'
    assert (found.records, found.numbers, found.covered, found.problems) == (1, 5, 5, [])


@pytest.mark.parametrize("name", ["created_at", "test_time", "test_date", "start_time", "bench_ts"])
def test_when_a_run_was_measured_is_its_timestamp(name):
    found = csv(f"{name},ttft_ms\n2026-01-01T10:00:00Z,5\n")
    assert found.values("timestamp", "value") == [("2026-01-01T10:00:00Z", 5)]


def test_every_delimiter_is_found():
    for delimiter in ",;\t|":
        text = delimiter.join(["ttft_ms", "tokens_s"]) + "\n" + delimiter.join(["1.5", "20"]) + "\n"
        assert values(text) == [("ttft_ms", 1.5), ("tokens_s", 20.0)]


def test_a_semicolon_file_has_decimal_commas_and_a_comma_file_has_grouping_ones():
    assert values("a;tokens_s\nx;0,125\n") == [("tokens_s", 0.125)]
    assert values('a,response_chars\nx,"3,503"\n') == [("response_chars", 3503.0)]
    assert values('a,tokens_s\nx,"0,125"\n') == [("tokens_s", 0.125)]


@pytest.mark.parametrize("cell", ["1_000", "\u0663", "inf", "NaN", "1e999", "0x10", "1.2.3", "12 ms", "--5"])
def test_what_python_takes_for_a_number_and_a_table_does_not(cell):
    assert values(f"a,tokens_s\nx,{cell}\n") == []


@pytest.mark.parametrize(("cell", "value"), [("+5", 5), (" 5 ", 5), (".5", 0.5), ("5.", 5), ("-1E-2", -0.01)])
def test_spellings_of_a_number(cell, value):
    assert values(f"a,tokens_s\nx,{cell}\n") == [("tokens_s", value)]


def test_a_units_row_gives_units_and_is_no_data():
    found = csv('"ttft","kernel"\n"us",""\n"250","a"\n')
    assert found.values("record", "original_name", "original_unit", "value") == [("row 1", "ttft", "us", 0.25)]


def test_a_row_of_texts_is_no_units_row():
    assert csv("name,tokens_s\nx,\ns,5\n").values("record") == [("row 2",)]


def test_options_in_a_cell_are_parameters():
    found = csv('ttft_s,options\n1,"{""temperature"":0.3,""top_p"":0.9,""top_k"":40.0}"\n')
    assert found.rows[0]["params"] == '{"temperature":0.3,"top_k":40,"top_p":0.9}'


def test_an_error_marks_its_record_only():
    found = csv("ttft_s,error\n0,timed out\n0.5,\n0.6,None\n")
    assert found.values("record", "metric", "original_name", "error") == [
        ("row 1", "ttft_ms", "ttft_s", True),
        ("row 1", "failed", "error", True),
        ("row 2", "ttft_ms", "ttft_s", False),
        ("row 3", "ttft_ms", "ttft_s", False),
    ]


def test_success_that_is_false_is_a_failure():
    found = csv("tokens_s,success\n1,FALSE\n2,TRUE\n")
    assert found.values("metric", "error") == [("decode_tok_s", True), ("failed", True), ("decode_tok_s", False)]


def test_a_row_of_another_length_is_left_out_named_and_not_covered():
    found = csv("model,ttft_s,tokens_s\na,1,2\nb,0.0\nc,3,4\n")
    assert {row["record"] for row in found.rows} == {"row 1", "row 3"}
    assert found.problems == ["row 2 has 2 cells, the header has 3"]
    assert (found.numbers, found.covered) == (5, 4)


def test_a_text_that_is_no_table_has_no_records_and_a_reason():
    found = csv("==ERROR== the argument for option '--page' is invalid. Use --help.\r\r\n")
    assert found.records == 0
    assert found.problems[0].startswith("line 1: not a table")


def test_a_file_without_a_header_is_refused():
    found = csv("1,2\n3,4\n")
    assert found == ([], ["line 1: expected a header, found only numbers"], 0, 4, 0)


def test_infinite_and_missing_values_are_no_numbers():
    found = csv("ttft_s,tokens_s\ninf,1e999\nNaN,-\n")
    assert found.rows == []
    assert found.problems == ["row 1, ttft_s: 'inf' is not a number", "row 1, tokens_s: '1e999' is not a number"]


def test_of_many_problems_the_first_are_shown():
    found = csv("a,ttft_s\n" + "x\n" * 9)
    assert found.problems == [f"row {place} has 1 cells, the header has 2" for place in (1, 2, 3)]


def test_250_columns_with_numbers_of_their_own_names():
    names = [f"counter.{place}" for place in range(248)]
    text = ",".join(["kernel", "ttft_ms", *names]) + "\n" + ",".join(["k", "1", *map(str, range(248))]) + "\n"
    found = csv(text)
    assert found.values("metric", "value") == [("ttft_ms", 1), *((name, float(i)) for i, name in enumerate(names))]


def test_a_long_cell_is_read_and_behind_one_too_long_nothing_is():
    found = csv(f"prompt,ttft_s\na,1\n{'x' * 200_000},2\nb,3\n")
    assert found.values("record", "value") == [("row 1", 1000), ("row 2", 2000), ("row 3", 3000)]
    found = csv(f'prompt,ttft_s\na,1\n"{"x" * (17 << 20)}\nb,3\n",4\nc,5\n')
    assert found.values("record", "value") == [("row 1", 1000)]
    assert found.problems == [
        "line 3: field larger than field limit (16777216)",
        "nothing after line 3 was read",
    ]


def test_a_quote_that_is_not_closed_makes_no_number():
    found = csv('kernel,ttft_ms\n"a","250"\n"b","12')
    assert (found.values("record", "value"), found.problems) == ([("row 1", 250)], ["line 3: unexpected end of data"])
    found = csv('kernel,ttft_ms\n"a","25"0\n"b",12\n')
    assert found.values("record", "value") == [("row 2", 12)]
    assert found.problems == ["line 2: ',' expected after '\"'"]


def test_without_a_header_that_can_be_read_no_row_is():
    found = csv('model,"ttft"_ms\na,1\nb,2\n')
    assert (found.rows, found.numbers, found.covered) == ([], 2, 0)
    assert found.problems == ["line 1: ',' expected after '\"'", "the header can't be read, so no row can be read"]


def test_mixed_line_ends():
    assert values("a,ttft_ms\rx,1\ny,2\r\nz,3") == [("ttft_ms", 1), ("ttft_ms", 2), ("ttft_ms", 3)]


def test_quoted_cells_may_hold_delimiters_quotes_and_lines():
    found = csv('prompt,ttft_s\n"one, ""two""\nthree",1\r\nfour,2\r\n')
    assert found.values("record", "prompt") == [("row 1", 'one, "two"\nthree'), ("row 2", "four")]


def test_old_line_ends():
    assert values("a,ttft_ms\rx,1\ry,2\r") == [("ttft_ms", 1), ("ttft_ms", 2)]


def test_a_long_text_is_kept_in_part():
    (row,) = csv(f"prompt,ttft_s\n{'x' * 5_000},1\n").rows
    assert len(row["prompt"]) == 2_000
    assert row["prompt"].endswith("x…")


def test_labels_and_parameters_are_the_same_json_for_equal_values():
    found = csv("seed,num_ctx,temperature,ttft_s\n1,1024,1,1\n1.0,1024.0,1.0,2\n")
    assert len({row["params"] + row["labels"] for row in found.rows}) == 1
    assert json.loads(found.rows[0]["labels"]) == {"seed": 1}
