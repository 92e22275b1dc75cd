"""A throughput and a latency without units are known if they give the tokens of a batch."""

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from tests.unit.ingest.reading import read

SIZES = ((1, 128, 0.8), (8, 128, 1.1), (16, 256, 2.5), (32, 1024, 9.0))


def metrics(rows, header="batch_size,input_length,output_length,latency,throughput"):
    lines = (",".join(map(str, row)) for row in rows)
    found = read(read_csv, "\n".join([header, *lines])).rows
    return {row["original_name"]: (row["metric"], row["value"]) for row in reversed(found)}


@pytest.mark.parametrize(("per_s", "clock"), [(1, "s"), (1000, "ms")])
def test_tokens_of_the_whole_batch(per_s, clock):
    rows = [(size, length, length, time * per_s, size * 2 * length / time) for size, length, time in SIZES]
    found = metrics(rows)
    assert found["latency"] == ("latency_ms", pytest.approx(800)), clock
    assert found["throughput"] == ("total_tok_s", 320)


def test_tokens_of_the_answers_alone():
    found = metrics([(size, length, 64, time, size * 64 / time) for size, length, time in SIZES])
    assert found["throughput"] == ("output_tok_s", 80)


def test_one_length_of_both():
    rows = [(size, length, time, size * 2 * length / time) for size, length, time in SIZES]
    found = metrics(rows, "Batch Size,Input Output Length,Latency,Throughput")
    assert found["Throughput"] == ("total_tok_s", 320)


def test_other_rates_stay_unread():
    found = metrics([(size, length, length, time, 1.3 * size * length / time) for size, length, time in SIZES])
    assert found["throughput"][0] == "throughput"
    assert found["latency"][0] == "latency"


def test_a_time_is_known_from_most_records_although_some_count_another_rate():
    many = [(size, length, length, time, size * 2 * length / time) for size, length, time in SIZES] * 6
    others = [(size, length, length, time, length / time) for size, length, time in SIZES] * 2
    found = metrics(many + others)
    assert found["latency"] == ("latency_ms", 800)
    assert found["throughput"][0] == "throughput"
