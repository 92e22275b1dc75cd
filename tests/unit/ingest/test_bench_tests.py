"""Names such as pp512 and tg128 in tables of one's own: a metric, and the length that it was measured at."""

import json

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.markdown_reader import read_markdown
from chimera_dagster.ingest.meanings import meaning
from tests.unit.ingest.reading import read


def found(reader, text):
    rows = read(reader, text).rows
    return [(row["record"], row["metric"], row["value"], json.loads(row["conditions"])) for row in rows]


@pytest.mark.parametrize(
    ("name", "metric", "aggregate"),
    [
        ("pp512 (t/s)", "prefill_tok_s", None),
        ("tg128_tps", "decode_tok_s", None),
        ("tg256", "decode_tok_s", None),
        ("pp4096_stddev_tps", "prefill_tok_s", "std"),
        ("pp2048 @ d8192", "prefill_tok_s", None),
    ],
)
def test_a_test_is_a_rate(name, metric, aggregate):
    assert meaning(name)[:2] == (metric, "tok/s")
    assert meaning(name).aggregate == aggregate


@pytest.mark.parametrize("name", ["pp512 Δ", "tp2", "pp", "pp4", "tg128_ms"])
def test_others_are_not(name):
    assert meaning(name).metric not in ("prefill_tok_s", "decode_tok_s")


def test_each_test_of_a_row_is_a_record():
    text = "model,quant,size_gib,pp512_tps,pp512_stddev_tps,tg128_tps\nlynx-7b,Q4_K_M,3.8,910.5,4.5,61.25\n"
    assert found(read_csv, text) == [
        ("row 1", "model_size_mib", 3.8 * 1024, {"quantization": "Q4_K_M"}),
        ("row 1 column 4", "prefill_tok_s", 910.5, {"quantization": "Q4_K_M", "prompt_tokens": 512}),
        ("row 1 column 4", "prefill_tok_s", 4.5, {"quantization": "Q4_K_M", "prompt_tokens": 512}),
        ("row 1 column 6", "decode_tok_s", 61.25, {"quantization": "Q4_K_M", "output_tokens": 128}),
    ]


def test_a_number_that_nothing_knows_is_of_the_row_and_a_setting_of_each_test():
    rows = [f"{model},{experts},3.{experts}1,900,60" for model in ("lynx-7b", "elk-8b") for experts in (2, 4)]
    text = "\n".join(["model,Experts,oddity,pp512,tg128", *rows])
    experts = [conditions.get("experts") for *_, conditions in found(read_csv, text)]
    assert experts == [2, 2, 2, 4, 4, 4] * 2
    assert [row[:2] for row in found(read_csv, text)[:3]] == [
        ("row 1", "oddity"),
        ("row 1 column 4", "prefill_tok_s"),
        ("row 1 column 5", "decode_tok_s"),
    ]


def test_two_lengths_are_told_apart():
    text = "| Model | pp512 (t/s) | pp2048 @ d4096 (t/s) |\n|---|---|---|\n| lynx-7b | 910 | 700 ± 3 |\n"
    assert found(read_markdown, text) == [
        ("table 1 row 1 column 2", "prefill_tok_s", 910, {"prompt_tokens": 512}),
        ("table 1 row 1 column 3", "prefill_tok_s", 700, {"prompt_tokens": 2048, "context_depth": 4096}),
        ("table 1 row 1 column 3", "prefill_tok_s", 3, {"prompt_tokens": 2048, "context_depth": 4096}),
    ]


def test_tests_as_rows_are_records_too():
    text = "test,lynx-7b,elk-8b\npp512 (t/s),910,800\ntg128 (t/s),61,55\n"
    assert found(read_csv, text) == [
        ("row 1 column 2", "prefill_tok_s", 910, {"prompt_tokens": 512}),
        ("row 2 column 2", "decode_tok_s", 61, {"output_tokens": 128}),
        ("row 1 column 3", "prefill_tok_s", 800, {"prompt_tokens": 512}),
        ("row 2 column 3", "decode_tok_s", 55, {"output_tokens": 128}),
    ]


def test_as_keys_of_an_object_they_are_rates():
    rows = read(read_json, '{"model": "lynx-7b", "pp512": 910, "tg128": 61}').rows
    assert [(row["metric"], row["value"]) for row in rows] == [("prefill_tok_s", 910), ("decode_tok_s", 61)]
