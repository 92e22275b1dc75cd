"""Which rows are runs."""

from chimera_dagster.evidence.runs import raw_runs
from tests.unit.evidence.tables import measurements


def test_of_two_columns_of_one_metric_a_run_has_one_value() -> None:
    rates = [("tok_per_s", 156.0), ("generation_tok_per_s", 161.0)]
    rows = [
        {"record": f"row {run}", "metric": "decode_tok_s", "unit": "tok/s", "original_name": name, "value": rate + run}
        for run in range(1, 4)
        for name, rate in rates
    ]
    assert raw_runs(measurements(*rows), [])["value"].tolist() == [157.0, 158.0, 159.0]


def test_records_of_one_name_under_other_conditions_are_runs_of_their_own() -> None:
    rows = [
        {"record": "/", "value": 10.0, "conditions": '{"concurrency":1}'},
        {"record": "/", "value": 20.0, "conditions": '{"concurrency":2}'},
    ]
    assert raw_runs(measurements(*rows), [])["value"].tolist() == [10.0, 20.0]
