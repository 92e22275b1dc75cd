"""A quantity that stands in two units is one value, with the most digits it has."""

import json

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read


@pytest.mark.parametrize(
    ("seconds", "minutes", "kept"),
    [("0.8", "0.01", [800]), ("161.3", "2.69", [161_300]), ("120", "2.000", [120_000]), ("0.8", "0.13", [800, 7_800])],
)
def test_the_value_with_more_digits_counts_unless_they_disagree(seconds, minutes, kept):
    found = read(read_csv, f"model,ttft_seconds,ttft_minutes\nlynx:7b,{seconds},{minutes}\n")
    assert found.values("value") == [(pytest.approx(value),) for value in kept]
    assert found.numbers == found.covered == 2


def test_so_it_is_in_json():
    found = read(read_json, json.dumps({"model": "lynx:7b", "ttft_s": 0.8123, "ttft_ms": 812.3, "decode_tok_s": 40.5}))
    assert found.values("metric", "value") == [("ttft_ms", pytest.approx(812.3)), ("decode_tok_s", 40.5)]


def test_one_that_is_missing_leaves_the_other():
    found = read(read_csv, "model,ttft_seconds,ttft_minutes\nlynx:7b,,0.01\n")
    assert found.values("value") == [(pytest.approx(600),)]
