"""Numbers of a record that repeat one measurement."""

import json

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.repeats import counts_up, repeats_among
from tests.unit.ingest.reading import read

RUNS = {"decode_tps_1": 30.25, "decode_tps_2": 30.75, "decode_tps_avg": 30.5}


def test_numbered_runs_beside_their_mean_are_runs_of_one_metric():
    expected = [("decode_tok_s", None, 30.25), ("decode_tok_s", None, 30.75), ("decode_tok_s", "mean", 30.5)]
    assert read(read_json, json.dumps(RUNS)).values("metric", "aggregate", "value") == expected
    assert (
        read(read_csv, "decode_tps_1,decode_tps_2,decode_tps_avg\n30.25,30.75,30.5\n").values(
            "metric", "aggregate", "value"
        )
        == expected
    )


def test_a_word_for_a_run_may_stand_before_the_number():
    names = ("ttft_ms_run1", "ttft_ms_run2", "ttft_ms_std")
    assert repeats_among(names) == {"ttft_ms_run1": "ttft_ms", "ttft_ms_run2": "ttft_ms"}


@pytest.mark.parametrize(
    "names",
    [
        ("decode_tps_1", "decode_tps_2"),  # of one request, and of two?
        ("decode_tps_1", "decode_tps_8", "decode_tps_avg"),
        ("decode_tps_1", "decode_tps_avg"),
        ("wins_1", "wins_2", "wins_avg"),
        ("pp_512", "tg_128", "pp_avg"),
        ("1", "2", "avg"),
    ],
)
def test_other_numbers_are_none(names):
    assert repeats_among(names) == {}


@pytest.mark.parametrize(
    ("values", "up"), [((1, 2, 3), True), ((0, 1), True), ((2, 1, 1), True), ((1, 2, 4), False), ((2, 3), False)]
)
def test_numbers_that_count(values, up):
    assert counts_up(values) is up
