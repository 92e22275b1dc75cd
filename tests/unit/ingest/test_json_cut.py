"""JSON that breaks off: what was written whole is read, and nothing else."""

import json

import pytest

from chimera_dagster.ingest.json_cut import whole_records
from tests.unit.ingest.formats.files import read_file

RUNS = [{"model": "lynx:7b", "ttft_ms": 80 + run, "usage": {"prompt_tokens": 10 + run}} for run in range(4)]


def rows_of(text, path="runs.json"):
    found = read_file(path, text)
    return [(row["record"], row["model"], row["original_name"], row["value"]) for row in found.rows], found.file


def expected(runs, above=""):
    for place, run in enumerate(runs):
        yield f"{above}/{place}", "lynx:7b", "ttft_ms", run["ttft_ms"]
        yield f"{above}/{place}/usage", "lynx:7b", "prompt_tokens", run["usage"]["prompt_tokens"]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("around", ["{}", '{{"gpu": "RTX 4090", "results": {}}}'])
def test_wherever_a_list_of_records_breaks_off_the_whole_ones_are_read(around, indent):
    text = around.format(json.dumps(RUNS, indent=indent))
    above = "/results" if "results" in text else ""
    ends = [place for place, mark in enumerate(text) if mark == "}" and text[:place].rstrip()[-1:] == "}"]
    for cut in range(1, text.rindex("]")):
        whole = sum(end < cut for end in ends)
        rows, file = rows_of(text[:cut])
        assert sorted(rows) == sorted(expected(RUNS[:whole], above)), text[:cut]
        if rows:
            line = text[:cut].rstrip().count("\n") + 1
            assert (file.status, file.reason) == (
                "partial",
                f"the JSON breaks off in line {line}; only the records before that were read",
            )
        else:
            assert file.status == "malformed"


def test_records_by_model_are_read_up_to_the_one_that_breaks_off():
    whole = json.dumps({"lynx:7b": {"ttft_ms": 81, "tpot_ms": 9}, "puma:3b": {"ttft_ms": 40, "tpot_ms": 5}})
    rows, _ = rows_of(whole[: whole.index(', "tpot_ms": 5')])
    assert rows == [("/lynx:7b", "lynx:7b", "ttft_ms", 81), ("/lynx:7b", "lynx:7b", "tpot_ms", 9)]


def test_a_record_may_lack_the_field_that_says_that_it_failed():
    assert rows_of('[{"ttft_ms": 81}, {"ttft_ms": 0, "success": fal')[0] == [("/0", None, "ttft_ms", 81)]
    assert rows_of('[{"metric": "ttft", "value": 5, "unit": "s"}, {"metric": "ttft", "value": 5, "un')[0][0][3] == 5000


def test_sections_of_one_record_are_not_records():
    assert rows_of('{"latency": {"ttft_ms": 81}, "rates": {"tok_s": 4')[1].status == "malformed"


@pytest.mark.parametrize(
    "text",
    [
        '[{"ttft_ms": 81}, {"ttft_ms" 5}]',
        '[{"ttft_ms": 81}, {"ttft_ms": 5}}',
        '[{"ttft_ms": 81}, x y z ]',
        '[{"a": 1},]',
    ],
)
def test_a_mistake_within_a_document_is_not_a_cut(text):
    rows, file = rows_of(text)
    assert (rows, file.status) == ([], "malformed")


def test_half_a_document_of_a_known_tool_is_not_read():
    answer = {
        "model": "lynx:7b",
        "timings": {"prompt_ms": 5, "predicted_ms": 9},
        "choices": [{"index": 0}, {"index": 1}],
    }
    text = json.dumps(answer)
    assert rows_of(text)[0] != []
    assert rows_of(text[:-3])[0] == []


def test_brackets_and_marks_within_texts_are_texts():
    assert whole_records(r'[{"a": "}],\"{"}, {"b": "]') == r'[{"a": "}],\"{"}]'
    assert whole_records('[{"a": 1}]\n[') is None


def test_a_list_below_log_lines_that_breaks_off():
    rows, file = rows_of('loading\nready\n[\n{"ttft_ms": 81},\n{"ttft_ms": 8')
    assert rows == [("/0", None, "ttft_ms", 81)]
    assert file.status == "partial"
    assert "in the JSON that begins in line 3" in file.reason


def test_one_document_in_a_file_of_lines_that_breaks_off():
    rows, file = rows_of('[\n{"ttft_ms": 81},\n{"ttft_ms": 8', "runs.jsonl")
    assert rows == [("/0", None, "ttft_ms", 81)]
    assert (file.status, file.reason) == (
        "partial",
        "line 3, column 14: Expecting ',' delimiter, in the JSON that begins in line 1",
    )
