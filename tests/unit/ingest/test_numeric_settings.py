"""Numeric columns without a name in the vocabulary: which are settings, and which are counts or measured."""

import json

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.markdown_reader import read_markdown
from chimera_dagster.ingest.unlisted_settings import settings_among
from tests.unit.ingest.reading import read

LEVELS = (4096, 32768)


def csv_of(name, values=LEVELS):
    rows = (f"Llama-3.1-8B,{value},{54.3 - place}" for place, value in enumerate(values))
    return "\n".join([f"model,{name},tokens/s", *rows])


def of_rows(found, column):
    """What each row of a speed says in this column."""
    return [json.loads(row[column]) for row in found.rows if row["metric"] == "decode_tok_s"]


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("context", "context"),
        ("Context", "context"),
        ("Context Size", "context_size"),
        ("Kontext", "kontext"),
        ("prefill length", "prompt_tokens"),
        ("prompt size", "prompt_tokens"),
        ("input_tokens", "prompt_tokens"),
        ("batch size", "batch_size"),
        ("driver", "driver"),
        ("power_limit", "power_limit"),
        ("Experts", "experts"),
    ],
)
def test_rows_of_one_model_at_other_values_of_a_setting_are_told_apart(name, condition):
    found = read(read_csv, csv_of(name))
    assert of_rows(found, "conditions") == [{condition: value} for value in LEVELS]
    assert found.covered == found.numbers == 4


def test_ctx_is_the_parameter_of_that_name():
    assert of_rows(read(read_csv, csv_of("ctx")), "params") == [{"num_ctx": value} for value in LEVELS]


def test_a_chosen_prompt_length_is_still_a_number_of_tokens():
    found = read(read_csv, csv_of("input_tokens"))
    assert found.values("metric", "value")[::2] == [("prompt_tokens", value) for value in LEVELS]


@pytest.mark.parametrize("name", ["File Size", "size_gb", "score", "Load %", "Speedup", "GPU Temp C", "retries"])
def test_a_measured_number_is_not_a_setting(name):
    found = read(read_csv, csv_of(name))
    assert of_rows(found, "conditions") == [{}, {}]
    assert len(found.rows) == 4


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("input_tokens", (26, 41, 26, 33)),  # those of the requests
        ("input_tokens", (512, 513, 1024, 1025)),
        ("layers_used", (7.31, 8.42, 7.31, 8.42)),  # not round
        ("experts", (64, 16, 128, 32)),  # neither shared nor in order
        ("experts", (8, 8, 8, 8)),
    ],
)
def test_numbers_that_vary_freely_or_not_at_all(name, values):
    assert of_rows(read(read_csv, csv_of(name, values)), "conditions") == [{}] * 4


def test_what_only_repeats_the_model_is_not_a_setting():
    names = ("model", "experts", "tokens/s")
    assert not settings_among(names, [["a:1b", "8", "50"], ["a:1b", "8", "51"], ["b:2b", "64", "40"]])
    assert settings_among(names, [["a:1b", "8", "50"], ["a:1b", "8", "51"], ["a:1b", "64", "40"], ["a:1b", "64", "41"]])


def test_a_long_table_or_a_log_needs_a_name_of_a_setting():
    for names, count in ((("experts", "tokens/s"), 60), (("run", "experts", "tokens/s"), 10)):
        rows = [[*["1"] * (len(names) - 2), str(8 << place % 2), str(50 + place)] for place in range(count)]
        assert not settings_among(names, rows)
        renamed = tuple(name.replace("experts", "context") for name in names)
        assert settings_among(renamed, rows) == {"context"}


def test_without_a_metric_nothing_is_a_setting():
    assert not settings_among(("model", "experts"), [["a:1b", "8"], ["a:1b", "64"]])


def test_in_markdown_and_in_json():
    table = "| Model | Context | tok/s |\n|---|---|---|\n| a:1b | 4,096 | 54 |\n| a:1b | 32,768 | 31 |\n"
    assert of_rows(read(read_markdown, table), "conditions") == [{"context": value} for value in LEVELS]
    runs = [{"model": "a:1b", "config": {"experts": value}, "decode_tok_s": 50} for value in LEVELS]
    assert of_rows(read(read_json, json.dumps(runs)), "conditions") == [{"experts": value} for value in LEVELS]
    texts = [{"model": "a:1b", "context": text, "decode_tok_s": 50} for text in ("won", "lost")]
    assert of_rows(read(read_json, json.dumps(texts)), "conditions") == [{}, {}]


def test_names_of_runs_tell_them_apart_if_they_are_few_or_shared():
    few = read(read_csv, csv_of("run_name", ("awq", "gptq", "bf16")))
    assert of_rows(few, "conditions") == [{"run_name": name} for name in ("awq", "gptq", "bf16")]
    many = [f"{name}{end}" for name in "abcdefgh" for end in ("left", "right")]
    assert of_rows(read(read_csv, csv_of("run_name", many)), "conditions") == [{}] * 16
    assert of_rows(read(read_csv, csv_of("run_name", ("run-1", "run-2", "run-3"))), "conditions") == [{}] * 3
