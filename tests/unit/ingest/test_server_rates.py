"""A throughput that the time per output token shows to be a server's."""

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from tests.unit.ingest.reading import read


def rates(*lines):
    rows = read(read_csv, "\n".join(lines)).values("record", "metric", "value", "original_name")
    return [row[:3] for row in rows if row[1].endswith("tok_s")]


def test_a_column_is_the_servers_if_one_of_its_records_shows_it():
    header = "model,concurrency,tok_s,tpot_ms"
    assert rates(header, "a:7b,1,62,16.1", "a:7b,16,820,19.5", "a:7b,64,2400,26.6") == [
        ("row 1", "output_tok_s", 62),
        ("row 2", "output_tok_s", 820),
        ("row 3", "output_tok_s", 2400),
    ]


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("concurrency,tok_s,tpot_ms", "8,50,20"),  # 50 tok/s of one request each
        ("concurrency,tok_s,tpot_ms", "8,90,20"),
        ("concurrency,tok_s,tpot_ms", "1,400,20"),  # nothing says that others ran
        ("concurrency,tok_s,tpot_ms", "8,4000,20"),  # more than eight have
        ("concurrency,tok_s,ttft_ms", "8,400,20"),
        ("concurrency,decode_tok_s,tpot_ms", "8,400,20"),
        ("concurrency,tok_s,tpot_ms", "8,400,0"),
    ],
)
def test_without_such_evidence_it_is_that_of_a_request(header, line):
    assert [metric for _, metric, _ in rates(header, line)] == ["decode_tok_s"]
