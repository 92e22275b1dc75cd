"""A rate of requests is a result, unless its name, the other fields or its values say that it was set."""

import json

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.markdown_reader import read_markdown
from tests.unit.ingest.reading import read


def rates(found):
    """The rates of each record that are results, and those that are conditions."""
    offered = {row["record"]: json.loads(row["conditions"]).get("request_rate") for row in found.rows}
    reached = {row["record"]: row["value"] for row in found.rows if row["metric"] == "requests_per_s"}
    return [reached.get(record) for record in offered], [*offered.values()]


@pytest.mark.parametrize(
    "name", ["rps", "QPS", "requests/s", "throughput_rps", "achieved_qps", "rps (actual)", "req/s"]
)
def test_a_rate_beside_latencies_is_a_result(name):
    found = read(read_csv, f"model,{name},p50_latency_ms\na:1b,12,300\nb:2b,15,280\n")
    assert rates(found) == ([12, 15], [None, None])
    found = read(read_json, json.dumps({"model": "a:1b", name: 12.5, "ttft_ms": 80}))
    assert rates(found) == ([12.5], [None])


@pytest.mark.parametrize(
    "name", ["target_rps", "Offered load (req/s)", "request_rate", "arrival_rate", "rps (target)", "requested_qps"]
)
def test_a_rate_whose_name_says_that_it_was_set(name):
    found = read(read_csv, f"model,{name},p50_latency_ms\na:1b,12,300\nb:2b,15,280\n")
    assert rates(found) == ([None, None], [12, 15])


def test_beside_the_rate_that_was_reached_the_other_one_was_set():
    table = "| QPS | Throughput (req/s) | TTFT (ms) |\n|---|---|---|\n| 3.5 | 3.2 | 80 |\n| 7 | 5.1 | 200 |\n"
    assert rates(read(read_markdown, table)) == ([3.2, 5.1], [3.5, 7])


def test_levels_that_rise_or_that_models_share_were_set():
    one = "qps,ttft_ms\n1,80\n2,85\n4,90\n8,180\ninf,900\n"
    assert rates(read(read_csv, one)) == ([None] * 5, [1, 2, 4, 8, "inf"])
    two = "model,rps,ttft_ms\na:1b,3,80\na:1b,7,90\nb:2b,3,85\nb:2b,7,95\n"
    assert rates(read(read_csv, two)) == ([None] * 4, [3, 7, 3, 7])


def test_levels_of_a_number_of_users_are_what_was_set():
    table = "users,rps,ttft_ms\n1,1,80\n2,2,85\n4,4,90\n"
    assert rates(read(read_csv, table)) == ([1, 2, 4], [None] * 3)


def test_rates_that_are_not_round_were_reached():
    assert rates(read(read_csv, "rps,ttft_ms\n1.02,80\n1.97,85\n3.91,90\n")) == ([1.02, 1.97, 3.91], [None] * 3)


def test_a_rate_among_settings_was_set():
    found = read(read_json, json.dumps({"config": {"rps": 4, "temperature": 0.2}, "ttft_ms": 80}))
    assert rates(found)[1] == [4]
